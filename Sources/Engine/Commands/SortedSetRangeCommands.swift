import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let sortedSetRanges: [Command] = [
        sortedSetRow(
            "zrange", -4, [.readonly], "O(log(N)+M) with M members returned",
            "Returns members of a sorted set in a range of positions, scores or names.",
            "key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
            since: "1.2.0"
        ) { engine($0, $2, zrange) },
        Command(
            "zrangestore", arity: -5, flags: [.write, .denyOOM],
            keys: KeyPositions(first: 1, last: 2, step: 1), group: .sortedSet, since: "6.2.0",
            complexity: "O(log(N)+M) with M members stored",
            summary: "Stores a range of members of a sorted set in a key.",
            syntax: "dst src min max [BYSCORE|BYLEX] [REV] [LIMIT offset count]",
            keySpecs: [
                KeySpec("OW update", .index(1), .range(last: 0, step: 1, limit: 0)),
                KeySpec("RO access", .index(2), .range(last: 0, step: 1, limit: 0)),
            ]
        ) { engine($0, $2, zrangestore) },
        rangeRow(
            "zrevrange", "positions, the greatest score first", "start stop [WITHSCORES]", "1.2.0"
        ) {
            engine($0, $2, zrevrange)
        },
        rangeRow(
            "zrangebyscore", "scores", "min max [WITHSCORES] [LIMIT offset count]", "1.0.5"
        ) { engine($0, $2, zrangebyscore) },
        rangeRow(
            "zrevrangebyscore", "scores, the greatest first",
            "max min [WITHSCORES] [LIMIT offset count]", "2.2.0"
        ) { engine($0, $2, zrevrangebyscore) },
        rangeRow("zrangebylex", "names", "min max [LIMIT offset count]", "2.8.9") {
            engine($0, $2, zrangebylex)
        },
        rangeRow("zrevrangebylex", "names, the last first", "max min [LIMIT offset count]", "2.8.9")
        {
            engine($0, $2, zrevrangebylex)
        },
    ]

    private static func rangeRow(
        _ name: String, _ noun: String, _ syntax: String, _ since: String,
        run: @escaping CommandThunk
    ) -> Command {
        sortedSetRow(
            name, -4, [.readonly], "O(log(N)+M) with M members returned",
            "Returns members of a sorted set in a range of \(noun).", "key " + syntax,
            since: since, run: run)
    }

    static let sortedSetRemovals: [Command] = [
        removalRow("zremrangebyrank", "positions", "start stop", "2.0.0") {
            engine($0, $2, zremrangebyrank)
        },
        removalRow("zremrangebyscore", "scores", "min max", "1.2.0") {
            engine($0, $2, zremrangebyscore)
        },
        removalRow("zremrangebylex", "names", "min max", "2.8.9") {
            engine($0, $2, zremrangebylex)
        },
    ]

    private static func removalRow(
        _ name: String, _ noun: String, _ syntax: String, _ since: String,
        run: @escaping CommandThunk
    ) -> Command {
        sortedSetRow(
            name, 4, [.write], "O(log(N)+M) with M members removed",
            "Removes members of a sorted set in a range of \(noun).", "key " + syntax,
            since: since, access: "RW delete", run: run)
    }
}

/// What a request for a range says: which members, in which order, and how many of them.
struct RangeRequest {
    enum Kind { case positions, scores, names }

    let range: MemberRange
    private(set) var isReversed: Bool
    private(set) var withScores = false
    private var offset: Int64 = 0
    /// Negative: all.
    private var limit: Int64 = -1

    /// Reads a request whose source is argument `source`. What the command's name does not say,
    /// the request may.
    init(
        _ call: Call, source: Int = 1, _ fixed: Kind? = nil, isReversed fixedOrder: Bool? = nil,
        stores: Bool = false
    ) throws(ReplyError) {
        var kind = fixed
        isReversed = fixedOrder ?? false
        var index = source + 3
        while index < call.count {
            let word = call[index]
            if !stores, word.equalsIgnoringCase("withscores") {
                withScores = true
            } else if word.equalsIgnoringCase("limit"), call.count - index > 2 {
                offset = try call.integer(index + 1)
                limit = try call.integer(index + 2)
                index += 2
            } else if fixedOrder == nil, word.equalsIgnoringCase("rev"), !isReversed {
                isReversed = true
            } else if kind == nil, word.equalsIgnoringCase("bylex") {
                kind = .names
            } else if kind == nil, word.equalsIgnoringCase("byscore") {
                kind = .scores
            } else {
                throw .syntax
            }
            index += 1
        }
        try RangeRequest.check(kind ?? .positions, limit, withScores)
        let (first, second) = (call[source + 1], call[source + 2])
        switch kind ?? .positions {
        case .positions: range = try MemberRange(positions: call, source + 1, source + 2)
        case .scores where isReversed: range = try MemberRange(scores: second, to: first)
        case .scores: range = try MemberRange(scores: first, to: second)
        case .names where isReversed: range = try MemberRange(names: second, to: first)
        case .names: range = try MemberRange(names: first, to: second)
        }
    }

