import Configuration
import RESP
import Sessions

/// The directives of the data server: every one of Redis 7.0.15, in families. Those that have an
/// effect are bound to a field of `ServerSettings`; the others are checked, kept and shown.
package enum ServerDirectives {
    typealias Row = Directive<ServerSettings>

    package static let table = DirectiveTable<ServerSettings>(
        network + general + limits + memory + snapshots + replication + appendOnly + processes
            + tls + clusterRows + encodings + diagnostics)

    /// Most of a 32-bit integer, which is the bound of many numbers.
    static let int32 = Int(Int32.max)

    static let network: [Row] = [
        .list(
            "bind", \.bind, most: 16, tooMany: "Too many bind addresses specified."),
        .optionalString("bind-source-addr", \.bindSource),
        .integer("port", \.port, 0...65535),
        .integer("tcp-backlog", flags: .immutable, \.tcpBacklog, 0...int32),
        .integer("tcp-keepalive", \.frontend.tcpKeepalive, 0...int32),
        .integer("timeout", \.frontend.timeout, 0...int32),
        .string("unixsocket", flags: .immutable, \.unixSocket),
        .octal("unixsocketperm", flags: .immutable, \.unixSocketPermissions, 0...0o777),
        .boolean("protected-mode", \.frontend.protectedMode),
        .integer("maxclients", \.frontend.maxClients, 1...Int(UInt32.max)),
        .integer(
            "socket-mark-id", flags: .immutable, \.[number: "socket-mark-id", default: 0],
            0...Int(UInt32.max)),
    ]

    static let general: [Row] = [
        .integer("databases", flags: .immutable, \.databases, 1...int32),
        .boolean("daemonize", flags: .immutable, \.daemonize),
        .string("pidfile", flags: .immutable, \.pidFile),
        .string("logfile", flags: .immutable, \.logFile),
        .enumeration(
            "loglevel", \.logLevel,
            [("debug", .debug), ("verbose", .verbose), ("notice", .notice), ("warning", .warning)]),
        .integer("hz", \.hz, 0...int32),
        .boolean("dynamic-hz", \.[flag: "dynamic-hz", default: true]),
        .bytes("requirepass", flags: .sensitive, \.frontend.requirePass),
        .enumeration("enable-debug-command", flags: .immutable, \.enableDebugCommand),
        .enumeration("enable-module-command", flags: .immutable, \.enableModuleCommand),
        .enumeration("enable-protected-configs", flags: .immutable, \.enableProtectedConfigs),
        .enumeration("supervised", flags: .immutable, \.supervised),
        .bits("shutdown-on-sigint", \.shutdownOnInterrupt, shutdownWords, check: checkShutdown),
        .bits("shutdown-on-sigterm", \.shutdownOnTerminate, shutdownWords, check: checkShutdown),
        .integer("shutdown-timeout", \.shutdownTimeout, 0...int32),
        notifications,
    ]

    static let limits: [Row] = [
        .outputBufferLimits(
            "client-output-buffer-limit", \.frontend.outputLimits,
            classes: [
                (["normal"], "normal"),
                (["replica", "\(WireNames.replica)"], "\(WireNames.replica)"),
                (["pubsub"], "pubsub"),
            ]),
        .memory(
            "client-query-buffer-limit", flags: .debug, \.frontend.queryBufferLimit,
            1 << 20...Int.max),
        .memory(
            "proto-max-bulk-len", flags: .debug, \.frontend.maxBulkLength, 1 << 20...Int.max),
        .integer("slowlog-log-slower-than", \.frontend.slowlogSlowerThan, -1...Int.max),
        .integer("slowlog-max-len", \.frontend.slowlogMaxLength, 0...Int.max),
    ]

    static let memory: [Row] = [
        .memory("maxmemory", \.maxmemory),
        .memoryOrPercent("maxmemory-clients", \.maxmemoryClients),
        .enumeration("maxmemory-policy", \.maxmemoryPolicy),
        .integer("maxmemory-samples", \.maxmemorySamples, 1...int32),
        .integer(
            "maxmemory-eviction-tenacity", \.[number: "maxmemory-eviction-tenacity", default: 10],
            0...100),
        .boolean("lazyfree-lazy-eviction", flags: .debug, \.lazyfreeLazyEviction),
        .boolean("lazyfree-lazy-expire", flags: .debug, \.lazyfreeLazyExpire),
        .boolean("lazyfree-lazy-server-del", flags: .debug, \.lazyfreeLazyServerDel),
        .boolean("lazyfree-lazy-user-del", flags: .debug, \.lazyfreeLazyUserDel),
        .boolean("lazyfree-lazy-user-flush", flags: .debug, \.lazyfreeLazyUserFlush),
        .integer("active-expire-effort", \.activeExpireEffort, 1...10),
        .integer("lfu-log-factor", \.lfuLogFactor, 0...int32),
        .integer("lfu-decay-time", \.lfuDecayTime, 0...int32),
    ]

    static let snapshots: [Row] = [
        .savePoints("save", \.savePoints),
        .string("dir", flags: [.protected, .denyLoading], \.dir),
        .string(
            "dbfilename", flags: .protected, \.dbfilename,
            check: {
                $0.contains("/") ? "dbfilename can't be a path, just a filename" : nil
            }),
        .boolean("rdbcompression", \.rdbCompression),
        .boolean("rdbchecksum", flags: .immutable, \.rdbChecksum),
        .boolean("stop-writes-on-bgsave-error", \.stopWritesOnSaveError),
        .boolean("rdb-del-sync-files", \.[flag: "rdb-del-sync-files", default: false]),
        .boolean(
            "rdb-save-incremental-fsync", \.[flag: "rdb-save-incremental-fsync", default: true]),
        .memory("snapshot-buffer-limit", \.snapshotBufferLimit, 1 << 20...Int.max),
    ]

    private static let shutdownWords: [(name: String, bits: Int)] = [
        ("default", ShutdownOptions.standard), ("save", ShutdownOptions.save),
        ("nosave", ShutdownOptions.noSave), ("now", ShutdownOptions.now),
        ("force", ShutdownOptions.force),
    ]

    @Sendable private static func checkShutdown(_ bits: Int) -> String? {
        let both = ShutdownOptions.save | ShutdownOptions.noSave
        return bits & both == both
            ? "shutdown options SAVE and NOSAVE can't be used simultaneously" : nil
    }

    private static let notifications = Row(
        "notify-keyspace-events",
        parse: { (settings, values) throws(DirectiveError) in
            guard let classes = NotificationClasses(letters: values[0]) else {
                throw DirectiveError(
                    "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
            }
            settings.notifyKeyspaceEvents = classes
        },
        format: { $0.notifyKeyspaceEvents.letters },
        rewrite: { name, settings, defaults in
            let letters = settings.notifyKeyspaceEvents.letters
            return [
                RewrittenLine(
                    "\(name) \(Lexer.quoted(letters))",
                    isForced: letters != defaults.notifyKeyspaceEvents.letters)
            ]
        })
}
