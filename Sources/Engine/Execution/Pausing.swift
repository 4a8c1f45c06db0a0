import Memory
import RESP
import Sessions

/// CLIENT PAUSE, and pauses of our own (FAILOVER, shutdown). The longest and strictest holds.
package struct PauseState: Equatable, Sendable {
    package enum Purpose: Int, CaseIterable, Sendable { case client, failover, shutdown }
    package struct Pause: Equatable, Sendable {
        /// End in monotonic microseconds.
        package var until: Int64
        /// Whether reads wait too.
        package var all: Bool
    }
    package private(set) var pauses: [Purpose: Pause] = [:]
    package init() {}

    /// Whether any pause holds at `time`.
    package func isActive(_ time: TurnTime) -> Bool {
        !pauses.isEmpty && pauses.values.contains { $0.until > time.monotonic }
    }

    /// Whether reads wait too.
    package func stopsReads(_ time: TurnTime) -> Bool {
        pauses.values.contains { $0.all && $0.until > time.monotonic }
    }

    /// The end of the last pause.
    package var end: Int64? { pauses.values.map(\.until).max() }

    mutating func set(_ purpose: Purpose, _ pause: Pause?) { pauses[purpose] = pause }
}

extension DataEngine {
    /// Starts, prolongs or ends a pause for one purpose.
    mutating func setPause(_ purpose: PauseState.Purpose, _ pause: PauseState.Pause?) {
        if pause != nil { gates.insert(.paused) }
        self.pause.set(purpose, pause)
        refreshPause()
    }

    /// Ends pauses whose time is over and lets the waiting requests run.
    mutating func refreshPause() {
        guard gates.contains(.paused), !pause.isActive(frontend.time) else { return }
        for purpose in PauseState.Purpose.allCases { pause.set(purpose, nil) }
        gates.remove(.paused)
        let paused = frontend.sessions.filter { $0.value.value.blocking == .paused }
        for id in paused.keys.sorted() {
            if let slot = paused[id] { unblock(slot) }
        }
    }

    /// Whether a request has to wait for the end of the pause. Replicas and links never do; a
    /// WRITE pause stops what may write or be replicated.
    func mustWaitForUnpause(_ call: Call, _ flags: CommandFlags) -> Bool {
        guard case .client = call.session.value.role, pause.isActive(frontend.time) else {
            return false
        }
        if pause.stopsReads(frontend.time) { return !isPauseControl(call) }
        if isHello(call) { return false }
        return flags.contains(.write) || flags.contains(.mayReplicate)
    }

    /// Whether the request is the PUBLISH by which a sentinel makes itself known. If it waited,
    /// so would the sentinel's PING behind it, and a server that only takes no writes for a
    /// moment would be thought dead. It is not propagated then: each server is sent its own.
    func isHello(_ call: Call) -> Bool {
        call.count == 3 && call[1] == PubSub.helloChannel
            && frontend.table[call.command].identity == .publish
    }

    /// CLIENT UNPAUSE and the like must get through a pause of everything.
    private func isPauseControl(_ call: Call) -> Bool {
        switch frontend.table[call.command].identity {
        case .clientPause, .clientUnpause, .failover, .shutdown: true
        default: false
        }
    }

    /// Puts a session to sleep before the request that was just refused entry.
    mutating func postpone(_ session: Slot<Session>) {
        session.value.flags.insert(.blocked)
        session.value.blocking = .paused
    }

    /// Lets a blocked session go on whose reply was written from `start` on. If it wanted none,
    /// it gets none.
    mutating func unblock(_ session: Slot<Session>, from start: Int) {
        if !session.value.flags.isDisjoint(with: [.repliesOff, .silenced]) {
            session.value.reply.buffer.truncate(to: start)
        }
        session.value.lastInteraction = frontend.time.monotonic
        unblock(session)
    }

    /// Lets a blocked session go on with its input.
    mutating func unblock(_ session: Slot<Session>) {
        session.value.flags.subtract([.blocked, .silenced])
        session.value.blocking = .none
        frontend.enqueue(session)
        frontend.noteOutput(session)
    }
}
