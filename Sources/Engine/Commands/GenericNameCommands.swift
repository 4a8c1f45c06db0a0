import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let keyNames: [Command] = [
        Command(
            "rename", arity: 3, flags: [.write],
            keys: KeyPositions(first: 1, last: 2, step: 1), group: .generic,
            summary: "Gives a key another name; a key of that name is lost.",
            syntax: "key newkey",
            keySpecs: [
                KeySpec("RW access delete", .index(1), .range(last: 0, step: 1, limit: 0)),
                KeySpec("OW update", .index(2), .range(last: 0, step: 1, limit: 0)),
            ]
        ) { engine($0, $2, rename) },
        Command(
            "renamenx", arity: 3, flags: [.write, .fast],
            keys: KeyPositions(first: 1, last: 2, step: 1), group: .generic,
            summary: "Gives a key another name unless a key of that name exists.",
            syntax: "key newkey",
            keySpecs: [
                KeySpec("RW access delete", .index(1), .range(last: 0, step: 1, limit: 0)),
                KeySpec("OW insert", .index(2), .range(last: 0, step: 1, limit: 0)),
            ]
        ) { engine($0, $2, renamenx) },
        Command(
            "copy", arity: -3, flags: [.write, .denyOOM],
            keys: KeyPositions(first: 1, last: 2, step: 1), group: .generic, since: "6.2.0",
            complexity: "O(N) in the size of the value",
            summary: "Copies the value of a key to another key.",
            syntax: "source destination [DB destination-db] [REPLACE]",
            keySpecs: [
                KeySpec("RO access", .index(1), .range(last: 0, step: 1, limit: 0)),
                KeySpec("OW update", .index(2), .range(last: 0, step: 1, limit: 0)),
            ]
        ) { engine($0, $2, copy) },
        Command(
            "move", arity: 3, flags: [.write, .fast], keys: .first, group: .generic,
            summary: "Moves a key to another database.", syntax: "key db"
        ) { engine($0, $2, move) },
    ]
}

func rename(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard engine.lookupForWrite(call) != nil else { throw .noSuchKey }
    if call[1] == call[2] {
        call.reply.ok()
        return .none
    }
    _ = engine.lookupForWrite(call, 2)
    engine.giveName(call)
    call.reply.ok()
    return .verbatim
}

func renamenx(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard engine.lookupForWrite(call) != nil else { throw .noSuchKey }
    guard !(call[1] == call[2]), engine.lookupForWrite(call, 2) == nil else {
        call.reply.integer(0)
        return .none
    }
    engine.giveName(call)
    call.reply.integer(1)
    return .verbatim
}

func copy(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var target = call.database
    var replaces = false
    var index = 3
    while index < call.count {
        if call[index].equalsIgnoringCase("replace") {
            replaces = true
        } else if call[index].equalsIgnoringCase("db"), index + 1 < call.count {
            index += 1
            target = try engine.databaseIndex(call, index)
        } else {
            throw .syntax
        }
        index += 1
    }
    let newKey = call[2]
    guard target != call.database || !(call[1] == newKey) else { throw .sameObject }
    guard engine.lookup(call) != nil else {
        call.reply.integer(0)
        return .none
    }
    let hash = engine.hash(call, 2)
    if engine.peek(newKey, target, hash, call.session) != nil, !replaces {
        call.reply.integer(0)
        return .none
    }
    engine.announceNew(newKey, target)
    engine.keyspace.copy(
        from: call.database, call[1], engine.hash(call, 1), to: target, newKey, hash)
    engine.keyChanged(newKey, target, "copy_to", .generic)
    call.reply.integer(1)
    return .verbatim
}

func move(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let target = try engine.databaseIndex(call, 2)
    guard target != call.database else { throw .sameObject }
    let (key, hash) = (call[1], engine.hash(call, 1))
    guard engine.lookupForWrite(call) != nil,
        engine.peek(key, target, hash, call.session) == nil
    else {
        call.reply.integer(0)
        return .none
    }
    engine.announceNew(key, target)
    // An expired key that only the primary may delete is in the way of a writable replica.
    if !engine.mayExpire { engine.keyspace.delete(target, key, hash) }
    engine.keyspace.move(from: call.database, to: target, key, hash)
    engine.keyChanged(key, call.database, "move_from", .generic)
    engine.keyChanged(key, target, "move_to", .generic)
    call.reply.integer(1)
    return .verbatim
}

extension ReplyError {
    static var sameObject: ReplyError {
        ReplyError("ERR source and destination objects are the same")
    }
}

extension DataEngine {
    /// Renames the first key to the second, which loses what it had.
    fileprivate mutating func giveName(_ call: Call) {
        announceNew(call[2], call.database)
        keyspace.rename(
            call.database, from: call[1], hash(call, 1), to: call[2], hash(call, 2))
        keyChanged(call[1], call.database, "rename_from", .generic)
        keyChanged(call[2], call.database, "rename_to", .generic)
    }

    /// As `peek(call:)`, for a key of any database.
    mutating func peek(
        _ key: ByteView, _ database: Int, _ hash: UInt64, _ session: Slot<Session>
    ) -> Entry? {
        guard let entry = keyspace.find(database, key, hash) else { return nil }
        guard entry.isExpired(at: keyspace.now) else { return entry }
        return expired(entry, database, key, hash, session)
    }

    /// Argument `index` as the number of a database.
    func databaseIndex(_ call: Call, _ index: Int) throws(ReplyError) -> Int {
        let number = try call.integer(index)
        guard Int32(exactly: number) != nil else {
            throw ReplyError(
                """
                ERR value is out of range, value must between -2147483648 and 2147483647
                """)
        }
        guard number >= 0, number < Int64(keyspace.databaseCount) else { throw .databaseIndex }
        return Int(number)
    }
}
