import RESP
import Sessions

/// A stall of our own (a stopped process, a suspended machine): silence of others during it says
/// nothing about them. All samples are void, nothing is held against anybody until it has been
/// watched for a whole period again, and peers are told that nobody is down.
package struct Tilt: Equatable, Sendable {
    package internal(set) var since: Int64?
    var until: Int64 = 0

    package var isActive: Bool { since != nil }
    var deadline: Int64 { isActive ? until : .max }
}

extension SentinelState {
    /// Looks whether we come `late` microseconds after the deadline, and whether an earlier stall
    /// is over.
    mutating func noticeStall(_ late: Int64) {
        if late > microseconds(timing.tiltTrigger) { enterTilt() }
        guard tilt.isActive, now >= tilt.until else { return }
        tilt.since = nil
        event(.warning, .tiltEnd, group: nil, text: "#tilt mode exited")
        for group in groups.indices { touch(group) }
    }

    private mutating func enterTilt() {
        let isNew = !tilt.isActive
        let longest = groups.map(\.settings.downAfter).max() ?? timing.pingPeriod
        tilt.since = tilt.since ?? now
        tilt.until = now + microseconds(min(timing.tiltPeriod, longest))
        if isNew { event(.warning, .tilt, group: nil, text: "#tilt mode entered") }
        for group in groups.indices {
            for ref in references(of: group) { links[key(ref)]?.restartPatience(now) }
            for index in groups[group].sentinels.indices {
                groups[group].sentinels[index].opinion.reset()
            }
            groups[group].gate.startAt = nil
            voidFailover(group)
            touch(group)
        }
    }

    /// What was decided before the stall may have been decided otherwise since.
    private mutating func voidFailover(_ group: Int) {
        switch groups[group].failover?.stage {
        case .electing, .selecting, .sendingPromotion:
            abortFailover(group, .abortNotElected)
        case .handingOver, .resuming, .waitingPromotion, .reconfiguring, nil: break
        }
    }
}
