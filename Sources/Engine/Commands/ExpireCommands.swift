import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands about when keys expire.
    static let expiries: [Command] = [
        Command(
            "expire", arity: -3, flags: [.write, .fast], keys: .first, group: .generic,
            summary: "Makes a key expire after some seconds.",
            syntax: "key seconds [NX|XX|GT|LT]", keyAccess: "RW update"
        ) { engine($0, $2, expire) },
        Command(
            "pexpire", arity: -3, flags: [.write, .fast], keys: .first, group: .generic,
            since: "2.6.0", summary: "Makes a key expire after some milliseconds.",
            syntax: "key milliseconds [NX|XX|GT|LT]", keyAccess: "RW update"
        ) { engine($0, $2, pexpire) },
        Command(
            "expireat", arity: -3, flags: [.write, .fast], keys: .first, group: .generic,
            since: "1.2.0", summary: "Makes a key expire at a time in seconds since 1970.",
            syntax: "key unix-time-seconds [NX|XX|GT|LT]", keyAccess: "RW update"
        ) { engine($0, $2, expireat) },
        Command(
            "pexpireat", arity: -3, flags: [.write, .fast], keys: .first, group: .generic,
            since: "2.6.0",
            summary: "Makes a key expire at a time in milliseconds since 1970.",
            syntax: "key unix-time-milliseconds [NX|XX|GT|LT]", keyAccess: "RW update"
        ) { engine($0, $2, pexpireat) },
        Command(
            "ttl", arity: 2, flags: [.readonly, .fast], keys: .first, group: .generic,
            summary: "Tells in how many seconds a key expires.", syntax: "key",
            tips: ["nondeterministic_output"]
        ) { engine($0, $2, ttl) },
        Command(
            "pttl", arity: 2, flags: [.readonly, .fast], keys: .first, group: .generic,
            since: "2.6.0", summary: "Tells in how many milliseconds a key expires.",
            syntax: "key", tips: ["nondeterministic_output"]
        ) { engine($0, $2, pttl) },
        Command(
            "expiretime", arity: 2, flags: [.readonly, .fast], keys: .first, group: .generic,
            since: "7.0.0", summary: "Tells when a key expires, in seconds since 1970.",
            syntax: "key"
        ) { engine($0, $2, expiretime) },
        Command(
            "pexpiretime", arity: 2, flags: [.readonly, .fast], keys: .first, group: .generic,
            since: "7.0.0", summary: "Tells when a key expires, in milliseconds since 1970.",
            syntax: "key"
        ) { engine($0, $2, pexpiretime) },
        Command(
            "persist", arity: 2, flags: [.write, .fast], keys: .first, group: .generic,
            since: "2.2.0", summary: "Makes a key stay until it is deleted.", syntax: "key",
            keyAccess: "RW update"
        ) { engine($0, $2, persist) },
    ]
}

func expire(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try changeExpiry(&engine, call, .seconds, isAbsolute: false)
}

func pexpire(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try changeExpiry(&engine, call, .milliseconds, isAbsolute: false)
}

func expireat(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try changeExpiry(&engine, call, .seconds, isAbsolute: true)
}

func pexpireat(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try changeExpiry(&engine, call, .milliseconds, isAbsolute: true)
}

private func changeExpiry(
    _ engine: inout DataEngine, _ call: Call, _ unit: TimeUnit, isAbsolute: Bool
) throws(ReplyError) -> Propagation {
    let conditions = try ExpiryConditions(call)
    let given = try call.integer(2)
    let (milliseconds, tooLong) = given.multipliedReportingOverflow(
        by: unit == .seconds ? 1000 : 1)
    let base = isAbsolute ? 0 : engine.keyspace.now
    guard !tooLong, milliseconds <= Int64.max - base else { throw engine.invalidExpiry(call) }
    let deadline = milliseconds + base
    guard let entry = engine.lookupForWrite(call),
        conditions.allow(deadline, insteadOf: entry.expiry)
    else {
        call.reply.integer(0)
        return .none
    }
    call.reply.integer(1)
    if engine.isPast(deadline) {
        engine.deleteExpired(call)
        return .rewritten
    }
    engine.setExpiry(call, at: deadline)
    if isAbsolute, unit == .milliseconds { return .verbatim }
    engine.propagateExpiry(call, at: deadline, optionsFrom: 3)
    return .rewritten
}

