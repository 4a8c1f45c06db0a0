import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let memoryCommands = Command(
        container: "memory", group: .server, since: "4.0.0", summary: "Commands about memory.",
        helpSince: "4.0.0",
        subcommands: [
            memoryRow("doctor", "O(1)", "Says whether anything about memory is wrong.") {
                engine($0, $2, memoryDoctor)
            },
            memoryRow("malloc-stats", "O(1)", "Shows what the allocator counts.") {
                engine($0, $2, memoryAllocator)
            },
            memoryRow(
                "purge", "Depends on the memory in use",
                "Asks the allocator to give memory back that it keeps for later.",
                tips: ["request_policy:all_shards", "response_policy:all_succeeded"]
            ) { engine($0, $2, memoryPurge) },
            memoryRow("stats", "O(1)", "Shows where the memory is.") {
                engine($0, $2, memoryStats)
            },
            Command(
                "usage", arity: -3, flags: [.readonly],
                keys: KeyPositions(first: 2, last: 2, step: 1), group: .server, since: "4.0.0",
                complexity: "O(N) in the samples", summary: "Tells the memory that a key takes.",
                syntax: "key [SAMPLES count]", keyAccess: "RO"
            ) { engine($0, $2, memoryUsage) },
        ])

    private static func memoryRow(
        _ name: String, _ complexity: String, _ summary: String,
        tips: [String] = [
            "nondeterministic_output", "request_policy:all_shards", "response_policy:special",
        ], run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: 2, group: .server, since: "4.0.0", complexity: complexity,
            summary: summary, tips: tips, run: run)
    }
}

func memoryUsage(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var index = 3
    while index < call.count {
        guard call[index].equalsIgnoringCase("samples"), index + 1 < call.count else {
            throw .syntax
        }
        guard try call.integer(index + 1) >= 0 else { throw .syntax }
        index += 2
    }
    if let entry = engine.peek(call, 2) {
        call.reply.integer(entry.footprint)
    } else {
        call.reply.null()
    }
    return .none
}

func memoryPurge(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard Allocator.purge() else { throw ReplyError("ERR Error purging dirty pages") }
    call.reply.ok()
    return .none
}

func memoryAllocator(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let residence = engine.residence
    let text =
        "allocator: \(Allocator.name)\n"
        + "in use by the data: \(residence.used)\npeak: \(engine.heap.peak)\n"
        + "allocated: \(residence.allocated)\nactive: \(residence.active)\n"
        + "resident: \(residence.resident)\nresident, whole process: \(residence.process)\n"
    Array(text.utf8).withView { call.reply.verbatim("txt", $0) }
    return .none
}

func memoryDoctor(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let memory = engine.memoryBreakdown()
    var findings: [String] = []
    if memory.used > 5 << 20 {
        if Double(memory.peak) > Double(memory.used) * 1.5 {
            findings.append("The peak was more than half again of what is in use now.")
        }
        if engine.usage.residentBytes > memory.used * 14 / 10 {
            findings.append("The process holds over 40 % more than the data: fragmentation.")
        }
        if memory.clients > memory.used / 3 {
            findings.append("Buffers of clients take more than a third of the memory.")
        }
        if engine.settings.maxmemory > 0, memory.used > engine.settings.maxmemory / 10 * 9 {
            findings.append("More than 90 % of maxmemory is in use.")
        }
    }
    if findings.isEmpty { findings = ["Nothing about the memory of this server is unusual."] }
    let text = findings.joined(separator: "\n") + "\n"
    Array(text.utf8).withView { call.reply.verbatim("txt", $0) }
    return .none
}

func memoryStats(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let memory = engine.memoryBreakdown()
    let keys = (0..<engine.keyspace.databaseCount).reduce(0) { $0 + engine.keyspace.size($1) }
    let start = call.reply.deferredMap()
    var pairs = 0
    func field(_ name: StaticString, _ value: Int) {
        call.reply.bulk(name)
        call.reply.integer(value)
        pairs += 1
    }
    func field(_ name: StaticString, double value: Double) {
        call.reply.bulk(name)
        call.reply.double(value)
        pairs += 1
    }
    field("peak.allocated", memory.peak)
    field("total.allocated", memory.used)
    field("startup.allocated", memory.startup)
    field("replication.backlog", memory.backlog)
    field(WireNames.clientsReplicas, memory.replicas)
    field("clients.normal", memory.clients)
    field("cluster.links", 0)
    field("aof.buffer", 0)
    field("lua.caches", 0)
    field("functions.caches", 0)
    pairs += engine.writeDatabaseMemory(call)
    field("overhead.total", memory.overhead)
    field("keys.count", keys)
    field("keys.bytes-per-key", keys > 0 ? max(0, memory.used - memory.startup) / keys : 0)
    field("dataset.bytes", memory.dataset)
    field("dataset.percentage", double: memory.datasetPercent)
    field("peak.percentage", double: memory.peakPercent)
    let residence = engine.residence
    field("allocator.allocated", residence.allocated)
    field("allocator.active", residence.active)
    field("allocator.resident", residence.resident)
    let shares: [(StaticString, StaticString, MemoryResidence.Share)] = [
        (
            "allocator-fragmentation.ratio", "allocator-fragmentation.bytes",
            residence.allocatorFragmentation
        ),
        ("allocator-rss.ratio", "allocator-rss.bytes", residence.allocatorResidence),
        ("rss-overhead.ratio", "rss-overhead.bytes", residence.processOverhead),
        ("fragmentation", "fragmentation.bytes", residence.fragmentation),
    ]
    for (ratio, bytes, share) in shares {
        field(ratio, double: share.ratio)
        field(bytes, share.bytes)
    }
    call.reply.finishMap(at: start, pairs: pairs)
    return .none
}

extension DataEngine {
    /// One map for each database that has keys; how many.
    fileprivate func writeDatabaseMemory(_ call: Call) -> Int {
        var written = 0
        for database in 0..<keyspace.databaseCount where keyspace.size(database) > 0 {
            call.reply.bulk(text: "db.\(database)")
            call.reply.map(3)
            call.reply.bulk("overhead.hashtable.main")
            call.reply.integer(keyspace.tableBytes(database))
            // Expiry times are kept in the entries.
            call.reply.bulk("overhead.hashtable.expires")
            call.reply.integer(0)
            call.reply.bulk("overhead.hashtable.slot-to-keys")
            call.reply.integer(0)
            written += 1
        }
        return written
    }
}
