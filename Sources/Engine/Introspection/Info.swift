import Keyspace
import Memory
import RESP
import Sessions

/// The sections of INFO in the order in which they are shown.
package enum InfoSection: String, CaseIterable, Sendable {
    case server, clients, memory, persistence, stats, replication, cpu
    case modules, commandstats, errorstats, latencystats, cluster, keyspace

    /// What INFO shows without arguments.
    package static let usual = Set(allCases).subtracting([.commandstats, .latencystats])

    /// The sections that a request names; names that mean nothing are passed over.
    package static func wanted(_ call: Call) -> Set<InfoSection> {
        guard call.count > 1 else { return usual }
        var wanted: Set<InfoSection> = []
        for index in 1..<call.count {
            switch call[index].string.lowercased() {
            case "default": wanted.formUnion(usual)
            case "all", "everything": wanted.formUnion(allCases)
            case let name:
                if let section = InfoSection(rawValue: name) { wanted.insert(section) }
            }
        }
        return wanted
    }
}

extension DataEngine {
    /// The text of INFO with these sections.
    package mutating func info(_ sections: Set<InfoSection>) -> String {
        var info = InfoText()
        for section in InfoSection.allCases where sections.contains(section) {
            switch section {
            case .server: serverInfo(&info)
            case .clients: clientsInfo(&info)
            case .memory: memoryInfo(&info)
            case .persistence: persistenceInfo(&info)
            case .stats: statisticsInfo(&info)
            case .replication: replicationInfo(&info)
            case .cpu: processorInfo(&info)
            case .modules: info.section("Modules")
            case .commandstats: commandInfo(&info)
            case .errorstats: errorInfo(&info)
            case .latencystats: latencyInfo(&info)
            case .cluster:
                info.section("Cluster")
                info.field("cluster_enabled", 0)
            case .keyspace: keyspaceInfo(&info)
            }
        }
        return info.text
    }

    private func serverInfo(_ info: inout InfoText) {
        let uptime = (frontend.time.monotonic - startedAt.monotonic) / 1_000_000
        info.section("Server")
        info.field("redis_version", Frontend.redisVersion)
        info.field("tandem_version", Frontend.tandemVersion)
        info.field("redis_git_sha1", "00000000")
        info.field("redis_git_dirty", 0)
        info.field("redis_build_id", "0")
        info.field("redis_mode", "standalone")
        info.field("os", introspection.facts.operatingSystem)
        info.field("arch_bits", Int.bitWidth)
        info.field("monotonic_clock", "POSIX clock_gettime")
        info.field("multiplexing_api", "epoll")
        info.field("process_id", introspection.facts.processID)
        info.field("process_supervised", introspection.facts.supervised)
        info.field("run_id", introspection.runID)
        info.field("tcp_port", settings.port)
        info.field("server_time_usec", frontend.time.wall)
        info.field("uptime_in_seconds", uptime)
        info.field("uptime_in_days", uptime / 86400)
        info.field("hz", settings.hz)
        info.field("configured_hz", settings.hz)
        info.field("lru_clock", (frontend.time.wall / 1_000_000) & 0xff_ffff)
        info.field("executable", executable)
        info.field("config_file", configurationPath ?? "")
        info.field("io_threads_active", 0)
        if let left = shutdownMilliseconds { info.field("shutdown_in_milliseconds", left) }
    }

    private func clientsInfo(_ info: inout InfoText) {
        var (connected, blocked, timed, input, output) = (0, 0, 0, 0, 0)
        for slot in frontend.sessions.values {
            if slot.value.role == .client { connected += 1 }
            if slot.value.flags.contains(.blocked) {
                switch slot.value.blocking {
                case .wait(let deadline):
                    blocked += 1
                    if deadline > 0 { timed += 1 }
                case .paused, .keys: blocked += 1
                default: break
                }
            }
            input = max(input, slot.value.input.capacity)
            output = max(output, slot.value.reply.buffer.capacity)
        }
        info.section("Clients")
        info.field("connected_clients", connected)
        info.field("cluster_connections", 0)
        info.field("maxclients", frontend.settings.maxClients)
        info.field("client_recent_max_input_buffer", input)
        info.field("client_recent_max_output_buffer", output)
        info.field("blocked_clients", blocked + (replication.shutdown?.sessions.count ?? 0))
        info.field("tracking_clients", 0)
        info.field("clients_in_timeout_table", timed + keyWaits.timedCount)
    }

    private func processorInfo(_ info: inout InfoText) {
        info.section("CPU")
        info.field("used_cpu_sys", InfoText.seconds(usage.systemMicroseconds))
        info.field("used_cpu_user", InfoText.seconds(usage.userMicroseconds))
        info.field("used_cpu_sys_children", InfoText.seconds(0))
        info.field("used_cpu_user_children", InfoText.seconds(0))
        info.field(
            "used_cpu_sys_main_thread", InfoText.seconds(usage.threadSystemMicroseconds))
        info.field(
            "used_cpu_user_main_thread", InfoText.seconds(usage.threadUserMicroseconds))
    }

    private func commandInfo(_ info: inout InfoText) {
        info.section("Commandstats")
        for index in frontend.table.rows.indices {
            let counts = frontend.table.statistics[index]
            guard counts.calls + counts.rejected + counts.failed > 0 else { continue }
            // Unknown subcommands are nobody's.
            if frontend.table.isContainer(index), counts.calls == 0 { continue }
            let time = commandMicroseconds(index)
            let each = counts.calls > 0 ? Double(time) / Double(counts.calls) : 0
            info.field(
                named: "cmdstat_\(frontend.table.rows[index].name)",
                "calls=\(counts.calls),usec=\(time),usec_per_call=\(InfoText.fixed(each, 2)),"
                    + "rejected_calls=\(counts.rejected),failed_calls=\(counts.failed)")
        }
    }

    private func latencyInfo(_ info: inout InfoText) {
        info.section("Latencystats")
        for index in frontend.table.rows.indices where frontend.table.latencies[index].total > 0 {
            let shown = settings.latencyPercentiles.map { percentile in
                let value = Double(frontend.table.latencies[index].value(at: percentile)) / 1000
                return "p\(InfoText.trimmed(percentile))=\(InfoText.fixed(value, 3))"
            }
            info.field(
                named: "latency_percentiles_usec_\(frontend.table.rows[index].name)",
                shown.joined(separator: ","))
        }
    }

    /// Time spent in a command. Fast commands are timed together and share what they took.
    func commandMicroseconds(_ index: Int) -> Int {
        let counts = frontend.table.statistics[index]
        guard frontend.table[index].isTimedWithBatch, statistics.sharedCalls > 0 else {
            return counts.microseconds
        }
        let each = Double(statistics.sharedMicroseconds) / Double(statistics.sharedCalls)
        return counts.microseconds + Int((each * Double(counts.calls)).rounded())
    }

    private func errorInfo(_ info: inout InfoText) {
        info.section("Errorstats")
        for (code, count) in frontend.statistics.errors.sorted(by: { $0.key < $1.key }) {
            info.field(named: "errorstat_\(code)", "count=\(count)")
        }
    }

    private func keyspaceInfo(_ info: inout InfoText) {
        info.section("Keyspace")
        for database in 0..<keyspace.databaseCount where keyspace.size(database) > 0 {
            info.field(
                named: "db\(database)",
                "keys=\(keyspace.size(database)),expires=\(keyspace.expires(database)),"
                    + "avg_ttl=\(keyspace.averageTTL(database))")
        }
    }
}