/// NX, XX, GT and LT of EXPIRE.
private struct ExpiryConditions: OptionSet {
    let rawValue: UInt8
    static let hasNone = Self(rawValue: 1)
    static let hasOne = Self(rawValue: 2)
    static let later = Self(rawValue: 4)
    static let earlier = Self(rawValue: 8)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ call: Call) throws(ReplyError) {
        self = []
        for index in stride(from: 3, to: call.count, by: 1) {
            let word = call[index]
            if word.equalsIgnoringCase("nx") {
                insert(.hasNone)
            } else if word.equalsIgnoringCase("xx") {
                insert(.hasOne)
            } else if word.equalsIgnoringCase("gt") {
                insert(.later)
            } else if word.equalsIgnoringCase("lt") {
                insert(.earlier)
            } else {
                throw call.fail("ERR Unsupported option \(word)")
            }
        }
        if contains(.hasNone), self != .hasNone {
            throw ReplyError(
                "ERR NX and XX, GT or LT options at the same time are not compatible")
        }
        if isSuperset(of: [.later, .earlier]) {
            throw ReplyError("ERR GT and LT options at the same time are not compatible")
        }
    }

    /// Whether a key may expire at `deadline` instead of at `old`; nil, for never, is later than
    /// any time.
    func allow(_ deadline: Int64, insteadOf old: Int64?) -> Bool {
        guard let old else { return isDisjoint(with: [.hasOne, .later]) }
        if contains(.hasNone) { return false }
        if contains(.later), deadline <= old { return false }
        return !contains(.earlier) || deadline < old
    }
}

func ttl(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    answerExpiry(&engine, call) { roundedSeconds(max($0 &- $1, 0)) }
}

func pttl(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    answerExpiry(&engine, call) { max($0 &- $1, 0) }
}

func expiretime(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    answerExpiry(&engine, call) { expiry, _ in roundedSeconds(expiry) }
}

func pexpiretime(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    answerExpiry(&engine, call) { expiry, _ in expiry }
}

/// Milliseconds as the nearest seconds.
private func roundedSeconds(_ milliseconds: Int64) -> Int64 {
    milliseconds / 1000 + (milliseconds % 1000 >= 500 ? 1 : 0)
}

/// Answers with `number` of the time at which the key expires and of now; -1 if it does not
/// expire, -2 if it is not there.
private func answerExpiry(
    _ engine: inout DataEngine, _ call: Call, _ number: (Int64, Int64) -> Int64
) -> Propagation {
    if let entry = engine.inspect(call) {
        call.reply.integer(entry.expiry.map { number($0, engine.keyspace.now) } ?? -1)
    } else {
        call.reply.integer(-2)
    }
    return .none
}

func persist(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let entry = engine.lookupForWrite(call), entry.expiry != nil else {
        call.reply.integer(0)
        return .none
    }
    engine.removeExpiry(call)
    call.reply.integer(1)
    return .verbatim
}

extension DataEngine {
    /// Whether a key that is to expire at `deadline` can be deleted at once. A replica, and who
    /// loads, leaves that to others.
    func isPast(_ deadline: Int64) -> Bool {
        deadline <= keyspace.now && !gates.contains(.loading) && !replication.isReplica
    }

    /// Makes the first key, which is there, expire at `deadline` and tells everybody.
    mutating func setExpiry(_ call: Call, at deadline: Int64) {
        keyspace.setExpiry(call.database, call[1], hash(call, 1), at: deadline)
        keyChanged(call[1], call.database, "expire", .generic)
    }

    /// Makes the first key, which expires, stay and tells everybody.
    mutating func removeExpiry(_ call: Call) {
        keyspace.setExpiry(call.database, call[1], hash(call, 1), at: nil)
        keyChanged(call[1], call.database, "persist", .generic)
    }

    /// Deletes the first key because it was told to expire in the past; replicas get a DEL.
    mutating func deleteExpired(_ call: Call) {
        let lazily = settings.lazyfreeLazyExpire
        remove(call, 1, lazily: lazily)
        propagate(call.database, lazily ? "UNLINK" : "DEL", call[1])
    }

    /// PEXPIREAT with the options of the request from argument `first` on.
    mutating func propagateExpiry(_ call: Call, at deadline: Int64, optionsFrom first: Int? = nil) {
        guard !unit.isDisabled else { return }
        let options = (first ?? call.count)..<call.count
        unit.begin(3 + options.count)
        unit.add(ByteView("PEXPIREAT"))
        unit.add(call[1])
        unit.add(decimal: Int(deadline))
        for index in options { unit.add(call[index]) }
        unit.end(call.database)
    }
}
