import Configuration
import RESP

/// Classes of clients that output limits tell apart.
package enum ClientClass: Int, CaseIterable, Sendable {
    case normal, replica, pubsub, primary

    /// The name in configuration and in CLIENT KILL TYPE.
    package var name: String {
        switch self {
        case .normal: "normal"
        case .replica: "\(WireNames.replica)"
        case .pubsub: "pubsub"
        case .primary: "\(WireNames.primary)"
        }
    }
}

/// Settings that server and sentinel have in common.
package struct FrontendSettings: Equatable, Sendable {
    /// The password of the default user; empty for none.
    package var requirePass: [UInt8] = []
    package var maxClients = 10000
    /// Bytes of unexecuted input after which a client is closed.
    package var queryBufferLimit = 1 << 30
    package var maxBulkLength = 512 << 20
    /// Limits on unsent output by class of client; the primary has none.
    package var outputLimits = [
        OutputBufferLimit(hardBytes: 0, softBytes: 0, softSeconds: 0),
        OutputBufferLimit(hardBytes: 256 << 20, softBytes: 64 << 20, softSeconds: 60),
        OutputBufferLimit(hardBytes: 32 << 20, softBytes: 8 << 20, softSeconds: 60),
    ]
    /// Idle seconds after which a client is closed; 0 = never.
    package var timeout = 0
    package var tcpKeepalive = 300
    package var protectedMode = true
    /// Entries of ACL LOG.
    package var aclLogLength = 128
    /// Whether a new user may use all channels (`acl-pubsub-default`).
    package var channelsByDefault = false
    /// Microseconds from which on a command is logged; negative = none is.
    package var slowlogSlowerThan = 10000 { didSet { updateNoticeable() } }
    package var slowlogMaxLength = 128
    package var latencyTracking = true
    /// Milliseconds from which on a delay is remembered; 0 = none is.
    package var latencyMonitorThreshold = 0 { didSet { updateNoticeable() } }
    /// Microseconds from which on the log or the monitor wants to know of a command.
    @usableFromInline package private(set) var noticeable: Int64 = 10000

    package init() {}

    private mutating func updateNoticeable() {
        let slow = slowlogSlowerThan >= 0 ? Int64(slowlogSlowerThan) : .max
        let delay = latencyMonitorThreshold > 0 ? Int64(latencyMonitorThreshold) : .max
        noticeable = delay < slow / 1000 ? delay * 1000 : slow
    }
}
