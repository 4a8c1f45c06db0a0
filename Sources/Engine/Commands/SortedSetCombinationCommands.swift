import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let sortedSetCombinations: [Command] = [
        combined("zunion", "union", weighted + withScores, "6.2.0") { engine($0, $2, zunion) },
        combined("zinter", "intersection", weighted + withScores, "6.2.0") {
            engine($0, $2, zinter)
        },
        combined("zdiff", "difference", withScores, "6.2.0") { engine($0, $2, zdiff) },
        Command(
            "zintercard", arity: -3, flags: [.readonly, .movableKeys], group: .sortedSet,
            since: "7.0.0", complexity: "O(N*K): the members of the smallest source, the sources",
            summary: "Counts the members of the intersection of sorted sets.",
            syntax: "numkeys key [key ...] [LIMIT limit]",
            keySpecs: [KeySpec("RO access", .index(1), .count(at: 0, first: 1, step: 1))]
        ) { engine($0, $2, zintercard) },
        stored("zunionstore", "union", weighted, "2.0.0") { engine($0, $2, zunionstore) },
        stored("zinterstore", "intersection", weighted, "2.0.0") { engine($0, $2, zinterstore) },
        stored("zdiffstore", "difference", "", "6.2.0") { engine($0, $2, zdiffstore) },
    ]

    private static let weighted = " [WEIGHTS weight [weight ...]] [AGGREGATE SUM|MIN|MAX]"
    private static let withScores = " [WITHSCORES]"
    private static let cost = "O(N)+O(M*log(M)) with N members of all sources, M of the result"

    private static func combined(
        _ name: String, _ noun: String, _ options: String, _ since: String,
        run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: -3, flags: [.readonly, .movableKeys], group: .sortedSet, since: since,
            complexity: cost, summary: "Returns the \(noun) of sorted sets.",
            syntax: "numkeys key [key ...]" + options,
            keySpecs: [KeySpec("RO access", .index(1), .count(at: 0, first: 1, step: 1))],
            run: run)
    }

    private static func stored(
        _ name: String, _ noun: String, _ options: String, _ since: String,
        run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: -4, flags: [.write, .denyOOM, .movableKeys], keys: .first,
            group: .sortedSet, since: since, complexity: cost,
            summary: "Stores the \(noun) of sorted sets in a key.",
            syntax: "destination numkeys key [key ...]" + options,
            keySpecs: [
                KeySpec("OW update", .index(1), .range(last: 0, step: 1, limit: 0)),
                KeySpec("RO access", .index(2), .count(at: 0, first: 1, step: 1)),
            ], run: run)
    }
}

/// What members and scores are taken from. Members of a plain set have score 1.
private enum MemberSource {
    case missing
    case set(SetView)
    case sortedSet(SortedSetView)

    var count: Int {
        switch self {
        case .missing: 0
        case .set(let set): set.count
        case .sortedSet(let set): set.count
        }
    }

    func score(of member: ByteView) -> Double? {
        switch self {
        case .missing: nil
        case .set(let set): set.contains(member) ? 1 : nil
        case .sortedSet(let set): set.score(of: member)
        }
    }

    /// Visits all members until `body` returns false.
    func forEach(_ body: (PackedItem, Double) -> Bool) {
        switch self {
        case .missing: break
        case .sortedSet(let set): set.forEach(body)
        case .set(let set):
            var goesOn = true
            set.forEach { if goesOn { goesOn = body($0, 1) } }
        }
    }
}

/// A union, an intersection or a difference that is asked for.
private struct Combination {
    enum Kind { case union, intersection, difference, cardinality }

    private let kind: Kind
    private var sources: [(set: MemberSource, weight: Double)] = []
    private var aggregate = ScoreAggregate.sum
    private(set) var withScores = false
    private var limit = Int.max

    /// Reads a request whose number of keys is argument `start`.
    init(
        _ engine: inout DataEngine, _ call: Call, _ kind: Kind, at start: Int
    ) throws(ReplyError) {
        self.kind = kind
        let number = try call.integer(start)
        guard number >= 1 else {
            throw call.fail(
                "ERR at least 1 input key is needed for '\(engine.name(of: call))' command")
        }
        guard number < call.count - start else { throw .syntax }
        var index = start + 1
        while index <= start + Int(number) {
            sources.append((try engine.members(call, index), 1))
            index += 1
        }
        while index < call.count {
            index += try option(call, index, stores: start == 2)
        }
    }

