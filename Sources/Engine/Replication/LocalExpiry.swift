import Keyspace
import Memory
import RESP
import Sessions

/// Keys with an expiry that clients wrote to a writable replica. The primary knows nothing of
/// them, so the replica itself has to delete them when their time is over.
struct LocalExpiry: Equatable {
    /// Keys remembered at most; what is beyond stays until the next full resync.
    static let limit = 100_000
    /// Keys looked at in one run of the cron.
    static let step = 200

    private(set) var keys: Set<WatchedKey> = []
    private var queue: [WatchedKey] = []
    private var next = 0

    var isEmpty: Bool { keys.isEmpty }

    mutating func add(_ key: WatchedKey) {
        if keys.count < LocalExpiry.limit, keys.insert(key).inserted { queue.append(key) }
    }

    /// Looks at some keys in turn; those for which `isDone` holds are forgotten.
    mutating func visit(_ isDone: (WatchedKey) -> Bool) {
        for _ in 0..<min(LocalExpiry.step, queue.count) {
            if next >= queue.count { next = 0 }
            if isDone(queue[next]) {
                keys.remove(queue[next])
                queue.swapAt(next, queue.count - 1)
                queue.removeLast()
            } else {
                next += 1
            }
        }
    }
}

extension DataEngine {
    /// Remembers the keys of a write that came from a client of a writable replica.
    mutating func noteLocalWrite(_ call: Call) {
        guard !call.session.value.flags.contains(.primaryStream) else { return }
        let positions = frontend.table.rows[call.command].keys
        guard positions.first > 0, positions.step > 0 else { return }
        let last = positions.last >= 0 ? positions.last : call.count + positions.last
        for index in stride(from: positions.first, through: last, by: positions.step)
        where index < call.count {
            let entry = keyspace.find(call.database, call[index], keyspace.hash(call[index]))
            guard entry?.expiry != nil else { continue }
            replication.localExpiry.add(
                WatchedKey(database: call.database, key: call[index].bytes))
        }
    }

    /// Deletes those of them that have expired; called by the cron.
    mutating func expireLocalKeys() {
        guard !replication.localExpiry.isEmpty else { return }
        var over: [WatchedKey] = []
        let now = keyspace.now
        var tracked = LocalExpiry()
        swap(&tracked, &replication.localExpiry)
        tracked.visit { key in
            let expiry = key.key.withView {
                keyspace.find(key.database, $0, keyspace.hash($0))?.expiry
            }
            guard let expiry else { return true }
            if expiry <= now { over.append(key) }
            return expiry <= now
        }
        swap(&tracked, &replication.localExpiry)
        for key in over {
            key.key.withView { expire(key.database, $0, keyspace.hash($0)) }
        }
        unit.removeAll()
    }
}
