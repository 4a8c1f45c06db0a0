import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let objects = Command(
        container: "object", group: .generic, since: "2.2.3",
        summary: "Shows how values are stored.", helpSince: "6.2.0",
        subcommands: [
            objectRow("encoding", "2.2.3", "Tells how the value of a key is stored.") {
                engine($0, $2, objectEncoding)
            },
            objectRow("freq", "4.0.0", "Returns the logarithmic access counter of a key.") {
                engine($0, $2, objectFrequency)
            },
            objectRow("idletime", "2.2.3", "Tells for how many seconds a key was not used.") {
                engine($0, $2, objectIdleTime)
            },
            objectRow("refcount", "2.2.3", "Returns how many references a value has.") {
                engine($0, $2, objectReferences)
            },
        ])

    private static func objectRow(
        _ name: String, _ since: String, _ summary: String, _ run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: 3, flags: [.readonly], keys: KeyPositions(first: 2, last: 2, step: 1),
            group: .generic, since: since, summary: summary, syntax: "key",
            tips: ["nondeterministic_output"], keyAccess: "RO", run: run)
    }
}

func objectEncoding(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try describe(&engine, call) { _, entry in call.reply.bulk(entry.encoding.name) }
}

func objectFrequency(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try describe(&engine, call) { (engine, entry) throws(ReplyError) in
        guard engine.settings.maxmemoryPolicy.usesLFU else {
            throw ReplyError(
                """
                ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please \
                note that when switching between policies at runtime LRU and LFU data will take \
                some time to adjust.
                """)
        }
        call.reply.integer(engine.keyspace.frequency(entry))
    }
}

func objectIdleTime(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try describe(&engine, call) { (engine, entry) throws(ReplyError) in
        guard !engine.settings.maxmemoryPolicy.usesLFU else {
            throw ReplyError(
                """
                ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that \
                when switching between policies at runtime LRU and LFU data will take some time \
                to adjust.
                """)
        }
        call.reply.integer(engine.keyspace.idleSeconds(entry))
    }
}

/// Values are not shared here. Redis shares small integers, and says so with the greatest count;
/// tests of clients look for it.
func objectReferences(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try describe(&engine, call) { engine, entry in
        let policy = engine.settings.maxmemoryPolicy
        let mayShare = engine.settings.maxmemory == 0 || !(policy.usesLFU || policy.usesLRU)
        let isSmall = entry.integer.map { $0 >= 0 && $0 < 10_000 } ?? false
        call.reply.integer(isSmall && mayShare ? Int(Int32.max) : 1)
    }
}

private func describe(
    _ engine: inout DataEngine, _ call: Call,
    _ body: (borrowing DataEngine, Entry) throws(ReplyError) -> Void
) throws(ReplyError) -> Propagation {
    if let entry = engine.inspect(call, 2, notifies: false) {
        try body(engine, entry)
    } else {
        call.reply.null()
    }
    return .none
}
