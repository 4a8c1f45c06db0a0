import RESP
import Sessions

/// Whether enough sentinels believe that a primary is down, and asking them.
extension SentinelState {
    mutating func checkObjectivelyDown(_ group: Int) {
        expireOpinions(group)
        let believers = 1 + groups[group].sentinels.count { $0.opinion.saysPrimaryDown }
        let quorum = groups[group].settings.quorum
        let isDown = groups[group].primary.downSince != nil && believers >= quorum
        let wasDown = groups[group].objectivelyDownSince != nil
        if isDown && !wasDown {
            groups[group].objectivelyDownSince = now
            event(.warning, .objectivelyDown, primary(group), "#quorum \(believers)/\(quorum)")
        } else if !isDown && wasDown {
            groups[group].objectivelyDownSince = nil
            groups[group].gate.startAt = nil
            reopenGate(group)
            event(.warning, .objectivelyUp, primary(group))
        }
    }

    private mutating func expireOpinions(_ group: Int) {
        let lifetime = microseconds(timing.askPeriod * 5)
        for index in groups[group].sentinels.indices {
            guard let answered = groups[group].sentinels[index].opinion.answeredAt else { continue }
            if now - answered > lifetime {
                groups[group].sentinels[index].opinion.saysPrimaryDown = false
                groups[group].sentinels[index].opinion.leader = nil
                groups[group].sentinels[index].opinion.answeredAt = nil
            } else {
                wake(group, at: answered + lifetime + 1)
            }
        }
    }

    /// Asks the peers while the primary seems down, and for their votes while we stand for
    /// election.
    mutating func askPeers(_ group: Int) {
        let isElecting = groups[group].failover?.stage == .electing(isSaved: true)
        guard groups[group].primary.downSince != nil || isElecting else { return }
        for index in groups[group].sentinels.indices {
            let ref = sentinel(group, index)
            guard link(ref).isConnected else { continue }
            let period = askPeriod(groups[group].sentinels[index].opinion, group)
            let asked = groups[group].sentinels[index].opinion.askedAt
            let due = asked.map { $0 + microseconds(period) } ?? now
            if now >= due { ask(ref, isElecting) } else { wake(group, at: due) }
        }
    }

    /// Milliseconds between two questions to a peer: few while its answer is awaited that would
    /// let us go on.
    private func askPeriod(_ opinion: PeerOpinion, _ group: Int) -> Int64 {
        let watched = groups[group]
        let downSince = watched.primary.downSince ?? now
        let isFresh = now - downSince < microseconds(timing.askPeriod * 2)
        let wantsAgreement = watched.objectivelyDownSince == nil && !opinion.saysPrimaryDown
        if wantsAgreement && isFresh { return min(Timing.quickAskPeriod, timing.askPeriod) }
        if let failover = watched.failover, case .electing = failover.stage,
            opinion.leaderEpoch != failover.epoch
        {
            return min(Timing.quickAskPeriod * 2, timing.askPeriod)
        }
        return timing.askPeriod
    }

    private mutating func ask(_ ref: InstanceRef, _ isElecting: Bool) {
        let group = groups[ref.group]
        let address = announced(group.primary.address)
        let epoch = group.failover?.epoch ?? currentEpoch
        let request = [
            "SENTINEL", Verb.isPrimaryDown, address.host, String(address.port), String(epoch),
            isElecting ? id : "*",
        ]
        self[ref].opinion.askedAt = now
        wake(ref.group, at: now + microseconds(Timing.quickAskPeriod))
        send(ref, [(request, .primaryDown(group: group.name))])
    }

    /// A peer's answer: down or not, and its vote. Anything else is ignored.
    mutating func receiveOpinion(_ value: RESPValue, _ key: LinkKey, about name: String) {
        guard case .peer(let runID) = key, let group = groupIndex(name),
            let index = groups[group].sentinels.firstIndex(where: { $0.runID == runID }),
            let items = value.elements, items.count == 3, case .integer(let isDown) = items[0],
            let leader = items[1].string, case .integer(let epoch) = items[2], epoch >= 0
        else { return }
        touch(group)
        groups[group].sentinels[index].opinion.answeredAt = now
        groups[group].sentinels[index].opinion.saysPrimaryDown = isDown == 1
        guard leader != "*" else { return }
        if groups[group].sentinels[index].opinion.leaderEpoch != UInt64(epoch) {
            actions.append(.log(.notice, "\(runID) voted for \(leader) \(epoch)"))
        }
        groups[group].sentinels[index].opinion.leader = leader
        groups[group].sentinels[index].opinion.leaderEpoch = UInt64(epoch)
    }

    /// A peer asked about a primary that we too believe down: it may agree with us by now.
    mutating func askAgain(_ group: Int) {
        guard groups[group].primary.downSince != nil,
            groups[group].objectivelyDownSince == nil
        else { return }
        let recently = now - microseconds(10)
        for index in groups[group].sentinels.indices {
            let asked = groups[group].sentinels[index].opinion.askedAt ?? .min / 2
            if asked < recently { groups[group].sentinels[index].opinion.askedAt = nil }
        }
        touch(group)
    }
}
