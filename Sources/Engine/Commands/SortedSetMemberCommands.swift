import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands that ask for the score or rank of members, and that count them.
    static let sortedSetMembers: [Command] = [
        sortedSetRow(
            "zscore", 3, [.readonly, .fast], "O(1)",
            "Returns the score of a member of a sorted set.", "key member", since: "1.2.0"
        ) { engine($0, $2, zscore) },
        sortedSetRow(
            "zmscore", -3, [.readonly, .fast], "O(N) in the members asked for",
            "Returns the scores of members of a sorted set.", "key member [member ...]",
            since: "6.2.0"
        ) { engine($0, $2, zmscore) },
        sortedSetRow(
            "zcard", 2, [.readonly, .fast], "O(1)", "Counts the members of a sorted set.", "key",
            since: "1.2.0", access: "RO"
        ) { engine($0, $2, zcard) },
        sortedSetRow(
            "zcount", 4, [.readonly, .fast], "O(log(N))",
            "Counts the members of a sorted set with scores in a range.", "key min max",
            since: "2.0.0"
        ) { engine($0, $2, zcount) },
        sortedSetRow(
            "zlexcount", 4, [.readonly, .fast], "O(log(N))",
            "Counts the members of a sorted set in a range of names.", "key min max",
            since: "2.8.9"
        ) { engine($0, $2, zlexcount) },
        sortedSetRow(
            "zrank", -3, [.readonly, .fast], "O(log(N))",
            "Counts the members of a sorted set that come before a member.",
            "key member [WITHSCORE]", since: "2.0.0"
        ) { engine($0, $2, zrank) },
        sortedSetRow(
            "zrevrank", -3, [.readonly, .fast], "O(log(N))",
            "Counts the members of a sorted set that come behind a member.",
            "key member [WITHSCORE]", since: "2.0.0"
        ) { engine($0, $2, zrevrank) },
    ]
}

func zscore(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    if let entry = try engine.lookup(call, 1, .sortedSet),
        let score = SortedSetView(entry).score(of: call[2])
    {
        call.reply.double(score)
    } else {
        call.reply.null()
    }
    return .none
}

func zmscore(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let set = try engine.lookup(call, 1, .sortedSet).map { SortedSetView($0) }
    call.reply.array(call.count - 2)
    for index in 2..<call.count {
        if let set, let score = set.score(of: call[index]) {
            call.reply.double(score)
        } else {
            call.reply.null()
        }
    }
    return .none
}

func zcard(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let entry = try engine.lookup(call, 1, .sortedSet)
    call.reply.integer(entry.map { SortedSetView($0).count } ?? 0)
    return .none
}

func zcount(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let range = try MemberRange(scores: call[2], to: call[3])
    let entry = try engine.lookup(call, 1, .sortedSet)
    call.reply.integer(entry.map { range.ranks(in: SortedSetView($0)).count } ?? 0)
    return .none
}

func zlexcount(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let range = try MemberRange(names: call[2], to: call[3])
    let entry = try engine.lookup(call, 1, .sortedSet)
    call.reply.integer(entry.map { range.ranks(in: SortedSetView($0)).count } ?? 0)
    return .none
}

func zrank(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try answerRank(&engine, call, isReversed: false)
}

func zrevrank(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try answerRank(&engine, call, isReversed: true)
}

/// WITHSCORE is an addition of Redis 7.2; other words are refused as before.
private func answerRank(
    _ engine: inout DataEngine, _ call: Call, isReversed: Bool
) throws(ReplyError) -> Propagation {
    let withScore = call.count == 4 && call[3].equalsIgnoringCase("withscore")
    guard call.count == 3 || withScore else {
        throw call.fail("ERR wrong number of arguments for '\(engine.name(of: call))' command")
    }
    guard let entry = try engine.lookup(call, 1, .sortedSet),
        let rank = SortedSetView(entry).rank(of: call[2])
    else {
        if withScore { call.reply.nullArray() } else { call.reply.null() }
        return .none
    }
    let set = SortedSetView(entry)
    if withScore { call.reply.array(2) }
    call.reply.integer(isReversed ? set.count - 1 - rank : rank)
    if withScore { call.reply.double(set.score(of: call[2]) ?? 0) }
    return .none
}