    /// Reads the option at `index` and returns how many arguments it has.
    private mutating func option(
        _ call: Call, _ index: Int, stores: Bool
    ) throws(ReplyError) -> Int {
        let (word, left) = (call[index], call.count - index)
        let isScored = kind == .union || kind == .intersection
        if isScored, left > sources.count, word.equalsIgnoringCase("weights") {
            for number in sources.indices {
                guard let weight = call[index + 1 + number].double else {
                    throw ReplyError("ERR weight value is not a float")
                }
                sources[number].weight = weight
            }
            return 1 + sources.count
        }
        if isScored, left > 1, word.equalsIgnoringCase("aggregate") {
            aggregate = try Combination.aggregate(call[index + 1])
            return 2
        }
        if !stores, kind != .cardinality, word.equalsIgnoringCase("withscores") {
            withScores = true
            return 1
        }
        if kind == .cardinality, left > 1, word.equalsIgnoringCase("limit") {
            guard let value = call[index + 1].integer, value >= 0 else {
                throw ReplyError("ERR LIMIT can't be negative")
            }
            limit = value == 0 ? Int.max : Int(value)
            return 2
        }
        throw .syntax
    }

    private static func aggregate(_ word: ByteView) throws(ReplyError) -> ScoreAggregate {
        if word.equalsIgnoringCase("sum") { return .sum }
        if word.equalsIgnoringCase("min") { return .least }
        if word.equalsIgnoringCase("max") { return .greatest }
        throw .syntax
    }

    /// The members, in order.
    func result(_ engine: borrowing DataEngine) -> ScoredMembers {
        var result = ScoredMembers(engine)
        switch kind {
        case .union: unite(into: &result)
        case .difference: subtract(into: &result)
        case .intersection, .cardinality: intersect { result.append($0, $1) }
        }
        result.sort()
        return result
    }

    /// Number of members of an intersection, up to the limit.
    var cardinality: Int {
        var count = 0
        intersect { _, _ in count += 1 }
        return count
    }

    /// The order in which scores are added up shows in their last digits: as in Redis the smallest
    /// source comes first.
    private func unite(into result: inout ScoredMembers) {
        for source in sources.sorted(by: { $0.set.count < $1.set.count }) {
            source.set.forEach { member, score in
                let weighted = source.weight * score
                result.merge(member, weighted.isNaN ? 0 : weighted, aggregate)
                return true
            }
        }
    }

    private func intersect(_ body: (PackedItem, Double) -> Void) {
        let ordered = sources.sorted { $0.set.count < $1.set.count }
        guard let first = ordered.first else { return }
        let others = ordered[1...]
        var left = limit
        first.set.forEach { member, score in
            var sum: Double? = first.weight * score
            if sum?.isNaN == true { sum = 0 }
            member.withText { name in
                for other in others {
                    guard let score = other.set.score(of: name), let soFar = sum else {
                        sum = nil
                        return
                    }
                    sum = aggregate(soFar, score * other.weight)
                }
            }
            guard let sum else { return true }
            body(member, sum)
            left -= 1
            return left > 0
        }
    }

    private func subtract(into result: inout ScoredMembers) {
        // The biggest is the most likely to have a member.
        let others = sources[1...].sorted { $0.set.count > $1.set.count }
        sources[0].set.forEach { member, score in
            let isElsewhere = member.withText { name in
                others.contains { $0.set.score(of: name) != nil }
            }
            if !isElsewhere { result.append(member, score) }
            return true
        }
    }
}

extension DataEngine {
    /// The set or sorted set at argument `index`.
    fileprivate mutating func members(
        _ call: Call, _ index: Int
    ) throws(ReplyError) -> MemberSource {
        guard let entry = lookup(call, index) else { return .missing }
        switch entry.type {
        case .set: return .set(SetView(entry))
        case .sortedSet: return .sortedSet(SortedSetView(entry))
        default: throw .wrongType
        }
    }
}

func zunion(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try answer(&engine, call, .union)
}

func zinter(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try answer(&engine, call, .intersection)
}

func zdiff(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try answer(&engine, call, .difference)
}

private func answer(
    _ engine: inout DataEngine, _ call: Call, _ kind: Combination.Kind
) throws(ReplyError) -> Propagation {
    let request = try Combination(&engine, call, kind, at: 1)
    let result = request.result(engine)
    call.reply.members(result.count, withScores: request.withScores)
    result.forEach { call.reply.member($0, $1, withScore: request.withScores) }
    return .none
}

func zintercard(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.integer(try Combination(&engine, call, .cardinality, at: 1).cardinality)
    return .none
}

func zunionstore(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let result = try Combination(&engine, call, .union, at: 2).result(engine)
    return engine.store(call, 1, result, "zunionstore")
}

func zinterstore(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let result = try Combination(&engine, call, .intersection, at: 2).result(engine)
    return engine.store(call, 1, result, "zinterstore")
}

func zdiffstore(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let result = try Combination(&engine, call, .difference, at: 2).result(engine)
    return engine.store(call, 1, result, "zdiffstore")
}
