import Configuration
import RESP

extension ServerDirectives {
    static let replication: [Row] = [
        replicaOf,
        .bytes("\(WireNames.primaryAuth)", flags: .sensitive, \.primaryAuth),
        .bytes("\(WireNames.primaryUser)", flags: .sensitive, \.primaryUser),
        .boolean(
            "replica-serve-stale-data", alias: "\(WireNames.replicaServeStaleData)",
            \.replicaServeStaleData),
        .boolean(
            "replica-read-only", alias: "\(WireNames.replicaReadOnlyDirective)", flags: .debug,
            \.replicaReadOnly),
        .boolean(
            "replica-ignore-maxmemory", alias: "\(WireNames.replicaIgnoreMaxmemory)",
            \.replicaIgnoreMaxmemory),
        .boolean(
            "replica-lazy-flush", alias: "\(WireNames.replicaLazyFlush)", \.replicaLazyFlush),
        .integer(
            "replica-priority", alias: "\(WireNames.replicaPriorityDirective)", \.replicaPriority,
            0...int32),
        .boolean("replica-announced", \.replicaAnnounced),
        .string(
            "replica-announce-ip", alias: "\(WireNames.replicaAnnounceIP)", \.replicaAnnounceIP),
        .integer(
            "replica-announce-port", alias: "\(WireNames.replicaAnnouncePort)",
            \.replicaAnnouncePort, 0...65535),
        .boolean(
            "replica-ignore-disk-write-errors",
            \.[flag: "replica-ignore-disk-write-errors", default: false]),
        .boolean("repl-diskless-sync", flags: .debug, \.replDisklessSync),
        .integer("repl-diskless-sync-delay", \.replDisklessSyncDelay, 0...int32),
        .integer("repl-diskless-sync-max-replicas", \.replDisklessSyncMaxReplicas, 0...int32),
        .words(
            "repl-diskless-load", "disabled on-empty-db swapdb", flags: [.debug, .denyLoading]),
        .boolean("repl-disable-tcp-nodelay", \.replDisableTCPNoDelay),
        .integer(
            "repl-ping-replica-period", alias: "\(WireNames.replPingReplicaPeriod)",
            \.replPingPeriod, 1...int32),
        .integer("repl-timeout", \.replTimeout, 1...int32),
        .memory("repl-backlog-size", \.replBacklogSize, 1...Int.max),
        .integer("repl-backlog-ttl", \.replBacklogTTL, 0...Int.max),
        .integer(
            "min-replicas-to-write", alias: "\(WireNames.minReplicasToWrite)", \.minReplicasToWrite,
            0...int32),
        .integer(
            "min-replicas-max-lag", alias: "\(WireNames.minReplicasMaxLag)", \.minReplicasMaxLag,
            0...int32),
        .boolean("accept-empty-primary", \.acceptEmptyPrimary),
        .words("propagation-error-behavior", "ignore panic panic-on-replicas"),
    ]

    private static let replicaOf = Row(
        "replicaof", alias: "\(WireNames.replicaOfOld)", flags: [.immutable, .multiArgument],
        parse: { (settings, values) throws(DirectiveError) in
            guard values.count == 2 else { throw DirectiveError("wrong number of arguments") }
            if values[0].lowercased() == "no", values[1].lowercased() == "one" {
                settings.replicaOf = nil
                return
            }
            guard let port = Int(values[1]), (0...65535).contains(port) else {
                throw DirectiveError("\(WireNames.invalidPrimaryPort)")
            }
            settings.replicaOf = PrimaryAddress(host: values[0], port: port)
        },
        format: { $0.replicaOf.map { "\($0.host) \($0.port)" } ?? "" },
        rewrite: { name, settings, _ in
            guard let primary = settings.replicaOf else { return [] }
            return [RewrittenLine("\(name) \(primary.host) \(primary.port)", isForced: true)]
        })
}

extension Directive where Settings == ServerSettings {
    /// One of several words, the first of which is the default; kept without effect.
    static func words(
        _ name: String, _ choices: String, flags: DirectiveFlags = []
    ) -> Directive {
        let words = choices.split(separator: " ").map(String.init)
        return .enumeration(
            name, flags: flags, \.[text: name, default: words[0]], words.map { ($0, $0) })
    }

    /// A switch that is kept without effect.
    static func kept(
        _ name: String, _ value: Bool, flags: DirectiveFlags = []
    ) -> Directive {
        .boolean(name, flags: flags, \.[flag: name, default: value])
    }

    /// A number that is kept without effect.
    static func kept(
        _ name: String, alias: String? = nil, _ value: Int, _ range: ClosedRange<Int>,
        flags: DirectiveFlags = []
    ) -> Directive {
        .integer(name, alias: alias, flags: flags, \.[number: name, default: value], range)
    }

    /// A number of bytes that is kept without effect.
    static func keptBytes(
        _ name: String, alias: String? = nil, _ value: Int, _ range: ClosedRange<Int>,
        flags: DirectiveFlags = []
    ) -> Directive {
        .memory(name, alias: alias, flags: flags, \.[number: name, default: value], range)
    }

    /// A text, or none, that is kept without effect.
    static func kept(_ name: String, flags: DirectiveFlags = []) -> Directive {
        .optionalString(name, flags: flags, \.[optional: name])
    }

    /// A switch for something that this server does not do: asking for it must not look as if it
    /// had worked.
    static func refused(
        _ name: String, _ reason: String, flags: DirectiveFlags = []
    ) -> Directive {
        .boolean(
            name, flags: flags, \.[flag: name, default: false], check: { $0 ? reason : nil })
    }
}
