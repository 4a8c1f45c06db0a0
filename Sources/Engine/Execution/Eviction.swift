import Keyspace
import Memory
import Replication
import Sessions

/// What active expiry and eviction remember between two calls.
package struct ReclaimState: Equatable, Sendable {
    /// When the search for expired keys goes on; monotonic microseconds.
    package internal(set) var nextExpiry: Int64 = 0
    /// Share of the keys looked at last that were expired, in percent.
    package internal(set) var stalePercent = 0
    /// Settings about memory changed: it may be too much although nobody asks for more.
    var isEvictionDue = false
    /// Keys that eviction saw and did not take yet, the best last.
    var candidates: [EvictionCandidate] = []
    /// The database that random eviction looks at next.
    var evictionTurn = 0
    package init() {}
}

/// A key that may be evicted, and how much it deserves it.
struct EvictionCandidate: Equatable, Sendable {
    var score: UInt64
    var database: Int
    var key: [UInt8]
}

extension DataEngine {
    /// Candidates kept from one eviction to the next: the more, the nearer to true LRU.
    private static var candidateLimit: Int { 16 }
    /// Most time one call spends on evicting; what is missing then is evicted before the commands
    /// that follow. Microseconds.
    private static var evictionBudget: Int64 { 500 }
    /// Most keys one call evicts, for hosts whose clock stands still during a turn.
    private static var evictionLimit: Int { 1000 }
    /// Freed records and pieces of long values after each evicted key, so that eviction sees what
    /// it gained.
    private static var freeingStep: Int { 1000 }

    /// Bytes that count against `maxmemory`.
    package var countedMemory: Int { max(0, heap.used - uncountedMemory) }

    /// Bytes of the stream that only replicas which lag need: their growth must not make keys go,
    /// because evicting makes the stream grow.
    private var uncountedMemory: Int {
        guard replication.stream.isActive else { return 0 }
        return max(0, replication.stream.footprint - replication.stream.limit)
    }

    /// Takes over what settings say about memory; to be called when they change.
    package mutating func applyMemorySettings() {
        if settings.maxmemory > 0 {
            gates.insert(.memoryLimit)
            reclaim.isEvictionDue = true
        } else {
            gates.remove(.memoryLimit)
            noteExcess(false)
        }
        let usesLFU = settings.maxmemoryPolicy.usesLFU
        if keyspace.usesLFU != usesLFU { keyspace.usesLFU = usesLFU }
        keyspace.lfuLogFactor = settings.lfuLogFactor
        keyspace.lfuDecayTime = settings.lfuDecayTime
        reclaim.candidates = []
    }

    /// Evicts keys until memory is below `maxmemory`; false if there is nothing to evict. After a
    /// bounded amount of work it lets the command through and goes on before the next one.
    mutating func makeRoom() -> Bool {
        guard mustEvict else {
            noteExcess(false)
            return true
        }
        let hasRoom = evictToLimit()
        noteExcess(mustEvict)
        return hasRoom
    }

    /// Whether memory is above a limit that is ours to keep.
    private var mustEvict: Bool {
        settings.maxmemory > 0 && countedMemory > settings.maxmemory && mayEvict
    }

    /// For how long memory has been, and was, above the limit.
    private mutating func noteExcess(_ isAbove: Bool) {
        let now = frontend.time.monotonic
        if isAbove {
            if statistics.exceedingSince == nil { statistics.exceedingSince = now }
        } else if let since = statistics.exceedingSince {
            statistics.exceedingMicroseconds += now - since
            statistics.exceedingSince = nil
        }
    }

    private mutating func evictToLimit() -> Bool {
        guard settings.maxmemoryPolicy != .noEviction else { return hasFreed() }
        let start = frontend.clock()
        for count in 1...DataEngine.evictionLimit {
            guard let victim = nextVictim() else { return hasFreed() }
            evict(victim)
            keyspace.freeSlice(budget: DataEngine.freeingStep)
            if countedMemory <= settings.maxmemory { return true }
            if count % 16 == 0, frontend.clock() - start > DataEngine.evictionBudget { return true }
        }
        return true
    }

    /// Evicts for a limit that was set; a call does a bounded part of it.
    mutating func evictForSettings() {
        let before = statistics.evictedKeys
        _ = makeRoom()
        let isOver = settings.maxmemory > 0 && countedMemory > settings.maxmemory
        reclaim.isEvictionDue = isOver && statistics.evictedKeys > before
    }

