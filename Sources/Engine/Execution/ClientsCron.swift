import Memory
import RESP
import Sessions

extension DataEngine {
    /// Looks after sessions: idle ones are closed (`timeout`), those whose output is over a soft
    /// limit for too long too, and blocks that nobody uses are given back. Every session has its
    /// turn about once a second; a call does its share. Also measures rates.
    mutating func clientsCron() {
        let now = frontend.time.monotonic
        if now - introspection.rates.sampledAt >= 100_000 {
            introspection.rates.sample(frontend.statistics, at: now)
        }
        if introspection.clientsToCheck.isEmpty {
            introspection.clientsToCheck = frontend.sessions.keys.sorted(by: >)
        }
        let share = max(5, frontend.sessions.count / max(settings.hz, 1))
        for _ in 0..<share {
            guard let id = introspection.clientsToCheck.popLast() else { return }
            if let slot = frontend.sessions[id] { check(slot, now) }
        }
    }

    private mutating func check(_ slot: Slot<Session>, _ now: Int64) {
        guard !slot.value.flags.contains(.closing) else { return }
        let idle = (now - slot.value.lastInteraction) / 1_000_000
        let limit = frontend.settings.timeout
        if limit > 0, idle > Int64(limit), slot.value.role == .client,
            slot.value.flags.intersection([.blocked, .subscribed, .monitor]).isEmpty
        {
            frontend.log(.verbose, "Closing idle client")
            frontend.close(slot)
            return
        }
        if !slot.value.reply.buffer.isEmpty || slot.value.overSoftLimitSince != 0 {
            frontend.enforceOutputLimit(slot)
        }
        if idle >= 2 {
            slot.value.input.releaseIfEmpty()
            slot.value.reply.buffer.releaseIfEmpty()
        }
        if clientMemory.isCounted { count(slot) }
    }
}
