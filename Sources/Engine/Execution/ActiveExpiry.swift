import Keyspace
import Memory
import Sessions

/// Keys die when somebody finds them expired, and those that nobody asks for by a search that goes
/// round all keys with an expiry, in slices.
extension DataEngine {
    /// Most time of one slice, microseconds.
    private static var expirySliceTime: Int64 { 500 }
    /// Keys looked at between two looks at the clock.
    private static var expiryStep: Int { 32 }
    /// Shortest time between two slices, microseconds.
    private static var shortestExpiryPause: Int64 { 250 }

    /// Keys looked at in every slice however few of them are expired, as Redis's loop of twenty
    /// for each database; with the effort of `active-expire-effort` up to sixty.
    private var expiryFloor: Int { 320 * (4 + settings.activeExpireEffort - 1) / 4 }
    /// Keys looked at in one slice at most, for hosts whose clock stands still during a turn.
    private var expiryCeiling: Int { 16 * expiryFloor }
    /// Share of expired keys, in percent, below which the search can wait.
    private var acceptableStalePercent: Int { 10 - (settings.activeExpireEffort - 1) }
    /// Share of the time, in percent, that the search takes while there is a lot to do.
    private var expiryShare: Int64 { Int64(25 + 2 * (settings.activeExpireEffort - 1)) }

    /// Deletes expired keys for a while, if it is time to. Returns when it wants to be called
    /// again, on the monotonic clock in microseconds.
    package mutating func activeExpireCycle() -> Int64 {
        let now = frontend.time.monotonic
        guard now >= reclaim.nextExpiry else { return reclaim.nextExpiry }
        let calm = now + 1_000_000 / Int64(max(settings.hz, 1))
        guard settings.activeExpire, mayExpire else {
            reclaim.nextExpiry = calm
            return calm
        }
        let (took, isBehind) = expireSlice()
        let pause = max(DataEngine.shortestExpiryPause, took * (100 - expiryShare) / expiryShare)
        reclaim.nextExpiry = isBehind ? now + took + pause : calm
        return reclaim.nextExpiry
    }

    /// One slice: how long it took, and whether there is more to do than can wait.
    private mutating func expireSlice() -> (took: Int64, isBehind: Bool) {
        let start = frontend.clock()
        var (examined, expired) = (0, 0)
        var took: Int64 = 0
        defer { statistics.expiryMicroseconds += took }
        while examined < expiryCeiling {
            let (slice, keys) = findExpired(DataEngine.expiryStep)
            for (database, key) in keys { expireFound(database, key) }
            examined += slice.examined
            expired += slice.expired
            took = frontend.clock() - start
            let isStale = expired * 100 > examined * acceptableStalePercent
            if slice.roundEnded { break }
            if took >= DataEngine.expirySliceTime || !hasTimeLeft {
                statistics.expirySlicesCut += 1
                break
            }
            if examined >= expiryFloor, !isStale { break }
        }
        reclaim.stalePercent = examined > 0 ? expired * 100 / examined : 0
        return (took, reclaim.stalePercent > acceptableStalePercent)
    }

    private mutating func findExpired(
        _ budget: Int
    ) -> (slice: ExpireSlice, keys: [(database: Int, key: [UInt8])]) {
        var keys: [(database: Int, key: [UInt8])] = []
        let slice = keyspace.expireSlice(budget: budget) { keys.append(($0, $1.bytes)) }
        return (slice, keys)
    }

    /// Each deletion is a unit of its own, so that replicas do not get one long transaction.
    private mutating func expireFound(_ database: Int, _ key: [UInt8]) {
        key.withView { expire(database, $0, keyspace.hash($0)) }
        flushUnit(for: nil)
    }
}
