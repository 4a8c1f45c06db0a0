import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let listSearches: [Command] = [
        Command(
            "linsert", arity: 5, flags: [.write, .denyOOM], keys: .first, group: .list,
            since: "2.2.0", complexity: "O(N) in the elements before the pivot",
            summary: "Puts an element before or behind another of a list.",
            syntax: "key <BEFORE|AFTER> pivot element", keyAccess: "RW insert"
        ) { engine($0, $2, linsert) },
        Command(
            "lrem", arity: 4, flags: [.write], keys: .first, group: .list,
            complexity: "O(N) in the elements looked at",
            summary: "Removes elements of a value from a list.", syntax: "key count element",
            keyAccess: "RW delete"
        ) { engine($0, $2, lrem) },
        Command(
            "lpos", arity: -3, flags: [.readonly], keys: .first, group: .list, since: "6.0.6",
            complexity: "O(N) in the elements looked at",
            summary: "Finds elements of a value in a list.",
            syntax: "key element [RANK rank] [COUNT num-matches] [MAXLEN len]"
        ) { engine($0, $2, lpos) },
    ]
}

func linsert(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let isBehind = call[2].equalsIgnoringCase("after")
    guard isBehind || call[2].equalsIgnoringCase("before") else { throw .syntax }
    try checkElement(call[4])
    var place = try engine.place(call, 1, .list)
    guard let entry = place.entry else {
        call.reply.integer(0)
        return .none
    }
    let list = ListView(entry)
    guard let pivot = list.firstIndex(of: call[3]) else {
        call.reply.integer(-1)
        return .none
    }
    call.reply.integer(list.count + 1)
    engine.open(&place, call, 1, .list)
    engine.keyspace.listInsert(&place, at: isBehind ? pivot + 1 : pivot, call[4])
    engine.close(&place, call, 1, changes: 1, "linsert", .list)
    return .verbatim
}

extension ListView {
    /// The position of the first element whose text is `text`.
    fileprivate func firstIndex(of text: ByteView) -> Int? {
        let wanted = PackedItem(text: text)
        var (position, isFound) = (0, false)
        forEach { item in
            isFound = item == wanted
            if !isFound { position += 1 }
            return !isFound
        }
        return isFound ? position : nil
    }

    /// Walks from `position` to one end and hands out the positions of elements that are `wanted`,
    /// until `body` returns false.
    fileprivate func forEachMatch(
        of wanted: PackedItem, from position: Int, count: Int = .max, reversed: Bool,
        _ body: (Int) -> Bool
    ) {
        var position = position
        forEach(from: position, count: count, reversed: reversed) { item in
            let goesOn = item == wanted ? body(position) : true
            position += reversed ? -1 : 1
            return goesOn
        }
    }
}

func lrem(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let count = try call.integer(2)
    var place = try engine.place(call, 1, .list)
    guard let entry = place.entry else {
        call.reply.integer(0)
        return .none
    }
    let limit = count == 0 ? Int.max : Int(min(count.magnitude, UInt64(Int.max)))
    let isReversed = count < 0
    var matches = MatchRuns(limit: limit, reversed: isReversed)
    var removed = 0
    let wanted = PackedItem(text: call[3])
    matches.collect(entry, wanted, from: isReversed ? ListView(entry).count - 1 : 0)
    guard matches.count > 0 else {
        call.reply.integer(0)
        return .none
    }
    engine.open(&place, call, 1, .list)
    while matches.count > 0 {
        matches.forEachFromEnd { engine.keyspace.listRemove(&place, $0) }
        removed += matches.count
        guard let next = matches.next, let entry = place.entry else { break }
        matches.limit -= matches.count
        matches.collect(entry, wanted, from: next)
    }
    engine.close(&place, call, 1, changes: removed, "lrem", .list)
    call.reply.integer(removed)
    return .verbatim
}

