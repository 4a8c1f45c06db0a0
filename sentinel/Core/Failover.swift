import Digests
import RESP
import Sessions

/// Why a failover was begun.
package enum FailoverCause: Equatable, Sendable {
    /// Enough sentinels agree that the primary is down.
    case primaryDown
    /// The operator asked, perhaps for a certain replica.
    case requested(target: Address?)
    /// The primary has handed over to this replica without us.
    case followed(Address)
}

/// A failover that this sentinel leads or wants to lead. Each stage is entered once and left for
/// the next or for an abort; what a stage does is in the file named after it.
package struct Failover: Equatable, Sendable {
    package enum Stage: Equatable, Sendable {
        /// Standing for election; peers are asked once our own vote is on disk.
        case electing(isSaved: Bool)
        /// Waiting for fresh positions of the replicas.
        case selecting
        /// The living primary was told to hand over; nil until it has agreed.
        case handingOver(acceptedAt: Int64?)
        /// A fenced primary was told to serve again.
        case resuming
        case sendingPromotion
        case waitingPromotion
        /// The new primary serves; the others are being pointed to it.
        case reconfiguring

        /// Whether clients are sent to the new primary.
        var isPromoted: Bool { self == .reconfiguring }

        var wireName: String {
            switch self {
            case .electing: StageName.electing
            case .selecting, .resuming: StageName.selecting
            case .handingOver(nil), .sendingPromotion: StageName.sendingPromotion
            case .handingOver, .waitingPromotion: StageName.waitingPromotion
            case .reconfiguring: StageName.reconfiguring
            }
        }
    }

    package let epoch: UInt64
    package let cause: FailoverCause
    package internal(set) var stage: Stage = .electing(isSaved: false)
    /// When the stage was entered.
    var since: Int64
    /// The replica that is or becomes the new primary.
    package internal(set) var promoted: Address?
    /// The run id it had when it was selected.
    var promotedRunID: String?
    /// Whether clients were told of the new primary.
    var isAnnounced = false

    var isRequested: Bool {
        if case .requested = cause { true } else { false }
    }
}

extension SentinelState {
    /// Begins a failover if there is a reason to, the gate is open, and it is our turn.
    mutating func considerFailover(_ group: Int) {
        guard groups[group].failover == nil, !tilt.isActive else { return }
        guard let cause = reason(group) else {
            groups[group].gate.startAt = nil
            return
        }
        let opens = gateOpens(group)
        guard now >= opens else { return waitAtGate(group, opens) }
        guard let start = groups[group].gate.startAt else {
            let start = now + startDelay(group)
            groups[group].gate.startAt = start
            return wake(group, at: start)
        }
        if now >= start { startFailover(group, cause) } else { wake(group, at: start) }
    }

    private mutating func reason(_ group: Int) -> FailoverCause? {
        if let address = handedOver(group) { return .followed(address) }
        return groups[group].objectivelyDownSince != nil ? .primaryDown : nil
    }

    /// When this sentinel may start by itself; sooner than agreed if the leader it voted for
    /// cannot be reached.
    private mutating func gateOpens(_ group: Int) -> Int64 {
        let gate = groups[group].gate
        guard let leader = gate.leader, leader != id else { return gate.closedUntil }
        let index = groups[group].sentinels.firstIndex { $0.runID == leader }
        let isLost =
            index.map {
                !link(sentinel(group, $0)).isConnected
                    || groups[group].sentinels[$0].downSince != nil
            } ?? true
        guard isLost else {
            groups[group].gate.leaderLostSince = nil
            return gate.closedUntil
        }
        let since = gate.leaderLostSince ?? now
        groups[group].gate.leaderLostSince = since
        return min(gate.closedUntil, since + microseconds(Timing.lostLeaderPatience))
    }

    private mutating func waitAtGate(_ group: Int, _ opens: Int64) {
        groups[group].gate.startAt = nil
        wake(group, at: opens)
        guard !groups[group].gate.isLogged else { return }
        groups[group].gate.isLogged = true
        let delay = (opens - now) / 1000
        actions.append(
            .log(
                .notice,
                "Next failover delay: I will not start a failover of \(groups[group].name) "
                    + "for \(delay) milliseconds"))
    }

