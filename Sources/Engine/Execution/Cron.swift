import Keyspace
import Replication
import Sessions

extension DataEngine {
    /// Units of `Keyspace.maintain` in one step, and steps in a turn at most. A unit takes less
    /// than a microsecond, but several where memory is touched for the first time.
    private static var maintenanceBudget: Int { 20 }
    private static var maintenanceSteps: Int { 5 }
    /// Microseconds between two goes while there is more to do.
    private static var maintenancePause: Int64 { 1000 }

    /// It is quiet until then if nothing goes on from turn to turn (replication, snapshots, waits)
    /// and nothing happens that could begin it. Only brief commands leave it so.
    package mutating func tick() -> Int64 {
        let now = frontend.time.monotonic
        if now < frontend.quietUntil { return frontend.quietUntil }
        let next = fullTick(at: now)
        frontend.quietUntil = hasNothingGoingOn ? next : 0
        return next
    }

    /// Whether all that is due from turn to turn is idle.
    private var hasNothingGoingOn: Bool {
        guard persistence.isIdle, replyGate.isOpen, heldSessions.isEmpty,
            !replication.isReplica, !replication.stream.isActive,
            !replication.wantsAcknowledgements, replication.acknowledgements.isEmpty,
            !replication.failover.isActive, gates.isEmpty, !clientMemory.limitsOutput,
            !reclaim.isEvictionDue
        else { return false }
        if case .some = replication.shutdown { return false }
        return true
    }

    private mutating func fullTick(at now: Int64) -> Int64 {
        refreshPause()
        endOverdueWaits()
        if now >= nextCron {
            cronRuns += 1
            nextCron = now + 1_000_000 / Int64(max(settings.hz, 1))
            if !introspection.isCronPaused { cron(at: now) }
        }
        maintainKeyspace(at: now)
        if reclaim.isEvictionDue { evictForSettings() }
        let nextExpiry = activeExpireCycle()
        endTurn()
        if persistenceWantsTurn { return now }
        var next = min(nextCron, nextExpiry, nextMaintenance)
        if reclaim.isEvictionDue { next = now }
        if gates.contains(.paused), let end = pause.end { next = min(next, end) }
        if persistence.delayedUntil > now { next = min(next, persistence.delayedUntil) }
        if !replication.acknowledgements.isEmpty,
            let deadline = replication.acknowledgements.nextDeadline
        {
            next = min(next, deadline)
        }
        if let deadline = handOverDeadline { next = min(next, deadline) }
        if let deadline = keyWaits.nextDeadline { next = min(next, deadline) }
        return next
    }

    /// When a hand-over or a stop is given up that waits for replicas.
    private var handOverDeadline: Int64? {
        if replication.failover.isActive { return replication.failover.deadline }
        if case .some(let shutdown) = replication.shutdown, shutdown.stage == .waitingForReplicas {
            return shutdown.deadline
        }
        return nil
    }

    private mutating func cron(at now: Int64) {
        if let options = introspection.stopToCome {
            introspection.stopToCome = nil
            shutDown(options: options)
        }
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
        var steps = 0
        repeat {
            if keyspace.maintain(budget: DataEngine.maintenanceBudget) {
                idleMaintenance = 0
                steps += 1
            } else {
                idleMaintenance += 1
            }
        } while idleMaintenance < keyspace.maintenanceRound
            && steps < DataEngine.maintenanceSteps && hasTimeLeft
        // A round that did not come to its end is gone on with soon.
        let isRoundOver = idleMaintenance >= keyspace.maintenanceRound
        if isRoundOver { idleMaintenance = 0 }
        nextMaintenance = isRoundOver && steps == 0 ? .max : now + DataEngine.maintenancePause
    }
}
