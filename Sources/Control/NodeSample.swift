import RESP

/// What one server said about itself at one moment.
package struct NodeSample: Equatable, Sendable {
    /// Monotonic µs.
    package let time: Int64
    package let info: InfoReply

    package init(time: Int64, info: InfoReply) {
        self.time = time
        self.info = info
    }
}

/// A server's row of the live view, from what it says now and what it said before.
package struct NodeRow: Equatable, Sendable {
    package let endpoint: Endpoint
    package let cells: [String]

    package static let titles = [
        "node", "role", "offset", "lag", "ops/s", "CPU %", "memory", "RSS", "clients", "net in",
        "net out", "hits",
    ]

    /// The row of a server that answered. `primaryOffset` is the end of the primary's stream.
    package init(
        _ endpoint: Endpoint, now: NodeSample, before: NodeSample?, primaryOffset: Int64?
    ) {
        self.endpoint = endpoint
        let info = now.info
        let rates = Rates(now: now, before: before)
        cells = [
            "\(endpoint)", NodeRow.role(info), info.offset.map(String.init) ?? "–",
            NodeRow.lag(info, primaryOffset),
            rates.operations.map { Format.count($0) } ?? "–",
            rates.processor.map { Format.fixed($0, digits: 1) } ?? "–",
            Format.bytes(info.integer("used_memory")),
            Format.bytes(info.integer("used_memory_rss")),
            info["connected_clients"] ?? "–",
            rates.input.map { Format.bytes(Int64($0)) + "/s" } ?? "–",
            rates.output.map { Format.bytes(Int64($0)) + "/s" } ?? "–",
            rates.hitRatio.map { Format.fixed($0 * 100, digits: 1) + "%" } ?? "–",
        ]
    }

    /// The row of a server that did not answer.
    package init(_ endpoint: Endpoint, failure: String) {
        self.endpoint = endpoint
        cells = ["\(endpoint)", failure]
    }

    private static func role(_ info: InfoReply) -> String {
        if info.isPrimary { return "primary" }
        if info.integer(WireNames.primarySyncInProgress) == 1 { return "replica, syncing" }
        let isUp = info[WireNames.primaryLinkStatus] == "up"
        return isUp ? "replica" : "replica, no link"
    }

    /// How many bytes of the primary's stream a replica has not applied.
    private static func lag(_ info: InfoReply, _ primaryOffset: Int64?) -> String {
        guard !info.isPrimary, let offset = info.offset, let primaryOffset else { return "–" }
        return Format.bytes(max(0, primaryOffset - offset))
    }
}

/// Changes per second between two samples of one server. A server that restarted in between has
/// none.
package struct Rates: Equatable, Sendable {
    package private(set) var operations: Double?
    /// Per cent of one processor.
    package private(set) var processor: Double?
    /// Bytes per second, replication included.
    package private(set) var input: Double?
    package private(set) var output: Double?
    /// Of the reads since the last sample, or ever if there were none.
    package private(set) var hitRatio: Double?

    package init(now: NodeSample, before: NodeSample?) {
        let info = now.info
        hitRatio = Rates.ratio(info, nil)
        operations = info.number("instantaneous_ops_per_sec")
        guard let before, now.time > before.time, info["run_id"] == before.info["run_id"] else {
            return
        }
        let seconds = Double(now.time - before.time) / 1_000_000
        func rate(_ names: String...) -> Double? {
            var sum = 0.0
            for name in names {
                guard let new = info.number(name), let old = before.info.number(name), new >= old
                else { return nil }
                sum += new - old
            }
            return sum / seconds
        }
        operations = rate("total_commands_processed") ?? operations
        processor = rate("used_cpu_sys", "used_cpu_user").map { $0 * 100 }
        input = rate("total_net_input_bytes")
        output = rate("total_net_output_bytes")
        hitRatio = Rates.ratio(info, before.info) ?? hitRatio
    }

    private static func ratio(_ now: InfoReply, _ before: InfoReply?) -> Double? {
        guard let hits = now.integer("keyspace_hits"), let misses = now.integer("keyspace_misses")
        else { return nil }
        let newHits = hits - (before?.integer("keyspace_hits") ?? 0)
        let all = newHits + misses - (before?.integer("keyspace_misses") ?? 0)
        return all > 0 && newHits >= 0 && newHits <= all ? Double(newHits) / Double(all) : nil
    }
}
