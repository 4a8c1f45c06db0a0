import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let listPops: [Command] = [
        Command(
            "lpop", arity: -2, flags: [.write, .fast], keys: .first, group: .list,
            complexity: "O(N) in the elements returned",
            summary: "Removes the first elements of a list and returns them.",
            syntax: "key [count]", keyAccess: "RW access delete"
        ) { engine($0, $2, lpop) },
        Command(
            "rpop", arity: -2, flags: [.write, .fast], keys: .first, group: .list,
            complexity: "O(N) in the elements returned",
            summary: "Removes the last elements of a list and returns them.",
            syntax: "key [count]", keyAccess: "RW access delete"
        ) { engine($0, $2, rpop) },
        Command(
            "lmpop", arity: -4, flags: [.write, .movableKeys], group: .list, since: "7.0.0",
            complexity: "O(N+M) in the keys and the elements returned",
            summary: "Removes elements from the first list that has some and returns them.",
            syntax: "numkeys key [key ...] <LEFT|RIGHT> [COUNT count]",
            keySpecs: [
                KeySpec("RW access delete", .index(1), .count(at: 0, first: 1, step: 1))
            ]
        ) { engine($0, $2, lmpop) },
    ]

    static let listMoves: [Command] = [
        Command(
            "lmove", arity: 5, flags: [.write, .denyOOM],
            keys: KeyPositions(first: 1, last: 2, step: 1), group: .list, since: "6.2.0",
            summary: "Takes an element from one list to another and returns it.",
            syntax: "source destination <LEFT|RIGHT> <LEFT|RIGHT>", keySpecs: movedKeys
        ) { engine($0, $2, lmove) },
        Command(
            "rpoplpush", arity: 3, flags: [.write, .denyOOM],
            keys: KeyPositions(first: 1, last: 2, step: 1), group: .list, since: "1.2.0",
            summary: "Takes the last element of a list to the front of another and returns it.",
            syntax: "source destination", keySpecs: movedKeys
        ) { engine($0, $2, rpoplpush) },
    ]

    static let movedKeys = [
        KeySpec("RW access delete", .index(1), .range(last: 0, step: 1, limit: 0)),
        KeySpec("RW insert", .index(2), .range(last: 0, step: 1, limit: 0)),
    ]
}

func lpop(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try pop(&engine, call, .left)
}

func rpop(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try pop(&engine, call, .right)
}

@inline(__always)
private func pop(
    _ engine: inout DataEngine, _ call: Call, _ end: ListEnd
) throws(ReplyError) -> Propagation {
    guard call.count == 2 else { return try popMany(&engine, call, end) }
    var place = try engine.place(call, 1, .list)
    guard place.entry != nil else {
        call.reply.null()
        return .none
    }
    engine.open(&place, call, 1, .list)
    engine.keyspace.listPop(&place, fromFront: end.isFront) { call.reply.bulk($0) }
    engine.close(&place, call, 1, changes: 1, end.popEvent, .list)
    return .verbatim
}

private func popMany(
    _ engine: inout DataEngine, _ call: Call, _ end: ListEnd
) throws(ReplyError) -> Propagation {
    guard call.count == 3 else {
        throw call.fail("ERR wrong number of arguments for '\(engine.name(of: call))' command")
    }
    let count = try call.number(
        2, atLeast: 0, orFailWith: ReplyError("ERR value is out of range, must be positive"))
    let place = try engine.place(call, 1, .list)
    guard place.entry != nil else {
        call.reply.nullArray()
        return .none
    }
    guard count > 0 else {
        call.reply.emptyArray()
        return .none
    }
    engine.popElements(place, engine.key(call, 1), end, count, call.session)
    return .verbatim
}

extension DataEngine {
    /// Answers `session` with up to `count` elements of the list at `place`, in the order in which
    /// they are taken from it; their number.
    @discardableResult
    mutating func popElements(
        _ place: Place, _ key: KeyReference, _ end: ListEnd, _ count: Int, _ session: Slot<Session>
    ) -> Int {
        guard let entry = place.entry else { return 0 }
        var place = place
        let list = ListView(entry)
        let (length, taken) = (list.count, min(count, list.count))
        let positions = end.isFront ? 0..<taken : length - taken..<length
        list.write(positions, reversed: !end.isFront, to: session)
        open(&place, key, .list)
        keyspace.listRemove(&place, positions)
        close(&place, key, changes: taken, end.popEvent, .list)
        return taken
    }
}

