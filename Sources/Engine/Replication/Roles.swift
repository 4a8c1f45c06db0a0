import Memory
import RESP
import Replication
import Sessions

/// Becoming a replica, a primary, or the replica of another.
extension DataEngine {
    /// Follows the server at `address` from now on. Data and history stay: it may let us
    /// continue from where we are.
    mutating func follow(_ address: PrimaryAddress, isOrdered: Bool) {
        let wasPrimary = !replication.isReplica
        replication.isReplica = true
        reportLostLink()
        dropLink()
        unblockForRoleChange()
        settings.replicaOf = address
        replication.primary.stage = .disconnected
        replication.primary.order = isOrdered ? .given : .none
        replication.primary.strangeSince = nil
        if wasPrimary {
            // Whoever continues our stream starts with SELECT, so this only has to be valid.
            replication.primary.database = 0
            replication.primary.downSince = nil
            replication.primary.canContinue = !gates.contains(.loading)
            if !replication.stream.isActive {
                // What was written without a stream is in no history that others know.
                replication.history.restart(as: newHistoryID())
                activateStream()
            }
            replication.stream.settle()
            frontend.log(.notice, ReplicationText.cachingMyself)
        }
        liftFence()
        roleChanged()
        frontend.log(.notice, ReplicationText.connecting(address.host, address.port))
        connectToPrimary()
    }

    /// Follows nobody from now on. What was applied is kept; others may continue from it.
    mutating func becomePrimary() {
        guard replication.isReplica else { return }
        reportLostLink()
        dropLink()
        replication.isReplica = false
        replication.localExpiry = LocalExpiry()
        replication.primary = PrimaryLink()
        settings.replicaOf = nil
        if !Mutation.replicationIDKept.isActive {
            replication.history.shift(at: streamEnd, to: newHistoryID())
        }
        frontend.log(.notice, ReplicationText.discarding)
        frontend.log(.warning, ReplicationText.shifted(replication.history))
        closeReplicas()
        if !Mutation.selectLostAfterPromotion.isActive { replication.stream.forgetDatabase() }
        replication.noReplicasSince = frontend.time.monotonic
        roleChanged()
    }

    private mutating func roleChanged() {
        refreshPropagation()
        refreshReplicationGates()
        rememberRole()
    }

    /// Clients that wait for something that a replica cannot give, or that happened here and no
    /// longer counts, are told so and closed.
    private mutating func unblockForRoleChange() {
        let error: StaticString = """
            UNBLOCKED force unblock from blocking operation, instance state changed \
            (master -> replica?)
            """
        for waiter in replication.acknowledgements.removeAll() {
            guard let slot = frontend.sessions[waiter] else { continue }
            let start = slot.value.reply.buffer.count
            slot.value.reply.error(error)
            unblock(slot, from: start)
            frontend.close(slot, afterReply: true)
        }
        guard !keyWaits.isEmpty else { return }
        for (_, slot) in frontend.sessions.sorted(by: { $0.key < $1.key })
        where stopWaiting(slot, error: error) {
            frontend.close(slot, afterReply: true)
        }
    }

    // MARK: FAILOVER

    mutating func perform(_ actions: [FailoverMachine.Action]) {
        for action in actions {
            switch action {
            case .log(let line): log(line)
            case .pauseWrites:
                replication.failoverRequests = 0
                setPause(.failover, PauseState.Pause(until: .max, all: false))
            case .resumeWrites: setPause(.failover, nil)
            case .follow(let target):
                follow(PrimaryAddress(host: target.host, port: target.port), isOrdered: false)
            case .returnToPrimary: becomePrimary()
            }
        }
    }

    /// Goes on with a failover when the target has everything, or when time is up.
    mutating func advanceFailover() {
        guard replication.failover.pausesStream else { return }
        perform(
            replication.failover.advance(
                replication.replicas, offset: streamEnd, at: frontend.time.monotonic))
    }

    /// The target has taken over and answers as a primary.
    mutating func failoverAccepted() {
        replication.failoverRequests = 0
        perform(replication.failover.accepted())
    }

    /// The target cannot be asked. Before it was asked it cannot have taken over, so this server
    /// goes on as the primary; afterwards only its answer can tell.
    mutating func failoverLinkFailed() {
        guard replication.failover.isInProgress, replication.failoverRequests == 0 else { return }
        perform(replication.failover.unreachable())
    }

    /// The target says that it is a primary. If it was asked before and the answer was lost, it
    /// is so because of us.
    mutating func failoverTargetIsPrimary() {
        dropLink()
        guard replication.failoverRequests > 1 else {
            return perform(replication.failover.rejected())
        }
        failoverAccepted()
        connectToPrimary()
    }
}
