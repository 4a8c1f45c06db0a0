import DataStructures
import Digests
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands that go through all fields or choose some.
    static let hashWalks: [Command] = [
        hashRow(
            "hgetall", 2, [.readonly], "O(N) in the fields",
            "Returns all fields of a hash with their values.", "key",
            tips: ["nondeterministic_output_order"]
        ) { engine($0, $2, hgetall) },
        hashRow(
            "hkeys", 2, [.readonly], "O(N) in the fields", "Returns all fields of a hash.", "key",
            tips: ["nondeterministic_output_order"]
        ) { engine($0, $2, hkeys) },
        hashRow(
            "hvals", 2, [.readonly], "O(N) in the fields", "Returns all values of a hash.", "key",
            tips: ["nondeterministic_output_order"]
        ) { engine($0, $2, hvals) },
        hashRow(
            "hrandfield", -2, [.readonly], "O(N) in the fields returned",
            "Returns any field of a hash, or some of them.", "key [count [WITHVALUES]]",
            since: "6.2.0", tips: ["nondeterministic_output"]
        ) { engine($0, $2, hrandfield) },
        hashRow(
            "hscan", -3, [.readonly], "O(1) for each call, O(N) for a whole walk",
            "Goes through the fields of a hash step by step.",
            "key cursor [MATCH pattern] [COUNT count]", since: "2.8.0",
            tips: ["nondeterministic_output"]
        ) { engine($0, $2, hscan) },
    ]
}

func hgetall(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let entry = try engine.lookup(call, 1, .hash) else {
        call.reply.map(0)
        return .none
    }
    let hash = HashView(entry)
    call.reply.map(hash.count)
    hash.forEach { field, value in
        call.reply.bulk(field)
        call.reply.bulk(value)
    }
    return .none
}

func hkeys(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let entry = try engine.lookup(call, 1, .hash) else {
        call.reply.emptyArray()
        return .none
    }
    let hash = HashView(entry)
    call.reply.array(hash.count)
    hash.forEach { field, _ in call.reply.bulk(field) }
    return .none
}

func hvals(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let entry = try engine.lookup(call, 1, .hash) else {
        call.reply.emptyArray()
        return .none
    }
    let hash = HashView(entry)
    call.reply.array(hash.count)
    hash.forEach { _, value in call.reply.bulk(value) }
    return .none
}

func hrandfield(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count > 2 else {
        if let entry = try engine.lookup(call, 1, .hash) {
            call.reply.bulk(HashView(entry).random(&engine.frontend.random).0)
        } else {
            call.reply.null()
        }
        return .none
    }
    let wanted = try SampleCount(call, 2)
    var withValues = false
    if call.count > 3 {
        guard call.count == 4, call[3].equalsIgnoringCase("withvalues") else { throw .syntax }
        try wanted.checkPairs()
        withValues = true
    }
    guard let entry = try engine.lookup(call, 1, .hash) else {
        call.reply.emptyArray()
        return .none
    }
    let sample = FieldSample(call: call, hash: HashView(entry), withValues: withValues)
    if !sample.write(wanted, &engine.frontend.random, key: engine.keyspace.hashKey) {
        engine.frontend.close(call.session)
    }
    return .none
}

/// The reply of HRANDFIELD with a count.
private struct FieldSample {
    let call: Call
    let hash: HashView
    let withValues: Bool

    /// Writes the reply; false if it is too long.
    func write(_ wanted: SampleCount, _ random: inout RandomGenerator, key: HashKey) -> Bool {
        let count = wanted.isUnique ? min(wanted.count, hash.count) : wanted.count
        let isFlat = call.reply.version == .two
        call.reply.array(withValues && isFlat ? count * 2 : count)
        if !wanted.isUnique || count == 1 {
            for left in stride(from: count, to: 0, by: -1) {
                guard call.mayGoOn(left) else { return false }
                write(hash.random(&random))
            }
        } else if Sampling.isSparse(count, of: hash.count) {
            var seen = HashTally(capacity: count)
            while seen.count < count {
                let pair = hash.random(&random)
                if seen.insert(pair.0.withText { SipHash.hash($0, key: key) }) { write(pair) }
            }
        } else {
            var selection = Selection(count, of: hash.count)
            hash.forEach { if selection.takes(&random) { write(($0, $1)) } }
        }
        return true
    }

    private func write(_ pair: (PackedItem, PackedItem)) {
        if withValues, call.reply.version == .three { call.reply.array(2) }
        call.reply.bulk(pair.0)
        if withValues { call.reply.bulk(pair.1) }
    }
}

func hscan(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let cursor = try ElementScan.cursor(call)
    guard let entry = try engine.lookup(call, 1, .hash) else {
        ElementScan.answerEmpty(call)
        return .none
    }
    var scan = try ElementScan(call, cursor: cursor, heap: engine.heap)
    let next = HashView(entry).scan(cursor, count: scan.count) { field, value in
        guard scan.accepts(field) else { return }
        scan.add(field)
        scan.add(value)
    }
    scan.answer(call, next: next)
    return .none
}
