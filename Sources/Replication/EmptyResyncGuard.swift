/// Keeps a replica from replacing its data by nothing. A primary that lost its data set at a
/// restart would otherwise empty all its replicas before anybody notices. So the old data stay
/// until the snapshot has shown a key; a snapshot that ends without one is refused unless
/// somebody who can know has said that the data are to go.
package struct EmptyResyncGuard: Equatable, Sendable {
    /// Why an empty snapshot is fine.
    package enum Consent: Equatable, Sendable {
        /// Nobody answers for the data: an empty snapshot is refused.
        case none
        /// No tandem-sentinel watches this node, so it does as Redis does.
        case unwatched
        /// An operator or sentinel named this primary, as it is (see `PrimaryOrder`).
        case ordered
        /// A sentinel confirmed that the primary is rightly empty.
        case confirmed
    }

    package enum Decision: Equatable, Sendable {
        /// Not known yet: keep the old data.
        case undecided
        /// The old data may go.
        case replace
        /// Close the link and keep the old data.
        case refuse
    }

    /// Keys held when the snapshot began.
    package let keys: Int
    package private(set) var consent: Consent
    package private(set) var decision: Decision

    package init(keys: Int, consent: Consent) {
        self.keys = keys
        self.consent = consent
        decision = keys == 0 || consent != .none ? .replace : .undecided
    }

    /// The snapshot holds a key.
    package mutating func sawKey() {
        if decision == .undecided { decision = .replace }
    }

    /// The snapshot is over.
    package mutating func sawEnd() {
        if decision == .undecided { decision = .refuse }
    }

    /// A sentinel vouches for the primary's emptiness. Too late once refused: the next attempt
    /// starts with the consent.
    package mutating func confirm() {
        consent = .confirmed
        if decision == .undecided { decision = .replace }
    }

    /// What the log says about a refusal.
    package var refusal: LogLine {
        .warning(ReplicationText.emptyRefused(keys: keys))
    }
}
