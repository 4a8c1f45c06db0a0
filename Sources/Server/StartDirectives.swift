import Configuration
import Engine
import Sessions

/// The directives without which a server cannot even be started.
let startDirectives = DirectiveTable<ServerSettings>([
    .integer("port", \.port, 0...65535),
    .list("bind", \.bind, most: 16, tooMany: "Too many bind addresses specified."),
    .integer("tcp-backlog", flags: .immutable, \.tcpBacklog, 0...Int(Int32.max)),
    .string("unixsocket", flags: .immutable, \.unixSocket),
    .octal("unixsocketperm", flags: .immutable, \.unixSocketPermissions, 0...0o777),
    .string("logfile", flags: .immutable, \.logFile),
    .string("pidfile", flags: .immutable, \.pidFile),
    .boolean("daemonize", flags: .immutable, \.daemonize),
    .string("dir", \.dir),
    .integer("maxclients", \.frontend.maxClients, 1...Int(Int32.max)),
    .string("requirepass", \.frontend.requirePass),
    .boolean("protected-mode", \.frontend.protectedMode),
    .integer("tcp-keepalive", \.frontend.tcpKeepalive, 0...Int(Int32.max)),
])
