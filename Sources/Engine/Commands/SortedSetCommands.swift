import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let sortedSets: [Command] =
        sortedSetChanges + sortedSetMembers + sortedSetRanges + sortedSetRemovals
        + sortedSetPops + sortedSetWaits + sortedSetWalks + sortedSetCombinations

    /// A row of a command whose one key is the first argument.
    static func sortedSetRow(
        _ name: String, _ arity: Int, _ flags: CommandFlags, _ complexity: String,
        _ summary: String, _ syntax: String, since: String, access: String = "",
        tips: [String] = [], run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: arity, flags: flags, keys: .first, group: .sortedSet, since: since,
            complexity: complexity, summary: summary, syntax: syntax, tips: tips,
            keyAccess: access, run: run)
    }

    static let sortedSetChanges: [Command] = [
        sortedSetRow(
            "zadd", -4, [.write, .denyOOM, .fast], "O(log(N)) for each member",
            "Gives members of a sorted set their scores, and adds those that are missing.",
            "key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]", since: "1.2.0",
            access: "RW update"
        ) { engine($0, $2, zadd) },
        sortedSetRow(
            "zincrby", 4, [.write, .denyOOM, .fast], "O(log(N))",
            "Adds to the score of a member of a sorted set, which is 0 if it is missing.",
            "key increment-float member", since: "1.2.0"
        ) { engine($0, $2, zincrby) },
        sortedSetRow(
            "zrem", -3, [.write, .fast], "O(log(N)) for each member",
            "Removes members of a sorted set.", "key member [member ...]", since: "1.2.0",
            access: "RW delete"
        ) { engine($0, $2, zrem) },
    ]
}

/// What ZADD may be told before the scores.
struct ScoreOptions {
    private(set) var onlyMissing = false
    private(set) var onlyPresent = false
    private(set) var onlyGreater = false
    private(set) var onlyLess = false
    /// The reply counts members whose score changed, too.
    private(set) var countsChanges = false
    /// The score is added to what the member has.
    private(set) var increments: Bool
    /// Where scores and members begin.
    private(set) var end = 2

    /// Whether a score is just put where it belongs.
    var isPlain: Bool {
        !(onlyMissing || onlyPresent || onlyGreater || onlyLess || increments)
    }

    /// Reads the words from argument 2 on and looks whether they go together.
    init(_ call: Call, increments: Bool) throws(ReplyError) {
        self.increments = increments
        while end < call.count, take(call[end]) { end += 1 }
        let rest = call.count - end
        guard rest > 0, rest % 2 == 0 else { throw .syntax }
        if onlyMissing, onlyPresent {
            throw ReplyError("ERR XX and NX options at the same time are not compatible")
        }
        if onlyGreater && onlyMissing || onlyLess && onlyMissing || onlyGreater && onlyLess {
            throw ReplyError("ERR GT, LT, and/or NX options at the same time are not compatible")
        }
        if self.increments, rest > 2 {
            throw ReplyError("ERR INCR option supports a single increment-element pair")
        }
    }

    private mutating func take(_ word: ByteView) -> Bool {
        if word.equalsIgnoringCase("nx") {
            onlyMissing = true
        } else if word.equalsIgnoringCase("xx") {
            onlyPresent = true
        } else if word.equalsIgnoringCase("ch") {
            countsChanges = true
        } else if word.equalsIgnoringCase("incr") {
            increments = true
        } else if word.equalsIgnoringCase("gt") {
            onlyGreater = true
        } else if word.equalsIgnoringCase("lt") {
            onlyLess = true
        } else {
            return false
        }
        return true
    }
}

func zadd(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try putScores(&engine, call, ScoreOptions(call, increments: false))
}

func zincrby(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try putScores(&engine, call, ScoreOptions(call, increments: true))
}

private func putScores(
    _ engine: inout DataEngine, _ call: Call, _ options: ScoreOptions
) throws(ReplyError) -> Propagation {
    // All scores are looked at before anything changes.
    for index in stride(from: options.end, to: call.count, by: 2) {
        guard call[index].double != nil else { throw .notFloat }
    }
    var place = try engine.place(call, 1, .sortedSet)
    var (added, changed) = (0, 0)
    var last: Double?
    if place.entry != nil || !options.onlyPresent {
        engine.open(&place, call, 1, .sortedSet)
        for index in stride(from: options.end, to: call.count, by: 2) {
            guard let score = call[index].double else { continue }
            switch engine.put(&place, call[index + 1], score, options) {
            case .put(let change, let result):
                if change == .added { added += 1 }
                if change == .changed { changed += 1 }
                last = result
            case .refused:
                break
            case .notANumber:
                engine.keyspace.close(&place, changes: 0)
                throw ReplyError("ERR resulting score is not a number (NaN)")
            }
        }
        engine.close(
            &place, call, 1, changes: added + changed, options.increments ? "zincr" : "zadd",
            .sortedSet)
    }
    if !options.increments {
        call.reply.integer(options.countsChanges ? added + changed : added)
    } else if let last {
        call.reply.double(last)
    } else {
        call.reply.null()
    }
    return added + changed > 0 ? .verbatim : .none
}

/// What became of a score.
private enum PutResult {
    case put(SortedSetChange, Double)
    /// The options are against it.
    case refused
    case notANumber
}

extension DataEngine {
    /// Puts one score where the options allow it.
    @inline(__always)
    fileprivate mutating func put(
        _ place: inout Place, _ member: ByteView, _ score: Double, _ options: ScoreOptions
    ) -> PutResult {
        if options.isPlain {
            return .put(keyspace.sortedSetPut(&place, member: member, score: score), score)
        }
        return putWithOptions(&place, member, score, options)
    }

    @inline(never)
    private mutating func putWithOptions(
        _ place: inout Place, _ member: ByteView, _ score: Double, _ options: ScoreOptions
    ) -> PutResult {
        var score = score
        if let entry = place.entry, let old = SortedSetView(entry).score(of: member) {
            if options.onlyMissing { return .refused }
            if options.increments { score += old }
            if score.isNaN { return .notANumber }
            if options.onlyLess && score >= old || options.onlyGreater && score <= old {
                return .refused
            }
        } else if options.onlyPresent {
            return .refused
        }
        return .put(keyspace.sortedSetPut(&place, member: member, score: score), score)
    }
}

func zrem(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var place = try engine.place(call, 1, .sortedSet)
    guard place.entry != nil else {
        call.reply.integer(0)
        return .none
    }
    engine.open(&place, call, 1, .sortedSet)
    var removed = 0
    for index in 2..<call.count
    where engine.keyspace.sortedSetRemove(&place, member: call[index]) {
        removed += 1
    }
    engine.close(&place, call, 1, changes: removed, "zrem", .sortedSet)
    call.reply.integer(removed)
    return removed > 0 ? .verbatim : .none
}
