/// Names the connections to one instance. Data nodes have their own in every group; the link to
/// another sentinel is shared by all groups that know it.
enum LinkKey: Hashable, Sendable {
    case node(group: String, Address)
    case peer(String)
}

/// What the next reply of a connection answers.
enum Question: Equatable, Sendable {
    /// Nobody reads the answer.
    case ignored
    case ping
    case info
    case role
    case hello
    case scriptKill
    /// Without the subscription a pub/sub connection is of no use.
    case subscription
    /// TANDEM WATCH: an error says that the node is none of ours.
    case watch
    /// TANDEM UNWATCH: with the answer the connection has served.
    case farewell
    /// Whether the group's primary is down, and a vote.
    case primaryDown(group: String)
    /// FAILOVER, sent to the primary of a switchover in this epoch.
    case handOver(epoch: UInt64)
    /// TANDEM RESUME in this epoch.
    case resume(epoch: UInt64)
    /// TANDEM NODE, after such an order was refused.
    case node
    /// The EXEC of a promotion.
    case promotion
}

/// One connection, from the attempt on.
struct Connection: Equatable, Sendable {
    let id: Int
    var isOpen = false
    /// When it was attempted, then when it was opened.
    var since: Int64
    /// The last bytes from the peer; looked at for pub/sub connections.
    var lastActivity: Int64
    var localHost = ""
    /// Requests without a reply, oldest first. Bounded: periodic traffic stops at
    /// `InstanceLink.pendingLimit` per user of the link.
    var pending: [Question] = []
}

/// The connections to one instance and what its PINGs say. Times are microseconds.
struct InstanceLink: Equatable, Sendable {
    var address: Address
    var command: Connection?
    var pubsub: Connection?
    /// The first PING (or loss of the connection) that no valid reply has followed.
    var activePing: Int64?
    var lastPing: Int64?
    /// The last valid reply to a PING.
    var lastAvailable: Int64
    /// The last reply to a PING, valid or not.
    var lastPong: Int64
    var commandRetry = ConnectionRetry()
    var pubsubRetry = ConnectionRetry()

    /// Requests without a reply at which PING, INFO and hellos stop.
    static let pendingLimit = 100

    /// A link that has until `now` plus the group's patience to show life.
    init(_ address: Address, now: Int64) {
        self.address = address
        activePing = now
        lastAvailable = now
        lastPong = now
    }

    /// Whether requests can be sent.
    var isConnected: Bool { command?.isOpen == true }

    /// Whether nothing is missing; sentinels have no pub/sub connection.
    func isWhole(isPeer: Bool) -> Bool { isConnected && (isPeer || pubsub?.isOpen == true) }

    /// Forgets what PINGs said so far and waits anew.
    mutating func restartPatience(_ now: Int64) {
        activePing = now
        lastPing = nil
        lastAvailable = now
        lastPong = now
    }

    subscript(purpose: LinkPurpose) -> Connection? {
        get { purpose == .command ? command : pubsub }
        set { if purpose == .command { command = newValue } else { pubsub = newValue } }
    }

    subscript(retry purpose: LinkPurpose) -> ConnectionRetry {
        get { purpose == .command ? commandRetry : pubsubRetry }
        set { if purpose == .command { commandRetry = newValue } else { pubsubRetry = newValue } }
    }
}

/// When to try to connect again: at once after a loss, then at growing intervals.
struct ConnectionRetry: Equatable, Sendable {
    var failures = 0
    var at: Int64 = 0

    mutating func lost(_ now: Int64) {
        failures = 0
        at = now
    }

    mutating func failed(_ now: Int64, limit: Int64) {
        let delay = microseconds(Timing.firstReconnectDelay) << Int64(min(failures, 10))
        failures += 1
        at = now + min(delay, limit)
    }
}
