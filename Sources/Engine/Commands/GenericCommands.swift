import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands about keys, whatever they hold.
    static let generic: [Command] = wholeKeys + keyNames + keyDumps + expiries + scans + [objects]

    static let wholeKeys: [Command] = [
        Command(
            "del", arity: -2, flags: [.write], keys: .all, group: .generic,
            complexity: "O(N) in the keys and what they hold", summary: "Deletes keys.",
            syntax: "key [key ...]",
            tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
            keyAccess: "RM delete"
        ) { engine($0, $2, del) },
        Command(
            "unlink", arity: -2, flags: [.write, .fast], keys: .all, group: .generic,
            since: "4.0.0", complexity: "O(1) for each key",
            summary: "Deletes keys; the memory of big values is freed afterwards.",
            syntax: "key [key ...]",
            tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
            keyAccess: "RM delete"
        ) { engine($0, $2, unlink) },
        Command(
            "exists", arity: -2, flags: [.readonly, .fast], keys: .all, group: .generic,
            complexity: "O(N) in the keys", summary: "Counts how many of the keys exist.",
            syntax: "key [key ...]",
            tips: ["request_policy:multi_shard", "response_policy:agg_sum"], keyAccess: "RO"
        ) { engine($0, $2, exists) },
        Command(
            "type", arity: 2, flags: [.readonly, .fast], keys: .first, group: .generic,
            summary: "Tells what kind of value a key holds.", syntax: "key", keyAccess: "RO"
        ) { engine($0, $2, typeOfKey) },
        Command(
            "touch", arity: -2, flags: [.readonly, .fast], keys: .all, group: .generic,
            since: "3.2.1", complexity: "O(N) in the keys",
            summary: "Counts how many of the keys exist and notes that they were used.",
            syntax: "key [key ...]",
            tips: ["request_policy:multi_shard", "response_policy:agg_sum"], keyAccess: "RO"
        ) { engine($0, $2, touch) },
    ]
}

func del(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    removeAll(&engine, call, lazily: engine.settings.lazyfreeLazyUserDel)
}

func unlink(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    removeAll(&engine, call, lazily: true)
}

private func removeAll(_ engine: inout DataEngine, _ call: Call, lazily: Bool) -> Propagation {
    var count = 0
    for index in 1..<call.count {
        engine.prefetchKeys(call, from: index, step: 1)
        if engine.remove(call, index, lazily: lazily) { count += 1 }
    }
    call.reply.integer(count)
    return count > 0 ? .verbatim : .none
}

func exists(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var count = 0
    for index in 1..<call.count where engine.inspect(call, index) != nil { count += 1 }
    call.reply.integer(count)
    return .none
}

func touch(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var count = 0
    for index in 1..<call.count where engine.lookup(call, index) != nil { count += 1 }
    call.reply.integer(count)
    return .none
}

func typeOfKey(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.simple(engine.inspect(call)?.type.name ?? "none")
    return .none
}

extension DataEngine {
    /// Deletes the key at argument `index` and tells everybody; whether it was there.
    @discardableResult
    mutating func remove(_ call: Call, _ index: Int, lazily: Bool) -> Bool {
        guard peek(call, index) != nil else { return false }
        keyspace.delete(call.database, call[index], hash(call, index), lazily: lazily)
        keyChanged(call[index], call.database, "del", .generic)
        return true
    }

    /// The entry of a key that a command asks about without using it: hits and misses count, but
    /// its access clock stays.
    @inline(__always)
    mutating func inspect(_ call: Call, _ index: Int = 1, notifies: Bool = true) -> Entry? {
        let found = peek(call, index)
        if found != nil {
            statistics.keyspaceHits &+= 1
        } else {
            statistics.keyspaceMisses &+= 1
            if notifies, _slowPath(notifications.contains(.keyMiss)) {
                notify(call[index], call.database, "keymiss", .keyMiss)
            }
        }
        return found
    }
}
