import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let sortedSetPops: [Command] = [
        sortedSetRow(
            "zpopmin", -2, [.write, .fast], "O(log(N)*M) with M members removed",
            "Removes the members of a sorted set with the least scores and returns them.",
            "key [count]", since: "5.0.0", access: "RW access delete"
        ) { engine($0, $2, zpopmin) },
        sortedSetRow(
            "zpopmax", -2, [.write, .fast], "O(log(N)*M) with M members removed",
            "Removes the members of a sorted set with the greatest scores and returns them.",
            "key [count]", since: "5.0.0", access: "RW access delete"
        ) { engine($0, $2, zpopmax) },
        Command(
            "zmpop", arity: -4, flags: [.write, .movableKeys], group: .sortedSet, since: "7.0.0",
            complexity: "O(K) + O(M*log(N)) with K keys, M members removed",
            summary: "Removes members of the first sorted set that has some and returns them.",
            syntax: "numkeys key [key ...] <MIN|MAX> [COUNT count]",
            keySpecs: [
                KeySpec("RW access delete", .index(1), .count(at: 0, first: 1, step: 1))
            ]
        ) { engine($0, $2, zmpop) },
    ]
}

func zpopmin(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try pop(&engine, call, isGreatest: false)
}

func zpopmax(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try pop(&engine, call, isGreatest: true)
}

private func pop(
    _ engine: inout DataEngine, _ call: Call, isGreatest: Bool
) throws(ReplyError) -> Propagation {
    guard call.count <= 3 else { throw .syntax }
    var count: Int?
    if call.count == 3 {
        guard let number = call[2].integer, number >= 0 else {
            throw ReplyError("ERR value is out of range, must be positive")
        }
        count = Int(number)
    }
    let place = try engine.place(call, 1, .sortedSet)
    guard place.entry != nil, count != 0 else {
        call.reply.emptyArray()
        return .none
    }
    let isNested = count != nil && call.reply.version == .three
    let request = SortedSetPop(isGreatest: isGreatest, count: count ?? 1)
    engine.pop(
        place, engine.key(call, 1), request, isNested ? .pairs : .flat, call.session)
    return .verbatim
}

/// What is removed from the first sorted set that has members.
struct SortedSetPop: Equatable, Sendable {
    let isGreatest: Bool
    let count: Int

    var event: StaticString { isGreatest ? "zpopmax" : "zpopmin" }
    var name: StaticString { isGreatest ? "ZPOPMAX" : "ZPOPMIN" }

    /// How the members that were removed are told.
    enum Shape {
        /// Member, score, member, score.
        case flat
        case pairs
        /// The key before them.
        case flatWithKey, pairsWithKey
    }
}

/// The arguments of ZMPOP and, from the second on, of BZMPOP.
struct SortedSetPopRequest {
    let keys: Range<Int>
    let pop: SortedSetPop

    /// Reads a request whose number of keys is argument `start`.
    init(_ call: Call, at start: Int) throws(ReplyError) {
        guard let number = call[start].integer, number >= 1 else {
            throw ReplyError("ERR numkeys should be greater than 0")
        }
        guard number < call.count - start - 1 else { throw .syntax }
        keys = start + 1..<start + 1 + Int(number)
        let end = keys.upperBound
        let isGreatest = call[end].equalsIgnoringCase("max")
        guard isGreatest || call[end].equalsIgnoringCase("min") else { throw .syntax }
        var count = 1
        if call.count > end + 1 {
            guard call.count > end + 2, call[end + 1].equalsIgnoringCase("count") else {
                throw .syntax
            }
            guard let number = call[end + 2].integer, number >= 1 else {
                throw ReplyError("ERR count should be greater than 0")
            }
            guard call.count == end + 3 else { throw .syntax }
            count = Int(number)
        }
        pop = SortedSetPop(isGreatest: isGreatest, count: count)
    }
}

func zmpop(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let request = try SortedSetPopRequest(call, at: 1)
    guard let (place, index) = try engine.firstSortedSet(call, request.keys) else {
        call.reply.nullArray()
        return .none
    }
    engine.popWithKey(place, engine.key(call, index), request.pop, isMany: true, call.session)
    return .rewritten
}

extension DataEngine {
    /// The first of the keys at arguments `keys` that is a sorted set. None of those before it may
    /// be of another type.
    mutating func firstSortedSet(
        _ call: Call, _ keys: Range<Int>
    ) throws(ReplyError) -> (Place, Int)? {
        for index in keys {
            let place = try place(call, index, .sortedSet)
            if place.entry != nil { return (place, index) }
        }
        return nil
    }

    /// Removes members of the sorted set at a place, answers with them and tells everybody.
    /// Returns how many they were.
    @discardableResult
    fileprivate mutating func pop(
        _ place: Place, _ key: KeyReference, _ request: SortedSetPop, _ shape: SortedSetPop.Shape,
        _ session: Slot<Session>
    ) -> Int {
        guard let entry = place.entry else { return 0 }
        var place = place
        let set = SortedSetView(entry)
        let (total, count) = (set.count, min(request.count, set.count))
        let isNested = shape == .pairs || shape == .pairsWithKey
        switch shape {
        case .flat: session.value.reply.array(count * 2)
        case .pairs: session.value.reply.array(count)
        case .flatWithKey:
            session.value.reply.array(count * 2 + 1)
            session.value.reply.bulk(key.key)
        case .pairsWithKey:
            session.value.reply.array(2)
            session.value.reply.bulk(key.key)
            session.value.reply.array(count)
        }
        set.forEach(
            from: request.isGreatest ? total - 1 : 0, count: count, reversed: request.isGreatest
        ) { member, score in
            if isNested { session.value.reply.array(2) }
            session.value.reply.bulk(member)
            session.value.reply.double(score)
            return true
        }
        open(&place, key, .sortedSet)
        let ranks = request.isGreatest ? total - count..<total : 0..<count
        keyspace.sortedSetRemove(&place, ranks: ranks)
        close(&place, key, changes: count, request.event, .sortedSet)
        return count
    }

    /// Answers with the key and the members removed from it, as ZMPOP does if they may be many and
    /// as BZPOPMIN if not, and propagates that as ZPOPMIN or ZPOPMAX.
    mutating func popWithKey(
        _ place: Place, _ key: KeyReference, _ request: SortedSetPop, isMany: Bool,
        _ session: Slot<Session>
    ) {
        let count = pop(place, key, request, isMany ? .pairsWithKey : .flatWithKey, session)
        guard !unit.isDisabled else { return }
        unit.begin(isMany ? 3 : 2)
        unit.add(ByteView(request.name))
        unit.add(key.key)
        if isMany { unit.add(decimal: count) }
        unit.end(key.database)
    }
}
