/// Limits of one class of clients on unsent replies; 0 means none.
package struct OutputLimit: Equatable, Sendable {
    package var hard: Int
    package var soft: Int
    package var softSeconds: Int
    package init(hard: Int, soft: Int, softSeconds: Int) {
        self.hard = hard
        self.soft = soft
        self.softSeconds = softSeconds
    }
}

/// Classes of clients that output limits tell apart.
package enum ClientClass: Int, CaseIterable, Sendable {
    case normal, replica, pubsub, primary

    /// The name in configuration and in CLIENT KILL TYPE.
    package var name: String {
        switch self {
        case .normal: "normal"
        case .replica: "slave"
        case .pubsub: "pubsub"
        case .primary: "master"
        }
    }
}

/// Settings that server and sentinel have in common.
package struct FrontendSettings: Equatable, Sendable {
    package var requirePass = ""
    package var maxClients = 10000
    /// Bytes of unexecuted input after which a client is closed.
    package var queryBufferLimit = 1 << 30
    package var maxBulkLength = 512 << 20
    package var outputLimits = [
        OutputLimit(hard: 0, soft: 0, softSeconds: 0),
        OutputLimit(hard: 256 << 20, soft: 64 << 20, softSeconds: 60),
        OutputLimit(hard: 32 << 20, soft: 8 << 20, softSeconds: 60),
    ]
    /// Idle seconds after which a client is closed; 0 = never.
    package var timeout = 0
    package var tcpKeepalive = 300
    package var protectedMode = true
    package var slowlogSlowerThan = 10000
    package var slowlogMaxLength = 128
    package init() {}
}
