import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands about hashes.
    static let hashes: [Command] = hashFields + hashReads + hashNumbers + hashWalks

    /// Commands that change fields.
    static let hashFields: [Command] = [
        hashRow(
            "hset", -4, [.write, .denyOOM, .fast], "O(N) in the fields",
            "Sets fields of a hash, which is made if it is missing.",
            "key field value [field value ...]", "RW update"
        ) { engine($0, $2, hset) },
        hashRow(
            "hsetnx", 4, [.write, .denyOOM, .fast], "O(1)",
            "Sets a field of a hash unless it exists.", "key field value", "RW insert"
        ) { engine($0, $2, hsetnx) },
        hashRow(
            "hmset", -4, [.write, .denyOOM, .fast], "O(N) in the fields",
            "Sets fields of a hash; an old form of HSET.", "key field value [field value ...]",
            "RW update"
        ) { engine($0, $2, hmset) },
        hashRow(
            "hdel", -3, [.write, .fast], "O(N) in the fields", "Removes fields of a hash.",
            "key field [field ...]", "RW delete"
        ) { engine($0, $2, hdel) },
    ]

    /// Commands that ask about some fields.
    static let hashReads: [Command] = [
        hashRow(
            "hget", 3, [.readonly, .fast], "O(1)", "Returns the value of a field of a hash.",
            "key field"
        ) { engine($0, $2, hget) },
        hashRow(
            "hmget", -3, [.readonly, .fast], "O(N) in the fields",
            "Returns the values of several fields of a hash.", "key field [field ...]"
        ) { engine($0, $2, hmget) },
        hashRow(
            "hlen", 2, [.readonly, .fast], "O(1)", "Returns the number of fields of a hash.",
            "key", "RO"
        ) { engine($0, $2, hlen) },
        hashRow(
            "hexists", 3, [.readonly, .fast], "O(1)", "Tells whether a hash has a field.",
            "key field", "RO"
        ) { engine($0, $2, hexists) },
        hashRow(
            "hstrlen", 3, [.readonly, .fast], "O(1)",
            "Returns the number of bytes of the value of a field.", "key field", "RO",
            since: "3.2.0"
        ) { engine($0, $2, hstrlen) },
    ]

    static func hashRow(
        _ name: String, _ arity: Int, _ flags: CommandFlags, _ complexity: String,
        _ summary: String, _ syntax: String, _ keyAccess: String = "", since: String = "2.0.0",
        tips: [String] = [], run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: arity, flags: flags, keys: .first, group: .hash, since: since,
            complexity: complexity, summary: summary, syntax: syntax, tips: tips,
            keyAccess: keyAccess, run: run)
    }
}

func hset(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.integer(try engine.setFields(call))
    return .verbatim
}

func hmset(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    _ = try engine.setFields(call)
    call.reply.ok()
    return .verbatim
}

func hsetnx(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var place = try engine.place(call, 1, .hash)
    if let entry = place.entry, HashView(entry).contains(call[2]) {
        call.reply.integer(0)
        return .none
    }
    engine.setField(call, &place, call[3], "hset")
    call.reply.integer(1)
    return .verbatim
}

func hdel(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var place = try engine.place(call, 1, .hash)
    guard let entry = place.entry else {
        call.reply.integer(0)
        return .none
    }
    var rest = HashView(entry).count
    var removed = 0
    engine.open(&place, call, 1, .hash)
    for index in 2..<call.count where rest > 0 {
        guard engine.keyspace.hashRemove(&place, field: call[index]) else { continue }
        removed += 1
        rest -= 1
    }
    engine.close(&place, call, 1, changes: removed, "hdel", .hash)
    call.reply.integer(removed)
    return removed > 0 ? .verbatim : .none
}

func hget(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    if let entry = try engine.lookup(call, 1, .hash), let value = HashView(entry).value(of: call[2])
    {
        call.reply.bulk(value)
    } else {
        call.reply.null()
    }
    return .none
}

func hmget(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let hash = try engine.lookup(call, 1, .hash).map { HashView($0) }
    call.reply.array(call.count - 2)
    for index in 2..<call.count {
        if let value = hash?.value(of: call[index]) {
            call.reply.bulk(value)
        } else {
            call.reply.null()
        }
    }
    return .none
}

func hlen(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let entry = try engine.lookup(call, 1, .hash)
    call.reply.integer(entry.map { HashView($0).count } ?? 0)
    return .none
}

func hexists(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let entry = try engine.lookup(call, 1, .hash)
    let exists = entry.map { HashView($0).contains(call[2]) } ?? false
    call.reply.integer(exists ? 1 : 0)
    return .none
}

func hstrlen(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let entry = try engine.lookup(call, 1, .hash)
    let value = entry.flatMap { HashView($0).value(of: call[2]) }
    call.reply.integer(value?.textCount ?? 0)
    return .none
}

extension DataEngine {
    /// Sets the fields of HSET or HMSET; how many of them are new.
    fileprivate mutating func setFields(_ call: Call) throws(ReplyError) -> Int {
        guard call.count % 2 == 0 else {
            throw call.fail("ERR wrong number of arguments for '\(name(of: call))' command")
        }
        var place = try place(call, 1, .hash)
        var added = 0
        open(&place, call, 1, .hash)
        for index in stride(from: 2, to: call.count, by: 2)
        where keyspace.hashSet(&place, field: call[index], value: call[index + 1]) {
            added += 1
        }
        close(&place, call, 1, changes: (call.count - 2) / 2, "hset", .hash)
        return added
    }

    /// Sets the field that argument 2 names, at a place that is not yet open.
    mutating func setField(
        _ call: Call, _ place: inout Place, _ value: ByteView, _ event: StaticString
    ) {
        open(&place, call, 1, .hash)
        keyspace.hashSet(&place, field: call[2], value: value)
        close(&place, call, 1, changes: 1, event, .hash)
    }
}
