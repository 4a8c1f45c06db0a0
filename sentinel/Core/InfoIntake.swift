import RESP
import Sessions

/// Acting on what data nodes say of themselves.
extension SentinelState {
    mutating func receiveInfo(_ text: String, from ref: InstanceRef) {
        let before = self[ref].report
        let news = self[ref].report.absorb(text, at: now)
        let isNew = news.runID != nil && self[ref].runID.map { $0 != news.runID } ?? false
        if let runID = news.runID { noteRunID(ref, runID) }
        if case .primary = ref.place {
            for address in news.replicas where globals.accepts(host: address.host) {
                guard let added = addReplica(ref.group, address) else { continue }
                event(.notice, .replicaFound, added)
                changed()
            }
        }
        noteFence(ref, before)
        noteRole(ref, news.role)
        notePrimaryLife(ref, before, isNew: isNew)
        noteReplicaLife(ref, before, isNew: isNew)
        endConsent(ref)
        guard !tilt.isActive, case .replica = ref.place else { return }
        if self[ref].report.role == .primary {
            if awaitsPromotion(ref) { promotionSeen(ref) } else { convert(ref) }
        } else {
            self[ref].demotedAt = nil
            correctPrimary(ref)
            noteReconfiguration(ref)
        }
    }

    /// The reply to ROLE: where it does not say what INFO said, INFO is asked for.
    mutating func receiveRole(_ value: RESPValue, from ref: InstanceRef) {
        guard let role = value.elements?.first?.string else {
            if value.isError { self[ref].report.refusesRole = true }
            return
        }
        let isPrimary = role == RoleName.primary
        if isPrimary != (self[ref].report.role == .primary) { requestInfo(ref) }
    }

    private mutating func noteFence(_ ref: InstanceRef, _ before: NodeReport) {
        let isFenced = self[ref].report.isFenced
        guard isFenced != before.isFenced else { return }
        event(.warning, isFenced ? .fenced : .unfenced, ref)
        // It was away, and attempts to replace it failed: now there is something to decide.
        if isFenced, case .primary = ref.place { reopenGate(ref.group) }
    }

    /// What the operator accepted when nobody served holds until somebody does; what the primary's
    /// former life held is given up then.
    private mutating func endConsent(_ ref: InstanceRef) {
        guard case .primary = ref.place, groups[ref.group].acceptsEmpty,
            self[ref].downSince == nil, self[ref].report.isServing
        else { return }
        groups[ref.group].acceptsEmpty = false
        groups[ref.group].formerLife = nil
    }

    private mutating func noteRunID(_ ref: InstanceRef, _ runID: String) {
        let old = self[ref].runID
        self[ref].runID = runID
        guard let old, old != runID else { return }
        event(.notice, .reboot, ref)
        if groups[ref.group].settings.rebootDownAfter != 0 { self[ref].rebootSince = now }
    }

    private mutating func noteRole(_ ref: InstanceRef, _ role: NodeReport.Role) {
        guard role != self[ref].report.role else { return }
        self[ref].report.role = role
        self[ref].report.roleSince = now
        if role == .replica { self[ref].report.primaryChangedAt = now }
        let isExpected = (role == .primary) == (self[ref].kind == .primary)
        let name = role == .primary ? RoleName.primary : RoleName.replica
        event(
            .verbose, isExpected ? .roleAsExpected : .roleUnexpected, ref,
            "new reported role is \(name)")
    }

    /// Whether others may be told to follow the primary. One whose connection was lost may be in
    /// another life, without its data, and whoever were told to follow it would lose theirs.
    func primaryLooksSane(_ group: Int) -> Bool {
        let watched = groups[group]
        guard watched.primary.downSince == nil, watched.objectivelyDownSince == nil,
            watched.primary.report.role == .primary, !watched.primary.report.isFenced,
            watched.primary.report.isOfThisConnection, !isDispossessed(group),
            let refreshed = watched.primary.report.refreshedAt
        else { return false }
        return now - refreshed < microseconds(timing.infoPeriod * 2)
    }

    /// A replica of ours says that it is a primary. One that was the primary and comes back is
    /// demoted at first sight; another may have been promoted by a sentinel whose word has yet
    /// to reach us, so it is given the time of a few hellos.
    private mutating func convert(_ ref: InstanceRef) {
        guard groups[ref.group].failover?.promoted != self[ref].address,
            primaryLooksSane(ref.group)
        else { return }
        // One behind a fence was the primary before we were there. What the primary of now never
        // had it may have lost: a sentinel that has seen it sees to that.
        let isKnown =
            self[ref].report.isFenced
            && !groups[ref.group].primary.report.isStranger(to: self[ref].report)
        if self[ref].demotedAt == nil, !isKnown {
            let patience = microseconds(timing.publishPeriod * 4)
            guard now - self[ref].report.roleSince > patience, isUpFor(ref, patience) else {
                return wake(ref.group, at: self[ref].report.roleSince + patience + 1)
            }
        }
        if sendReplicaOf(ref, groups[ref.group].primary.address) {
            event(.notice, .convertToReplica, ref)
        }
    }

    /// A replica follows somebody else. One that still follows a former primary was down when it
    /// was to be told; otherwise an operator may be at work and gets the failover timeout.
    private mutating func correctPrimary(_ ref: InstanceRef) {
        let group = groups[ref.group]
        let report = self[ref].report
        guard !follows(report, group.primary.address), group.failover == nil,
            primaryLooksSane(ref.group)
        else { return }
        let followsOld = group.replicas.contains {
            follows(report, $0.address) && $0.report.role == .replica
                && $0.report.refreshedAt != nil
                && follows($0.report, group.primary.address)
        }
        let patience = microseconds(followsOld ? 1000 : group.settings.failoverTimeout)
        guard now - report.primaryChangedAt > patience, isUpFor(ref, patience) else { return }
        if sendReplicaOf(ref, group.primary.address) {
            event(.notice, .fixReplicaConfiguration, ref)
        }
    }

    /// Whether the instance has not been down for this long.
    private func isUpFor(_ ref: InstanceRef, _ time: Int64) -> Bool {
        self[ref].downSince == nil && now - (self[ref].lastDownAt ?? .min / 2) > time
    }
}
