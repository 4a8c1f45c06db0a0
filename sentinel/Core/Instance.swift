/// What kind of instance is watched.
package enum InstanceKind: Sendable {
    case primary, replica, sentinel

    var wireName: String {
        switch self {
        case .primary: RoleName.primary
        case .replica: RoleName.replica
        case .sentinel: RoleName.sentinel
        }
    }
}

/// A watched instance: a primary, a replica, or another sentinel of a group. Connections and
/// PINGs are its link's (see `InstanceLink`).
package struct Instance: Equatable, Sendable {
    package var kind: InstanceKind
    package var address: Address
    /// The process's id; of sentinels their lasting id, known from the start.
    package var runID: String?
    package var downSince: Int64?
    /// When it was found down last.
    var lastDownAt: Int64?
    var lastPublish: Int64?
    /// What a data node says of itself.
    package var report: NodeReport
    /// What the process before told last, until the present one has a primary's data.
    var formerReport: NodeReport?
    /// Where a replica is in a reconfiguration wave.
    package var reconfiguration: Reconfiguration = .none
    /// When a node stopped being the primary, until it says that it is a replica.
    var demotedAt: Int64?
    var rebootSince: Int64?
    var scriptKillSent = false
    /// What another sentinel says of the group.
    package var opinion: PeerOpinion

    init(_ kind: InstanceKind, _ address: Address, runID: String? = nil, now: Int64) {
        self.kind = kind
        self.address = address
        self.runID = runID
        report = NodeReport(kind == .primary ? .primary : .replica, now: now)
        opinion = PeerOpinion(now: now)
    }
}

/// Where a replica is on its way to the new primary.
package enum Reconfiguration: Equatable, Sendable {
    case none
    case sent(at: Int64)
    case inProgress
    case done
}

/// What another sentinel says of a group.
package struct PeerOpinion: Equatable, Sendable {
    package var saysPrimaryDown = false
    var askedAt: Int64?
    var answeredAt: Int64?
    package var leader: String?
    package var leaderEpoch: UInt64 = 0
    var lastHello: Int64

    init(now: Int64) { lastHello = now }

    /// Forgets what was said, as after a change of primary.
    mutating func reset() {
        saysPrimaryDown = false
        askedAt = nil
        answeredAt = nil
        leader = nil
    }
}

/// Where an instance stands in the tables; valid until they change.
package struct InstanceRef: Hashable, Sendable {
    enum Place: Hashable, Sendable {
        case primary
        case replica(Int)
        case sentinel(Int)
    }
    let group: Int
    let place: Place
}
