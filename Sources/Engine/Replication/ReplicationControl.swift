import Digests
import Memory
import Replication
import Sessions

/// Everything the engine holds for replication: which history it speaks for, the stream, its
/// replicas, the link to its primary, and what it remembers over a restart.
package struct ReplicationControl: ~Copyable {
    /// Whether this server follows a primary.
    package internal(set) var isReplica = false
    package internal(set) var history: ReplicationHistory
    package internal(set) var stream: ReplicationStream
    package internal(set) var replicas = AttachedReplicas()
    /// Sessions that said something of themselves by REPLCONF and have not asked for anything
    /// yet, by number.
    var callers: [Int: ReplicaLink] = [:]
    /// When a replica's backlog went over its soft limit, by session.
    var overSoftLimit: [Int: Int64] = [:]
    /// End of the stream that replicas were last woken for.
    var fedOffset = -1
    /// When the last replica left (monotonic µs); the backlog's time to live counts from here.
    var noReplicasSince: Int64 = 0

    /// The link to the primary.
    var primary = PrimaryLink()
    package internal(set) var failover = FailoverMachine()
    /// How often PSYNC … FAILOVER was sent in this failover. While an answer is missing the
    /// target may have taken over.
    var failoverRequests = 0
    var acknowledgements = ReplicaAcknowledgements()
    /// A client waits for acknowledgements: REPLCONF GETACK goes into the stream this turn.
    var wantsAcknowledgements = false
    var shutdown: Shutdown?
    private let passing = PassedByAddress()
    var localExpiry = LocalExpiry()
    package internal(set) var node: NodeRecord
    var fence = Fence()
    /// The history of the data found on disk at the start.
    var loadedHistory: ReplicationID?
    package internal(set) var statistics = ReplicationStatistics()
    /// The next run of what is due every second, and how many there were.
    var nextSecond: Int64 = 0
    var seconds = 0

    /// Whether replicas have yet to be shown the end of the stream.
    var hasUnfedStream: Bool { stream.isActive && stream.offset != fedOffset }

    /// What the log says now and then while the server is fenced.
    mutating func remindOfFence(at now: Int64) -> LogLine? {
        fence.tick(at: now, epoch: node.state.epoch)
    }

    /// Whether the stream of the primary arrives.
    package var isLinkUp: Bool { primary.isOnline }

    package init(heap: Heap, backlog: Int, random: inout RandomGenerator) {
        history = ReplicationHistory(id: ReplicationID(random: &random))
        stream = ReplicationStream(heap: heap, limit: backlog)
        node = NodeRecord(nodeID: ReplicationID(random: &random).text)
    }
}

/// How replicas were synchronised, for INFO stats.
package struct ReplicationStatistics: Equatable, Sendable {
    package var full = 0
    package var partial = 0
    /// Requests to continue that could not be granted.
    package var refused = 0
    package init() {}
}

extension DataEngine {
    /// Offset behind the last byte of the stream.
    package var streamEnd: Int { replication.stream.offset }

    /// What a replica with a link has acknowledged of its primary's stream, if anything.
    package var acknowledgedOffset: Int? {
        let link = replication.primary
        return link.isOnline && link.acknowledged >= 0 ? link.acknowledged : nil
    }

    /// Whether this server is a primary that takes writes from clients.
    package var isWritablePrimary: Bool {
        !replication.isReplica && gates.isDisjoint(with: [.fenced, .loading])
    }

    /// Logs what a machine says.
    mutating func log(_ line: LogLine) {
        let level: LogLevel =
            switch line.level {
            case .debug: .debug
            case .notice: .notice
            case .warning: .warning
            }
        frontend.log(level, line.text)
    }

    /// Whether commands executed here go into the stream: there is one, and it is our own.
    mutating func refreshPropagation() {
        unit.isDisabled = replication.isReplica || !replication.stream.isActive
    }

    /// Brings the gates in line with role, link, replicas and settings.
    package mutating func refreshReplicationGates() {
        let isReplica = replication.isReplica
        set(.readOnlyReplica, isReplica && settings.replicaReadOnly)
        set(
            .stale,
            isReplica && !replication.primary.isOnline && !settings.replicaServeStaleData)
        let isDemanding =
            !isReplica && settings.minReplicasToWrite > 0 && settings.minReplicasMaxLag > 0
        set(.fewReplicas, isDemanding && goodReplicas < settings.minReplicasToWrite)
    }

    private mutating func set(_ gate: Gates, _ isClosed: Bool) {
        if isClosed { gates.insert(gate) } else { gates.remove(gate) }
    }

    /// Replicas that acknowledged within `min-replicas-max-lag` seconds.
    var goodReplicas: Int {
        replication.replicas.good(
            maximumLag: settings.minReplicasMaxLag, at: frontend.time.monotonic)
    }

    /// Settings of replication changed.
    package mutating func replicationSettingsChanged() {
        replication.stream.resize(limit: settings.replBacklogSize)
        replication.stream.trim(slowest: replication.replicas.slowestPosition)
        refreshReplicationGates()
    }

    /// A new history's name.
    mutating func newHistoryID() -> ReplicationID { ReplicationID(random: &frontend.random) }
}
