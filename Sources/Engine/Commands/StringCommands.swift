import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands about strings.
    static let strings: [Command] =
        stringReads + stringSets + stringsOfManyKeys + stringNumbers + stringRanges
        + stringComparisons

    static let stringReads: [Command] = [
        Command(
            "get", arity: 2, flags: [.readonly, .fast], keys: .first, group: .string,
            summary: "Returns the string value of a key.", syntax: "key"
        ) { engine($0, $2, get) },
        Command(
            "getex", arity: -2, flags: [.write, .fast], keys: .first, group: .string,
            since: "6.2.0",
            summary: "Returns the string value of a key and changes when it expires.",
            syntax:
                "key [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT "
                + "unix-time-milliseconds|PERSIST]"
        ) { engine($0, $2, getex) },
        Command(
            "getdel", arity: 2, flags: [.write, .fast], keys: .first, group: .string,
            since: "6.2.0", summary: "Returns the string value of a key and deletes it.",
            syntax: "key", keyAccess: "RW access delete"
        ) { engine($0, $2, getdel) },
        Command(
            "getset", arity: 3, flags: [.write, .denyOOM, .fast], keys: .first, group: .string,
            summary: "Sets a key to a string and returns the value it had.", syntax: "key value"
        ) { engine($0, $2, getset) },
    ]
}

func get(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    _ = try engine.answerString(call)
    return .none
}

func getex(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let options = try StringOptions(call, from: 2, isSet: false)
    guard let entry = engine.lookup(call) else {
        call.reply.null()
        return .none
    }
    guard entry.isString else { throw .wrongType }
    let deadline = try options.deadline(of: call, engine)
    call.reply.bulk(entry.string(&engine.scratch))
    if let deadline {
        // A relative time always lies ahead.
        if options.isAbsolute, engine.isPast(deadline) {
            engine.deleteExpired(call)
        } else {
            engine.setExpiry(call, at: deadline)
            engine.propagateExpiry(call, at: deadline)
        }
        return .rewritten
    }
    guard options.removesExpiry, entry.expiry != nil else { return .none }
    engine.removeExpiry(call)
    engine.propagate(call.database, "PERSIST", call[1])
    return .rewritten
}

func getdel(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard try engine.answerString(call) else { return .none }
    let lazily = engine.settings.lazyfreeLazyUserDel
    engine.remove(call, 1, lazily: lazily)
    engine.propagate(call.database, lazily ? "UNLINK" : "DEL", call[1])
    return .rewritten
}

func getset(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    _ = try engine.answerString(call)
    engine.assign(call, 1, call[2])
    engine.propagate(call.database, "SET", call[1], call[2])
    return .rewritten
}

extension DataEngine {
    /// Answers with the string at the first key, or null; whether there is one.
    @inline(__always)
    mutating func answerString(_ call: Call) throws(ReplyError) -> Bool {
        guard let entry = lookup(call) else {
            call.reply.null()
            return false
        }
        guard entry.isString else { throw .wrongType }
        call.reply.bulk(entry.string(&scratch))
        return true
    }

    /// The entry of a key that is about to be written in part or made. With nil nothing is there,
    /// not even an expired key that only the primary may delete: this server was told to write.
    mutating func claim(_ call: Call, _ index: Int = 1) -> Entry? {
        if let entry = lookupForWrite(call, index) { return entry }
        if !mayExpire { keyspace.delete(call.database, call[index], hash(call, index)) }
        return nil
    }

    /// Sets the key at argument `index` as SET does, and tells everybody.
    @inline(__always)
    mutating func assign(
        _ call: Call, _ index: Int, _ value: ByteView, expiry: ExpiryChange = .clear,
        form: StringForm = .automatic
    ) {
        let hash = hash(call, index)
        announce(call, index, hash)
        keyspace.set(
            call.database, call[index], hash, string: value, expiry: expiry, form: form)
        keyChanged(call[index], call.database, "set", .string)
    }

    /// Tells who wants to know it that the key at argument `index` is about to be made. Redis
    /// says so before it says by what.
    @inline(__always)
    mutating func announce(_ call: Call, _ index: Int, _ hash: UInt64) {
        if _slowPath(notifications.contains(.new)) { announceIfMissing(call, index, hash) }
    }

    @inline(never)
    private mutating func announceIfMissing(_ call: Call, _ index: Int, _ hash: UInt64) {
        guard keyspace.find(call.database, call[index], hash) == nil else { return }
        notify(call[index], call.database, "new", .new)
    }

    /// Tells the same of a key that is made anew even if there was one of its name.
    mutating func announceNew(_ key: ByteView, _ database: Int) {
        if notifications.contains(.new) { notify(key, database, "new", .new) }
    }
}
