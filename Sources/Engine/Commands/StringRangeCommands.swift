import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let stringRanges: [Command] = [
        Command(
            "append", arity: 3, flags: [.write, .denyOOM, .fast], keys: .first, group: .string,
            since: "2.0.0", complexity: "O(1) amortised, O(N) in the bytes added",
            summary: "Adds bytes to the end of a string, or makes it.", syntax: "key value",
            keyAccess: "RW insert"
        ) { engine($0, $2, append) },
        Command(
            "strlen", arity: 2, flags: [.readonly, .fast], keys: .first, group: .string,
            since: "2.2.0", summary: "Returns the number of bytes of a string.", syntax: "key",
            keyAccess: "RO"
        ) { engine($0, $2, strlen) },
        Command(
            "getrange", arity: 4, flags: [.readonly], keys: .first, group: .string,
            since: "2.4.0", complexity: "O(N) in the bytes returned",
            summary: "Returns the bytes of a string between two positions.",
            syntax: "key start end"
        ) { engine($0, $2, getrange) },
        Command(
            "substr", arity: 4, flags: [.readonly], keys: .first, group: .string,
            complexity: "O(N) in the bytes returned",
            summary:
                "Returns the bytes of a string between two positions; an old name of "
                + "GETRANGE.",
            syntax: "key start end"
        ) { engine($0, $2, getrange) },
        Command(
            "setrange", arity: 4, flags: [.write, .denyOOM], keys: .first, group: .string,
            since: "2.2.0", complexity: "O(N) in the bytes written",
            summary: "Overwrites a part of a string from a position on.",
            syntax: "key offset value", keyAccess: "RW update"
        ) { engine($0, $2, setrange) },
    ]
}

func append(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let entry = engine.claim(call)
    if let entry {
        guard entry.isString else { throw .wrongType }
        try engine.checkLength(call, entry.stringLength, call[2].count)
    }
    let hash = engine.hash(call, 1)
    engine.announce(call, 1, hash)
    let length = engine.keyspace.append(call.database, call[1], hash, call[2])
    engine.keyChanged(call[1], call.database, "append", .string)
    call.reply.integer(length)
    return .verbatim
}

func strlen(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let entry = engine.lookup(call) else {
        call.reply.integer(0)
        return .none
    }
    guard entry.isString else { throw .wrongType }
    call.reply.integer(entry.stringLength)
    return .none
}

func getrange(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let start = try call.integer(2)
    let end = try call.integer(3)
    guard let entry = engine.lookup(call) else {
        call.reply.bulk(ByteView.empty)
        return .none
    }
    guard entry.isString else { throw .wrongType }
    let text = entry.string(&engine.scratch)
    let range = IndexRange.resolve(start, end, count: text.count) ?? 0..<0
    call.reply.bulk(text[range])
    return .none
}

func setrange(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let offset = try call.integer(2)
    guard offset >= 0 else { throw ReplyError("ERR offset is out of range") }
    let entry = engine.claim(call)
    if let entry, !entry.isString { throw .wrongType }
    guard !call[3].isEmpty else {
        call.reply.integer(entry?.stringLength ?? 0)
        return .none
    }
    try engine.checkLength(call, Int(offset), call[3].count)
    let hash = engine.hash(call, 1)
    engine.announce(call, 1, hash)
    let length = engine.keyspace.setRange(call.database, call[1], hash, Int(offset), call[3])
    engine.keyChanged(call[1], call.database, "setrange", .string)
    call.reply.integer(length)
    return .verbatim
}

/// Positions as requests give them: both inclusive, negative ones counted from the end.
enum IndexRange {
    /// As `clamp`, but an end before the start is never moved behind it.
    static func resolve(_ start: Int64, _ end: Int64, count: Int) -> Range<Int>? {
        if start < 0, end < 0, start > end { return nil }
        return clamp(start, end, count: count)
    }

    /// The positions inside `count` elements from `start` to `end`; nil if there are none.
    static func clamp(_ start: Int64, _ end: Int64, count: Int) -> Range<Int>? {
        let first = start < 0 ? max(Int(start) + count, 0) : Int(start)
        let last = min(end < 0 ? max(Int(end) + count, 0) : Int(end), count - 1)
        return first <= last ? first..<last + 1 : nil
    }
}

extension DataEngine {
    /// Refuses a string of `length` + `extra` bytes that is over `proto-max-bulk-len`. What the
    /// primary did is not refused.
    func checkLength(_ call: Call, _ length: Int, _ extra: Int) throws(ReplyError) {
        if call.session.value.flags.contains(.primaryStream) { return }
        let (total, overflow) = length.addingReportingOverflow(extra)
        if overflow || total > settings.frontend.maxBulkLength { throw .stringTooLong }
    }
}
