import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands about sets.
    static let sets: [Command] =
        setMembers + setReads + setWalks + setCombinations + setCombinationsStored

    /// Commands that change which members there are.
    static let setMembers: [Command] = [
        setRow(
            "sadd", -3, [.write, .denyOOM, .fast], "O(N) in the members",
            "Adds members to a set, which is made if it is missing.",
            "key member [member ...]", "RW insert"
        ) { engine($0, $2, sadd) },
        setRow(
            "srem", -3, [.write, .fast], "O(N) in the members", "Removes members of a set.",
            "key member [member ...]", "RW delete"
        ) { engine($0, $2, srem) },
        setRow(
            "spop", -2, [.write, .fast], "O(N) in the members returned",
            "Removes any member of a set, or some of them, and returns them.", "key [count]",
            "RW access delete", tips: ["nondeterministic_output"]
        ) { engine($0, $2, spop) },
        Command(
            "smove", arity: 4, flags: [.write, .fast],
            keys: KeyPositions(first: 1, last: 2, step: 1), group: .set,
            summary: "Moves a member from one set to another.",
            syntax: "source destination member",
            keySpecs: [
                KeySpec("RW access delete", .index(1), .range(last: 0, step: 1, limit: 0)),
                KeySpec("RW insert", .index(2), .range(last: 0, step: 1, limit: 0)),
            ]
        ) { engine($0, $2, smove) },
    ]

    /// Commands that ask about some members.
    static let setReads: [Command] = [
        setRow(
            "sismember", 3, [.readonly, .fast], "O(1)", "Tells whether a set has a member.",
            "key member", "RO"
        ) { engine($0, $2, sismember) },
        setRow(
            "smismember", -3, [.readonly, .fast], "O(N) in the members",
            "Tells for each of several members whether a set has it.",
            "key member [member ...]", since: "6.2.0"
        ) { engine($0, $2, smismember) },
        setRow(
            "scard", 2, [.readonly, .fast], "O(1)", "Returns the number of members of a set.",
            "key", "RO"
        ) { engine($0, $2, scard) },
    ]

    static func setRow(
        _ name: String, _ arity: Int, _ flags: CommandFlags, _ complexity: String,
        _ summary: String, _ syntax: String, _ keyAccess: String = "", since: String = "1.0.0",
        tips: [String] = [], run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: arity, flags: flags, keys: .first, group: .set, since: since,
            complexity: complexity, summary: summary, syntax: syntax, tips: tips,
            keyAccess: keyAccess, run: run)
    }
}

func sadd(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var place = try engine.place(call, 1, .set)
    var added = 0
    engine.open(&place, call, 1, .set)
    for index in 2..<call.count where engine.keyspace.setAdd(&place, member: call[index]) {
        added += 1
    }
    engine.close(&place, call, 1, changes: added, "sadd", .set)
    call.reply.integer(added)
    return added > 0 ? .verbatim : .none
}

func srem(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var place = try engine.place(call, 1, .set)
    guard let entry = place.entry else {
        call.reply.integer(0)
        return .none
    }
    var rest = SetView(entry).count
    var removed = 0
    engine.open(&place, call, 1, .set)
    for index in 2..<call.count where rest > 0 {
        guard engine.keyspace.setRemove(&place, member: call[index]) else { continue }
        removed += 1
        rest -= 1
    }
    engine.close(&place, call, 1, changes: removed, "srem", .set)
    call.reply.integer(removed)
    return removed > 0 ? .verbatim : .none
}

func smove(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let source = engine.lookupForWrite(call)
    let target = engine.lookupForWrite(call, 2)
    guard let source else {
        call.reply.integer(0)
        return .none
    }
    guard source.type == .set, target.map({ $0.type == .set }) ?? true else { throw .wrongType }
    let isMember = SetView(source).contains(call[3])
    call.reply.integer(isMember ? 1 : 0)
    guard isMember, !(call[1] == call[2]) else { return .none }
    var place = try engine.place(call, 1, .set)
    engine.open(&place, call, 1, .set)
    engine.keyspace.setRemove(&place, member: call[3])
    engine.close(&place, call, 1, changes: 1, "srem", .set)
    place = try engine.place(call, 2, .set)
    engine.open(&place, call, 2, .set)
    let isNew = engine.keyspace.setAdd(&place, member: call[3])
    engine.close(&place, call, 2, changes: isNew ? 1 : 0, "sadd", .set)
    return .verbatim
}

func sismember(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let entry = try engine.lookup(call, 1, .set)
    let isMember = entry.map { SetView($0).contains(call[2]) } ?? false
    call.reply.integer(isMember ? 1 : 0)
    return .none
}

func smismember(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let set = try engine.lookup(call, 1, .set).map { SetView($0) }
    call.reply.array(call.count - 2)
    for index in 2..<call.count {
        call.reply.integer(set?.contains(call[index]) ?? false ? 1 : 0)
    }
    return .none
}

func scard(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let entry = try engine.lookup(call, 1, .set)
    call.reply.integer(entry.map { SetView($0).count } ?? 0)
    return .none
}
