import RESP
import Sessions

/// Whether this sentinel itself believes that an instance is down.
extension SentinelState {
    mutating func checkSubjectivelyDown(_ ref: InstanceRef) {
        let isDown = looksDown(ref)
        let wasDown = self[ref].downSince != nil
        if isDown && !wasDown {
            self[ref].downSince = now
            self[ref].lastDownAt = now
            event(.warning, .subjectivelyDown, ref)
            if case .primary = ref.place { primaryWentDown(ref.group) }
        } else if !isDown && wasDown {
            self[ref].downSince = nil
            self[ref].scriptKillSent = false
            event(.warning, .subjectivelyUp, ref)
            if case .replica = ref.place { reopenGate(ref.group) }
        }
    }

    /// Silence for longer than the group's patience; for a primary also the role of a replica for
    /// so long that nobody will correct it, a reboot from which it does not recover, the fence
    /// behind which its data may be old, or a replica that holds what it has lost.
    private mutating func looksDown(_ ref: InstanceRef) -> Bool {
        let settings = groups[ref.group].settings
        if let ping = link(ref).activePing {
            let limit = ping + microseconds(settings.downAfter)
            if now > limit { return true }
            wake(ref.group, at: limit + 1)
        }
        let instance = self[ref]
        if let reboot = instance.rebootSince {
            let limit = reboot + microseconds(settings.rebootDownAfter)
            if now > limit { return true }
            wake(ref.group, at: limit + 1)
        }
        guard case .primary = ref.place else { return false }
        if instance.report.isFenced || isDispossessed(ref.group) { return true }
        if instance.report.role == .replica {
            // Two looks at its INFO, which our own servers are asked for once a second.
            let isOurs = instance.report.isWatchable == true
            let look = isOurs ? min(1000, timing.infoPeriod) : timing.infoPeriod
            let patience = settings.downAfter + 2 * look
            let limit = instance.report.roleSince + microseconds(patience)
            if now > limit { return true }
            wake(ref.group, at: limit + 1)
        }
        return false
    }

    /// Fresh positions of the replicas will be wanted, and the peers' opinion.
    private mutating func primaryWentDown(_ group: Int) {
        for index in groups[group].replicas.indices { requestInfo(replica(group, index)) }
        for index in groups[group].sentinels.indices {
            groups[group].sentinels[index].opinion.askedAt = nil
        }
    }
}
