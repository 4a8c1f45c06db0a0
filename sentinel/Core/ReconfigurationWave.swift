import RESP
import Sessions

/// Pointing the other replicas to the new primary, a few at a time, and ending the failover.
extension SentinelState {
    mutating func reconfigureReplicas(_ group: Int, _ failover: Failover) {
        guard let next = promotedReplica(group), isStillGood(next, failover) else {
            return endFailover(group)
        }
        // While its connection is lost it may be starting again without its data.
        guard self[next].report.isOfThisConnection else {
            return detectEnd(group, failover, next)
        }
        let promoted = self[next].address
        let parallel = max(groups[group].settings.parallelSyncs, 1)
        var busy = groups[group].replicas.count { $0.reconfiguration.isUnderWay }
        for index in groups[group].replicas.indices {
            let ref = replica(group, index)
            guard self[ref].address != promoted else { continue }
            if expireReconfiguration(ref) { busy -= 1 }
            guard busy < parallel, self[ref].reconfiguration == .none else { continue }
            if sendReplicaOf(ref, promoted) {
                self[ref].reconfiguration = .sent(at: now)
                event(.notice, .reconfigurationSent, ref)
                busy += 1
            }
        }
        detectEnd(group, failover, next)
    }

    /// A replica that does not move counts as done; its address is corrected later. True when
    /// that happened just now.
    private mutating func expireReconfiguration(_ ref: InstanceRef) -> Bool {
        guard case .sent(let at) = self[ref].reconfiguration else { return false }
        let limit = at + microseconds(timing.replicaReconfigurationTimeout)
        guard now > limit else {
            wake(ref.group, at: limit + 1)
            return false
        }
        event(.notice, .reconfigurationTimeout, ref)
        self[ref].reconfiguration = .done
        return true
    }

    private mutating func detectEnd(_ group: Int, _ failover: Failover, _ next: InstanceRef) {
        let promoted = self[next].address
        let limit = failover.since + microseconds(groups[group].settings.failoverTimeout)
        let isOpen = groups[group].replicas.contains {
            $0.address != promoted && $0.reconfiguration != .done && $0.downSince == nil
        }
        if isOpen, now <= limit {
            if !failover.isAnnounced {
                announceSwitch(group, from: groups[group].primary.address, to: promoted)
                groups[group].failover?.isAnnounced = true
            }
            return wake(group, at: limit + 1)
        }
        if isOpen, now > limit {
            event(.warning, .failoverEndForTimeout, primary(group))
            if self[next].report.isOfThisConnection { reconfigureTheRest(group, promoted) }
        }
        endFailover(group)
    }

    /// Time is up: the rest is told without waiting for anything.
    private mutating func reconfigureTheRest(_ group: Int, _ promoted: Address) {
        for index in groups[group].replicas.indices {
            let ref = replica(group, index)
            guard self[ref].address != promoted, self[ref].reconfiguration == .none,
                sendReplicaOf(ref, promoted)
            else { continue }
            event(.notice, .reconfigurationSentBestEffort, ref)
            self[ref].reconfiguration = .sent(at: now)
        }
    }

    private mutating func endFailover(_ group: Int) {
        event(.warning, .failoverEnd, primary(group))
        guard let failover = groups[group].failover, let promoted = failover.promoted else {
            groups[group].failover = nil
            return
        }
        if !failover.isAnnounced {
            announceSwitch(group, from: groups[group].primary.address, to: promoted)
        }
        switchPrimary(group, to: promoted)
    }

    /// A replica has told what it follows now.
    mutating func noteReconfiguration(_ ref: InstanceRef) {
        guard let promoted = groups[ref.group].failover?.promoted else { return }
        if case .sent = self[ref].reconfiguration, follows(self[ref].report, promoted) {
            self[ref].reconfiguration = .inProgress
            event(.notice, .reconfigurationInProgress, ref)
        }
        if self[ref].reconfiguration == .inProgress, self[ref].report.primaryLinkIsUp {
            self[ref].reconfiguration = .done
            event(.notice, .reconfigurationDone, ref)
        }
    }
}

extension Reconfiguration {
    /// Told, and not there yet.
    var isUnderWay: Bool {
        switch self {
        case .sent, .inProgress: true
        case .none, .done: false
        }
    }
}
