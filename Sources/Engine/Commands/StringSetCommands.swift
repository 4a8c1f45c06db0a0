import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let stringSets: [Command] = [
        Command(
            "set", arity: -3, flags: [.write, .denyOOM, .brief], keys: .first, group: .string,
            summary: "Sets a key to a string, whatever it held before.",
            syntax:
                "key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT "
                + "unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]",
            keyAccess: "RW access update variable_flags"
        ) { engine($0, $2, set) },
        Command(
            "setnx", arity: 3, flags: [.write, .denyOOM, .fast], keys: .first, group: .string,
            summary: "Sets a key to a string unless the key exists.", syntax: "key value",
            keyAccess: "OW insert"
        ) { engine($0, $2, setnx) },
        Command(
            "setex", arity: 4, flags: [.write, .denyOOM, .brief], keys: .first, group: .string,
            since: "2.0.0", summary: "Sets a key to a string that expires after some seconds.",
            syntax: "key seconds value", keyAccess: "OW update"
        ) { engine($0, $2, setex) },
        Command(
            "psetex", arity: 4, flags: [.write, .denyOOM, .brief], keys: .first, group: .string,
            since: "2.6.0",
            summary: "Sets a key to a string that expires after some milliseconds.",
            syntax: "key milliseconds value", keyAccess: "OW update"
        ) { engine($0, $2, psetex) },
    ]
}

func set(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count == 3 else { return try setWithOptions(&engine, call) }
    // An expired key dies before it is overwritten, and LFU counts writes too. Where neither can
    // be, there is nothing to look for.
    if _slowPath(engine.keyspace.expires(call.database) > 0 || engine.keyspace.usesLFU) {
        _ = engine.lookupForWrite(call)
    }
    engine.assign(call, 1, call[2])
    call.reply.ok()
    return .verbatim
}

func setnx(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard engine.lookupForWrite(call) == nil else {
        call.reply.integer(0)
        return .none
    }
    engine.assign(call, 1, call[2])
    call.reply.integer(1)
    return .verbatim
}

func setex(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try setExpiring(&engine, call, .seconds)
}

func psetex(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try setExpiring(&engine, call, .milliseconds)
}

private func setExpiring(
    _ engine: inout DataEngine, _ call: Call, _ unit: TimeUnit
) throws(ReplyError) -> Propagation {
    let deadline = try engine.deadline(call, 2, unit, isAbsolute: false)
    _ = engine.lookupForWrite(call)
    engine.assign(call, 1, call[3], expiry: .at(deadline))
    engine.keyChanged(call[1], call.database, "expire", .generic)
    engine.propagateSet(call, call[3], expiringAt: deadline)
    call.reply.ok()
    return .rewritten
}

@inline(never)
private func setWithOptions(
    _ engine: inout DataEngine, _ call: Call
) throws(ReplyError) -> Propagation {
    let options = try StringOptions(call, from: 3, isSet: true)
    let deadline = try options.deadline(of: call, engine)
    if options.returnsOld { _ = try engine.answerString(call) }
    let exists = engine.lookupForWrite(call) != nil
    if options.condition == .ifMissing && exists || options.condition == .ifPresent && !exists {
        if !options.returnsOld { call.reply.null() }
        return .none
    }
    var expiry = ExpiryChange.clear
    if let deadline { expiry = .at(deadline) }
    if options.keepsExpiry, exists { expiry = .keep }
    engine.assign(call, 1, call[2], expiry: expiry)
    if !options.returnsOld { call.reply.ok() }
    guard let deadline else {
        guard options.returnsOld else { return .verbatim }
        engine.propagateSetWithoutGet(call)
        return .rewritten
    }
    engine.keyChanged(call[1], call.database, "expire", .generic)
    engine.propagateSet(call, call[2], expiringAt: deadline)
    return .rewritten
}

extension DataEngine {
    /// SET key value PXAT: what every SET with a time becomes, because a replica is always later.
    mutating func propagateSet(_ call: Call, _ value: ByteView, expiringAt deadline: Int64) {
        guard !unit.isDisabled else { return }
        unit.begin(5)
        unit.add(ByteView("SET"))
        unit.add(call[1])
        unit.add(value)
        unit.add(ByteView("PXAT"))
        unit.add(decimal: Int(deadline))
        unit.end(call.database)
    }

    /// The request without GET, which replicas have no use for.
    mutating func propagateSetWithoutGet(_ call: Call) {
        guard !unit.isDisabled else { return }
        let kept = (0..<call.count).filter { $0 < 3 || !call[$0].equalsIgnoringCase("get") }
        unit.begin(kept.count)
        for index in kept { unit.add(call[index]) }
        unit.end(call.database)
    }
}
