import Keyspace
import Replication
import Sessions

extension DataEngine {
    /// Units of `Keyspace.maintain` in one go; well below a millisecond.
    private static var maintenanceBudget: Int { 100 }
    /// Microseconds between two goes while there is more to do.
    private static var maintenancePause: Int64 { 1000 }

    package mutating func tick() -> Int64 {
        let now = frontend.time.monotonic
        refreshPause()
        if now >= nextCron {
            cronRuns += 1
            nextCron = now + 1_000_000 / Int64(max(settings.hz, 1))
            cron(at: now)
        }
        maintainKeyspace(at: now)
        let nextExpiry = activeExpireCycle()
        endTurn()
        var next = min(nextCron, nextExpiry, nextMaintenance)
        if let end = pause.end { next = min(next, end) }
        if persistence.delayedUntil > now { next = min(next, persistence.delayedUntil) }
        if let deadline = replication.failover.deadline { next = min(next, deadline) }
        if let deadline = replication.acknowledgements.nextDeadline { next = min(next, deadline) }
        if let shutdown = replication.shutdown, shutdown.stage == .waitingForReplicas {
            next = min(next, shutdown.deadline)
        }
        return next
    }

    private mutating func cron(at now: Int64) {
        clientsCron()
        if replication.isReplica { expireLocalKeys() }
        checkSavePoints()
        nextMaintenance = now
        if now >= replication.nextSecond {
            replication.nextSecond = now + 1_000_000
            replicationCron(at: now)
        }
        flushUnit(for: nil)
    }

    /// Moves tables and frees what was deleted, a little at a time.
    private mutating func maintainKeyspace(at now: Int64) {
        guard now >= nextMaintenance || keyspace.hasGarbage else { return }
        let more = keyspace.maintain(budget: DataEngine.maintenanceBudget)
        nextMaintenance = more ? now + DataEngine.maintenancePause : .max
    }
}
