import Digests
import Memory
import RESP
import Sessions

/// Voting for a leader: one vote per group and epoch, first come, first served, and no answer
/// before the vote is on disk.
extension SentinelState {
    /// Answers whether the primary at `address` is down, and with an id instead of `*` votes.
    mutating func answerPrimaryDown(
        _ session: Int, _ address: Address, epoch: UInt64, candidate: String
    ) {
        guard
            let group = groups.firstIndex(where: {
                names.isSame($0.primary.address, address)
            })
        else {
            return reply(session, .array([.integer(0), .text("*"), .integer(0)]))
        }
        touch(group)
        askAgain(group)
        guard candidate != "*" else { return reply(session, opinion(group, vote: nil)) }
        vote(group, epoch: epoch, candidate)
        let vote = groups[group].vote
        if vote == groups[group].savedVote || Mutation.voteBeforePersisted.isActive {
            return reply(session, opinion(group, vote: vote))
        }
        guard stateFile.waiting.count < SavedFile.waiterLimit else {
            return reply(session, opinion(group, vote: groups[group].savedVote))
        }
        stateFile.waiting.append(.vote(session: session, group: groups[group].name, vote))
    }

    /// The reply to the question whether the group's primary is down.
    func opinion(_ group: Int, vote: Vote?) -> RESPValue {
        let isDown = !tilt.isActive && groups[group].primary.downSince != nil
        guard let vote else {
            return .array([.integer(isDown ? 1 : 0), .text("*"), .integer(0)])
        }
        return .array([
            .integer(isDown ? 1 : 0), .text(vote.leader ?? "*"),
            .integer(Int64(clamping: vote.epoch)),
        ])
    }

    /// Takes a decision in memory; it counts from when it is saved.
    private mutating func vote(_ group: Int, epoch: UInt64, _ candidate: String) {
        adoptEpoch(epoch, group)
        let isFree = groups[group].vote.epoch < epoch || Mutation.doubleVote.isActive
        guard isFree, currentEpoch == epoch else { return }
        groups[group].vote = Vote(leader: candidate, epoch: epoch)
        changed()
        guard candidate.lowercased() != id.lowercased() else { return }
        abandonFailover(group, votingFor: epoch)
        waitForLeader(group, candidate)
    }

    /// Lets the one voted for try: no attempt of our own until it had its time, or is lost.
    private mutating func waitForLeader(_ group: Int, _ leader: String) {
        let settings = groups[group].settings
        let patience = min(settings.failoverTimeout * 2, timing.electionTimeout * 2)
        let jitter = Int64(random.below(1000))
        groups[group].gate.closedUntil = now + microseconds(patience + jitter)
        groups[group].gate.leader = leader
        groups[group].gate.leaderLostSince = nil
        groups[group].gate.startAt = nil
    }

    /// A write is done: what it holds may be told. That need not be what was asked for, when an
    /// earlier write failed and the vote was taken back.
    mutating func voteSaved(_ session: Int, _ name: String) {
        guard let group = groupIndex(name) else {
            return reply(session, .array([.integer(0), .text("*"), .integer(0)]))
        }
        reply(session, opinion(group, vote: groups[group].savedVote))
    }

    /// The vote could not be saved: it was never given.
    mutating func voteRefused(_ session: Int, _ name: String, _ vote: Vote, _ reason: String) {
        guard let group = groupIndex(name) else {
            return reply(session, .array([.integer(0), .text("*"), .integer(0)]))
        }
        if groups[group].vote == vote { groups[group].vote = groups[group].savedVote }
        sayRefused(group, vote, reason)
        reply(session, opinion(group, vote: groups[group].savedVote))
    }

    /// Says, once for each vote, that it was refused.
    mutating func sayRefused(_ group: Int, _ vote: Vote, _ reason: String) {
        guard groups[group].refusedVote != vote else { return }
        groups[group].refusedVote = vote
        event(
            .warning, .voteRefused, primary(group),
            "#\(vote.leader ?? "*") \(vote.epoch): state not saved: \(reason)")
    }

    mutating func reply(_ session: Int, _ value: RESPValue) {
        actions.append(.reply(session: session, value))
    }
}
