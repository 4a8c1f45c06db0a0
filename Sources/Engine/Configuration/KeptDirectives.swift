import Configuration
import RESP
import Sessions

/// Directives that are checked, kept and shown but have no effect here, and those that are
/// refused because being ignored in silence would do harm.
extension ServerDirectives {
    static let appendOnly: [Row] = [
        .refused(
            "appendonly",
            "this server has no append only file yet: use snapshots (save) and replicas",
            flags: .denyLoading),
        .string(
            "appendfilename", flags: .immutable,
            \.[text: "appendfilename", default: "appendonly.aof"],
            check: {
                $0.contains("/") ? "appendfilename can't be a path, just a filename" : nil
            }),
        .string(
            "appenddirname", flags: .immutable,
            \.[text: "appenddirname", default: "appendonlydir"],
            check: {
                $0.contains("/") ? "appenddirname can't be a path, just a dirname" : nil
            }),
        .enumeration(
            "appendfsync", \.[text: "appendfsync", default: "everysec"],
            ["everysec", "always", "no"].map { ($0, $0) }),
        .kept("no-appendfsync-on-rewrite", false),
        .kept("auto-aof-rewrite-percentage", 100, 0...int32),
        .keptBytes("auto-aof-rewrite-min-size", 64 << 20, 0...Int.max),
        .kept("aof-load-truncated", true),
        .kept("aof-use-rdb-preamble", true),
        .kept("aof-timestamp-enabled", false),
        .kept("aof-rewrite-incremental-fsync", true),
        .kept("aof-disable-auto-gc", false),
    ]

    static let processes: [Row] = [
        .kept("always-show-logo", false, flags: .immutable),
        .boolean("set-proc-title", flags: .immutable, \.setsTitle),
        .string("proc-title-template", \.titleTemplate, check: checkTitle),
        .boolean("syslog-enabled", flags: .immutable, \.syslogEnabled),
        .string("syslog-ident", flags: .immutable, \.syslogIdent),
        .enumeration(
            "syslog-facility", flags: .immutable, \.syslogFacility,
            [
                "user", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
                "local7",
            ]
            .map { ($0, $0) }),
        .kept("server_cpulist", flags: .immutable),
        .kept("bio_cpulist", flags: .immutable),
        .kept("aof_rewrite_cpulist", flags: .immutable),
        .kept("bgsave_cpulist", flags: .immutable),
        .kept("io-threads", 1, 1...128, flags: [.immutable, .debug]),
        .kept("io-threads-do-reads", false, flags: [.immutable, .debug]),
        .kept("jemalloc-bg-thread", true),
        .kept("disable-thp", true, flags: .immutable),
        .words("oom-score-adj", "no yes relative absolute"),
        oomScores,
        .string("ignore-warnings", \.[text: "ignore-warnings", default: ""]),
        .kept("busy-reply-threshold", alias: "lua-time-limit", 5000, 0...Int.max),
        .refused("activedefrag", "Active defragmentation is not possible with this allocator"),
        .kept("active-defrag-cycle-max", 25, 1...99),
        .kept("active-defrag-cycle-min", 1, 1...99),
        .keptBytes("active-defrag-ignore-bytes", 100 << 20, 1...Int.max),
        .kept("active-defrag-max-scan-fields", 1000, 1...Int.max),
        .kept("active-defrag-threshold-lower", 10, 0...1000),
        .kept("active-defrag-threshold-upper", 100, 0...1000),
        .string("aclfile", flags: .immutable, \.aclFile),
        .enumeration(
            "acl-pubsub-default", \.frontend.channelsByDefault,
            [("allchannels", true), ("resetchannels", false)]),
        .integer("acllog-max-len", \.frontend.aclLogLength, 0...Int.max),
    ]

    static let tls: [Row] =
        [
            .integer(
                "tls-port", \.[number: "tls-port", default: 0], 0...65535,
                check: { $0 == 0 ? nil : "this server has no TLS yet" }),
            .refused("tls-cluster", "this server has no TLS yet"),
            .refused("tls-replication", "this server has no TLS yet"),
            .enumeration(
                "tls-auth-clients", \.[text: "tls-auth-clients", default: "yes"],
                ["no", "yes", "optional"].map { ($0, $0) }),
            .kept("tls-prefer-server-ciphers", false),
            .kept("tls-session-caching", true),
            .kept("tls-session-cache-size", 20480, 0...int32),
            .kept("tls-session-cache-timeout", 300, 0...int32),
        ]
        + [
            "tls-ca-cert-dir", "tls-ca-cert-file", "tls-cert-file", "tls-client-cert-file",
            "tls-client-key-file", "tls-dh-params-file", "tls-key-file",
        ].map { .kept($0, flags: .volatile) }
        + [
            "tls-ciphers", "tls-ciphersuites", "tls-protocols",
        ].map { .kept($0) }
        + ["tls-client-key-file-pass", "tls-key-file-pass"].map { .kept($0, flags: .sensitive) }

