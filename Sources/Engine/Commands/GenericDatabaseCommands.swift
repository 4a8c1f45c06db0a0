import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands about whole databases.
    static let databases: [Command] = [
        Command(
            "select", arity: 2, flags: [.loading, .stale, .fast], group: .connection,
            summary: "Chooses the database of the connection.", syntax: "index"
        ) { engine($0, $2, select) },
        Command(
            "swapdb", arity: 3, flags: [.write, .fast], group: .server, since: "4.0.0",
            complexity: "O(N) in the watched keys", summary: "Exchanges two databases.",
            syntax: "index1 index2", categories: ["keyspace", "dangerous"]
        ) { engine($0, $2, swapdb) },
        Command(
            "flushdb", arity: -1, flags: [.write], group: .server,
            complexity: "O(1); the memory is freed afterwards",
            summary: "Removes all keys of the database.", syntax: "[ASYNC|SYNC]",
            categories: ["keyspace", "dangerous"],
            tips: ["request_policy:all_shards", "response_policy:all_succeeded"]
        ) { engine($0, $2, flushdb) },
        Command(
            "flushall", arity: -1, flags: [.write], group: .server,
            complexity: "O(1); the memory is freed afterwards",
            summary: "Removes all keys of all databases.", syntax: "[ASYNC|SYNC]",
            categories: ["keyspace", "dangerous"],
            tips: ["request_policy:all_shards", "response_policy:all_succeeded"]
        ) { engine($0, $2, flushall) },
        Command(
            "dbsize", arity: 1, flags: [.readonly, .fast], group: .server,
            summary: "Counts the keys of the database.", categories: ["keyspace"],
            tips: ["request_policy:all_shards", "response_policy:agg_sum"]
        ) { engine($0, $2, dbsize) },
    ]
}

func select(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    call.session.value.database = try engine.databaseIndex(call, 1)
    call.reply.ok()
    return .none
}

func dbsize(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.integer(engine.keyspace.size(call.database))
    return .none
}

func swapdb(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let first = call[1].integer, Int32(exactly: first) != nil else {
        throw ReplyError("ERR invalid first DB index")
    }
    guard let second = call[2].integer, Int32(exactly: second) != nil else {
        throw ReplyError("ERR invalid second DB index")
    }
    let numbers = 0..<Int64(engine.keyspace.databaseCount)
    guard numbers.contains(first), numbers.contains(second) else { throw .databaseIndex }
    if first != second {
        engine.databaseWillChange(Int(first), to: Int(second))
        engine.databaseWillChange(Int(second), to: Int(first))
        engine.keyspace.swap(Int(first), Int(second))
        engine.markForWaiters(allOf: Int(first))
        engine.markForWaiters(allOf: Int(second))
    }
    call.reply.ok()
    return .verbatim
}

/// Emptying is propagated even where nothing was, because a replica may hold more.
func flushdb(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try checkFlushOptions(call)
    engine.flush(call.database)
    call.reply.ok()
    return .verbatim
}

func flushall(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try checkFlushOptions(call)
    engine.flush(nil)
    engine.saveNothing(call)
    return .verbatim
}

/// ASYNC and SYNC are told apart by nobody here: memory is always freed in slices afterwards.
private func checkFlushOptions(_ call: Call) throws(ReplyError) {
    guard call.count > 1 else { return }
    guard call.count == 2,
        call[1].equalsIgnoringCase("async") || call[1].equalsIgnoringCase("sync")
    else { throw .syntax }
}

extension DataEngine {
    /// Empties a database, or all of them, and trips who watches their keys.
    mutating func flush(_ database: Int?) {
        let all = database.map { $0..<$0 + 1 } ?? 0..<keyspace.databaseCount
        for index in all { databaseWillChange(index, to: nil) }
        keyspace.flush(database)
        markForWaiters(allOf: database)
    }
}
