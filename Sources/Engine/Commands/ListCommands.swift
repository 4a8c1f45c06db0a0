import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands about lists.
    static let lists: [Command] =
        listPushes + listReads + listChanges + listSearches + listPops + listMoves + listWaits

    static let listPushes: [Command] = [
        Command(
            "lpush", arity: -3, flags: [.write, .denyOOM, .fast], keys: .first, group: .list,
            complexity: "O(N) in the elements",
            summary: "Puts elements before the first of a list.",
            syntax: "key element [element ...]", keyAccess: "RW insert"
        ) { engine($0, $2, lpush) },
        Command(
            "rpush", arity: -3, flags: [.write, .denyOOM, .fast], keys: .first, group: .list,
            complexity: "O(N) in the elements",
            summary: "Puts elements behind the last of a list.",
            syntax: "key element [element ...]", keyAccess: "RW insert"
        ) { engine($0, $2, rpush) },
        Command(
            "lpushx", arity: -3, flags: [.write, .denyOOM, .fast], keys: .first, group: .list,
            since: "2.2.0", complexity: "O(N) in the elements",
            summary: "Puts elements before the first of a list that exists.",
            syntax: "key element [element ...]", keyAccess: "RW insert"
        ) { engine($0, $2, lpushx) },
        Command(
            "rpushx", arity: -3, flags: [.write, .denyOOM, .fast], keys: .first, group: .list,
            since: "2.2.0", complexity: "O(N) in the elements",
            summary: "Puts elements behind the last of a list that exists.",
            syntax: "key element [element ...]", keyAccess: "RW insert"
        ) { engine($0, $2, rpushx) },
    ]

    static let listReads: [Command] = [
        Command(
            "llen", arity: 2, flags: [.readonly, .fast], keys: .first, group: .list,
            summary: "Counts the elements of a list.", syntax: "key", keyAccess: "RO"
        ) { engine($0, $2, llen) },
        Command(
            "lindex", arity: 3, flags: [.readonly], keys: .first, group: .list,
            complexity: "O(log N)", summary: "Returns the element at an index of a list.",
            syntax: "key index"
        ) { engine($0, $2, lindex) },
        Command(
            "lrange", arity: 4, flags: [.readonly], keys: .first, group: .list,
            complexity: "O(log N + M) in the elements returned",
            summary: "Returns the elements between two indices of a list.",
            syntax: "key start stop"
        ) { engine($0, $2, lrange) },
    ]

    static let listChanges: [Command] = [
        Command(
            "lset", arity: 4, flags: [.write, .denyOOM], keys: .first, group: .list,
            complexity: "O(log N)", summary: "Replaces the element at an index of a list.",
            syntax: "key index element", keyAccess: "RW update"
        ) { engine($0, $2, lset) },
        Command(
            "ltrim", arity: 4, flags: [.write], keys: .first, group: .list,
            complexity: "O(N) in the elements removed",
            summary: "Removes all elements but those between two indices of a list.",
            syntax: "key start stop", keyAccess: "RW delete"
        ) { engine($0, $2, ltrim) },
    ]
}

/// An end of a list.
enum ListEnd: Equatable, Sendable {
    case left
    case right

    /// From LEFT or RIGHT.
    init(_ word: ByteView) throws(ReplyError) {
        if word.equalsIgnoringCase("left") {
            self = .left
        } else if word.equalsIgnoringCase("right") {
            self = .right
        } else {
            throw .syntax
        }
    }

    var isFront: Bool { self == .left }
    /// As Redis spells it for replicas.
    var word: StaticString { isFront ? "left" : "right" }
    /// The command that takes an element away here.
    var pop: StaticString { isFront ? "LPOP" : "RPOP" }
    var popEvent: StaticString { isFront ? "lpop" : "rpop" }
    var pushEvent: StaticString { isFront ? "lpush" : "rpush" }
}

func lpush(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try push(&engine, call, .left, needsList: false)
}

func rpush(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try push(&engine, call, .right, needsList: false)
}

func lpushx(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try push(&engine, call, .left, needsList: true)
}

func rpushx(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try push(&engine, call, .right, needsList: true)
}

