import Memory
import RESP
import Sessions

/// Choosing the replica to promote.
package struct ReplicaSelection {
    /// What the choice depends on.
    package struct Candidate: Equatable, Sendable {
        package var priority: Int
        package var offset: Int64
        package var runID: String?
        /// Waits behind a fence: it was promoted once without our seeing it, and was killed.
        package var isFenced = false

        package init(priority: Int, offset: Int64, runID: String?) {
            self.priority = priority
            self.offset = offset
            self.runID = runID
        }

        /// Lower priority first, then more data, then the smaller id; without an id last. All
        /// that are fenced come behind: they are better than nobody.
        package static func precedes(_ a: Candidate, _ b: Candidate) -> Bool {
            if a.isFenced != b.isFenced { return b.isFenced }
            if a.priority != b.priority { return a.priority < b.priority }
            if a.offset != b.offset, !Mutation.staleReplicaPromoted.isActive {
                return a.offset > b.offset
            }
            guard let first = a.runID, let second = b.runID else { return a.runID != nil }
            return first.lowercased() < second.lowercased()
        }
    }
}

extension SentinelState {
    /// Replicas that may be promoted, best first.
    func selectableReplicas(_ group: Int) -> [Int] {
        let candidates = groups[group].replicas.indices.filter { isSelectable(group, $0) }
        return candidates.sorted { a, b in
            ReplicaSelection.Candidate.precedes(candidate(group, a), candidate(group, b))
        }
    }

    private func candidate(_ group: Int, _ index: Int) -> ReplicaSelection.Candidate {
        let instance = groups[group].replicas[index]
        var candidate = ReplicaSelection.Candidate(
            priority: instance.report.priority, offset: instance.report.offset,
            runID: instance.runID)
        candidate.isFenced = instance.report.isFenced
        return candidate
    }

    /// Up, connected, heard of lately, meant for promotion, and not without its primary for much
    /// longer than we have been.
    private func isSelectable(_ group: Int, _ index: Int) -> Bool {
        let watched = groups[group]
        let instance = watched.replicas[index]
        let link = link(replica(group, index))
        guard instance.downSince == nil, link.isConnected, instance.report.priority != 0,
            instance.report.isOfThisConnection,
            now - link.lastAvailable <= microseconds(timing.pingPeriod * 5),
            let refreshed = instance.report.refreshedAt
        else { return false }
        if wouldLoseAll(watched, instance) { return false }
        let downSince = watched.primary.downSince
        // Beside a primary that is well it will be told to follow.
        if instance.report.isFenced, downSince == nil || isOutdated(group, instance) {
            return false
        }
        let validity = downSince != nil ? timing.pingPeriod * 5 : timing.infoPeriod * 3
        guard now - refreshed <= microseconds(validity) else { return false }
        // A primary that became a replica took everybody's link down with it, at the latest when
        // it said so; a group of replicas alone must find a way out.
        if watched.primary.report.role == .replica { return true }
        let downFor = downSince.map { (now - $0) / 1000 } ?? 0
        return instance.report.linkDownTime <= downFor + watched.settings.downAfter * 10
    }

    /// Whether to promote the replica is to lose all data: it holds nothing, and the primary held
    /// some as far as we know and may return with them.
    private func wouldLoseAll(_ group: MonitoredGroup, _ replica: Instance) -> Bool {
        // One that hears a living primary gets what it did not have when it was last asked.
        if group.primary.downSince == nil, replica.report.primaryLinkIsUp { return false }
        let former = group.formerLife.map { replica.report.lacksAll(of: $0) } ?? false
        return (former || replica.report.lacksAll(of: group.primary.report)) && !group.acceptsEmpty
    }

    /// Whether a node behind its fence holds data from before the primary's: it was the primary
    /// itself, and who holds what came since may be back soon. When the primary is back without
    /// that, it is the best there is.
    private func isOutdated(_ group: Int, _ node: Instance) -> Bool {
        let watched = groups[group]
        let own = watched.primary.report
        let hasTold =
            own.isOfThisConnection && !own.isLoading && link(primary(group)).isConnected
        let isLost =
            hasTold && (own.isBlank || own.isOlder(than: node.report)) || isReplaced(group)
        if watched.acceptsEmpty || isLost { return false }
        let last = watched.formerLife ?? own
        return node.demotedAt != nil || last.refreshedAt == nil || node.report.isEarlier(than: last)
    }

