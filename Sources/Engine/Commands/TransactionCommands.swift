import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let transactions: [Command] = [
        Command(
            "multi", arity: 1,
            flags: [.noScript, .loading, .stale, .fast, .allowBusy, .notQueued],
            group: .transactions, since: "1.2.0", summary: "Begins a transaction."
        ) { engine($0, $2, multi) },
        Command(
            "exec", arity: 1, flags: [.noScript, .loading, .stale, .skipSlowlog, .notQueued],
            group: .transactions, since: "1.2.0", complexity: "Depends on the queued commands",
            summary: "Executes the transaction."
        ) { engine($0, $2, exec) },
        Command(
            "discard", arity: 1,
            flags: [.noScript, .loading, .stale, .fast, .allowBusy, .notQueued],
            group: .transactions, since: "2.0.0", complexity: "O(N) in the queued commands",
            summary: "Forgets the transaction."
        ) { engine($0, $2, discard) },
        Command(
            "watch", arity: -2,
            flags: [.noScript, .loading, .stale, .fast, .allowBusy, .notQueued], keys: .all,
            group: .transactions, since: "2.2.0", complexity: "O(1) for each key",
            summary: "Makes the next transaction fail if a key changes before it.",
            syntax: "key [key ...]", keyAccess: "RO"
        ) { engine($0, $2, watch) },
        Command(
            "unwatch", arity: 1, flags: [.noScript, .loading, .stale, .fast, .allowBusy],
            group: .transactions, since: "2.2.0", summary: "Forgets the watched keys."
        ) { engine($0, $2, unwatch) },
    ]
}
func multi(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    if call.session.value.flags.contains(.inTransaction) {
        throw ReplyError("ERR MULTI calls can not be nested")
    }
    call.session.value.flags.insert(.inTransaction)
    call.reply.ok()
    return .none
}

func discard(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.session.value.flags.contains(.inTransaction) else {
        throw ReplyError("ERR DISCARD without MULTI")
    }
    engine.discardTransaction(call.session)
    call.reply.ok()
    return .none
}

func watch(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    if call.session.value.flags.contains(.inTransaction) {
        throw ReplyError("ERR WATCH inside MULTI is not allowed")
    }
    for index in 1..<call.count {
        let entry = engine.keyspace.find(call.database, call[index], engine.hash(call, index))
        engine.watchers.add(
            WatchedKey(database: call.database, key: call[index].bytes), call.session,
            wasExpired: entry?.isExpired(at: engine.keyspace.now) ?? false)
    }
    call.reply.ok()
    return .none
}

func unwatch(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    engine.forgetWatches(call.session)
    call.reply.ok()
    return .none
}

func exec(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let session = call.session
    guard session.value.flags.contains(.inTransaction) else {
        throw ReplyError("ERR EXEC without MULTI")
    }
    if session.value.flags.contains(.transactionBroken) {
        engine.discardTransaction(session)
        throw ReplyError("EXECABORT Transaction discarded because of previous errors.")
    }
    if session.value.flags.contains(.watchTripped) || engine.hasExpiredWatch(session) {
        engine.discardTransaction(session)
        call.reply.nullArray()
        return .none
    }
    engine.forgetWatches(session)
    engine.executeQueue(of: session)
    // Those who waited for what it did come next, even if nothing is propagated.
    return engine.keyWaits.hasReady ? .rewritten : .none
}

extension DataEngine {
    /// Leaves the transaction and forgets what was queued and watched.
    mutating func discardTransaction(_ session: Slot<Session>) {
        session.value.queue.removeAll()
        session.value.flags.subtract([.inTransaction, .transactionBroken])
        forgetWatches(session)
    }

    mutating func forgetWatches(_ session: Slot<Session>) {
        session.value.flags.remove(.watchTripped)
        if !session.value.watched.isEmpty { watchers.removeAll(of: session) }
    }

    /// Runs the queued requests; their replies are the elements of EXEC's.
    mutating func executeQueue(of session: Slot<Session>) {
        var queue = RequestQueue(heap: heap)
        swap(&queue, &session.value.queue)
        session.value.flags.subtract([.inTransaction, .transactionBroken])
        session.value.flags.insert(.executing)
        session.value.reply.array(queue.requests.count)
        for (index, request) in queue.requests.enumerated() {
            let first = frontend.arena.value.count
            queue.load(index, into: &frontend.arena.value)
            var call = Call(
                session: session, arena: frontend.arena, first: first, count: request.count,
                command: request.command)
            let before = frontend.clock()
            if session.value.flags.contains(.restricted),
                let text = frontend.denialInExec(call)
            {
                let start = call.reply.buffer.count
                call.reply.error(quoting: text)
                noteErrorReply(call, start)
                frontend.arena.value.truncate(to: first)
                continue
            }
            run(&call, frontend.table[request.command].thunk)
            if !monitors.isEmpty { feedMonitors(call, frontend.table[request.command]) }
            noteDuration(call, frontend.clock() - before)
            frontend.arena.value.truncate(to: first)
        }
        session.value.flags.remove(.executing)
    }
}
