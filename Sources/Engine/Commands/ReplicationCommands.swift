import Memory
import RESP
import Replication
import Sessions

extension CommandRows {
    /// Commands about who follows whom.
    static let replication: [Command] = [
        replicaOfRow("replicaof", since: "5.0.0"),
        replicaOfRow("\(WireNames.replicaOfOld)", since: "1.0.0"),
        Command(
            "replconf", arity: -1, flags: [.admin, .noScript, .loading, .stale, .allowBusy],
            group: .server, since: "3.0.0", summary: "Tells the primary about a replica.",
            syntax: "[option value [option value ...]]"
        ) { engine($0, $2, replconf) },
        Command(
            "psync", arity: -3, flags: [.admin, .noScript, .noAsyncLoading, .noMulti],
            group: .server, since: "2.8.0", complexity: "",
            summary: "Asks for the stream from an offset on.", syntax: "replicationid offset"
        ) { engine($0, $2, psync) },
        Command(
            "sync", arity: 1, flags: [.admin, .noScript, .noAsyncLoading, .noMulti],
            group: .server, complexity: "", summary: "Asks for a snapshot and the stream."
        ) { engine($0, $2, sync) },
        Command(
            "wait", arity: 3, flags: [.noScript], group: .generic, since: "3.0.0",
            summary: "Waits until replicas have the writes of this connection.",
            syntax: "numreplicas timeout", categories: ["connection"],
            tips: ["request_policy:all_shards", "response_policy:agg_min"]
        ) { engine($0, $2, wait) },
        Command(
            "waitaof", arity: 4, flags: [.noScript], group: .generic, since: "7.2.0",
            summary: "Waits until replicas have the writes of this connection in their files.",
            syntax: "numlocal numreplicas timeout", categories: ["connection"],
            tips: ["request_policy:all_shards", "response_policy:agg_min"]
        ) { engine($0, $2, waitaof) },
        Command(
            "failover", arity: -1, flags: [.admin, .noScript, .stale], group: .server,
            since: "6.2.0", summary: "Hands the part of the primary over to a replica.",
            syntax: "[TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]"
        ) { engine($0, $2, failover) },
        tandem,
    ]

    private static func replicaOfRow(_ name: String, since: String) -> Command {
        Command(
            name, arity: 3, flags: [.admin, .noScript, .stale, .noAsyncLoading], group: .server,
            since: since, summary: "Makes the server a replica of another, or a primary.",
            syntax: "host port"
        ) { engine($0, $2, replicaOf) }
    }
}

func replicaOf(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    if engine.replication.failover.isActive {
        throw ReplyError("ERR REPLICAOF not allowed while failing over.")
    }
    let caller = engine.frontend.describe(call.session, caller: call)
    if call[1].equalsIgnoringCase("no"), call[2].equalsIgnoringCase("one") {
        if engine.replication.isReplica {
            engine.becomePrimary()
            engine.frontend.log(.notice, "MASTER MODE enabled (user request from '\(caller)')")
        }
        call.reply.ok()
        return .none
    }
    if call.session.value.role == .replica {
        throw ReplyError("ERR Command is not valid when client is a replica.")
    }
    guard let port = call[2].integer, (0...65535).contains(port) else {
        throw call.fail("ERR \(WireNames.invalidPrimaryPort)")
    }
    let address = PrimaryAddress(host: call[1].string, port: Int(port))
    if let current = engine.settings.replicaOf, engine.replication.isReplica,
        current.port == address.port, current.host.lowercased() == address.host.lowercased()
    {
        engine.frontend.log(
            .notice,
            "REPLICAOF would result into synchronization with the \(WireNames.primary) we are "
                + "already connected with. No operation performed.")
        engine.repeatOrder()
        call.reply.simple(WireNames.alreadyConnected)
        return .none
    }
    engine.follow(address, isOrdered: true)
    engine.frontend.log(
        .notice,
        "REPLICAOF \(address.host):\(address.port) enabled (user request from '\(caller)')")
    call.reply.ok()
    return .none
}

func replconf(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count % 2 == 1 else { throw .syntax }
    let id = call.session.value.id
    let now = engine.frontend.time.monotonic
    var link = engine.replicaLink(call.session)
    let state = link.state
    for index in stride(from: 1, to: call.count, by: 2) {
        switch link.configure(call[index], call[index + 1], at: now) {
        case .ok: continue
        case .acknowledged:
            if index + 3 < call.count { link.notePersisted(call[index + 2], call[index + 3]) }
            if engine.replication.replicas[id] != nil {
                _ = engine.replication.replicas.update(id) { $0 = link }
                engine.acknowledged(call.session, from: state)
            }
            return .none
        case .acknowledgementRequested: return .none
        case .refused(let text): throw call.fail(ErrorText(text))
        }
    }
    if engine.replication.replicas.update(id, { $0 = link }) == nil {
        engine.replication.callers[id] = link
    }
    call.reply.ok()
    return .none
}

extension DataEngine {
    /// A replica acknowledged what it has.
    fileprivate mutating func acknowledged(
        _ session: Slot<Session>, from state: ReplicaLink.State
    ) {
        if state == .waitingForAcknowledgement { replicaIsOnline(session) }
        if gates.contains(.fewReplicas) { refreshReplicationGates() }
    }
}

