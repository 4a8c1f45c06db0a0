import Configuration
import Keyspace
import Sessions

/// Every setting of the data server, as plain values. Directives (name, kind, default, bounds)
/// are rows in `ServerDirectives*.swift`.

package struct ServerSettings: Equatable, Sendable {
    package var frontend = FrontendSettings()
    package var databases = 16

    // Memory and expiry.
    package var maxmemory = 0
    package var maxmemoryPolicy = EvictionPolicy.noEviction
    /// Bytes that all clients together may hold, or minus the percentage of `maxmemory`.
    package var maxmemoryClients = 0
    package var maxmemorySamples = 5
    package var lazyfreeLazyEviction = false
    package var lazyfreeLazyExpire = false
    package var lazyfreeLazyServerDel = false
    package var lazyfreeLazyUserDel = false
    package var lazyfreeLazyUserFlush = false
    package var activeExpireEffort = 1
    package var activeExpire = true
    package var lfuLogFactor = 10
    package var lfuDecayTime = 1
    package var hz = 10
    package var notifyKeyspaceEvents: NotificationClasses = []
    package var encodings = EncodingLimits()

    // Snapshots.
    package var dir = "."
    package var dbfilename = "dump.rdb"
    package var savePoints = [
        SavePoint(seconds: 3600, changes: 1), SavePoint(seconds: 300, changes: 100),
        SavePoint(seconds: 60, changes: 10000),
    ]
    package var rdbCompression = true
    package var rdbChecksum = true
    package var stopWritesOnSaveError = true
    package var snapshotBufferLimit = 256 << 20

    // Replication.
    package var replicaOf: PrimaryAddress?
    package var primaryUser: [UInt8] = []
    package var primaryAuth: [UInt8] = []
    package var replicaServeStaleData = true
    package var replicaReadOnly = true
    package var replDisklessSync = true
    package var replDisklessSyncDelay = 5
    package var replDisklessSyncMaxReplicas = 0
    package var replPingPeriod = 10
    package var replTimeout = 60
    package var replBacklogSize = 1 << 20
    package var replBacklogTTL = 3600
    package var replicaPriority = 100
    package var replicaAnnounced = true
    package var replicaAnnounceIP = ""
    package var replicaAnnouncePort = 0
    package var minReplicasToWrite = 0
    package var minReplicasMaxLag = 10
    package var acceptEmptyPrimary = false
    package var shutdownTimeout = 10

    package var replicaIgnoreMaxmemory = true
    package var replicaLazyFlush = false
    package var replDisableTCPNoDelay = false

    /// Percentiles of the commands' times that INFO latencystats shows.
    package var latencyPercentiles: [Double] = [50, 99, 99.9]

    // Who may use what.
    package var enableDebugCommand = LocalAccess.no
    package var enableModuleCommand = LocalAccess.no
    package var enableProtectedConfigs = LocalAccess.no
    /// New names of commands, in the order of the file; an empty one takes the command away.
    package var renamedCommands: [CommandRename] = []

    /// Users of the configuration file. Their rules name commands by what they are, so that
    /// `rename-command` does not matter.
    package var users: [ACLUser] = []
    package var aclFile = ""

    // Network and process, acted on by the host.
    package var bindSource: String?
    package var supervised = Supervision.no
    package var shutdownOnInterrupt = ShutdownOptions.standard
    package var shutdownOnTerminate = ShutdownOptions.standard
    package var port = 6379
    package var bind = ["*", "-::*"]
    package var tcpBacklog = 511
    package var unixSocket = ""
    package var unixSocketPermissions = 0
    package var logLevel = LogLevel.notice
    package var logFile = ""
    package var pidFile = ""
    package var daemonize = false
    package var setsTitle = true
    package var titleTemplate = "{title} {listen-addr} {server-mode}"
    package var syslogEnabled = false
    package var syslogIdent = "redis"
    package var syslogFacility = "local0"

    /// Values of directives that are known and kept but have no effect here, by name; those
    /// that were never set are missing.
    package var inert: [String: String] = [:]

    package init() {}
}

extension ServerSettings {
    /// What `proc-title-template` makes of the settings for a program started as `program`.
    package func title(program: String, configurationPath: String) -> String {
        let address = port > 0 ? "\(bind.first ?? "*"):\(port)" : unixSocket
        let values = [
            "title": program, "listen-addr": address, "server-mode": "", "port": "\(port)",
            "tls-port": "0", "unixsocket": unixSocket, "config-file": configurationPath,
        ]
        var text = ""
        var rest = titleTemplate[...]
        while let open = rest.firstIndex(of: "{"),
            let close = rest[open...].firstIndex(of: "}")
        {
            text += rest[..<open]
            text += values[String(rest[rest.index(after: open)..<close])] ?? ""
            rest = rest[rest.index(after: close)...]
        }
        text += rest
        while text.hasSuffix(" ") { text.removeLast() }
        while text.hasPrefix(" ") { text.removeFirst() }
        return text
    }
}

/// Where a primary is.
package struct PrimaryAddress: Equatable, Sendable {
    package var host: String
    package var port: Int
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

/// From where a dangerous feature may be used.
package enum LocalAccess: String, CaseIterable, Sendable {
    case no, yes, local
}

/// Who started the server and hears of its state.
package enum Supervision: String, CaseIterable, Sendable {
    case upstart, systemd, auto, no
}

/// `rename-command`.
package struct CommandRename: Equatable, Sendable {
    package var command: String
    package var name: String
    package init(command: String, name: String) {
        self.command = command
        self.name = name
    }
}

/// What a signal that ends the server means: words of `shutdown-on-sigterm` as bits.
package enum ShutdownOptions {
    package static let standard = 0
    package static let save = 1
    package static let noSave = 2
    package static let now = 4
    package static let force = 8
}

/// What to remove when memory is full.
package enum EvictionPolicy: String, CaseIterable, Sendable {
    case volatileLRU = "volatile-lru"
    case volatileLFU = "volatile-lfu"
    case volatileRandom = "volatile-random"
    case volatileTTL = "volatile-ttl"
    case allKeysLRU = "allkeys-lru"
    case allKeysLFU = "allkeys-lfu"
    case allKeysRandom = "allkeys-random"
    case noEviction = "noeviction"

    package var usesLFU: Bool { self == .volatileLFU || self == .allKeysLFU }
    package var usesLRU: Bool { self == .volatileLRU || self == .allKeysLRU }
    package var isVolatileOnly: Bool { rawValue.hasPrefix("volatile") }
}
