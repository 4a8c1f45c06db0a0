import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let setCombinations: [Command] = [
        combination("sinter", "O(N*M): the members of the smallest set, the sets", "intersection") {
            engine($0, $2, sinter)
        },
        Command(
            "sintercard", arity: -3, flags: [.readonly, .movableKeys], group: .set,
            since: "7.0.0", complexity: "O(N*M): the members of the smallest set, the sets",
            summary: "Counts the members of the intersection of sets.",
            syntax: "numkeys key [key ...] [LIMIT limit]",
            keySpecs: [KeySpec("RO access", .index(1), .count(at: 0, first: 1, step: 1))]
        ) { engine($0, $2, sintercard) },
        combination("sunion", "O(N) in the members of all sets", "union") {
            engine($0, $2, sunion)
        },
        combination("sdiff", "O(N) in the members of all sets", "difference") {
            engine($0, $2, sdiff)
        },
    ]

    static let setCombinationsStored: [Command] = [
        stored(
            "sinterstore", "O(N*M): the members of the smallest set, the sets", "intersection",
            use: "RW update"
        ) { engine($0, $2, sinterstore) },
        stored("sunionstore", "O(N) in the members of all sets", "union") {
            engine($0, $2, sunionstore)
        },
        stored("sdiffstore", "O(N) in the members of all sets", "difference") {
            engine($0, $2, sdiffstore)
        },
    ]

    private static func combination(
        _ name: String, _ complexity: String, _ noun: String, run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: -2, flags: [.readonly], keys: .all, group: .set, complexity: complexity,
            summary: "Returns the \(noun) of sets.", syntax: "key [key ...]",
            tips: ["nondeterministic_output_order"], run: run)
    }

    private static func stored(
        _ name: String, _ complexity: String, _ noun: String, use: String = "OW update",
        run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: -3, flags: [.write, .denyOOM], keys: .all, group: .set,
            complexity: complexity, summary: "Stores the \(noun) of sets in a key.",
            syntax: "destination key [key ...]",
            keySpecs: [
                KeySpec(use, .index(1), .range(last: 0, step: 1, limit: 0)),
                KeySpec("RO access", .index(2), .range(last: -1, step: 1, limit: 0)),
            ], run: run)
    }
}

func sinter(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let sources = try engine.sets(call, 1..<call.count)
    let start = call.reply.deferredSet()
    var count = 0
    SetCombination.intersect(sources, limit: Int.max) {
        call.reply.bulk($0)
        count += 1
    }
    call.reply.finishArray(at: start, count: count)
    return .none
}

func sintercard(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let number = call[1].integer, number > 0 else {
        throw ReplyError("ERR numkeys should be greater than 0")
    }
    guard number <= call.count - 2 else {
        throw ReplyError("ERR Number of keys can't be greater than number of args")
    }
    var limit = 0
    var index = 2 + Int(number)
    while index < call.count {
        guard call[index].equalsIgnoringCase("limit"), index + 1 < call.count else {
            throw .syntax
        }
        limit = try call.nonNegative(
            index + 1, orFailWith: ReplyError("ERR LIMIT can't be negative"))
        index += 2
    }
    let sources = try engine.sets(call, 2..<2 + Int(number))
    var count = 0
    SetCombination.intersect(sources, limit: limit > 0 ? limit : Int.max) { _ in count += 1 }
    call.reply.integer(count)
    return .none
}

func sunion(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let sources = try engine.sets(call, 1..<call.count)
    var result = ItemSet(heap: engine.heap, key: engine.keyspace.hashKey)
    SetCombination.unite(sources, into: &result)
    answer(call, result)
    return .none
}

func sdiff(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let sources = try engine.sets(call, 1..<call.count)
    var result = ItemSet(heap: engine.heap, key: engine.keyspace.hashKey)
    SetCombination.subtract(sources, into: &result)
    answer(call, result)
    return .none
}

