import Memory
import RESP
import Sessions

/// INFO of a sentinel: always a plain string, whatever the protocol.
extension SentinelService {
    /// The sections named, all of them without a name; others are passed over.
    func info(sections names: [String]) -> String {
        let everything: Set<String> = ["default", "all", "everything"]
        let isEverything = names.isEmpty || names.contains { everything.contains($0) }
        let sections: [(String, String)] = [
            ("Server", serverInfo), ("Clients", clientsInfo), ("Stats", statisticsInfo),
            ("CPU", processorInfo), ("Sentinel", state.infoSection),
        ]
        return sections.filter { isEverything || names.contains($0.0.lowercased()) }
            .map { "# \($0.0)\r\n\($0.1)" }.joined(separator: "\r\n")
    }

    private func lines(_ fields: [(String, String)]) -> String {
        fields.map { "\($0.0):\($0.1)\r\n" }.joined()
    }

    private var serverInfo: String {
        let uptime = (frontend.time.monotonic - startedAt.monotonic) / 1_000_000
        return lines([
            ("redis_version", Frontend.redisVersion), ("tandem_version", Frontend.tandemVersion),
            ("redis_git_sha1", "00000000"), ("redis_git_dirty", "0"), ("redis_build_id", "0"),
            ("redis_mode", "sentinel"), ("arch_bits", String(Int.bitWidth)),
            ("monotonic_clock", "POSIX clock_gettime"), ("multiplexing_api", "epoll"),
            ("process_id", String(facts.processID)), ("run_id", runID),
            ("tcp_port", String(facts.port)), ("server_time_usec", String(frontend.time.wall)),
            ("uptime_in_seconds", String(uptime)), ("uptime_in_days", String(uptime / 86400)),
            ("hz", "10"), ("configured_hz", "10"), ("executable", facts.executable),
            ("config_file", facts.configurationPath), ("io_threads_active", "0"),
        ])
    }

    private var clientsInfo: String {
        let clients = frontend.sessions.values.filter { $0.value.role == .client }
        let blocked = clients.count { $0.value.flags.contains(.blocked) }
        return lines([
            ("connected_clients", String(clients.count)), ("cluster_connections", "0"),
            ("maxclients", String(frontend.settings.maxClients)),
            ("client_recent_max_input_buffer", "0"), ("client_recent_max_output_buffer", "0"),
            ("blocked_clients", String(blocked)), ("tracking_clients", "0"),
            ("clients_in_timeout_table", "0"),
        ])
    }

    private var statisticsInfo: String {
        let counts = frontend.statistics
        return lines([
            ("total_connections_received", String(counts.connectionsReceived)),
            ("total_commands_processed", String(counts.commandsProcessed)),
            ("total_net_input_bytes", String(counts.bytesIn)),
            ("total_net_output_bytes", String(counts.bytesOut)),
            ("rejected_connections", String(counts.connectionsRejected)),
            ("client_query_buffer_limit_disconnections", String(counts.queryLimitDisconnections)),
            (
                "client_output_buffer_limit_disconnections",
                String(counts.outputLimitDisconnections)
            ),
            ("total_error_replies", String(counts.errorReplies)),
        ])
    }

    private var processorInfo: String {
        lines([
            ("used_cpu_sys", seconds(usage.systemMicroseconds)),
            ("used_cpu_user", seconds(usage.userMicroseconds)),
            ("used_cpu_sys_children", seconds(0)), ("used_cpu_user_children", seconds(0)),
        ])
    }

    private func seconds(_ microseconds: Int) -> String {
        let fraction = String(microseconds % 1_000_000)
        let zeros = String(repeating: "0", count: 6 - fraction.count)
        return "\(microseconds / 1_000_000).\(zeros)\(fraction)"
    }
}
