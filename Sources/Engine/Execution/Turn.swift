import Keyspace
import Memory
import RESP
import Replication
import Sessions

extension DataEngine {
    /// Most time a turn spends on commands before it lets the host look at its sockets again;
    /// microseconds.
    static var turnBudget: Int64 { 400 }
    /// Time after which a turn begins nothing more of what can wait (walks, searches), counted
    /// from its beginning; microseconds.
    static var turnLimit: Int64 { 500 }

    /// Whether this turn may begin something more that can wait.
    var hasTimeLeft: Bool { frontend.clock() - frontend.time.monotonic < DataEngine.turnLimit }

    package mutating func beginTurn(_ time: TurnTime) {
        if startedAt.wall == 0 { startedAt = time }
        frontend.beginTurn(time)
        persistence.slicesLeft = DataEngine.slicesPerTurn
        keyspace.now = time.wall / 1000
    }

    package var hasPendingWork: Bool { frontend.hasQueuedSessions || persistenceWantsTurn }

    package mutating func process() {
        if clientMemory.isCounted || clientMemory.limitsOutput { countClients() }
        guard frontend.hasQueuedSessions else { return }
        let start = frontend.latest
        var now = start
        repeat {
            var links: Slot<Session>?
            guard frontend.fillBatch(link: { links = $0 }) else { break }
            if let link = links {
                frontend.quietUntil = 0
                receive(on: link)
            }
            if frontend.batchCount > 1 { prefetchBatch() } else { hashSingle() }
            now = executeBatch(since: now)
            frontend.settleBatch()
        } while frontend.hasQueuedSessions && now &- start < DataEngine.turnBudget
        if keyspace.hasGarbage { frontend.quietUntil = 0 }
    }

    /// Hashes the keys of the batch and asks for their memory: buckets first, then records, so
    /// that the misses of 32 requests overlap.
    @inline(never)
    mutating func prefetchBatch() {
        for index in 0..<frontend.batchCount {
            let item = frontend.batch[index]
            guard item.command >= 0 else { continue }
            let first = Int(frontend.table[Int(item.command)].firstKey)
            guard first > 0, first < Int(item.count) else { continue }
            let hash = keyspace.hash(frontend.arena.value[Int(item.first) + first])
            frontend.batch[index].hash = hash
            let session = Slot<Session>(address: item.session)
            keyspace.prefetchBucket(session.value.database, hash)
        }
        for index in 0..<frontend.batchCount where frontend.batch[index].hash != 0 {
            let item = frontend.batch[index]
            let session = Slot<Session>(address: item.session)
            keyspace.prefetchEntry(session.value.database, item.hash)
        }
    }

    /// A request alone has nothing to overlap with.
    @inline(__always)
    private mutating func hashSingle() {
        guard frontend.batchCount == 1, frontend.batch[0].command >= 0 else { return }
        let item = frontend.batch[0]
        let first = Int(frontend.table[Int(item.command)].firstKey)
        guard first > 0, first < Int(item.count) else { return }
        frontend.batch[0].hash = keyspace.hash(frontend.arena.value[Int(item.first) + first])
    }

    /// Executes the batch in order; the time afterwards. Commands that are fast by nature share
    /// the time of the batch, the others are timed one by one.
    @inline(__always)
    mutating func executeBatch(since start: Int64) -> Int64 {
        var slow: Int64 = 0
        var index = 0
        while index < frontend.batchCount {
            let item = frontend.batch[index]
            index &+= 1
            let slot = Slot<Session>(address: item.session)
            let stop =
                SessionFlags.blocked.rawValue | SessionFlags.closing.rawValue
                | SessionFlags.closeAfterReply.rawValue
            if slot.value.flags.rawValue & stop != 0 { continue }
            var call = Call(
                session: slot, arena: frontend.arena, first: Int(item.first),
                count: Int(item.count), command: Int(item.command), hash: item.hash)
            slot.value.lastInteraction = frontend.time.monotonic
            if item.command >= 0, frontend.table[Int(item.command)].isTimedWithBatch {
                if dispatch(&call) { frontend.finish(slot, upTo: item.end) }
            } else {
                slow &+= executeTimed(&call, end: item.end)
            }
            frontend.noteOutput(slot)
        }
        let now = frontend.readClock()
        // A host's own clock may be behind the time it gave for the turn.
        shareTime(max(0, now &- start &- slow))
        return now
    }

    /// Spreads `microseconds` over the fast commands of the batch.
    @inline(__always)
    mutating func shareTime(_ microseconds: Int64) {
        frontend.statistics.commandsProcessed &+= frontend.batchCount
        statistics.sharedMicroseconds &+= Int(microseconds)
        statistics.sharedCalls &+= frontend.batchCount
        if frontend.settings.latencyTracking { noteSharedLatency(microseconds) }
        if microseconds >= frontend.settings.noticeable { noteSlowBatch(microseconds) }
    }

