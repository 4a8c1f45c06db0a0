import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let sortedSetWaits: [Command] = [
        waitRow("bzpopmin", "least") { engine($0, $2, bzpopmin) },
        waitRow("bzpopmax", "greatest") { engine($0, $2, bzpopmax) },
        Command(
            "bzmpop", arity: -5, flags: [.write, .blocking, .movableKeys], group: .sortedSet,
            since: "7.0.0", complexity: "O(K) + O(M*log(N)) with K keys, M members removed",
            summary: "Removes members of a sorted set, waiting until there are some.",
            syntax: "timeout numkeys key [key ...] <MIN|MAX> [COUNT count]",
            keySpecs: [
                KeySpec("RW access delete", .index(2), .count(at: 0, first: 1, step: 1))
            ]
        ) { engine($0, $2, bzmpop) },
    ]

    private static func waitRow(
        _ name: String, _ noun: String, run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: -3, flags: [.write, .noScript, .blocking, .fast],
            keys: KeyPositions(first: 1, last: -2, step: 1), group: .sortedSet, since: "5.0.0",
            complexity: "O(log(N))",
            summary: "Removes the member with the \(noun) score, waiting until there is one.",
            syntax: "key [key ...] timeout", keyAccess: "RW access delete", run: run)
    }
}

func bzpopmin(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try popOrWait(&engine, call, isGreatest: false)
}

func bzpopmax(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try popOrWait(&engine, call, isGreatest: true)
}

private func popOrWait(
    _ engine: inout DataEngine, _ call: Call, isGreatest: Bool
) throws(ReplyError) -> Propagation {
    let deadline = try engine.deadline(call, call.count - 1)
    let pop = SortedSetPop(isGreatest: isGreatest, count: 1)
    return try engine.popOrWait(call, 1..<call.count - 1, pop, isMany: false, deadline)
}

func bzmpop(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let request = try SortedSetPopRequest(call, at: 2)
    let deadline = try engine.deadline(call, 1)
    return try engine.popOrWait(call, request.keys, request.pop, isMany: true, deadline)
}

extension DataEngine {
    /// Removes members of the first sorted set there is, or lets the session wait for one; where
    /// it may not, it is answered as if time were over.
    fileprivate mutating func popOrWait(
        _ call: Call, _ keys: Range<Int>, _ pop: SortedSetPop, isMany: Bool, _ deadline: Int64?
    ) throws(ReplyError) -> Propagation {
        if let (place, index) = try firstSortedSet(call, keys) {
            popWithKey(place, key(call, index), pop, isMany: isMany, call.session)
            return .rewritten
        }
        if mayWait(call) {
            return wait(call, for: keys, .popScored(pop, isMany: isMany), deadline: deadline)
        }
        call.reply.nullArray()
        return .none
    }
}