@inline(__always)
private func push(
    _ engine: inout DataEngine, _ call: Call, _ end: ListEnd, needsList: Bool
) throws(ReplyError) -> Propagation {
    for index in 2..<call.count { try checkElement(call[index]) }
    var place = try engine.place(call, 1, .list)
    let count = place.entry.map { ListView($0).count } ?? 0
    if needsList, count == 0 {
        call.reply.integer(0)
        return .none
    }
    engine.open(&place, call, 1, .list)
    for index in 2..<call.count {
        engine.keyspace.listPush(&place, call[index], atFront: end.isFront)
    }
    call.reply.integer(count + call.count - 2)
    engine.close(&place, call, 1, changes: call.count - 2, end.pushEvent, .list)
    return .verbatim
}

extension Call {
    /// Argument `index` as a number of at least `least`, or the error, also if it is no number.
    func number(
        _ index: Int, atLeast least: Int64, orFailWith error: ReplyError
    ) throws(ReplyError) -> Int {
        guard let value = self[index].integer, value >= least else { throw error }
        return Int(value)
    }
}

/// No element may be longer than a string may be.
func checkElement(_ element: ByteView) throws(ReplyError) {
    guard element.count <= Databases.longestString else {
        throw ReplyError("ERR Element too large")
    }
}

func llen(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let entry = try engine.lookup(call, 1, .list)
    call.reply.integer(entry.map { ListView($0).count } ?? 0)
    return .none
}

func lindex(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let entry = try engine.lookup(call, 1, .list) else {
        call.reply.null()
        return .none
    }
    let list = ListView(entry)
    if let item = list.item(at: list.position(of: try call.integer(2))) {
        call.reply.bulk(item)
    } else {
        call.reply.null()
    }
    return .none
}

extension ListView {
    /// The position that `index` means, which counts from the end if it is negative; outside of
    /// the list there is none at it.
    func position(of index: Int64) -> Int { index < 0 ? Int(index) + count : Int(index) }

    /// The positions from `start` to `stop`, both of which count from the end if they are
    /// negative.
    func positions(from start: Int64, to stop: Int64) -> Range<Int> {
        let first = max(position(of: start), 0)
        let last = min(position(of: stop), count - 1)
        return first <= last ? first..<last + 1 : 0..<0
    }

    /// Writes the elements at `positions` as an array, the last one first if `reversed`.
    func write(_ positions: Range<Int>, reversed: Bool = false, to reply: Slot<Session>) {
        reply.value.reply.array(positions.count)
        forEach(
            from: reversed ? positions.upperBound - 1 : positions.lowerBound,
            count: positions.count, reversed: reversed
        ) { item in
            reply.value.reply.bulk(item)
            return true
        }
    }
}

func lrange(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let (start, stop) = (try call.integer(2), try call.integer(3))
    guard let entry = try engine.lookup(call, 1, .list) else {
        call.reply.emptyArray()
        return .none
    }
    let list = ListView(entry)
    list.write(list.positions(from: start, to: stop), to: call.session)
    return .none
}

func lset(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var place = try engine.place(call, 1, .list)
    guard let entry = place.entry else { throw .noSuchKey }
    try checkElement(call[3])
    let list = ListView(entry)
    let position = list.position(of: try call.integer(2))
    guard position >= 0, position < list.count else { throw .outOfRange }
    engine.open(&place, call, 1, .list)
    engine.keyspace.listSet(&place, at: position, call[3])
    engine.close(&place, call, 1, changes: 1, "lset", .list)
    call.reply.ok()
    return .verbatim
}

func ltrim(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let (start, stop) = (try call.integer(2), try call.integer(3))
    var place = try engine.place(call, 1, .list)
    call.reply.ok()
    guard let entry = place.entry else { return .none }
    let list = ListView(entry)
    let (count, kept) = (list.count, list.positions(from: start, to: stop))
    guard kept.count < count else {
        engine.keyChanged(call[1], call.database, "ltrim", .list)
        return .none
    }
    engine.open(&place, call, 1, .list)
    // Nothing is kept of an empty range, wherever it lies.
    engine.keyspace.listRemove(&place, kept.upperBound..<count)
    engine.keyspace.listRemove(&place, 0..<kept.lowerBound)
    engine.close(&place, call, 1, changes: count - kept.count, "ltrim", .list)
    return .verbatim
}