    /// A head start for each place in the order of the living sentinels' ids, so that usually one
    /// stands alone.
    private mutating func startDelay(_ group: Int) -> Int64 {
        let before = groups[group].sentinels.indices.count { index in
            let peer = groups[group].sentinels[index]
            return (peer.runID ?? "") < id && link(sentinel(group, index)).isConnected
        }
        let jitter = Int64(random.below(Int(microseconds(Timing.rankJitter))))
        return Int64(before) * microseconds(Timing.rankDelay) + jitter
    }

    /// Stands for election in a new epoch.
    mutating func startFailover(_ group: Int, _ cause: FailoverCause) {
        currentEpoch += 1
        let epoch = currentEpoch
        groups[group].failover = Failover(epoch: epoch, cause: cause, since: now)
        groups[group].vote = Vote(leader: id, epoch: epoch)
        groups[group].gate.startAt = nil
        groups[group].gate.leader = nil
        groups[group].gate.isLogged = false
        changed()
        event(.warning, .newEpoch, group: group, text: String(epoch))
        event(.warning, .tryFailover, primary(group))
        stateFile.waiting.append(.candidacy(group: groups[group].name, epoch: epoch))
        touch(group)
    }

    /// Takes the steps of the failover that can be taken now.
    mutating func runFailover(_ group: Int) {
        var last: Failover.Stage?
        while let failover = groups[group].failover, failover.stage != last {
            last = failover.stage
            switch failover.stage {
            case .electing(let isSaved): countVotes(group, failover, isSaved)
            case .selecting: selectReplica(group, failover)
            case .handingOver(let accepted): watchHandOver(group, failover, accepted)
            case .resuming: watchResumption(group, failover)
            case .sendingPromotion: sendPromotion(group, failover)
            case .waitingPromotion: waitForPromotion(group, failover)
            case .reconfiguring: reconfigureReplicas(group, failover)
            }
        }
    }

    mutating func enter(_ stage: Failover.Stage, _ group: Int) {
        groups[group].failover?.stage = stage
        groups[group].failover?.since = now
        touch(group)
    }

    /// Gives up. An automatic failover is tried again later, after a pause that doubles with
    /// every failure up to twice the failover timeout; `firstDelay` is in milliseconds.
    mutating func abortFailover(
        _ group: Int, _ name: EventName?, firstDelay: Int64 = Timing.firstRetryDelay
    ) {
        guard let failover = groups[group].failover else { return }
        if let name { event(.warning, name, primary(group)) }
        groups[group].failover = nil
        for index in groups[group].replicas.indices {
            groups[group].replicas[index].reconfiguration = .none
        }
        touch(group)
        guard !failover.isRequested else { return }
        let failures = min(groups[group].gate.failures, 20)
        groups[group].gate.failures += 1
        let limit = groups[group].settings.failoverTimeout * 2
        let delay = min(firstDelay << Int64(failures), limit)
        let jitter = Int64(random.below(Int(max(delay, 1))))
        groups[group].gate.closedUntil = now + microseconds(delay + jitter)
        groups[group].gate.isLogged = false
    }

    /// Something has changed for which attempts had failed: the next need not wait out the pause.
    /// One voted for hears the same news and goes first; only if it does not, we do.
    mutating func reopenGate(_ group: Int) {
        let leader = groups[group].gate.leader
        let headStart = leader == nil || leader == id ? 0 : Timing.leaderHeadStart
        let opens = now + microseconds(headStart)
        groups[group].gate.failures = 0
        guard groups[group].gate.closedUntil > opens else { return }
        groups[group].gate.closedUntil = opens
        groups[group].gate.isLogged = false
        touch(group)
    }

    /// Another sentinel gets our vote in a later epoch: an attempt of ours that has changed
    /// nothing yet makes room.
    mutating func abandonFailover(_ group: Int, votingFor epoch: UInt64) {
        guard let failover = groups[group].failover, failover.epoch < epoch,
            !failover.stage.isPromoted
        else { return }
        abortFailover(group, .abortNotElected)
    }
}