func psync(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    if call.session.value.role == .replica { return .none }
    if call.count > 3, call[3].equalsIgnoringCase("failover") { try engine.takeOver(call) }
    try engine.checkSynchronization(call)
    guard let request = PartialResyncRequest(id: call[1], offset: call[2]) else {
        engine.frontend.log(
            .warning,
            "Replica \(engine.replicaName(call.session)) asks for synchronization but with a "
                + "wrong offset")
        throw .notInteger
    }
    engine.synchronize(call.session, request)
    return .none
}

func sync(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    if call.session.value.role == .replica { return .none }
    try engine.checkSynchronization(call)
    engine.synchronize(call.session, nil)
    return .none
}

extension DataEngine {
    /// PSYNC … FAILOVER: the primary hands over to this server, its replica.
    fileprivate mutating func takeOver(_ call: Call) throws(ReplyError) {
        let id = call[1].string
        frontend.log(.warning, "Failover request received for replid \(id).")
        guard replication.isReplica else {
            throw call.fail("\(WireNames.failoverToPrimary)")
        }
        guard ReplicationID(id) == replication.history.id else {
            throw ReplyError("ERR PSYNC FAILOVER replid must match my replid.")
        }
        becomePrimary()
        frontend.log(
            .notice,
            "MASTER MODE enabled (failover request from "
                + "'\(frontend.describe(call.session, caller: call))')")
    }

    /// Whether a replica may be synchronised now.
    fileprivate func checkSynchronization(_ call: Call) throws(ReplyError) {
        if replication.failover.isActive {
            throw call.fail("\(WireNames.noPrimaryLinkFailingOver)")
        }
        if replication.isReplica, !replication.primary.isOnline {
            throw call.fail("\(WireNames.noPrimaryLinkNotConnected)")
        }
        if !call.reply.buffer.isEmpty {
            throw ReplyError("ERR SYNC and PSYNC are invalid with pending output")
        }
        let link = replicaLink(call.session)
        if !link.wantsKeys || !link.wantsFunctions, !link.understandsMarks {
            throw ReplyError("ERR Filtered replica requires EOF capability")
        }
    }
}

func wait(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    if engine.replication.isReplica {
        throw ReplyError(
            """
            ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 \
            if a replica is configured to be writable (which is not the default) writes to \
            replicas are just local and are not propagated.
            """)
    }
    let replicas = try call.integer(1)
    return engine.waitForReplicas(
        call, replicas: Int(replicas), isPersistent: false,
        deadline: try engine.deadline(call, milliseconds: 2))
}

/// There is no append-only file here, so that nothing is ever in it.
func waitaof(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    if engine.replication.isReplica {
        throw ReplyError(
            """
            ERR WAITAOF cannot be used with replica instances. Please also note that writes to \
            replicas are just local and are not propagated.
            """)
    }
    let local = try call.integer(1)
    guard (0...1).contains(local) else {
        throw ReplyError("ERR value is out of range, value must between 0 and 1")
    }
    let replicas = try call.number(
        2, atLeast: 0, orFailWith: ReplyError("ERR value is out of range, must be positive"))
    let deadline = try engine.deadline(call, milliseconds: 3)
    guard local == 0 else {
        throw ReplyError(
            """
            ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.
            """)
    }
    return engine.waitForReplicas(
        call, replicas: replicas, isPersistent: true, deadline: deadline)
}

extension DataEngine {
    /// The end of a wait that argument `index` names in milliseconds, as monotonic microseconds;
    /// nil for never.
    fileprivate func deadline(
        _ call: Call, milliseconds index: Int
    ) throws(ReplyError) -> Int64? {
        guard let timeout = call[index].integer else {
            throw ReplyError("ERR timeout is not an integer or out of range")
        }
        guard timeout >= 0 else { throw ReplyError("ERR timeout is negative") }
        return timeout == 0 ? nil : moment(inMilliseconds: timeout)
    }
}

func failover(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var order = FailoverMachine.Order()
    var aborts = false
    var index = 1
    while index < call.count {
        let word = call[index]
        if word.equalsIgnoringCase("timeout"), index + 1 < call.count, order.timeout == nil {
            let timeout = try call.integer(index + 1)
            guard timeout > 0 else {
                throw ReplyError("ERR FAILOVER timeout must be greater than 0")
            }
            order.timeout = Int(timeout)
            index += 2
        } else if word.equalsIgnoringCase("to"), index + 2 < call.count, order.target == nil {
            let port = try call.integer(index + 2)
            order.target = FailoverMachine.Target(
                host: call[index + 1].string, port: Int(port))
            index += 3
        } else if word.equalsIgnoringCase("abort"), call.count == 2 {
            aborts = true
            index += 1
        } else if word.equalsIgnoringCase("force"), !order.isForced {
            order.isForced = true
            index += 1
        } else {
            throw .syntax
        }
    }
    let refusal: String?
    let actions: [FailoverMachine.Action]
    if aborts {
        (refusal, actions) = engine.replication.failover.abort()
    } else {
        (refusal, actions) = engine.replication.failover.start(
            order, isReplica: engine.replication.isReplica,
            replicas: engine.replication.replicas, at: engine.frontend.time.monotonic)
    }
    if let refusal { throw call.fail(ErrorText(refusal)) }
    engine.perform(actions)
    call.reply.ok()
    return .none
}
