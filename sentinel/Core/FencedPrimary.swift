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
    }

    /// The best replica that has at least the primary's data wins. Without one the primary may
    /// serve, once every replica has either answered or is down; also one that seems down is asked
    /// once more, because it may have come back with what the primary lost.
    mutating func judgeFence(_ group: Int, _ best: [Int], _ failover: Failover) -> FenceVerdict {
        let own = groups[group].primary.report
        if let index = best.first(where: {
            FencedPrimary.hasAtLeast(groups[group].replicas[$0].report, own)
        }) {
            return .promote(index)
        }
        let isPatient = now < failover.since + microseconds(Timing.fencePatience)
        let awaited = groups[group].replicas.indices.filter { index in
            let instance = groups[group].replicas[index]
            let hasAnswered =
                link(replica(group, index)).isConnected
                && instance.report.isOfThisConnection
            return instance.downSince == nil ? !hasAnswered : isPatient
        }
        for index in awaited { hastenConnection(replica(group, index)) }
        return awaited.isEmpty ? .resume : .wait
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
        let request = ["TANDEM", "RESUME", String(failover.epoch)]
        guard send(primary(group), [(request, .resume(epoch: failover.epoch))]) else {
            return abortFailover(group, .abortNoGoodReplica)
        }
        event(.warning, .resumePrimary, primary(group))
        enter(.resuming, group)
    }

    mutating func resumeAnswered(_ value: RESPValue, _ ref: InstanceRef, _ epoch: UInt64) {
        guard groups[ref.group].failover?.epoch == epoch,
            groups[ref.group].failover?.stage == .resuming
        else { return }
        guard !value.isError else {
            actions.append(
                .log(
                    .warning,
                    "The primary of \(groups[ref.group].name) does not resume: "
                        + (value.string ?? "")))
            return abortFailover(ref.group, .abortNoGoodReplica)
        }
        requestInfo(ref)
    }

    /// Waits until the primary says that it serves; then the epoch's configuration is its own.
    mutating func watchResumption(_ group: Int, _ failover: Failover) {
        let report = groups[group].primary.report
        if !report.isFenced, report.role == .primary {
            groups[group].configurationEpoch = failover.epoch
            groups[group].failover = nil
            groups[group].gate = FailoverGate()
            changed()
            return hastenHellos(group)
        }
        let limit = failover.since + microseconds(timing.electionTimeout)
        if now > limit { return abortFailover(group, .abortNoGoodReplica) }
        wake(group, at: limit + 1)
        pollInfo(primary(group))
    }
}

/// Comparing what two nodes hold.
enum FencedPrimary {
    /// Whether the replica holds everything the fenced primary holds. Positions compare only
    /// within one history; one of another history counts as newer if it holds anything, because
    /// it was served by a primary that we no longer know.
    static func hasAtLeast(_ replica: NodeReport, _ fenced: NodeReport) -> Bool {
        let position = max(replica.offset, replica.historyOffset)
        let own = fenced.historyOffset
        let histories = [fenced.replicationID, fenced.replicationID2].filter { !isNone($0) }
        let shares = [replica.replicationID, replica.replicationID2].contains {
            !isNone($0) && histories.contains($0)
        }
        return shares ? position >= own : position > 0
    }

    private static func isNone(_ id: String) -> Bool {
        id.isEmpty || id.utf8.allSatisfy { $0 == UInt8(ascii: "0") }
    }
}
