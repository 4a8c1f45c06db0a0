import DataStructures
import Memory

/// Looking at many entries, or at any.
extension Databases {
    /// Goes on with a walk over the keys that starts and ends with cursor 0, until at least
    /// `count` were visited or ten buckets for each of them. A key that is there from the first
    /// step to the last is visited at least once.
    package func scan(
        _ database: Int, cursor: UInt64, count: Int, _ visit: (Entry) -> Void
    ) -> UInt64 {
        var cursor = cursor
        var visited = 0
        var steps = 0
        repeat {
            cursor = databases[database].dict.scan(cursor) { record in
                visited += 1
                visit(Entry(record))
            }
            steps += 1
        } while cursor != 0 && visited < count && steps / 10 < count
        return cursor
    }

    /// Visits every entry of a database, in no particular order.
    package func forEach(_ database: Int, _ visit: (Entry) -> Void) {
        databases[database].dict.forEach { visit(Entry($0)) }
    }

    /// Any entry, expired ones included.
    package mutating func randomEntry(_ database: Int) -> Entry? {
        var generator = random
        defer { random = generator }
        return databases[database].dict.random(&generator).map { Entry($0) }
    }

    /// Goes on looking for expired keys where the last call stopped, database by database, until
    /// about `budget` keys with an expiry were looked at or all once. `expired` gets the number
    /// of the database and the key; it must not change the keyspace.
    @discardableResult
    package mutating func expireSlice(
        budget: Int, _ expired: (Int, ByteView) -> Void
    ) -> ExpireSlice {
        var slice = ExpireSlice()
        var rounds = 0
        while rounds < databases.count, slice.examined < budget {
            let index = expireTurn % databases.count
            var place = databases[index].sweep
            var remaining: Int64 = 0
            var live = 0
            let before = slice.examined
            let time = now
            let ended =
                databases[index].dict.markedCount == 0
                || databases[index].dict.sweepMarked(&place, budget: budget - before) { record in
                    slice.examined += 1
                    guard let expiry = record.expiry else { return }
                    if expiry <= time {
                        slice.expired += 1
                        expired(index, record.key)
                    } else {
                        remaining += min(expiry - time, 1 << 40)
                        live += 1
                    }
                }
            databases[index].sweep = place
            if live > 0 {
                let mean = remaining / Int64(live)
                let old = databases[index].averageTTL
                // As Redis smooths it: a fiftieth of the new sample.
                databases[index].averageTTL = old == 0 ? mean : (old / 50) * 49 + mean / 50
            } else if databases[index].dict.markedCount == 0 {
                databases[index].averageTTL = 0
            }
            guard ended else { break }
            expireTurn = (index + 1) % databases.count
            rounds += 1
        }
        slice.roundEnded = rounds == databases.count
        return slice
    }

    /// Visits about `count` entries to choose from when one must be evicted: neighbours from a
    /// random place on, or, of those with an expiry, independent ones.
    package mutating func sampleForEviction(
        _ database: Int, count: Int, volatileOnly: Bool, _ visit: (Entry) -> Void
    ) {
        var generator = random
        defer { random = generator }
        if volatileOnly {
            for _ in 0..<min(count, databases[database].dict.markedCount) {
                if let record = databases[database].dict.randomMarked(&generator) {
                    visit(Entry(record))
                }
            }
        } else {
            databases[database].dict.sample(count, &generator) { visit(Entry($0)) }
        }
    }

    /// Any entry with an expiry, each as likely as any other.
    package mutating func randomVolatileEntry(_ database: Int) -> Entry? {
        var generator = random
        defer { random = generator }
        return databases[database].dict.randomMarked(&generator).map { Entry($0) }
    }
}

/// What one slice of the search for expired keys did.
package struct ExpireSlice: Equatable, Sendable {
    /// Keys with an expiry that were looked at, and how many of them were expired.
    package var examined = 0
    package var expired = 0
    /// Whether every database was gone through to its end in this call.
    package var roundEnded = false
}