    static let clusterRows: [Row] = [
        .refused("cluster-enabled", "this server has no cluster mode", flags: .immutable),
        .string(
            "cluster-config-file", flags: .immutable,
            \.[text: "cluster-config-file", default: "nodes.conf"]),
        .kept("cluster-allow-pubsubshard-when-down", true),
        .kept("cluster-allow-reads-when-down", false),
        .kept("cluster-allow-replica-migration", true),
        .kept("cluster-announce-bus-port", 0, 0...65535),
        .string("cluster-announce-hostname", \.[text: "cluster-announce-hostname", default: ""]),
        .string("cluster-announce-ip", \.[text: "cluster-announce-ip", default: ""]),
        .kept("cluster-announce-port", 0, 0...65535),
        .kept("cluster-announce-tls-port", 0, 0...65535),
        .keptBytes("cluster-link-sendbuf-limit", 0, 0...Int.max),
        .kept("cluster-migration-barrier", 1, 0...int32),
        .kept("cluster-node-timeout", 15000, 0...Int.max),
        .kept("cluster-port", 0, 0...65535, flags: .immutable),
        .words("cluster-preferred-endpoint-type", "ip hostname unknown-endpoint"),
        .boolean(
            "cluster-replica-no-failover", alias: "\(WireNames.clusterReplicaNoFailover)",
            \.[flag: "cluster-replica-no-failover", default: false]),
        .kept(
            "cluster-replica-validity-factor", alias: "\(WireNames.clusterReplicaValidityFactor)",
            10, 0...int32),
        .kept("cluster-require-full-coverage", true),
    ]

    static let diagnostics: [Row] = [
        .kept("crash-log-enabled", true),
        .kept("crash-memcheck-enabled", true),
        .integer("latency-monitor-threshold", \.frontend.latencyMonitorThreshold, 0...Int.max),
        .boolean("latency-tracking", \.frontend.latencyTracking),
        percentiles,
        .kept("use-exit-on-panic", false, flags: .hidden),
        .kept("watchdog-period", 0, 0...int32, flags: .hidden),
        .kept("key-load-delay", 0, Int(Int32.min)...int32, flags: .hidden),
        .kept("rdb-key-save-delay", 0, Int(Int32.min)...int32, flags: .hidden),
        .keptBytes(
            "loading-process-events-interval-bytes", 2 << 20, 1024...int32, flags: .hidden),
    ]

    private static let oomScores = Row.numbers(
        "oom-score-adj-values", default: "0 200 800",
        check: { values in
            guard values.count == 3 else { return "wrong number of arguments" }
            let fits = values.allSatisfy { Int($0).map { (-2000...2000).contains($0) } ?? false }
            return fits
                ? nil : "Invalid oom-score-adj-values, elements must be between -2000 and 2000."
        })

    private static let percentiles = Row(
        "latency-tracking-info-percentiles", flags: .multiArgument,
        parse: { (settings, values) throws(DirectiveError) in
            var percentiles: [Double] = []
            for value in values where !value.isEmpty {
                guard let number = Double(value) else {
                    throw DirectiveError("Invalid latency-tracking-info-percentiles parameters")
                }
                guard (0...100).contains(number) else {
                    throw DirectiveError(
                        "latency-tracking-info-percentiles parameters should sit between "
                            + "[0.0,100.0]")
                }
                percentiles.append(number)
            }
            settings.latencyPercentiles = percentiles
        },
        format: { settings in
            settings.latencyPercentiles.map { InfoText.trimmed($0) }.joined(separator: " ")
        })

    /// Braces stand in pairs around names that are known.
    @Sendable private static func checkTitle(_ template: String) -> String? {
        let known = [
            "title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file",
        ]
        if template.isEmpty { return "template format is invalid or contains unknown variables" }
        var rest = template[...]
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}"),
                known.contains(String(rest[rest.index(after: open)..<close]))
            else { return "template format is invalid or contains unknown variables" }
            rest = rest[rest.index(after: close)...]
        }
        return nil
    }
}

extension Directive where Settings == ServerSettings {
    /// Several numbers, kept as they are written.
    static func numbers(
        _ name: String, default value: String,
        check: @escaping @Sendable ([String]) -> String?
    ) -> Directive {
        Directive(
            name, flags: .multiArgument,
            parse: { (settings, values) throws(DirectiveError) in
                if let reason = check(values) { throw DirectiveError(reason) }
                settings[words: name, default: value] = values
            },
            format: { $0[text: name, default: value] })
    }
}
