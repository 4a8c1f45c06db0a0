import RESP
import Sessions

/// Turning the selected replica into a primary, and seeing that it is one.
extension SentinelState {
    /// The promoted replica's place; nil when it was forgotten meanwhile.
    func promotedReplica(_ group: Int) -> InstanceRef? {
        guard let address = groups[group].failover?.promoted,
            let index = groups[group].replicaIndex(address)
        else { return nil }
        return replica(group, index)
    }

    mutating func sendPromotion(_ group: Int, _ failover: Failover) {
        guard let ref = promotedReplica(group) else {
            return abortFailover(group, .abortNoGoodReplica)
        }
        guard isStillGood(ref, failover) else { return selectAgain(ref) }
        guard self[ref].report.isOfThisConnection, promote(ref, failover) else {
            let limit = failover.since + microseconds(groups[group].settings.failoverTimeout)
            if now > limit { return abortFailover(group, .abortReplicaTimeout) }
            return wake(group, at: limit + 1)
        }
        event(.notice, .waitPromotion, ref)
        enter(.waitingPromotion, group)
    }

    /// One that is a primary already, behind a fence, is let serve.
    private mutating func promote(_ ref: InstanceRef, _ failover: Failover) -> Bool {
        guard self[ref].report.isFenced else { return sendReplicaOf(ref, nil) }
        return send(ref, [(resumeRequest(failover), .resume(epoch: failover.epoch))])
    }

    mutating func waitForPromotion(_ group: Int, _ failover: Failover) {
        guard let ref = promotedReplica(group) else {
            return abortFailover(group, .abortNoGoodReplica)
        }
        guard isStillGood(ref, failover) else { return selectAgain(ref) }
        let limit = failover.since + microseconds(groups[group].settings.failoverTimeout)
        if now > limit { return abortFailover(group, .abortReplicaTimeout) }
        wake(group, at: limit + 1)
        pollInfo(ref)
    }

    /// Whether the replica that was selected lives, and has lived since: one that was restarted
    /// meanwhile may hold nothing, and nothing is what all others would then be given.
    func isStillGood(_ ref: InstanceRef, _ failover: Failover) -> Bool {
        self[ref].downSince == nil && self[ref].runID == failover.promotedRunID
    }

    /// The selected replica is lost before anybody was told of it. If it was promoted, nobody
    /// writes to it, and it is corrected when it is back.
    private mutating func selectAgain(_ ref: InstanceRef) {
        actions.append(
            .log(
                .warning,
                "\(self[ref].address.text) was lost before it was promoted; selecting again"))
        groups[ref.group].failover?.promoted = nil
        enter(.selecting, ref.group)
    }

    /// The connection on which a promotion was sent is gone, perhaps with the promotion: it is
    /// sent again, which does no harm to the same process.
    mutating func promotionInterrupted(_ ref: InstanceRef) {
        guard groups[ref.group].failover?.stage == .waitingPromotion,
            ref == promotedReplica(ref.group)
        else { return }
        groups[ref.group].failover?.stage = .sendingPromotion
    }

    /// The replica says that it is a primary: the configuration of this epoch is made, and
    /// everybody is told at once.
    mutating func promotionSeen(_ ref: InstanceRef) {
        let group = ref.group
        guard let failover = groups[group].failover else { return }
        groups[group].configurationEpoch = failover.epoch
        let runID = self[ref].runID
        groups[group].failover?.promotedRunID = runID
        changed()
        enter(.reconfiguring, group)
        event(.warning, .promotedReplica, ref)
        if simulatedFailures.contains(.crashAfterPromotion) { return simulateCrash() }
        event(.warning, .reconfigureReplicas, primary(group))
        runReconfigurationScript(
            group, role: "leader", from: groups[group].primary.address, to: self[ref].address)
        rememberRoles(group, ref)
        hastenHellos(group)
    }

    /// Nodes that swapped their roles between themselves must find the new ones in their files
    /// when they start again, or each would follow the other.
    private mutating func rememberRoles(_ group: Int, _ promoted: InstanceRef) {
        let rewrite = [groups[group].settings.name(of: "CONFIG"), "REWRITE"]
        send(promoted, [(rewrite, .ignored)])
        if groups[group].primary.report.role == .replica {
            send(primary(group), [(rewrite, .ignored)])
        }
    }

    /// Whether an INFO that says primary is what the failover waits for, and not that of a later
    /// life, which may hold nothing.
    func awaitsPromotion(_ ref: InstanceRef) -> Bool {
        guard let failover = groups[ref.group].failover, ref == promotedReplica(ref.group),
            self[ref].runID == failover.promotedRunID, !self[ref].report.isFenced
        else { return false }
        switch failover.stage {
        case .handingOver, .waitingPromotion, .sendingPromotion: return true
        default: return false
        }
    }

    /// Sends one transaction that makes the node a replica of `address`, or a primary, has it
    /// remember that, and closes its clients so that they ask for the primary again.
    mutating func sendReplicaOf(_ ref: InstanceRef, _ address: Address?) -> Bool {
        let names = groups[ref.group].settings
        let shown = address.map { announced($0) }
        let target = shown.map { [$0.host, String($0.port)] } ?? ["NO", "ONE"]
        let client = names.name(of: "CLIENT")
        let requests = [
            [names.name(of: "MULTI")], [names.name(of: Verb.replicaOf)] + target,
            [names.name(of: "CONFIG"), "REWRITE"], [client, "KILL", "TYPE", "normal"],
            [client, "KILL", "TYPE", "pubsub"],
        ]
        let last = [names.name(of: "EXEC")]
        return send(ref, requests.map { ($0, .ignored) } + [(last, .promotion)])
    }
}
