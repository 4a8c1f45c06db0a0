import Digests
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands that go through the keys of a database.
    static let scans: [Command] = [
        Command(
            "keys", arity: 2, flags: [.readonly], group: .generic,
            complexity: "O(N) in the keys of the database",
            summary: "Lists the keys that match a pattern.", syntax: "pattern",
            categories: ["dangerous"],
            tips: ["request_policy:all_shards", "nondeterministic_output_order"]
        ) { engine($0, $2, keys) },
        Command(
            "scan", arity: -2, flags: [.readonly, .arbitraryKeys], group: .generic, since: "2.8.0",
            complexity: "O(1) for each call, O(N) for a whole walk",
            summary: "Goes through the keys of the database step by step.",
            syntax: "cursor [MATCH pattern] [COUNT count] [TYPE type]",
            tips: ["nondeterministic_output", "request_policy:special"]
        ) { engine($0, $2, scan) },
        Command(
            "randomkey", arity: 1, flags: [.readonly, .arbitraryKeys], group: .generic,
            summary: "Returns any key of the database.",
            tips: ["request_policy:all_shards", "nondeterministic_output"]
        ) { engine($0, $2, randomkey) },
    ]
}

func keys(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let filter = KeyFilter(pattern: call[1], now: engine.keyspace.now)
    let start = call.reply.deferredArray()
    var count = 0
    engine.keyspace.forEach(call.database) { entry in
        guard filter.accepts(entry), !entry.isExpired(at: filter.now) else { return }
        call.reply.bulk(entry.key)
        count += 1
    }
    call.reply.finishArray(at: start, count: count)
    return .none
}

func scan(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let cursor = ScanCursor.parse(call[1]) else { throw ReplyError("ERR invalid cursor") }
    var filter = KeyFilter(pattern: ByteView("*"), now: engine.keyspace.now)
    var count = 10
    var index = 2
    while index < call.count {
        guard index + 1 < call.count else { throw .syntax }
        let (word, value) = (call[index], call[index + 1])
        if word.equalsIgnoringCase("count") {
            count = Int(try call.integer(index + 1))
            guard count >= 1 else { throw .syntax }
        } else if word.equalsIgnoringCase("match") {
            filter.pattern = value
        } else if word.equalsIgnoringCase("type") {
            filter.type = value
        } else {
            throw .syntax
        }
        index += 2
    }
    engine.answerScan(call, cursor, filter, count)
    return .none
}

func randomkey(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    // Where keys may not be deleted here, expired ones can be all there is.
    for _ in 0..<100 {
        guard let entry = engine.keyspace.randomEntry(call.database) else { break }
        let key = entry.key.bytes
        let isThere = key.withView { key in
            engine.peek(key, call.database, engine.keyspace.hash(key), call.session) != nil
        }
        if isThere {
            call.reply.bulk(key)
            return .none
        }
    }
    call.reply.null()
    return .none
}

/// Which keys KEYS and SCAN show.
private struct KeyFilter {
    var pattern: ByteView
    var type: ByteView?
    var now: Int64

    init(pattern: ByteView, now: Int64) {
        self.pattern = pattern
        self.now = now
    }

    func accepts(_ entry: Entry) -> Bool {
        if !(pattern == "*"), !Glob.matches(pattern: pattern, text: entry.key) { return false }
        return type?.equalsIgnoringCase(entry.type.name) ?? true
    }
}

enum ScanCursor {
    /// A cursor as C's strtoul reads it, because clients were seen to send such: blanks are
    /// refused, nothing is 0, a sign is allowed, a NUL ends it.
    static func parse(_ text: ByteView) -> UInt64? {
        let text = text[0..<(text.firstIndex(of: 0) ?? text.count)]
        var index = 0
        var isNegative = false
        if let sign = text.isEmpty ? nil : text[0],
            sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
        {
            isNegative = sign == UInt8(ascii: "-")
            index = 1
            // A sign alone is no number, and what is left unread makes it invalid.
            if text.count == 1 { return nil }
        }
        var value: UInt64 = 0
        while index < text.count {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            let (product, tooBig) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            if tooBig || carry { return nil }
            value = sum
            index += 1
        }
        return isNegative ? 0 &- value : value
    }
}

extension DataEngine {
    /// One step of SCAN. Expired keys on the way are deleted.
    fileprivate mutating func answerScan(
        _ call: Call, _ cursor: UInt64, _ filter: KeyFilter, _ count: Int
    ) {
        // The next cursor comes first in the reply and is known last.
        var found = ByteBuffer(heap: heap)
        var lengths: [Int] = []
        var expired: [[UInt8]] = []
        let next = keyspace.scan(call.database, cursor: cursor, count: count) { entry in
            guard filter.accepts(entry) else { return }
            if entry.isExpired(at: filter.now) {
                expired.append(entry.key.bytes)
            } else {
                found.append(entry.key)
                lengths.append(entry.key.count)
            }
        }
        call.reply.array(2)
        call.reply.bulk(text: String(next))
        call.reply.array(lengths.count)
        var start = 0
        for length in lengths {
            call.reply.bulk(found.readable[start..<start + length])
            start += length
        }
        for key in expired {
            key.withView { key in
                _ = peek(key, call.database, keyspace.hash(key), call.session)
            }
        }
    }
}
