import RESP
import Sessions

/// A restarted primary of ours that waits for the sentinels: its data may be older than what a
/// replica has. The elected leader promotes a replica, or lets it serve again.
extension SentinelState {
    enum FenceVerdict: Equatable {
        /// Promote this replica.
        case promote(Int)
        /// Nobody has more: let the primary serve.
        case resume
        /// A replica that may yet answer decides.
        case wait
        /// The primary holds nothing, and who held something cannot be asked.
        case refuse
    }

    /// The best replica that has at least the primary's data wins. Without one the primary may
    /// serve, once every replica has either answered or is down; also one that seems down is asked
    /// once more, because it may have come back with what the primary lost.
    mutating func judgeFence(_ group: Int, _ best: [Int], _ failover: Failover) -> FenceVerdict {
        let own = groups[group].primary.report
        if let index = best.first(where: {
            let report = groups[group].replicas[$0].report
            return report.isFenced ? report.hasMore(than: own) : report.hasAtLeast(own)
        }) {
            return .promote(index)
        }
        let isPatient = now < failover.since + microseconds(Timing.fencePatience)
        let awaited = groups[group].replicas.indices.filter { index in
            let isUp = groups[group].replicas[index].downSince == nil
            return isUp ? mayAnswer(replica(group, index)) : isPatient
        }
        for index in awaited { hastenConnection(replica(group, index)) }
        guard awaited.isEmpty else { return .wait }
        return isEmptyBesideLost(group) ? .refuse : .resume
    }

    /// Whether a replica that does not seem down has yet to tell what it holds. One that answers
    /// PING for as long as another may be silent, and does not tell, will not: it refuses INFO.
    private func mayAnswer(_ ref: InstanceRef) -> Bool {
        guard let connection = link(ref).command, connection.isOpen else { return true }
        guard !self[ref].report.isOfThisConnection else { return false }
        let patience = max(groups[ref.group].settings.downAfter, Timing.fencePatience)
        return now <= connection.since + microseconds(patience)
    }

    /// Whether the primary came back with nothing, and a replica that may not be promoted now,
    /// most likely because it is out of reach, may have something: once the primary served, that
    /// replica would be emptied on its return.
    private func isEmptyBesideLost(_ group: Int) -> Bool {
        let watched = groups[group]
        let own = watched.primary.report
        guard !watched.acceptsEmpty else { return false }
        if watched.replicas.contains(where: { own.lacksAll(of: $0.report) }) { return true }
        // What a lost replica last told may be old: it had got what the primary had.
        let isAnyLost = watched.replicas.contains {
            $0.downSince != nil || !$0.report.isOfThisConnection
        }
        return isAnyLost && watched.formerLife.map { own.lacksAll(of: $0) } ?? false
    }

    /// Lets a lost connection be tried again soon, whatever had been waited for.
    private mutating func hastenConnection(_ ref: InstanceRef) {
        let soon = now + microseconds(Timing.quickAskPeriod)
        let key = key(ref)
        guard let due = links[key]?[retry: .command].at, due > soon else { return }
        links[key]?[retry: .command].at = soon
        wake(ref.group, at: soon)
    }

    /// Tells the primary to serve, in the epoch of our election.
    mutating func resumePrimary(_ group: Int, _ failover: Failover) {
        let ref = primary(group)
        let isSent =
            self[ref].report.role == .replica
            ? sendReplicaOf(ref, nil)
            : send(ref, [(resumeRequest(failover), .resume(epoch: failover.epoch))])
        guard isSent else { return abortFailover(group, .abortNoGoodReplica) }
        event(.warning, .resumePrimary, ref)
        enter(.resuming, group)
    }

    func resumeRequest(_ failover: Failover) -> [String] {
        ["TANDEM", "RESUME", String(failover.epoch)]
    }

    /// Whether the primary has become a replica of one of its own replicas, and none of these
    /// has as much as the primary has: left alone, they would wait for each other for ever.
    func mustReinstatePrimary(_ group: Int, _ best: [Int]) -> Bool {
        let watched = groups[group]
        let own = watched.primary.report
        guard link(primary(group)).isConnected, own.role == .replica, own.isOfThisConnection,
            watched.replicas.contains(where: { follows(own, $0.address) })
        else { return false }
        return !best.contains { watched.replicas[$0].report.hasAtLeast(own) }
            && watched.replicas.allSatisfy {
                $0.report.role == .replica || $0.report.isFenced
                    || $0.report.lacksAll(of: own)
            }
    }

    /// A fenced node that was told to serve has answered: the primary, or what was selected.
    mutating func resumeAnswered(_ value: RESPValue, _ ref: InstanceRef, _ epoch: UInt64) {
        guard let failover = groups[ref.group].failover, failover.epoch == epoch,
            failover.stage == .resuming
                || failover.stage == .waitingPromotion && ref == promotedReplica(ref.group)
        else { return }
        guard !value.isError else {
            actions.append(
                .log(
                    .warning,
                    "\(self[ref].address.text) of \(groups[ref.group].name) does not resume: "
                        + (value.string ?? "")))
            send(ref, [(["TANDEM", "NODE"], .node)])
            return abortFailover(ref.group, .abortNoGoodReplica)
        }
        requestInfo(ref)
    }

    /// A server may have been told later epochs than ours, by sentinels that are gone: the next
    /// attempt is above them.
    mutating func nodeAnswered(_ value: RESPValue, _ ref: InstanceRef) {
        guard let fields = value.elements,
            let name = fields.firstIndex(where: { $0.string == "epoch" }), name + 1 < fields.count,
            let epoch = UInt64(fields[name + 1].string ?? "")
        else { return }
        adoptEpoch(epoch, ref.group)
    }

    /// Waits until the primary says that it serves; then the epoch's configuration is its own.
    mutating func watchResumption(_ group: Int, _ failover: Failover) {
        let report = groups[group].primary.report
        if !report.isFenced, report.role == .primary {
            groups[group].configurationEpoch = failover.epoch
            groups[group].failover = nil
            groups[group].gate = FailoverGate()
            groups[group].acceptsEmpty = false
            changed()
            return hastenHellos(group)
        }
        let limit = failover.since + microseconds(timing.electionTimeout)
        if now > limit { return abortFailover(group, .abortNoGoodReplica) }
        wake(group, at: limit + 1)
        pollInfo(primary(group))
    }
}
