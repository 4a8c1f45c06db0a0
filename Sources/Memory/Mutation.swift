/// Deliberate mistakes, each of which the simulator must find: they prove that its checkers
/// check. Only builds with TANDEM_MUTATIONS have them; everywhere else `isActive` is the constant
/// false and costs nothing.
@usableFromInline
package enum Mutation: String, CaseIterable, Sendable {
    // Sentinel.
    case doubleVote = "double-vote"
    case voteBeforePersisted = "vote-before-persisted"
    case epochNotPersisted = "epoch-not-persisted"
    case electedWithoutMajority = "elected-without-majority"
    case staleReplicaPromoted = "stale-replica-promoted"
    case ancientReplicaPromoted = "ancient-replica-promoted"
    case oldPrimaryForgotten = "old-primary-forgotten"
    case staleEpochAdopted = "stale-epoch-adopted"
    case failoverUncoordinated = "failover-uncoordinated"
    // Replication.
    case selectLostAfterPromotion = "select-lost-after-promotion"
    case replicationIDKept = "replication-id-kept"
    case partialResyncUnchecked = "partial-resync-unchecked"
    case restartResumesHistory = "restart-resumes-history"
    case acknowledgedBeforeApplied = "acknowledged-before-applied"
    case replicaExpiresKeys = "replica-expires-keys"
    case transactionSplit = "transaction-split"
    case failoverWithoutCatchUp = "failover-without-catch-up"
    case fenceIgnored = "fence-ignored"
    case snapshotWithoutPreImages = "snapshot-without-pre-images"

    #if TANDEM_MUTATIONS
        nonisolated(unsafe) private static var active: Mutation?

        /// Makes one mistake, or none, from now on.
        package static func activate(_ mutation: Mutation?) { unsafe active = mutation }

        /// Whether this mistake is to be made.
        package var isActive: Bool { unsafe Mutation.active == self }
    #else
        /// Whether this mistake is to be made: never, in this build.
        @inlinable package var isActive: Bool { false }
    #endif
}
