import Keyspace
import Memory
import Persistence
import RESP
import Sessions

extension CommandRows {
    static let keyDumps: [Command] = [
        Command(
            "dump", arity: 2, flags: [.readonly], keys: .first, group: .generic,
            since: "2.6.0", complexity: "O(N) in the size of the value",
            summary: "Returns the value of a key in the form that RESTORE takes.",
            syntax: "key", tips: ["nondeterministic_output"]
        ) { engine($0, $2, dump) },
        Command(
            "restore", arity: -4, flags: [.write, .denyOOM], keys: .first, group: .generic,
            since: "2.6.0", complexity: "O(N) in the size of the value",
            summary: "Makes a key from what DUMP returned.",
            syntax:
                "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ "
                + "frequency]",
            categories: ["dangerous"], keyAccess: "OW update"
        ) { engine($0, $2, restore) },
    ]
}

func dump(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let entry = engine.lookup(call) else {
        call.reply.null()
        return .none
    }
    guard entry.isString else { throw .wrongType }
    var payload = ByteBuffer(heap: engine.heap)
    let value: RDBValue =
        entry.integer.map { .integer($0) } ?? .string(entry.string(&engine.scratch))
    DumpPayload.append(
        value, compresses: engine.settings.rdbCompression, heap: engine.heap, to: &payload)
    call.reply.bulk(payload.readable)
    return .none
}

func restore(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let options = try RestoreOptions(call)
    if !options.replaces, engine.lookupForWrite(call) != nil {
        throw ReplyError("BUSYKEY Target key name already exists.")
    }
    let ttl = try call.integer(2)
    guard ttl >= 0 else { throw ReplyError("ERR Invalid TTL value, must be >= 0") }
    guard DumpPayload.isIntact(call[3]) else {
        throw ReplyError("ERR DUMP payload version or checksum are wrong")
    }
    var scratch = ByteBuffer(heap: engine.heap)
    guard let value = try? DumpPayload.value(of: call[3], scratch: &scratch) else {
        throw ReplyError("ERR Bad data format")
    }
    let existed = engine.claim(call) != nil
    var deadline: Int64?
    if ttl > 0 { deadline = options.isAbsolute ? ttl : ttl &+ engine.keyspace.now }
    call.reply.ok()
    if let deadline, engine.isPast(deadline) {
        guard existed else { return .none }
        let lazily = engine.settings.lazyfreeLazyServerDel
        engine.remove(call, 1, lazily: lazily)
        engine.propagate(call.database, lazily ? "UNLINK" : "DEL", call[1])
        return .rewritten
    }
    engine.restore(call, value, deadline, options)
    if ttl > 0, !options.isAbsolute {
        engine.propagateRestore(call, at: deadline ?? 0)
        return .rewritten
    }
    return .verbatim
}

private struct RestoreOptions {
    var replaces = false
    var isAbsolute = false
    var idleSeconds: Int64?
    var frequency: Int64?

    init(_ call: Call) throws(ReplyError) {
        var index = 4
        while index < call.count {
            let (word, hasNext) = (call[index], index + 1 < call.count)
            if word.equalsIgnoringCase("replace") {
                replaces = true
            } else if word.equalsIgnoringCase("absttl") {
                isAbsolute = true
            } else if word.equalsIgnoringCase("idletime"), hasNext, frequency == nil {
                index += 1
                let seconds = try call.integer(index)
                guard seconds >= 0 else {
                    throw ReplyError("ERR Invalid IDLETIME value, must be >= 0")
                }
                idleSeconds = seconds
            } else if word.equalsIgnoringCase("freq"), hasNext, idleSeconds == nil {
                index += 1
                let count = try call.integer(index)
                guard count >= 0, count <= 255 else {
                    throw ReplyError("ERR Invalid FREQ value, must be >= 0 and <= 255")
                }
                frequency = count
            } else {
                throw .syntax
            }
            index += 1
        }
    }
}

extension DataEngine {
    fileprivate mutating func restore(
        _ call: Call, _ value: RDBValue, _ deadline: Int64?, _ options: RestoreOptions
    ) {
        let hash = hash(call, 1)
        let expiry = deadline.map { ExpiryChange.at($0) } ?? .clear
        announceNew(call[1], call.database)
        let entry: Entry
        switch value {
        case .integer(let number):
            entry = keyspace.set(call.database, call[1], hash, integer: number, expiry: expiry)
        case .string(let text):
            entry = keyspace.set(call.database, call[1], hash, string: text, expiry: expiry)
        }
        if let frequency = options.frequency { keyspace.setFrequency(entry, Int(frequency)) }
        if let seconds = options.idleSeconds { keyspace.setIdleSeconds(entry, seconds) }
        keyChanged(call[1], call.database, "restore", .generic)
    }

    /// The request with the time it works out to.
    fileprivate mutating func propagateRestore(_ call: Call, at deadline: Int64) {
        guard !unit.isDisabled else { return }
        unit.begin(call.count + 1)
        for index in 0..<call.count {
            index == 2 ? unit.add(decimal: Int(deadline)) : unit.add(call[index])
        }
        unit.add(ByteView("ABSTTL"))
        unit.end(call.database)
    }
}