    /// A replica follows its primary, and during a pause the data must not change.
    private var mayEvict: Bool {
        !replication.isReplica && !gates.contains(.loading) && !pause.isActive(frontend.time)
    }

    /// Whether memory that is deleted already is enough when it is freed.
    private mutating func hasFreed() -> Bool {
        let start = frontend.clock()
        while keyspace.hasGarbage, countedMemory > settings.maxmemory {
            keyspace.freeSlice(budget: DataEngine.freeingStep)
            if frontend.clock() - start > DataEngine.evictionBudget { return true }
        }
        return countedMemory <= settings.maxmemory
    }

    private mutating func evict(_ victim: EvictionCandidate) {
        let lazily = settings.lazyfreeLazyEviction
        victim.key.withView { key in
            keyspace.delete(victim.database, key, keyspace.hash(key), lazily: lazily)
            propagate(victim.database, lazily ? "UNLINK" : "DEL", key)
            keyChanged(key, victim.database, "evicted", .evicted)
        }
        statistics.evictedKeys += 1
        // By itself: it does not belong to the command that needs the room.
        flushUnit(for: nil)
    }

    /// The key to evict next; nil if the policy finds none.
    private mutating func nextVictim() -> EvictionCandidate? {
        let policy = settings.maxmemoryPolicy
        if policy == .allKeysRandom || policy == .volatileRandom {
            return randomVictim(volatileOnly: policy.isVolatileOnly)
        }
        while true {
            let found = sampleCandidates(policy)
            while let best = reclaim.candidates.popLast() {
                let entry = best.key.withView { key in
                    keyspace.find(best.database, key, keyspace.hash(key))
                }
                // It may have changed since it was seen.
                if let entry, !policy.isVolatileOnly || entry.expiry != nil { return best }
            }
            if !found { return nil }
        }
    }

    /// Databases take turns.
    private mutating func randomVictim(volatileOnly: Bool) -> EvictionCandidate? {
        for _ in 0..<keyspace.databaseCount {
            reclaim.evictionTurn = (reclaim.evictionTurn + 1) % keyspace.databaseCount
            let database = reclaim.evictionTurn
            let entry =
                volatileOnly
                ? keyspace.randomVolatileEntry(database) : keyspace.randomEntry(database)
            guard let entry else { continue }
            return EvictionCandidate(score: 0, database: database, key: entry.key.bytes)
        }
        return nil
    }

    /// Adds entries chosen at random to the candidates (approximated LRU as in Redis: a few
    /// samples from every database, the best of them remembered). False if there is no entry.
    private mutating func sampleCandidates(_ policy: EvictionPolicy) -> Bool {
        var candidates = reclaim.candidates
        var hasSeen = false
        for database in 0..<keyspace.databaseCount {
            let size =
                policy.isVolatileOnly ? keyspace.expires(database) : keyspace.size(database)
            guard size > 0 else { continue }
            var sample: [Entry] = []
            keyspace.sampleForEviction(
                database, count: settings.maxmemorySamples, volatileOnly: policy.isVolatileOnly
            ) { sample.append($0) }
            for entry in sample {
                hasSeen = true
                offer(entry, database, policy, &candidates)
            }
        }
        reclaim.candidates = candidates
        return hasSeen
    }

    /// Puts an entry among the candidates if it is better than the worst, or there is room.
    private func offer(
        _ entry: Entry, _ database: Int, _ policy: EvictionPolicy,
        _ candidates: inout [EvictionCandidate]
    ) {
        let score = evictionScore(entry, policy)
        let isFull = candidates.count >= DataEngine.candidateLimit
        if isFull, let worst = candidates.first, score <= worst.score { return }
        let isKnown = candidates.contains {
            $0.database == database && $0.key.withView { entry.key == $0 }
        }
        if isKnown { return }
        if isFull { candidates.removeFirst() }
        let place = candidates.firstIndex { $0.score > score } ?? candidates.count
        candidates.insert(
            EvictionCandidate(score: score, database: database, key: entry.key.bytes), at: place)
    }

    /// The higher, the sooner an entry goes.
    private func evictionScore(_ entry: Entry, _ policy: EvictionPolicy) -> UInt64 {
        if policy.usesLFU { return UInt64(255 - min(255, keyspace.frequency(entry))) }
        if policy.usesLRU { return UInt64(max(0, keyspace.idleSeconds(entry))) }
        // By time: what expires first. A time before 1970 comes before all others.
        return UInt64.max - UInt64(max(0, entry.expiry ?? Int64.max))
    }
}
