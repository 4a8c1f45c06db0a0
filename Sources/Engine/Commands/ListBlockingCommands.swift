import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let listWaits: [Command] = [
        Command(
            "blpop", arity: -3, flags: [.write, .noScript, .blocking],
            keys: KeyPositions(first: 1, last: -2, step: 1), group: .list, since: "2.0.0",
            complexity: "O(N) in the keys",
            summary: "Removes the first element of a list, waiting until there is one.",
            syntax: "key [key ...] timeout", keyAccess: "RW access delete"
        ) { engine($0, $2, blpop) },
        Command(
            "brpop", arity: -3, flags: [.write, .noScript, .blocking],
            keys: KeyPositions(first: 1, last: -2, step: 1), group: .list, since: "2.0.0",
            complexity: "O(N) in the keys",
            summary: "Removes the last element of a list, waiting until there is one.",
            syntax: "key [key ...] timeout", keyAccess: "RW access delete"
        ) { engine($0, $2, brpop) },
        Command(
            "blmpop", arity: -5, flags: [.write, .blocking, .movableKeys], group: .list,
            since: "7.0.0", complexity: "O(N+M) in the keys and the elements returned",
            summary: "Removes elements from a list, waiting until there are some.",
            syntax: "timeout numkeys key [key ...] <LEFT|RIGHT> [COUNT count]",
            keySpecs: [
                KeySpec("RW access delete", .index(2), .count(at: 0, first: 1, step: 1))
            ]
        ) { engine($0, $2, blmpop) },
        Command(
            "blmove", arity: 6, flags: [.write, .denyOOM, .noScript, .blocking],
            keys: KeyPositions(first: 1, last: 2, step: 1), group: .list, since: "6.2.0",
            summary: "Takes an element from one list to another, waiting until there is one.",
            syntax: "source destination <LEFT|RIGHT> <LEFT|RIGHT> timeout", keySpecs: movedKeys
        ) { engine($0, $2, blmove) },
        Command(
            "brpoplpush", arity: 4, flags: [.write, .denyOOM, .noScript, .blocking],
            keys: KeyPositions(first: 1, last: 2, step: 1), group: .list, since: "2.2.0",
            summary: "Takes the last element of a list to the front of another, waiting for it.",
            syntax: "source destination timeout", keySpecs: movedKeys
        ) { engine($0, $2, brpoplpush) },
    ]
}

func blpop(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try engine.popOrWait(call, .left)
}

func brpop(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try engine.popOrWait(call, .right)
}

func blmpop(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let options = try ListPopOptions(call, from: 2)
    let deadline = try engine.deadline(call, 1)
    if let place = try engine.firstList(call, options.keys) {
        let (end, count) = (options.end, options.count)
        engine.popWithKey(place.0, engine.key(call, place.1), end, count, call.session)
        return .rewritten
    }
    return engine.waitOrAnswer(
        call, options.keys, .popMany(options.end, count: options.count), deadline)
}

func blmove(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let (from, to) = (try ListEnd(call[3]), try ListEnd(call[4]))
    let deadline = try engine.deadline(call, 5)
    return try engine.moveOrWait(call, from, to, deadline, isClassic: false)
}

func brpoplpush(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let deadline = try engine.deadline(call, 3)
    return try engine.moveOrWait(call, .right, .left, deadline, isClassic: true)
}

extension DataEngine {
    fileprivate mutating func popOrWait(
        _ call: Call, _ end: ListEnd
    ) throws(ReplyError) -> Propagation {
        let keys = 1..<call.count - 1
        let deadline = try deadline(call, call.count - 1)
        if let (place, index) = try firstList(call, keys) {
            popWithKey(place, key(call, index), end, call.session)
            return .rewritten
        }
        return waitOrAnswer(call, keys, .pop(end), deadline)
    }

    /// The first of the keys at arguments `keys` that is a list. None of those before it may be
    /// of another type.
    fileprivate mutating func firstList(
        _ call: Call, _ keys: Range<Int>
    ) throws(ReplyError) -> (Place, Int)? {
        for index in keys {
            let place = try place(call, index, .list)
            if place.entry != nil { return (place, index) }
        }
        return nil
    }

    /// Lets the session wait; where it may not, it is answered as if time were over.
    fileprivate mutating func waitOrAnswer(
        _ call: Call, _ keys: Range<Int>, _ request: KeyRequest, _ deadline: Int64?
    ) -> Propagation {
        if mayWait(call) { return wait(call, for: keys, request, deadline: deadline) }
        call.reply.nullArray()
        return .none
    }

    fileprivate mutating func moveOrWait(
        _ call: Call, _ from: ListEnd, _ to: ListEnd, _ deadline: Int64?, isClassic: Bool
    ) throws(ReplyError) -> Propagation {
        guard try place(call, 1, .list).entry != nil else {
            if mayWait(call) {
                return wait(
                    call, for: 1..<2,
                    .move(from, to: call[2].bytes, to, isClassic: isClassic), deadline: deadline)
            }
            call.reply.null()
            return .none
        }
        guard try move(call, from: from, to: to) else { return .none }
        if isClassic {
            propagate(call.database, "RPOPLPUSH", call[1], call[2])
        } else {
            propagate(call.database, "LMOVE", call[1], call[2], call[3], call[4])
        }
        return .rewritten
    }

    /// Serves a session that waited for a list at `source`. If something else than a list is at
    /// `target`, it is told so, and the element stays for others.
    mutating func serveMove(
        _ source: KeyReference, _ from: ListEnd, _ target: KeyReference, _ to: ListEnd,
        isClassic: Bool, _ session: Slot<Session>
    ) {
        if let entry = claim(target, session), entry.type != .list {
            session.value.reply.error(ReplyError.wrongType.text)
            return
        }
        moveElement(source, from, target, to, session)
        if isClassic {
            propagate(source.database, "RPOPLPUSH", source.key, target.key)
        } else {
            propagate(
                source.database, "LMOVE", source.key, target.key, ByteView(from.word),
                ByteView(to.word))
        }
    }
}