    /// Counts the share of each fast command of the batch; one step for all of them.
    @inline(__always)
    private mutating func noteSharedLatency(_ microseconds: Int64) {
        if frontend.batchCount == 1 {
            let command = Int(frontend.batch[0].command)
            return noteLatency(command, LatencyHistogram.step(microseconds &* 1000), count: 1)
        }
        guard frontend.batchCount > 0 else { return }
        let step = LatencyHistogram.step(microseconds &* 1000 / Int64(frontend.batchCount))
        var index = 0
        while index < frontend.batchCount {
            let command = Int(frontend.batch[index].command)
            let start = index
            repeat {
                index &+= 1
            } while index < frontend.batchCount
                && Int(frontend.batch[index].command) == command
            noteLatency(command, step, count: index &- start)
        }
    }

    @inline(__always)
    private mutating func noteLatency(_ command: Int, _ step: Int, count: Int) {
        guard command >= 0, frontend.table[command].isTimedWithBatch else { return }
        frontend.table.latencies[command].add(
            step, count: count, calls: frontend.table.statistics[command].calls)
    }

    /// A batch of fast commands that took as long as a slow command. Each is logged with its share
    /// if that is long enough, else the first with all of it: who of them was slow is not known.
    @inline(never)
    private mutating func noteSlowBatch(_ microseconds: Int64) {
        guard frontend.batchCount > 0 else { return }
        let share = microseconds / Int64(frontend.batchCount)
        for index in 0..<frontend.batchCount {
            let item = frontend.batch[index]
            let call = Call(
                session: Slot(address: item.session), arena: frontend.arena,
                first: Int(item.first), count: Int(item.count), command: Int(item.command))
            guard wasTimedWithBatch(call) else { continue }
            if share < frontend.settings.noticeable { return logIfSlow(call, microseconds) }
            logIfSlow(call, share)
        }
    }

    /// Whether the call shared the time of its batch and was neither refused nor queued.
    private func wasTimedWithBatch(_ call: Call) -> Bool {
        guard call.command >= 0 else { return false }
        let entry = frontend.table[call.command]
        return entry.isTimedWithBatch && entry.accepts(arguments: call.count)
            && call.session.value.flags.contains(.authenticated)
            && !call.session.value.flags.contains(.inTransaction)
    }

    /// Runs a request that is timed by itself; the microseconds it took. One that is refused or
    /// queued is no call, and is not logged.
    @inline(never)
    private mutating func executeTimed(_ call: inout Call, end: Int) -> Int64 {
        frontend.quietUntil = 0
        let index = call.command < 0 ? -1 : frontend.table.executed(call)
        let calls = index < 0 ? 0 : frontend.table.statistics[index].calls
        let before = frontend.clock()
        if dispatch(&call) { frontend.finish(call.session, upTo: end) }
        let took = frontend.clock() - before
        if index >= 0, frontend.table.statistics[index].calls != calls { noteDuration(call, took) }
        return took
    }

    /// Counts the time of one command, and logs it if it was slow.
    mutating func noteDuration(_ call: Call, _ microseconds: Int64) {
        let microseconds = microseconds + introspection.sleepToCome
        introspection.sleepToCome = 0
        let index = frontend.table.executed(call)
        frontend.table.statistics[index].microseconds &+= Int(microseconds)
        if frontend.settings.latencyTracking {
            frontend.table.latencies[index].add(
                LatencyHistogram.step(microseconds * 1000), count: 1,
                calls: frontend.table.statistics[index].calls)
        }
        logIfSlow(call, microseconds)
    }

    private mutating func logIfSlow(_ call: Call, _ microseconds: Int64) {
        let index = frontend.table.executed(call)
        let threshold = Int64(frontend.settings.latencyMonitorThreshold)
        if threshold > 0, microseconds / 1000 >= threshold {
            frontend.latencyMonitor.add(
                frontend.table[index].flags.contains(.fast) ? "fast-command" : "command",
                LatencyMonitor.Sample(
                    time: frontend.time.wall / 1_000_000, milliseconds: microseconds / 1000))
        }
        let limit = Int64(frontend.settings.slowlogSlowerThan)
        if limit >= 0, microseconds >= limit, frontend.settings.slowlogMaxLength > 0,
            !frontend.table[index].flags.contains(.skipSlowlog)
        {
            frontend.slowlog.add(
                call, frontend.table[index].identity, microseconds: microseconds,
                wallSeconds: frontend.time.wall / 1_000_000,
                maxLength: frontend.settings.slowlogMaxLength)
        }
    }

    /// What is due at the end of every turn: replicas get the stream, waiters their answers,
    /// snapshots and hand-overs go on.
    mutating func endTurn() {
        heap.samplePeak()
        if keyWaits.hasReady { serveWaiters() }
        if replication.isReplica { acknowledgeProgress() }
        if replication.wantsAcknowledgements { requestAcknowledgements() }
        if !persistence.isIdle { pumpPersistence() }
        feedReplicas()
        if !replication.acknowledgements.isEmpty { answerWaiters() }
        if replication.failover.isActive { advanceFailover() }
        if case .some = replication.shutdown { advanceShutdown() }
        if !heldSessions.isEmpty { releaseReplies() }
        if clientMemory.isCounted || clientMemory.limitsOutput { enforceOutputLimits() }
    }
}
