import RESP
import Sessions

/// Winning or losing the vote for the leader of a failover.
extension SentinelState {
    /// Our own vote is on disk: now peers may be asked for theirs.
    mutating func candidacySaved(_ name: String, _ epoch: UInt64) {
        guard let group = groupIndex(name), groups[group].failover?.epoch == epoch,
            groups[group].failover?.stage == .electing(isSaved: false)
        else { return }
        groups[group].failover?.stage = .electing(isSaved: true)
        for index in groups[group].sentinels.indices {
            groups[group].sentinels[index].opinion.askedAt = nil
        }
        touch(group)
    }

    /// Without a record of our vote we must not stand.
    mutating func candidacyRefused(_ name: String, _ epoch: UInt64, _ reason: String) {
        guard let group = groupIndex(name), groups[group].failover?.epoch == epoch,
            groups[group].failover?.stage == .electing(isSaved: false)
        else { return }
        if groups[group].vote == Vote(leader: id, epoch: epoch) {
            groups[group].vote = groups[group].savedVote
        }
        sayRefused(group, Vote(leader: id, epoch: epoch), reason)
        abortFailover(group, .abortNotElected)
    }

    /// Looks whether the election is won, lost or has taken too long; as long as our own vote is
    /// not on disk it can only take too long.
    mutating func countVotes(_ group: Int, _ failover: Failover, _ isSaved: Bool) {
        let needed = groups[group].votesNeeded
        let tally = tally(group, failover.epoch)
        if tally.own >= needed { return elected(group) }
        let timeout = min(timing.electionTimeout, groups[group].settings.failoverTimeout)
        let limit = failover.since + microseconds(timeout)
        if now > limit { return abortFailover(group, .abortNotElected) }
        wake(group, at: limit + 1)
        guard isSaved, tally.own + tally.open < needed else { return }
        // Lost. Where nobody can have won, the next attempt may follow soon.
        let mayHaveLeader = tally.best + tally.open >= needed
        abortFailover(
            group, .abortNotElected, firstDelay: mayHaveLeader ? Timing.firstRetryDelay : 100)
    }

    /// Votes of this epoch: ours, the most for anybody else, and those not yet told. A sentinel
    /// that cannot be reached has not told either.
    private func tally(_ group: Int, _ epoch: UInt64) -> (own: Int, best: Int, open: Int) {
        var counts: [String: Int] = [:]
        var open = 0
        for peer in groups[group].sentinels {
            if let leader = peer.opinion.leader, peer.opinion.leaderEpoch == epoch {
                counts[leader, default: 0] += 1
            } else if peer.opinion.leaderEpoch <= epoch {
                open += 1
            }
        }
        let vote = groups[group].savedVote
        if let leader = vote.leader, vote.epoch == epoch { counts[leader, default: 0] += 1 }
        let own = counts.removeValue(forKey: id) ?? 0
        return (own, counts.values.max() ?? 0, open)
    }

    private mutating func elected(_ group: Int) {
        event(.warning, .electedLeader, primary(group))
        if simulatedFailures.contains(.crashAfterElection) { return simulateCrash() }
        enter(.selecting, group)
        event(.warning, .selectReplica, primary(group))
        for index in groups[group].replicas.indices { requestInfo(replica(group, index)) }
    }

    /// Ends the process as a crash would, for tests.
    mutating func simulateCrash() {
        actions.append(.log(.warning, "Sentinel CRASH because of SENTINEL simulate-failure"))
        actions.append(.exit(99))
    }
}
