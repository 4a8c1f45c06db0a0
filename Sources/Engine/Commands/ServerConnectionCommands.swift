import Memory
import RESP
import Sessions

extension CommandRows {
    /// Connection commands in the data server's form.
    static let dataConnection: [Command] =
        serverConnection + [
            acl(load: { engine($0, $2, aclLoad) }, save: { engine($0, $2, aclSave) }),
            hello { engine($0, $2, helloOfServer) },
            client(clientBlocking),
            Command(
                "reset", arity: 1,
                flags: [
                    .noScript, .loading, .stale, .fast, .noAuth, .allowBusy, .notQueued,
                    .inSubscription,
                ],
                group: .connection, since: "6.2.0",
                summary: "Makes the connection as it was when it was new."
            ) { engine($0, $2, reset) },
        ]

    static let dataPubSub: [Command] =
        pubsub + serverPubSub + [
            Command(
                "publish", arity: 3, flags: [.pubsub, .loading, .stale, .fast, .mayReplicate],
                group: .pubsub, since: "2.0.0",
                complexity: "O(N+M) in the listeners and all patterns",
                summary: "Sends a message to who listens to a channel.", syntax: "channel message"
            ) { engine($0, $2, publish) },
            Command(
                "spublish", arity: 3, flags: [.pubsub, .loading, .stale, .fast, .mayReplicate],
                keys: .first, group: .pubsub, since: "7.0.0", complexity: "O(N) in the listeners",
                summary: "Sends a message to who listens to a shard channel.",
                syntax: "shardchannel message", keyAccess: "not_key"
            ) { engine($0, $2, publishShard) },
        ]

    private static let clientBlocking = [
        clientRow(
            "pause", -3, "2.9.50", "Lets clients wait, or those that write.",
            syntax: "timeout [WRITE|ALL]", flags: .admin
        ) { engine($0, $2, clientPause) },
        clientRow(
            "unpause", 2, "6.2.0", "Ends a pause.",
            complexity: "O(N) in the number of waiting clients", flags: .admin
        ) { engine($0, $2, clientUnpause) },
        clientRow(
            "unblock", -3, "5.0.0", "Ends the waiting of a blocked client.",
            syntax: "client-id [TIMEOUT|ERROR]", complexity: "O(N) in the number of clients",
            flags: .admin
        ) { engine($0, $2, clientUnblock) },
    ]
}

func helloOfServer(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let role = engine.replication.isReplica ? "replica" : WireNames.primary
    return try hello(&engine.frontend, call, role: role)
}

func reset(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let session = call.session
    guard session.value.role == .client else {
        throw ReplyError("ERR can only reset normal client connections")
    }
    engine.stopMonitoring(session)
    engine.discardTransaction(session)
    engine.frontend.reset(session)
    call.reply.simple("RESET")
    return .none
}

func publish(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let receivers = engine.frontend.publish(call[1], call[2])
    call.reply.integer(receivers)
    return engine.gates.contains(.paused) && engine.isHello(call) ? .none : .verbatim
}

func publishShard(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let receivers = engine.frontend.publishShard(call[1], call[2])
    call.reply.integer(receivers)
    return .verbatim
}

func clientPause(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count <= 4 else {
        throw call.fail(call.wrongSubcommand)
    }
    var all = true
    if call.count == 4, call[3].equalsIgnoringCase("write") {
        all = false
    } else if call.count == 4, !call[3].equalsIgnoringCase("all") {
        throw ReplyError("ERR CLIENT PAUSE mode must be WRITE or ALL")
    }
    guard let timeout = call[2].integer else {
        throw ReplyError("ERR timeout is not an integer or out of range")
    }
    guard timeout >= 0 else { throw ReplyError("ERR timeout is negative") }
    let (span, isLong) = timeout.multipliedReportingOverflow(by: 1000)
    let (end, isEndless) = engine.frontend.time.monotonic.addingReportingOverflow(span)
    guard !isLong, !isEndless else {
        throw ReplyError("ERR timeout is out of range")
    }
    var pause = PauseState.Pause(until: end, all: all)
    // A second pause never weakens the first.
    if let earlier = engine.pause.pauses[.client], earlier.until > engine.frontend.time.monotonic {
        pause.until = max(pause.until, earlier.until)
        pause.all = pause.all || earlier.all
    }
    engine.setPause(.client, pause)
    call.reply.ok()
    return .none
}

func clientUnpause(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    engine.setPause(.client, nil)
    call.reply.ok()
    return .none
}

/// Ends a WAIT, either as if its time were over or with an error.
func clientUnblock(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count <= 4 else {
        throw call.fail(call.wrongSubcommand)
    }
    var withError = false
    if call.count == 4, call[3].equalsIgnoringCase("error") {
        withError = true
    } else if call.count == 4, !call[3].equalsIgnoringCase("timeout") {
        throw ReplyError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
    }
    let id = try call.integer(2)
    guard let slot = engine.frontend.sessions[Int(id)], slot.value.flags.contains(.blocked),
        engine.unblockWaiter(slot, withError: withError)
    else {
        call.reply.integer(0)
        return .none
    }
    call.reply.integer(1)
    return .none
}
