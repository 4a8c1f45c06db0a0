import Configuration
import Host
import Platform
import Sessions

/// What the general directives of a sentinel's file say.
struct SentinelSettings: Equatable, Sendable {
    var frontend = FrontendSettings()
    var port = 26379
    var bind = ["*", "-::*"]
    var tcpBacklog = 511
    var unixSocket = ""
    var unixSocketPermissions = 0
    var dir = "."
    var logFile = ""
    var logLevel = LogLevel.notice
    var daemonize = false
    var pidFile = ""
    /// Where promises are kept; empty for a file beside the configuration file.
    var stateFile = ""

    /// Redis's defaults, which for a sentinel leave the network open.
    init() { frontend.protectedMode = false }

    /// What the host needs of them.
    var host: HostSettings {
        var host = HostSettings()
        host.port = port
        host.bind = bind
        host.backlog = tcpBacklog
        host.unixSocket = unixSocket
        host.unixSocketPermissions = UInt32(clamping: unixSocketPermissions)
        host.logLevel = logLevel
        host.keepAlive = frontend.tcpKeepalive
        return host
    }

    /// The settings that `lines` make. Sentinel statements are left to the core, and directives
    /// that only a data server has are passed over.
    init(_ lines: [ConfigurationLine]) throws(ConfigurationError) {
        self.init()
        try SentinelSettings.table.apply(lines, to: &self) { (line, _) throws(DirectiveError) in
            line.name == "sentinel" || ServerDirectives.names.contains(line.name)
        }
    }

    private typealias Row = Directive<SentinelSettings>

    private static let table = DirectiveTable<SentinelSettings>([
        .list("bind", \.bind, most: 16, tooMany: "Too many bind addresses specified."),
        Row.integer("port", \.port, 0...65535),
        Row.integer("tcp-backlog", \.tcpBacklog, 0...Int(Int32.max)),
        Row.integer("tcp-keepalive", \.frontend.tcpKeepalive, 0...Int(Int32.max)),
        Row.integer("timeout", \.frontend.timeout, 0...Int(Int32.max)),
        Row.string("unixsocket", \.unixSocket),
        Row.octal("unixsocketperm", \.unixSocketPermissions, 0...0o777),
        Row.boolean("protected-mode", \.frontend.protectedMode),
        Row.integer("maxclients", \.frontend.maxClients, 1...Int(UInt32.max)),
        Row.bytes("requirepass", flags: .sensitive, \.frontend.requirePass),
        Row.memory(
            "client-query-buffer-limit", \.frontend.queryBufferLimit, 1 << 20...Int.max),
        Row.integer("slowlog-log-slower-than", \.frontend.slowlogSlowerThan, -1...Int.max),
        Row.integer("slowlog-max-len", \.frontend.slowlogMaxLength, 0...Int.max),
        Row.boolean("daemonize", \.daemonize),
        Row.string("pidfile", \.pidFile),
        Row.string("logfile", \.logFile),
        Row.enumeration(
            "loglevel", \.logLevel,
            [("debug", .debug), ("verbose", .verbose), ("notice", .notice), ("warning", .warning)]),
        Row.string("dir", \.dir),
        Row.string("state-file", \.stateFile),
        Row.outputBufferLimits(
            "client-output-buffer-limit", \.frontend.outputLimits,
            classes: [
                (["normal"], "normal"), (ServerDirectives.replicaClass, "replica"),
                (["pubsub"], "pubsub"),
            ]),
    ])
}
