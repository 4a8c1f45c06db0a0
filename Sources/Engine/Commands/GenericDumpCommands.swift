import Digests
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
    var payload = ByteBuffer(heap: engine.heap)
    let compresses = engine.settings.rdbCompression
    if entry.isString {
        let value: RDBValue =
            entry.integer.map { .integer($0) } ?? .string(entry.string(&engine.scratch))
        DumpPayload.append(value, compresses: compresses, heap: engine.heap, to: &payload)
    } else {
        DumpPayload.append(entry, compresses: compresses, heap: engine.heap, to: &payload)
    }
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
    // Made aside first: a payload that is damaged in the middle must change nothing.
    let changes = engine.keyspace.changes
    let aside = engine.frontend.random.hex(40)
    guard engine.make(aside, call) else {
        engine.keyspace.changes = changes
        throw ReplyError("ERR Bad data format")
    }
    let existed = engine.claim(call) != nil
    var deadline: Int64?
    if ttl > 0 { deadline = options.isAbsolute ? ttl : ttl &+ engine.keyspace.now }
    call.reply.ok()
    if let deadline, engine.isPast(deadline) {
        engine.discard(aside, call.database)
        engine.keyspace.changes = changes
        guard existed else { return .none }
        let lazily = engine.settings.lazyfreeLazyServerDel
        engine.remove(call, 1, lazily: lazily)
        engine.propagate(call.database, lazily ? "UNLINK" : "DEL", call[1])
        return .rewritten
    }
    engine.restore(call, aside, deadline, options)
    engine.keyspace.changes = changes + 1
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
    /// Makes the value of the payload under the name `aside`; false, and nothing is there, if it
    /// is damaged.
    fileprivate mutating func make(_ aside: String, _ call: Call) -> Bool {
        let name = Array(aside.utf8)
        var reader = DumpReader(call[3], heap: heap)
        var collection = CollectionLoader(heap: heap)
        do throws(RDBError) {
            while true {
                let event = try reader.next()
                switch event {
                case .entry(let entry):
                    name.withView { name in
                        let hash = keyspace.hash(name)
                        switch entry.value {
                        case .integer(let number):
                            keyspace.set(call.database, name, hash, integer: number)
                        case .string(let text):
                            keyspace.set(call.database, name, hash, string: text)
                        }
                    }
                case .begin(let value):
                    let isKnown = name.withView {
                        collection.begin(value, key: $0, call.database, &keyspace)
                    }
                    guard isKnown else { return false }
                case .element, .field, .member, .stream:
                    guard collection.add(event, &keyspace) else {
                        collection.abandon(&keyspace)
                        return false
                    }
                case .endCollection: _ = collection.finish(&keyspace)
                case .end: return true
                case .needMore, .aux, .selectDatabase, .resize, .function, .moduleAux:
                    invariant(false, "a payload holds nothing but a value")
                }
            }
        } catch {
            collection.abandon(&keyspace)
            discard(aside, call.database)
            return false
        }
    }

    /// Deletes what `make` made.
    fileprivate mutating func discard(_ aside: String, _ database: Int) {
        Array(aside.utf8).withView { _ = keyspace.delete(database, $0, keyspace.hash($0)) }
    }

    fileprivate mutating func restore(
        _ call: Call, _ aside: String, _ deadline: Int64?, _ options: RestoreOptions
    ) {
        let hash = hash(call, 1)
        announceNew(call[1], call.database)
        Array(aside.utf8).withView { name in
            _ = keyspace.rename(
                call.database, from: name, keyspace.hash(name), to: call[1], hash)
        }
        if let deadline { keyspace.setExpiry(call.database, call[1], hash, at: deadline) }
        if let entry = keyspace.find(call.database, call[1], hash) {
            if let frequency = options.frequency { keyspace.setFrequency(entry, Int(frequency)) }
            if let seconds = options.idleSeconds { keyspace.setIdleSeconds(entry, seconds) }
        }
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
