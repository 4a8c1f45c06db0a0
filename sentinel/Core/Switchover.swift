import RESP
import Sessions

/// Handing over from a living primary: it holds back writes until the chosen replica has all of
/// its data, becomes its replica and lets it take over. Nothing acknowledged is lost, and if it
/// does not work in time nothing has changed.
extension SentinelState {
    /// Whether the primary can be asked to hand over.
    func canHandOver(_ group: Int) -> Bool {
        let node = groups[group].primary
        return node.downSince == nil && node.report.role == .primary && !node.report.isFenced
            && link(primary(group)).isConnected
    }

    mutating func beginHandOver(_ group: Int, _ failover: Failover) {
        guard let target = groups[group].failover?.promoted else { return }
        let name = groups[group].settings.name(of: "FAILOVER")
        let request = [
            name, "TO", target.host, String(target.port), "TIMEOUT",
            String(Timing.switchoverLimit),
        ]
        enter(.handingOver(acceptedAt: nil), group)
        send(primary(group), [(request, .handOver(epoch: failover.epoch))])
    }

    /// The primary's answer. A server that knows no FAILOVER, or may not be asked for it by us,
    /// is failed over the classic way; any other refusal ends the attempt.
    mutating func handOverAnswered(_ value: RESPValue, _ ref: InstanceRef, _ epoch: UInt64) {
        guard groups[ref.group].failover?.epoch == epoch,
            groups[ref.group].failover?.stage == .handingOver(acceptedAt: nil)
        else { return }
        guard case .error(let text) = value else {
            groups[ref.group].failover?.stage = .handingOver(acceptedAt: now)
            if let promoted = promotedReplica(ref.group) {
                event(.notice, .waitPromotion, promoted)
            }
            return touch(ref.group)
        }
        let group = groups[ref.group].name
        if text.hasPrefix("ERR unknown command") || text.hasPrefix("NOPERM") {
            actions.append(
                .log(.warning, "The primary of \(group) cannot hand over: \(text); forcing it"))
            enter(.sendingPromotion, ref.group)
        } else {
            actions.append(.log(.warning, "The primary of \(group) does not hand over: \(text)"))
            abortFailover(ref.group, .abortReplicaTimeout)
        }
    }

    /// Looks at both ends until the replica says that it is the primary (`promotionSeen`), the
    /// primary has gone back on it, or time is up.
    mutating func watchHandOver(_ group: Int, _ failover: Failover, _ accepted: Int64?) {
        guard let target = promotedReplica(group) else {
            return abortFailover(group, .abortNoGoodReplica)
        }
        if groups[group].objectivelyDownSince != nil { return enter(.sendingPromotion, group) }
        let limit = failover.since + microseconds(Timing.switchoverLimit + 500)
        if now > limit { return handOverTimedOut(group, target) }
        wake(group, at: limit + 1)
        guard let accepted else { return }
        let report = groups[group].primary.report
        if report.role == .primary, report.failoverState == "no-failover",
            let asked = report.askedAt, asked >= accepted, !report.isAwaited
        {
            actions.append(
                .log(.warning, "The primary of \(groups[group].name) gave up handing over"))
            return abortFailover(group, .abortReplicaTimeout)
        }
        pollInfo(primary(group))
        pollInfo(target)
    }

    /// A primary that has already stepped down is followed by the replica it chose; one that has
    /// not is told to forget it.
    private mutating func handOverTimedOut(_ group: Int, _ target: InstanceRef) {
        if follows(groups[group].primary.report, self[target].address) {
            return enter(.sendingPromotion, group)
        }
        let name = groups[group].settings.name(of: "FAILOVER")
        send(primary(group), [([name, "ABORT"], .ignored)])
        abortFailover(group, .abortReplicaTimeout)
    }

    /// The replica to which the primary has handed over by itself; nil while it says it is the
    /// primary, or the replica does not say so yet, or is back with nothing of what it was given.
    mutating func handedOver(_ group: Int) -> Address? {
        let report = groups[group].primary.report
        guard report.role == .replica, link(primary(group)).isConnected,
            let index = groups[group].replicas.firstIndex(where: {
                follows(report, $0.address)
            })
        else { return nil }
        let ref = replica(group, index)
        guard self[ref].downSince == nil else { return nil }
        let heir = self[ref].report
        if heir.role == .primary, !heir.isFenced, !heir.lacksAll(of: report),
            (heir.refreshedAt ?? .min) >= report.roleSince
        {
            return self[ref].address
        }
        if now - report.roleSince < microseconds(timing.askPeriod * 10) { pollInfo(ref) }
        return nil
    }

    /// We lead what has already happened: the configuration only has to be made known.
    mutating func follow(_ address: Address, _ group: Int) {
        groups[group].failover?.promoted = address
        guard let ref = promotedReplica(group), self[ref].report.role == .primary else {
            return abortFailover(group, .abortNoGoodReplica)
        }
        event(.warning, .selectedReplica, ref)
        promotionSeen(ref)
    }
}
