import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let stringsOfManyKeys: [Command] = [
        Command(
            "mget", arity: -2, flags: [.readonly, .fast], keys: .all, group: .string,
            complexity: "O(N) in the keys",
            summary: "Returns the string values of several keys.", syntax: "key [key ...]",
            tips: ["request_policy:multi_shard"]
        ) { engine($0, $2, mget) },
        Command(
            "mset", arity: -3, flags: [.write, .denyOOM],
            keys: KeyPositions(first: 1, last: -1, step: 2), group: .string, since: "1.0.1",
            complexity: "O(N) in the keys", summary: "Sets several keys to strings at once.",
            syntax: "key value [key value ...]",
            tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],
            keyAccess: "OW update"
        ) { engine($0, $2, mset) },
        Command(
            "msetnx", arity: -3, flags: [.write, .denyOOM],
            keys: KeyPositions(first: 1, last: -1, step: 2), group: .string, since: "1.0.1",
            complexity: "O(N) in the keys",
            summary: "Sets several keys to strings unless any of them exists.",
            syntax: "key value [key value ...]",
            tips: ["request_policy:multi_shard", "response_policy:agg_min"],
            keyAccess: "OW insert"
        ) { engine($0, $2, msetnx) },
    ]
}

func mget(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.array(call.count - 1)
    for index in 1..<call.count {
        engine.prefetchKeys(call, from: index, step: 1)
        if let entry = engine.lookup(call, index), entry.isString {
            call.reply.bulk(entry.string(&engine.scratch))
        } else {
            call.reply.null()
        }
    }
    return .none
}

func mset(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try checkPairs(&engine, call)
    engine.assignPairs(call)
    call.reply.ok()
    return .verbatim
}

func msetnx(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try checkPairs(&engine, call)
    for index in stride(from: 1, to: call.count, by: 2)
    where engine.lookupForWrite(call, index) != nil {
        call.reply.integer(0)
        return .none
    }
    engine.assignPairs(call)
    call.reply.integer(1)
    return .verbatim
}

private func checkPairs(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) {
    guard call.count % 2 == 1 else {
        throw call.fail("ERR wrong number of arguments for '\(engine.name(of: call))' command")
    }
}

extension DataEngine {
    /// Keys whose memory is asked for together.
    private static var prefetchCount: Int { 16 }

    fileprivate mutating func assignPairs(_ call: Call) {
        for index in stride(from: 1, to: call.count, by: 2) {
            prefetchKeys(call, from: index, step: 2)
            if keyspace.expires(call.database) > 0 { _ = peek(call, index) }
            assign(call, index, call[index + 1])
        }
    }

    /// Asks for the memory of the keys at `index`, `index` + `step`, … when a new group of them
    /// begins, so that the misses of a group overlap.
    @inline(__always)
    func prefetchKeys(_ call: Call, from index: Int, step: Int) {
        let position = (index - 1) / step
        if position % DataEngine.prefetchCount == 0, index + step < call.count {
            prefetchGroup(call, from: index, step: step)
        }
    }

    @inline(never)
    private func prefetchGroup(_ call: Call, from index: Int, step: Int) {
        var hashes = InlineArray<16, UInt64>(repeating: 0)
        let count = min(DataEngine.prefetchCount, (call.count - index + step - 1) / step)
        for position in 0..<count {
            hashes[position] = hash(call, index + position * step)
            keyspace.prefetchBucket(call.database, hashes[position])
        }
        for position in 0..<count { keyspace.prefetchEntry(call.database, hashes[position]) }
    }
}
