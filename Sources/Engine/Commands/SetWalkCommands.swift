import DataStructures
import Digests
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands that go through all members or choose some.
    static let setWalks: [Command] = [
        setRow(
            "smembers", 2, [.readonly], "O(N) in the members", "Returns all members of a set.",
            "key", tips: ["nondeterministic_output_order"]
        ) { engine($0, $2, smembers) },
        setRow(
            "srandmember", -2, [.readonly], "O(N) in the members returned",
            "Returns any member of a set, or some of them.", "key [count]",
            tips: ["nondeterministic_output"]
        ) { engine($0, $2, srandmember) },
        setRow(
            "sscan", -3, [.readonly], "O(1) for each call, O(N) for a whole walk",
            "Goes through the members of a set step by step.",
            "key cursor [MATCH pattern] [COUNT count]", since: "2.8.0",
            tips: ["nondeterministic_output"]
        ) { engine($0, $2, sscan) },
    ]
}

func smembers(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let entry = try engine.lookup(call, 1, .set) else {
        call.reply.set(0)
        return .none
    }
    let set = SetView(entry)
    call.reply.set(set.count)
    set.forEach { call.reply.bulk($0) }
    return .none
}

func srandmember(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count > 2 else {
        if let entry = try engine.lookup(call, 1, .set) {
            call.reply.bulk(SetView(entry).random(&engine.frontend.random))
        } else {
            call.reply.null()
        }
        return .none
    }
    guard call.count == 3 else { throw .syntax }
    let wanted = try SampleCount(call, 2)
    guard let entry = try engine.lookup(call, 1, .set) else {
        call.reply.emptyArray()
        return .none
    }
    if !engine.writeSample(call, SetView(entry), wanted) { engine.frontend.close(call.session) }
    return .none
}

/// One member, propagated as its removal, so that replicas remove the same.
func spop(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count < 4 else { throw .syntax }
    if call.count == 3 { return try popSeveral(&engine, call) }
    var place = try engine.place(call, 1, .set)
    guard place.entry != nil else {
        call.reply.null()
        return .none
    }
    engine.open(&place, call, 1, .set)
    var random = engine.frontend.random
    var member = ByteBuffer(heap: engine.heap)
    engine.keyspace.setPop(&place, &random) { $0.appendText(to: &member) }
    engine.frontend.random = random
    engine.close(&place, call, 1, changes: 1, "spop", .set)
    call.reply.bulk(member.readable)
    engine.propagate(call.database, "SREM", call[1], member.readable)
    return .rewritten
}

private func popSeveral(
    _ engine: inout DataEngine, _ call: Call
) throws(ReplyError) -> Propagation {
    let count = try call.nonNegative(2)
    var place = try engine.place(call, 1, .set)
    guard let entry = place.entry, count > 0 else {
        call.reply.set(0)
        return .none
    }
    let set = SetView(entry)
    let total = set.count
    guard count < total else {
        call.reply.set(total)
        set.forEach { call.reply.bulk($0) }
        let lazily = engine.settings.lazyfreeLazyServerDel
        engine.keyspace.changes += total - 1
        engine.keyspace.delete(call.database, call[1], engine.hash(call, 1), lazily: lazily)
        engine.keyChanged(call[1], call.database, "spop", .set)
        engine.keyChanged(call[1], call.database, "del", .generic)
        engine.propagate(call.database, "DEL", call[1])
        return .rewritten
    }
    engine.open(&place, call, 1, .set)
    call.reply.set(count)
    var random = engine.frontend.random
    var member = ByteBuffer(heap: engine.heap)
    for _ in 0..<count {
        member.removeAll()
        engine.keyspace.setPop(&place, &random) { $0.appendText(to: &member) }
        call.reply.bulk(member.readable)
        engine.propagate(call.database, "SREM", call[1], member.readable)
    }
    engine.frontend.random = random
    engine.close(&place, call, 1, changes: count, "spop", .set)
    return .rewritten
}

func sscan(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let cursor = try ElementScan.cursor(call)
    guard let entry = try engine.lookup(call, 1, .set) else {
        ElementScan.answerEmpty(call)
        return .none
    }
    var scan = try ElementScan(call, cursor: cursor, heap: engine.heap)
    let next = SetView(entry).scan(cursor, count: scan.count) { member in
        if scan.accepts(member) { scan.add(member) }
    }
    scan.answer(call, next: next)
    return .none
}

extension DataEngine {
    /// The reply of SRANDMEMBER with a count; false if it is too long.
    fileprivate mutating func writeSample(
        _ call: Call, _ set: SetView, _ wanted: SampleCount
    ) -> Bool {
        let count = wanted.isUnique ? min(wanted.count, set.count) : wanted.count
        call.reply.array(count)
        if !wanted.isUnique || count == 1 {
            for left in stride(from: count, to: 0, by: -1) {
                guard call.mayGoOn(left) else { return false }
                call.reply.bulk(set.random(&frontend.random))
            }
        } else if Sampling.isSparse(count, of: set.count) {
            var seen = HashTally(capacity: count)
            while seen.count < count {
                let member = set.random(&frontend.random)
                if seen.insert(member.withText { keyspace.hash($0) }) { call.reply.bulk(member) }
            }
        } else {
            var selection = Selection(count, of: set.count)
            var random = frontend.random
            set.forEach { if selection.takes(&random) { call.reply.bulk($0) } }
            frontend.random = random
        }
        return true
    }
}
