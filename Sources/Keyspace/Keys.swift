import DataStructures
import Memory

/// Changes to keys whatever they hold.
extension Databases {
    /// Deletes a key. Returns whether it was there. A long value is freed in slices if it is very
    /// long, or `lazily` if it is long.
    @discardableResult
    package mutating func delete(
        _ database: Int, _ key: ByteView, _ hash: UInt64, lazily: Bool = false
    ) -> Bool {
        guard let position = databases[database].dict.locate(hash, key) else { return false }
        changes += 1
        remove(database, position, lazily: lazily)
        return true
    }

    private mutating func remove(
        _ database: Int, _ position: DictPosition, lazily: Bool = false
    ) {
        let record = databases[database].dict.remove(position)
        noteRemoved(database, record)
        retire(database, record, isUnseen(record), lazily: lazily)
    }

    /// Sets when a key expires, in milliseconds since 1970; nil for never. Returns whether the
    /// key is there.
    @discardableResult
    package mutating func setExpiry(
        _ database: Int, _ key: ByteView, _ hash: UInt64, at expiry: Int64?
    ) -> Bool {
        guard let position = databases[database].dict.locate(hash, key) else { return false }
        changes += 1
        let old = databases[database].dict[position]
        noteRemoved(database, old)
        let unseen = isUnseen(old)
        var shape = old.shape
        shape.expires = expiry != nil
        var record = old
        if !unseen, shape.sizeClass == old.shape.sizeClass {
            record.reshape(shape, kept: shape.isExternal ? 8 : shape.valueCount)
            if let expiry { record.setExpiry(expiry) }
        } else {
            record = old.clone(heap: heap, key: old.key, expiry: expiry, stamp: stamp)
            databases[database].dict[position] = record
            retire(database, old, unseen)
        }
        databases[database].dict.setMark(position, expiry != nil)
        noteAdded(database, record)
        return true
    }

    /// Gives the value and expiry of `key` to `newKey`, which loses what it had. Returns whether
    /// `key` is there; the same name twice changes nothing.
    @discardableResult
    package mutating func rename(
        _ database: Int, from key: ByteView, _ hash: UInt64, to newKey: ByteView,
        _ newHash: UInt64
    ) -> Bool {
        guard let record = databases[database].dict.find(hash, key) else { return false }
        if key == newKey { return true }
        put(record, database, newKey, newHash, clock: record.clock)
        if let position = databases[database].dict.locate(hash, key) {
            remove(database, position)
        }
        changes += 1
        return true
    }

    /// Moves a key to another database. Returns whether it did: the key is there, and not yet in
    /// the other database.
    @discardableResult
    package mutating func move(
        from database: Int, to target: Int, _ key: ByteView, _ hash: UInt64
    ) -> Bool {
        guard database != target, let record = databases[database].dict.find(hash, key),
            databases[target].dict.find(hash, key) == nil
        else { return false }
        put(record, target, key, hash, clock: record.clock)
        if let position = databases[database].dict.locate(hash, key) {
            remove(database, position)
        }
        changes += 1
        return true
    }

    /// Copies value and expiry of a key to another key, which loses what it had; a long string is
    /// shared until one of both changes, a large collection is not. Returns whether the key is
    /// there; a key is not copied onto itself.
    @discardableResult
    package mutating func copy(
        from database: Int, _ key: ByteView, _ hash: UInt64, to target: Int,
        _ newKey: ByteView, _ newHash: UInt64
    ) -> Bool {
        guard let record = databases[database].dict.find(hash, key) else { return false }
        if database == target, key == newKey { return false }
        put(record, target, newKey, newHash, clock: birthClock, sharing: false)
        changes += 1
        return true
    }

    /// Makes a copy of `record` the entry of `key`, and of its value if it is large and `record`
    /// will not be given up.
    private mutating func put(
        _ record: Record, _ database: Int, _ key: ByteView, _ hash: UInt64, clock: UInt32,
        sharing: Bool = true
    ) {
        let copy = record.clone(heap: heap, key: key, expiry: record.expiry, stamp: stamp)
        copy.clock = clock
        if !sharing, record.isLarge {
            copy.large = record.large.copy(heap: heap)
            giveUp(record.large)
        }
        if let position = databases[database].dict.locate(hash, key) {
            remove(database, position)
        }
        databases[database].dict.insert(hash, copy, marked: copy.expires)
        noteAdded(database, copy)
    }

    /// Empties a database, or all of them, at once; the memory is freed by `maintain`.
    package mutating func flush(_ database: Int?) {
        guard let database else {
            for index in 0..<databases.count { flush(index) }
            return
        }
        changes += databases[database].dict.count
        let fresh = Database(heap: heap, hashKey: hashKey)
        let old = Slot(databases.exchange(database, fresh))
        if snapshot.isActive, !old.value.isWalked {
            snapshot.detached.append(old)
        } else {
            discarded.append(old)
        }
    }

    /// Exchanges two databases.
    package mutating func swap(_ first: Int, _ second: Int) {
        databases.swapAt(first, second)
        restamp = RestampState()
        changes += 1
    }

    // MARK: What every change owes to digest, snapshot and memory

    /// To be called before a record is changed or after it was taken out.
    @usableFromInline
    mutating func noteRemoved(_ database: Int, _ record: Record) {
        if keepsDigest { databases[database].digest.remove(record) }
    }

    /// To be called when a record has its new content.
    @usableFromInline
    mutating func noteAdded(_ database: Int, _ record: Record) {
        if keepsDigest { databases[database].digest.add(record) }
    }

    /// Whether the present snapshot still needs the record as it is.
    @inlinable @inline(__always)
    func isUnseen(_ record: Record) -> Bool { isTracked && isUnseenBySnapshot(record) }

    /// Disposes of a record that is in no table any more: the snapshot gets it if it has not
    /// seen it.
    mutating func retire(
        _ database: Int, _ record: Record, _ unseen: Bool, lazily: Bool = false
    ) {
        if unseen, !Mutation.snapshotWithoutPreImages.isActive {
            handOver(databases[database].snapshotIndex, record)
        } else {
            free(record, lazily: lazily)
        }
    }

    /// Frees a record, and its block unless somebody else holds it; at once or in slices.
    mutating func free(_ record: Record, lazily: Bool = false) {
        if record.isExternal {
            if record.isLarge {
                giveUp(record.large)
            } else {
                giveUp(record.block, lazily: lazily)
            }
        }
        record.free(heap: heap)
    }

    /// Gives up one live hold on a long value.
    mutating func giveUp(_ block: ValueBlock, lazily: Bool = false) {
        guard block.release() else { return snapshot.charge(block) }
        dispose(of: block, lazily: lazily)
    }

    /// Frees a long value that nobody holds.
    mutating func dispose(of block: ValueBlock, lazily: Bool = false) {
        if block.footprint > (lazily ? Databases.freedAtOnceLazily : Databases.freedAtOnce) {
            discardedPieces.append(DiscardedPiece(block))
        } else {
            block.free(heap: heap)
        }
    }

    /// Longer values are freed in slices, whatever command lets go of them.
    static let freedAtOnce = 1 << 20
    /// Shorter ones are not worth a place in the queue, which would grow faster than it is worked
    /// off.
    static let freedAtOnceLazily = 64 * 1024
}