    /// Chooses once the replicas' positions are fresh, or were awaited long enough.
    mutating func selectReplica(_ group: Int, _ failover: Failover) {
        if case .followed(let address) = failover.cause { return follow(address, group) }
        guard arePositionsFresh(group, failover) else { return }
        let best = selectableReplicas(group)
        var chosen = best.first
        if case .requested(let target?) = failover.cause {
            chosen = best.first { names.isSame(groups[group].replicas[$0].address, target) }
        } else if groups[group].primary.report.isFenced, link(primary(group)).isConnected {
            // What it holds now decides, and not what it held in the life before.
            guard groups[group].primary.report.isOfThisConnection else {
                return awaitPrimaryReport(group, failover)
            }
            switch judgeFence(group, best, failover) {
            case .promote(let index): chosen = index
            case .wait: return wake(group, at: now + microseconds(Timing.quickAskPeriod))
            case .resume: return resumePrimary(group, failover)
            case .refuse: return refuseEmpty(group)
            }
        } else if isReplaced(group) {
            chosen = best.first { isHeir(group, $0) }
        } else if mustReinstatePrimary(group, best) {
            return resumePrimary(group, failover)
        }
        guard let chosen else {
            let watched = groups[group]
            guard watched.replicas.contains(where: { wouldLoseAll(watched, $0) }) else {
                return refuseOutdated(group)
            }
            return refuseEmpty(group)
        }
        let address = groups[group].replicas[chosen].address
        groups[group].failover?.promoted = address
        let runID = groups[group].replicas[chosen].runID
        groups[group].failover?.promotedRunID = runID
        event(.warning, .selectedReplica, replica(group, chosen))
        event(.notice, .sendPromotion, replica(group, chosen))
        if failover.isRequested, canHandOver(group), !Mutation.failoverUncoordinated.isActive {
            beginHandOver(group, failover)
        } else {
            enter(.sendingPromotion, group)
        }
    }

    /// The primary's INFO is on its way; one that does not answer in time is as good as down, and
    /// so is what follows from its silence.
    private mutating func awaitPrimaryReport(_ group: Int, _ failover: Failover) {
        let limit = failover.since + microseconds(Timing.fencePatience)
        guard now < limit else { return abortFailover(group, .abortNoGoodReplica) }
        pollInfo(primary(group))
        wake(group, at: limit)
    }

    /// Whoever could serve holds nothing, and the data may yet come back, or lie with a replica
    /// that is not to be promoted.
    private mutating func refuseEmpty(_ group: Int) {
        let watched = groups[group]
        var text = "Nobody of '\(watched.name)' is let serve: who may serve holds nothing, "
        let keeper = watched.replicas.first {
            $0.downSince == nil && $0.report.isOfThisConnection && $0.report.priority == 0
                && $0.report.holdsKeys
        }
        if let keeper {
            text +=
                "and \(keeper.address.text) holds data, but is not to be promoted (priority 0); "
                + "give it a priority, or SENTINEL ACCEPT-EMPTY gives its data up"
        } else {
            text += "and who held data may come back; SENTINEL ACCEPT-EMPTY gives them up"
        }
        actions.append(.log(.warning, text))
        abortFailover(group, .abortNoGoodReplica)
    }

    /// Nobody can serve, except perhaps one behind its fence with data that are known to be old.
    private mutating func refuseOutdated(_ group: Int) {
        let watched = groups[group]
        let old = watched.replicas.first {
            $0.downSince == nil && $0.report.isFenced && isOutdated(group, $0)
        }
        if let old {
            actions.append(
                .log(
                    .warning,
                    "\(old.address.text) of '\(watched.name)' is not let serve: newer data may "
                        + "come back; SENTINEL ACCEPT-EMPTY gives them up"))
        }
        abortFailover(group, .abortNoGoodReplica)
    }

    /// Whether every reachable replica has told its position since the election.
    private mutating func arePositionsFresh(_ group: Int, _ failover: Failover) -> Bool {
        let limit = failover.since + microseconds(Timing.selectionPatience)
        if now >= limit { return true }
        let isMissing = groups[group].replicas.indices.contains { index in
            let ref = replica(group, index)
            let refreshed = self[ref].report.refreshedAt ?? .min
            return link(ref).isConnected && self[ref].downSince == nil
                && refreshed < failover.since
        }
        guard isMissing else { return true }
        for index in groups[group].replicas.indices {
            let ref = replica(group, index)
            if (self[ref].report.refreshedAt ?? .min) < failover.since { pollInfo(ref) }
        }
        wake(group, at: limit)
        return false
    }
}
