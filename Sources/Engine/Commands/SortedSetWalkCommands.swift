import DataStructures
import Digests
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands that go through all members or choose some.
    static let sortedSetWalks: [Command] = [
        sortedSetRow(
            "zrandmember", -2, [.readonly], "O(N) in the members returned",
            "Returns any member of a sorted set, or some of them.", "key [count [WITHSCORES]]",
            since: "6.2.0", tips: ["nondeterministic_output"]
        ) { engine($0, $2, zrandmember) },
        sortedSetRow(
            "zscan", -3, [.readonly], "O(1) for each call, O(N) for a whole walk",
            "Goes through the members of a sorted set step by step.",
            "key cursor [MATCH pattern] [COUNT count]", since: "2.8.0",
            tips: ["nondeterministic_output"]
        ) { engine($0, $2, zscan) },
    ]
}

func zrandmember(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count > 2 else {
        if let entry = try engine.lookup(call, 1, .sortedSet) {
            call.reply.bulk(SortedSetView(entry).random(&engine.frontend.random).0)
        } else {
            call.reply.null()
        }
        return .none
    }
    let wanted = try SampleCount(call, 2)
    var withScores = false
    if call.count > 3 {
        guard call.count == 4, call[3].equalsIgnoringCase("withscores") else { throw .syntax }
        try wanted.checkPairs()
        withScores = true
    }
    guard let entry = try engine.lookup(call, 1, .sortedSet) else {
        call.reply.emptyArray()
        return .none
    }
    let sample = MemberSample(call: call, set: SortedSetView(entry), withScores: withScores)
    if !sample.write(wanted, &engine.frontend.random) { engine.frontend.close(call.session) }
    return .none
}

/// The reply of ZRANDMEMBER with a count.
private struct MemberSample {
    let call: Call
    let set: SortedSetView
    let withScores: Bool

    /// Writes the reply; false if it is too long.
    func write(_ wanted: SampleCount, _ random: inout RandomGenerator) -> Bool {
        let total = set.count
        let count = wanted.isUnique ? min(wanted.count, total) : wanted.count
        call.reply.members(count, withScores: withScores)
        if !wanted.isUnique || wanted.count == 1 {
            for left in stride(from: count, to: 0, by: -1) {
                guard call.mayGoOn(left) else { return false }
                write(set.random(&random))
            }
        } else if count == total {
            // All of them, which Redis tells from the greatest score on.
            set.forEach(from: total - 1, count: total, reversed: true) { member, score in
                write((member, score))
                return true
            }
        } else if Sampling.isSparse(count, of: total) {
            var seen = HashTally(capacity: count)
            while seen.count < count {
                let rank = random.below(total)
                // Spread by the golden ratio, since the table takes its places from some bits.
                guard seen.insert(UInt64(rank + 1) &* 0x9e37_79b9_7f4a_7c15) else { continue }
                if let found = set.item(at: rank) { write(found) }
            }
        } else {
            var selection = Selection(count, of: total)
            set.forEach { member, score in
                if selection.takes(&random) { write((member, score)) }
                return true
            }
        }
        return true
    }

    private func write(_ found: (PackedItem, Double)) {
        call.reply.member(found.0, found.1, withScore: withScores)
    }
}

/// Scores are bulk strings here in RESP3, too.
func zscan(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let cursor = try ElementScan.cursor(call)
    guard let entry = try engine.lookup(call, 1, .sortedSet) else {
        ElementScan.answerEmpty(call)
        return .none
    }
    var scan = try ElementScan(call, cursor: cursor, heap: engine.heap)
    let next = SortedSetView(entry).scan(cursor, count: scan.count) { member, score in
        guard scan.accepts(member) else { return }
        scan.add(member)
        DoubleText.with(score) { scan.add($0) }
    }
    scan.answer(call, next: next)
    return .none
}