/// LMPOP and BLMPOP: which keys, from which end, how many.
struct ListPopOptions {
    let keys: Range<Int>
    let end: ListEnd
    private(set) var count = 1

    /// Reads the arguments from the number of keys on.
    init(_ call: Call, from first: Int) throws(ReplyError) {
        let number = try call.number(
            first, atLeast: 1, orFailWith: ReplyError("ERR numkeys should be greater than 0"))
        guard number < call.count - first - 1 else { throw .syntax }
        keys = first + 1..<first + 1 + number
        end = try ListEnd(call[keys.upperBound])
        var index = keys.upperBound + 1
        guard index < call.count else { return }
        guard call[index].equalsIgnoringCase("count"), index + 1 < call.count else {
            throw .syntax
        }
        count = try call.number(
            index + 1, atLeast: 1, orFailWith: ReplyError("ERR count should be greater than 0"))
        index += 2
        guard index == call.count else { throw .syntax }
    }
}

func lmpop(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let options = try ListPopOptions(call, from: 1)
    for index in options.keys {
        let place = try engine.place(call, index, .list)
        guard place.entry != nil else { continue }
        engine.popWithKey(
            place, engine.key(call, index), options.end, options.count, call.session)
        return .rewritten
    }
    call.reply.nullArray()
    return .none
}

extension DataEngine {
    /// Answers with the key and up to `count` elements of its list, and propagates that they were
    /// taken as LPOP or RPOP.
    mutating func popWithKey(
        _ place: Place, _ key: KeyReference, _ end: ListEnd, _ count: Int, _ session: Slot<Session>
    ) {
        session.value.reply.array(2)
        session.value.reply.bulk(key.key)
        let taken = popElements(place, key, end, count, session)
        guard !unit.isDisabled else { return }
        unit.begin(3)
        unit.add(ByteView(end.pop))
        unit.add(key.key)
        unit.add(decimal: taken)
        unit.end(key.database)
    }

    /// The same with a single element, as BLPOP and BRPOP answer.
    mutating func popWithKey(
        _ place: Place, _ key: KeyReference, _ end: ListEnd, _ session: Slot<Session>
    ) {
        var place = place
        session.value.reply.array(2)
        session.value.reply.bulk(key.key)
        open(&place, key, .list)
        keyspace.listPop(&place, fromFront: end.isFront) { session.value.reply.bulk($0) }
        close(&place, key, changes: 1, end.popEvent, .list)
        propagate(key.database, end.pop, key.key)
    }
}

func lmove(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let ends = (try ListEnd(call[3]), try ListEnd(call[4]))
    return try engine.move(call, from: ends.0, to: ends.1) ? .verbatim : .none
}

func rpoplpush(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try engine.move(call, from: .right, to: .left) ? .verbatim : .none
}

extension DataEngine {
    /// Takes an element from the list at the first key to the one at the second and answers with
    /// it, or with null if there is none; whether there was.
    mutating func move(
        _ call: Call, from: ListEnd, to: ListEnd
    ) throws(ReplyError) -> Bool {
        guard try place(call, 1, .list).entry != nil else {
            call.reply.null()
            return false
        }
        _ = try place(call, 2, .list)
        moveElement(key(call, 1), from, key(call, 2), to, call.session)
        return true
    }

    /// Takes an element from the list at `source`, which has one, to `target`, which is a list or
    /// missing, and answers with it. It is put there before it is taken away here, which makes no
    /// difference even if both are the same list: so no list is lost on the way.
    mutating func moveElement(
        _ source: KeyReference, _ from: ListEnd, _ target: KeyReference, _ to: ListEnd,
        _ session: Slot<Session>
    ) {
        guard let entry = place(source).entry else { return }
        let list = ListView(entry)
        element.removeAll()
        list.item(at: from.isFront ? 0 : list.count - 1)?.appendText(to: &element)
        var place = place(target)
        open(&place, target, .list)
        keyspace.listPush(&place, element.readable, atFront: to.isFront)
        close(&place, target, changes: 0, to.pushEvent, .list)
        session.value.reply.bulk(element.readable)
        place = self.place(source)
        open(&place, source, .list)
        keyspace.listPop(&place, fromFront: from.isFront) { _ in }
        close(&place, source, changes: 1, from.popEvent, .list)
        // A long element is rare, and so much memory is not kept for the next.
        element.removeAll()
        if element.capacity > DataEngine.longElement { element.releaseIfEmpty() }
    }

    private static var longElement: Int { 64 * 1024 }
}