private func answer(_ call: Call, _ result: consuming ItemSet) {
    call.reply.set(result.count)
    let members = result.packed()
    var reader = PackedReader(members.readable)
    while let member = reader.next() { call.reply.bulk(member) }
}

func sinterstore(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let sources = try engine.sets(call, 2..<call.count)
    var result = ByteBuffer(heap: engine.heap)
    SetCombination.intersect(sources, limit: Int.max) { $0.append(to: &result) }
    return engine.store(call, result.readable, "sinterstore")
}

func sunionstore(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let sources = try engine.sets(call, 2..<call.count)
    var result = ItemSet(heap: engine.heap, key: engine.keyspace.hashKey)
    SetCombination.unite(sources, into: &result)
    let members = result.packed()
    return engine.store(call, members.readable, "sunionstore")
}

func sdiffstore(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let sources = try engine.sets(call, 2..<call.count)
    var result = ItemSet(heap: engine.heap, key: engine.keyspace.hashKey)
    SetCombination.subtract(sources, into: &result)
    let members = result.packed()
    return engine.store(call, members.readable, "sdiffstore")
}

/// Sets calculated from sets. Sources are nil where no key is.
enum SetCombination {
    /// Visits the members that all sources have, `limit` of them at most: those of the smallest
    /// are looked for in the others, the next smallest first.
    static func intersect(
        _ sources: [SetView?], limit: Int, _ body: (PackedItem) -> Void
    ) {
        let sets = sources.compactMap { $0 }.sorted { $0.count < $1.count }
        guard sets.count == sources.count, let smallest = sets.first else { return }
        var left = limit
        smallest.forEach { member in
            guard left > 0 else { return }
            let isCommon = member.withText { text in
                sets.dropFirst().allSatisfy { $0.contains(text) }
            }
            guard isCommon else { return }
            body(member)
            left -= 1
        }
    }

    static func unite(_ sources: [SetView?], into result: inout ItemSet) {
        for set in sources { set?.forEach { result.insert($0) } }
    }

    /// Gathers the members of the first source that no other has. Either each is looked for in
    /// the others, the biggest first, or the members of the others are taken away one by one,
    /// whichever is less work; as in Redis the first way counts half, since it often ends early.
    static func subtract(_ sources: [SetView?], into result: inout ItemSet) {
        guard let first = sources.first ?? nil else { return }
        let others = sources.dropFirst().compactMap { $0 }
        let all = others.reduce(first.count) { $0 + $1.count }
        guard first.count * (others.count + 1) / 2 <= all else {
            first.forEach { result.insert($0) }
            for set in others { set.forEach { result.remove($0) } }
            return
        }
        let ordered = others.sorted { $0.count > $1.count }
        first.forEach { member in
            let isElsewhere = member.withText { text in
                ordered.contains { $0.contains(text) }
            }
            if !isElsewhere { result.insert(member) }
        }
    }
}

extension DataEngine {
    /// The sets at the arguments `range`; nil where no key is.
    fileprivate mutating func sets(
        _ call: Call, _ range: Range<Int>
    ) throws(ReplyError) -> [SetView?] {
        var sets: [SetView?] = []
        sets.reserveCapacity(range.count)
        for index in range {
            let entry = try lookup(call, index, .set)
            sets.append(entry.map { SetView($0) })
        }
        return sets
    }

    /// Makes the set at argument 1 of different members, one behind the other, or deletes it if
    /// there are none, and answers with their number.
    fileprivate mutating func store(
        _ call: Call, _ members: ByteView, _ event: StaticString
    ) -> Propagation {
        guard !members.isEmpty else {
            call.reply.integer(0)
            return removeDestination(call, 1) ? .verbatim : .none
        }
        var place = openDestination(call, 1, .set)
        var reader = PackedReader(members)
        var count = 0
        while let member = reader.next() {
            member.withText { _ = keyspace.setAdd(&place, member: $0) }
            count += 1
        }
        close(&place, call, 1, changes: 1, event, .set)
        call.reply.integer(count)
        return .verbatim
    }
}