    private static func check(
        _ kind: Kind, _ limit: Int64, _ withScores: Bool
    ) throws(ReplyError) {
        if kind == .positions, limit != -1 {
            throw ReplyError(
                """
                ERR syntax error, LIMIT is only supported in combination with either BYSCORE or \
                BYLEX
                """)
        }
        if kind == .names, withScores {
            throw ReplyError(
                "ERR syntax error, WITHSCORES not supported in combination with BYLEX")
        }
    }

    /// Whether the number of members is known before they are looked at.
    var isOfPositions: Bool {
        if case .positions = range { return true }
        return false
    }

    /// The ranks of the members that are meant, from the least score on.
    func ranks(in set: SortedSetView) -> Range<Int> {
        let ranks = range.ranks(in: set)
        if case .positions = range {
            guard isReversed, !ranks.isEmpty else { return ranks }
            return set.count - ranks.upperBound..<set.count - ranks.lowerBound
        }
        guard offset >= 0, offset < ranks.count else { return 0..<0 }
        let left = ranks.count - Int(offset)
        let count = limit < 0 ? left : min(left, Int(limit))
        let start =
            isReversed
            ? ranks.upperBound - Int(offset) - count : ranks.lowerBound + Int(offset)
        return start..<start + count
    }
}

func zrange(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try answerRange(&engine, call, RangeRequest(call))
}

func zrevrange(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try answerRange(&engine, call, RangeRequest(call, .positions, isReversed: true))
}

func zrangebyscore(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try answerRange(&engine, call, RangeRequest(call, .scores, isReversed: false))
}

func zrevrangebyscore(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try answerRange(&engine, call, RangeRequest(call, .scores, isReversed: true))
}

func zrangebylex(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try answerRange(&engine, call, RangeRequest(call, .names, isReversed: false))
}

func zrevrangebylex(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try answerRange(&engine, call, RangeRequest(call, .names, isReversed: true))
}

private func answerRange(
    _ engine: inout DataEngine, _ call: Call, _ request: RangeRequest
) throws(ReplyError) -> Propagation {
    guard let entry = try engine.lookup(call, 1, .sortedSet) else {
        call.reply.emptyArray()
        return .none
    }
    let set = SortedSetView(entry)
    let ranks = request.ranks(in: set)
    call.reply.members(ranks.count, withScores: request.withScores)
    guard !ranks.isEmpty else { return .none }
    set.forEach(
        from: request.isReversed ? ranks.upperBound - 1 : ranks.lowerBound, count: ranks.count,
        reversed: request.isReversed
    ) { member, score in
        call.reply.member(member, score, withScore: request.withScores)
        return true
    }
    return .none
}

extension ReplyWriter {
    /// The head of an array of `count` members, each with its score if asked for: pairs in RESP3,
    /// one behind the other in RESP2.
    mutating func members(_ count: Int, withScores: Bool) {
        array(withScores && version == .two ? count * 2 : count)
    }

    /// A member of such an array.
    @inline(__always)
    mutating func member(_ member: PackedItem, _ score: Double, withScore: Bool) {
        if withScore, version == .three { array(2) }
        bulk(member)
        if withScore { double(score) }
    }
}

/// The members are copied before the destination is touched, which may be the source.
func zrangestore(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let request = try RangeRequest(call, source: 2, stores: true)
    var result = ScoredMembers(engine)
    if let entry = try engine.lookup(call, 2, .sortedSet) {
        let set = SortedSetView(entry)
        let ranks = request.ranks(in: set)
        set.forEach(from: ranks.lowerBound, count: ranks.count) { member, score in
            result.append(member, score)
            return true
        }
    }
    let isLong = request.isOfPositions && result.count > engine.keyspace.encodings.zsetEntries
    return engine.store(call, 1, result, "zrangestore", keepsMinusZero: isLong)
}

func zremrangebyrank(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try removeRange(&engine, call, MemberRange(positions: call, 2, 3), "zremrangebyrank")
}

func zremrangebyscore(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try removeRange(&engine, call, MemberRange(scores: call[2], to: call[3]), "zremrangebyscore")
}

func zremrangebylex(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try removeRange(&engine, call, MemberRange(names: call[2], to: call[3]), "zremrangebylex")
}

private func removeRange(
    _ engine: inout DataEngine, _ call: Call, _ range: MemberRange, _ event: StaticString
) throws(ReplyError) -> Propagation {
    var place = try engine.place(call, 1, .sortedSet)
    let ranks = place.entry.map { range.ranks(in: SortedSetView($0)) } ?? 0..<0
    if !ranks.isEmpty {
        engine.open(&place, call, 1, .sortedSet)
        engine.keyspace.sortedSetRemove(&place, ranks: ranks)
        engine.close(&place, call, 1, changes: ranks.count, event, .sortedSet)
    }
    call.reply.integer(ranks.count)
    return ranks.isEmpty ? .none : .verbatim
}
