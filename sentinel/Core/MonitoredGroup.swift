import Memory

/// A vote for a leader; one is given per group and epoch.
package struct Vote: Equatable, Sendable {
    package var leader: String?
    package var epoch: UInt64 = 0
}

/// What the operator sets for a group. Times are milliseconds.
package struct GroupSettings: Equatable, Sendable {
    package var quorum: Int
    package var downAfter: Int64
    package var failoverTimeout: Int64
    package var parallelSyncs = 1
    package var notificationScript: String?
    package var clientReconfigurationScript: String?
    package var password: String?
    package var user: String?
    /// How long a primary with a new run id may go without PONG; 0 for never.
    package var rebootDownAfter: Int64 = 0
    /// Commands that the group's servers know by another name, in the order given.
    package var renamedCommands: [RenamedCommand] = []

    package init(quorum: Int, timing: Timing = Timing()) {
        self.quorum = quorum
        downAfter = timing.defaultDownAfter
        failoverTimeout = timing.defaultFailoverTimeout
    }

    /// The name by which the group's servers know `command`.
    func name(of command: String) -> String {
        renamedCommands.first { $0.name.lowercased() == command.lowercased() }?.newName ?? command
    }
}

package struct RenamedCommand: Equatable, Sendable {
    package var name: String
    package var newName: String
}

/// A primary with its replicas and the other sentinels that watch it.
package struct MonitoredGroup: Equatable, Sendable {
    package let name: String
    package var settings: GroupSettings
    package var primary: Instance
    package var replicas: [Instance] = []
    package var sentinels: [Instance] = []
    /// The epoch in which the current primary was chosen.
    package var configurationEpoch: UInt64 = 0
    package var vote = Vote()
    /// The vote as it is in the state file.
    var savedVote = Vote()
    /// The last vote that could not be saved.
    var refusedVote: Vote?
    /// Since when enough sentinels agree that the primary is down.
    package var objectivelyDownSince: Int64?
    package var failover: Failover?
    /// Whether the operator lets a node that holds nothing serve, until one serves.
    var acceptsEmpty = false
    /// What the primary's former life told last, until the present one serves in its place.
    var formerLife: NodeReport?
    /// When another process took its place.
    var formerLifeEnded: Int64 = 0
    var gate = FailoverGate()
    /// The next moment at which something is due.
    var wake: Int64 = 0

    /// Most replicas and other sentinels of a group; more are not believed.
    static let replicaLimit = 1024
    static let sentinelLimit = 128

    init(name: String, primary: Address, settings: GroupSettings, now: Int64) {
        self.name = name
        self.settings = settings
        self.primary = Instance(.primary, primary, now: now)
    }

    /// The address to give to clients: the promoted replica's as soon as it serves.
    package var currentAddress: Address {
        if let failover, failover.stage.isPromoted, let promoted = failover.promoted {
            return promoted
        }
        return primary.address
    }

    func replicaIndex(_ address: Address) -> Int? {
        replicas.firstIndex { $0.address == address }
    }

    /// The sentinels that count for a majority, this one included.
    var voterCount: Int { sentinels.count + 1 }

    /// The votes that make a leader.
    var votesNeeded: Int {
        Mutation.electedWithoutMajority.isActive ? 1 : max(voterCount / 2 + 1, settings.quorum)
    }
}

/// When this sentinel may start a failover of the group by itself.
struct FailoverGate: Equatable, Sendable {
    /// Not before this time, because an attempt was made or a vote given.
    var closedUntil: Int64 = 0
    /// The one voted for, whose failover is waited for until then.
    var leader: String?
    /// Since when the leader cannot be reached.
    var leaderLostSince: Int64?
    /// The draw of who goes first: nil until there is a reason to start.
    var startAt: Int64?
    /// Attempts in a row that failed.
    var failures = 0
    /// Whether the delay was logged.
    var isLogged = false
}
