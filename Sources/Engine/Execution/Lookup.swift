import Keyspace
import Memory
import Sessions

extension DataEngine {
    /// Hash of argument `index`: taken from the batch for the first key.
    @inline(__always)
    func hash(_ call: Call, _ index: Int) -> UInt64 {
        index == 1 && call.hash != 0 ? call.hash : keyspace.hash(call[index])
    }

    /// The entry of a key that a command reads, or nil. Counts hits and misses and touches the
    /// access clock. An expired key is missing; a primary deletes it and says so to replicas.
    @inline(__always)
    mutating func lookup(_ call: Call, _ index: Int = 1) -> Entry? {
        let found = peek(call, index)
        if let found {
            statistics.keyspaceHits &+= 1
            if !call.session.value.flags.contains(.noTouch) { keyspace.touch(found) }
        } else {
            statistics.keyspaceMisses &+= 1
            missed(call, index)
        }
        return found
    }

    /// The entry of a key that a command is about to write, or nil; counts neither as hit nor as
    /// miss, but is a use.
    @inline(__always)
    mutating func lookupForWrite(_ call: Call, _ index: Int = 1) -> Entry? {
        let found = peek(call, index)
        if let found, !call.session.value.flags.contains(.noTouch) { keyspace.touch(found) }
        return found
    }

    /// As `lookup`, without counting or touching.
    @inline(__always)
    mutating func peek(_ call: Call, _ index: Int = 1) -> Entry? {
        let key = call[index]
        let hash = hash(call, index)
        guard let entry = keyspace.find(call.database, key, hash) else { return nil }
        if _fastPath(!entry.isExpired(at: keyspace.now)) { return entry }
        return expired(entry, call.database, key, hash, call.session)
    }

    /// What a command finds at an expired key: nil, after what expiry asks for here.
    @inline(never)
    mutating func expired(
        _ entry: Entry, _ database: Int, _ key: ByteView, _ hash: UInt64,
        _ session: Slot<Session>
    ) -> Entry? {
        // The primary decides when a key dies; its own commands find what it thinks is there.
        if session.value.flags.contains(.primaryStream) { return entry }
        if mayExpire { expire(database, key, hash) }
        return nil
    }

    /// Whether this server may delete expired keys itself: not a replica, not while clients are
    /// paused or the data are loading.
    var mayExpire: Bool {
        (!replication.isReplica || Mutation.replicaExpiresKeys.isActive)
            && gates.isDisjoint(with: [.loading, .fenced])
            && !pause.isActive(frontend.time)
    }

    /// Deletes an expired key and tells everybody.
    mutating func expire(_ database: Int, _ key: ByteView, _ hash: UInt64) {
        let lazily = settings.lazyfreeLazyExpire
        propagate(database, lazily ? "UNLINK" : "DEL", key)
        keyChanged(key, database, "expired", .expired)
        _ = keyspace.delete(database, key, hash, lazily: lazily)
        statistics.expiredKeys += 1
    }

    @inline(__always)
    private mutating func missed(_ call: Call, _ index: Int) {
        if _slowPath(notifications.contains(.keyMiss)) {
            notify(call[index], call.database, "keymiss", .keyMiss)
        }
    }
}