/// Where elements to be removed lie: so many neighbours at a time that they need little room,
/// however many there are.
private struct MatchRuns {
    private static let most = 64
    private var runs = InlineArray<64, Range<Int>>(repeating: 0..<0)
    private var runCount = 0
    private let isReversed: Bool
    /// How many elements are wanted at most.
    var limit: Int
    /// How many were found.
    private(set) var count = 0
    /// Where the walk goes on once they are removed; nil if it is at its end.
    private(set) var next: Int?

    init(limit: Int, reversed: Bool) {
        self.limit = limit
        isReversed = reversed
    }

    /// Looks for the next elements that are `wanted`, beginning at `position`.
    mutating func collect(_ entry: Entry, _ wanted: PackedItem, from position: Int) {
        (runCount, count, next) = (0, 0, nil)
        let list = ListView(entry)
        guard limit > 0, position >= 0, position < list.count else { return }
        list.forEachMatch(of: wanted, from: position, reversed: isReversed) { match in
            guard add(match) else {
                next = isReversed ? match : match - count
                return false
            }
            return count < limit
        }
    }

    /// False if there is no room for one that is no neighbour of the last.
    private mutating func add(_ position: Int) -> Bool {
        if runCount > 0, !isReversed, runs[runCount - 1].upperBound == position {
            runs[runCount - 1] = runs[runCount - 1].lowerBound..<position + 1
        } else if runCount > 0, isReversed, runs[runCount - 1].lowerBound == position + 1 {
            runs[runCount - 1] = position..<runs[runCount - 1].upperBound
        } else if runCount < MatchRuns.most {
            runs[runCount] = position..<position + 1
            runCount += 1
        } else {
            return false
        }
        count += 1
        return true
    }

    /// Visits the runs from the end of the list on, so that the removal of one moves no other.
    func forEachFromEnd(_ body: (Range<Int>) -> Void) {
        for index in 0..<runCount { body(runs[isReversed ? index : runCount - 1 - index]) }
    }
}

/// The options of LPOS.
private struct SearchOptions {
    var rank = 1
    var isReversed = false
    /// How many matches are wanted, 0 for all; nil: one, not in an array.
    var count: Int?
    /// Elements looked at; 0 for all.
    var longest = 0

    init(_ call: Call) throws(ReplyError) {
        var index = 3
        while index < call.count {
            guard index + 1 < call.count else { throw .syntax }
            if call[index].equalsIgnoringCase("rank") {
                try setRank(call, index + 1)
            } else if call[index].equalsIgnoringCase("count") {
                count = try call.number(
                    index + 1, atLeast: 0, orFailWith: ReplyError("ERR COUNT can't be negative"))
            } else if call[index].equalsIgnoringCase("maxlen") {
                longest = try call.number(
                    index + 1, atLeast: 0, orFailWith: ReplyError("ERR MAXLEN can't be negative"))
            } else {
                throw .syntax
            }
            index += 2
        }
    }

    private mutating func setRank(_ call: Call, _ index: Int) throws(ReplyError) {
        let value = try call.integer(index)
        guard value != 0 else {
            throw ReplyError(
                """
                ERR RANK can't be zero: use 1 to start from the first match, 2 from the second \
                ... or use negative to start from the end of the list
                """)
        }
        // No list has so many elements that the one number matters that has no counterpart.
        rank = Int(min(value.magnitude, UInt64(Int.max)))
        isReversed = value < 0
    }
}

func lpos(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let options = try SearchOptions(call)
    let entry = try engine.lookup(call, 1, .list)
    var found = 0
    let start = options.count == nil ? 0 : call.reply.deferredArray()
    if let entry {
        let list = ListView(entry)
        var skipped = options.rank - 1
        let most = options.count.map { $0 == 0 ? Int.max : $0 } ?? 1
        list.forEachMatch(
            of: PackedItem(text: call[2]), from: options.isReversed ? list.count - 1 : 0,
            count: options.longest == 0 ? .max : options.longest, reversed: options.isReversed
        ) { position in
            if skipped > 0 {
                skipped -= 1
                return true
            }
            call.reply.integer(position)
            found += 1
            return found < most
        }
    }
    if options.count != nil {
        call.reply.finishArray(at: start, count: found)
    } else if found == 0 {
        call.reply.null()
    }
    return .none
}
