import DataStructures
import Memory

/// The number of a snapshot.
package struct SnapshotID: Equatable, Sendable {
    package let number: Int
}

/// A record that belongs to a snapshot alone.
@usableFromInline
struct SideRecord: BitwiseCopyable {
    let database: Int
    let address: UInt
}

/// What a snapshot keeps besides the stamps in the entries.
struct SnapshotState: ~Copyable {
    var isActive = false
    var number = 0
    /// Records that were changed or deleted before the walk came to them.
    var side: ChunkQueue<SideRecord>
    var sideBytes = 0
    /// Databases that were flushed while the walk still had to come to them.
    var detached: [Slot<Database>] = []
    /// The database, by its number at the start, that is walked now.
    var walkIndex = 0
    /// Long and large values lent to the consumer until the next slice.
    var held: [Slot<ValueBlock>] = []
    var heldLarge: [LargeBlock] = []
    /// Sizes at the start.
    var sizes: [(keys: Int, expires: Int)] = []
    /// Snapshots since every stamp was known to be that of the last one.
    var unfinished = 0

    let heap: Heap

    init(heap: Heap) {
        self.heap = heap
        side = ChunkQueue(heap: heap)
    }

    deinit {
        side.forEach { Record(address: $0.address).freeWhole(heap: heap) }
        for slot in detached { slot.free() }
        for lent in held {
            if lent.value.release() { lent.value.free(heap: heap) }
            lent.free()
        }
        for block in heldLarge where block.release() { block.freeAll(heap: heap) }
    }

    /// The number as it stands in what belongs to this snapshot; hardly ever the same again.
    var mark: UInt32 { UInt32(truncatingIfNeeded: number) }

    /// How many times a long value is lent.
    func lent(_ block: ValueBlock) -> Int {
        held.count { $0.value.address == block.address }
    }

    /// What of `sideBytes` a long value takes.
    func bytes(of block: ValueBlock) -> Int {
        let images = block.preImages.map { $0.snapshot == mark ? $0.footprint : 0 } ?? 0
        return images + (block.charged == mark ? block.footprint : 0)
    }

    /// Counts a long value once nobody but the snapshot holds it.
    mutating func charge(_ block: ValueBlock) {
        guard isActive, block.frozenHolders == block.holders, block.charged != mark else { return }
        block.charged = mark
        sideBytes += block.footprint
    }
}

/// Where the renewal of stamps is after many snapshots that were not finished.
struct RestampState {
    var isRunning = false
    var database = 0
    var cursor: UInt64 = 0
}

/// Snapshots without fork. A snapshot is what all databases held when it began. The walk visits
/// every entry of every table, in slices, and stamps it; whoever changes, moves or deletes an
/// entry that does not bear the stamp hands the old record over first, as it is, and goes on with
/// a new one. New entries are born with the stamp. So each entry is visited exactly once, from
/// its table or from the side queue, whatever happens meanwhile. A long value is shared between
/// the record in the side queue and the new one; of pages that change, what they held is kept
/// first (`PreImages`), until the consumer has read the value. A large collection is shared as
/// well, and frozen before its first change: nodes that change are copied (`Lineage`).
extension Databases {
    /// Whether a snapshot is being taken.
    package var isSnapshotActive: Bool { snapshot.isActive }

    /// Memory held for the snapshot alone, less than a tenth off: old records, long values that
    /// nobody else has, and pages of others from before they changed. How much is too much is for
    /// the engine to say.
    package var snapshotSideBytes: Int { snapshot.sideBytes }

    /// Of that, what is held of long values that the consumer is reading now.
    package var snapshotLentBytes: Int {
        var seen: Set<UInt> = []
        var bytes = 0
        for lent in snapshot.held where seen.insert(lent.value.address).inserted {
            bytes += snapshot.bytes(of: lent.value)
        }
        for block in snapshot.heldLarge where seen.insert(block.address).inserted {
            bytes += snapshot.bytes(of: block)
        }
        return bytes
    }

    /// Begins a snapshot of all databases as they are now. Only one can be active.
    package mutating func beginSnapshot() -> SnapshotID {
        invariant(!snapshot.isActive, "two snapshots at once")
        if snapshot.unfinished >= Databases.stampsInUse { restampAll() }
        restamp = RestampState()
        stamp &+= 1
        snapshot.isActive = true
        snapshot.number += 1
        snapshot.walkIndex = 0
        snapshot.sizes = []
        for index in 0..<databases.count {
            let dict = databases[index].dict.count
            snapshot.sizes.append((dict, databases[index].dict.markedCount))
            databases[index].snapshotIndex = index
            databases[index].walkCursor = 0
            databases[index].isWalked = dict == 0
        }
        updateTracking()
        return SnapshotID(number: snapshot.number)
    }

    /// Number of keys, and of those with an expiry, that a database had when the snapshot began.
    package func snapshotSize(_ database: Int) -> (keys: Int, expires: Int) {
        snapshot.sizes[database]
    }

    /// Visits entries that the snapshot has not seen yet, until about `limit` bytes of them were
    /// visited, and a bucket at least. `visit` gets the number that the database had at the start
    /// and the entry, as it was then; entries of one database may come at any time. A string of
    /// more than 4096 bytes and a large collection can be read until the next slice or the end of
    /// the snapshot, so that they can be written in pieces; anything else is valid during the
    /// visit. Returns whether everything has been visited.
    package mutating func snapshotSlice(
        _ id: SnapshotID, limit: Int, _ visit: (Int, SnapshotEntry) -> Void
    ) -> Bool {
        invariant(isCurrent(id), "a slice of a snapshot that is over")
        releaseHeld()
        var left = limit
        repeat {
            if let side = snapshot.side.popFirst() {
                let record = Record(address: side.address)
                snapshot.sideBytes -= record.footprint
                let entry = SnapshotEntry(record, snapshot.mark)
                left -= record.shape.size + lend(entry)
                visit(side.database, entry)
                freeSide(record)
            } else if snapshot.walkIndex < databases.count {
                left -= walkBucket(visit)
            } else {
                snapshot.unfinished = 0
                return true
            }
        } while left > 0
        return snapshot.side.isEmpty && snapshot.walkIndex == databases.count
    }

    /// Ends a snapshot, finished or not, and lets go of what is held for it.
    package mutating func endSnapshot(_ id: SnapshotID) {
        guard isCurrent(id) else { return }
        releaseHeld()
        let finished = snapshot.side.isEmpty && snapshot.walkIndex == databases.count
        snapshot.unfinished = finished ? 0 : snapshot.unfinished + 1
        discardedRecords.take(&snapshot.side)
        snapshot.sideBytes = 0
        for slot in snapshot.detached { discarded.append(slot) }
        snapshot.detached = []
        for index in 0..<databases.count {
            databases[index].snapshotIndex = -1
            databases[index].isWalked = true
        }
        snapshot.isActive = false
        updateTracking()
    }

    private func isCurrent(_ id: SnapshotID) -> Bool {
        snapshot.isActive && snapshot.number == id.number
    }

    @usableFromInline
    func isUnseenBySnapshot(_ record: Record) -> Bool {
        snapshot.isActive && record.stamp != stamp
    }

    /// Visits what is unseen in the next bucket of the walk and returns how much work that was.
    private mutating func walkBucket(_ visit: (Int, SnapshotEntry) -> Void) -> Int {
        let index = snapshot.walkIndex
        var work = 0
        var lent: [SnapshotEntry] = []
        let stamp = self.stamp
        let mark = snapshot.mark
        func see(_ record: Record) {
            guard record.stamp != stamp else { return }
            record.stamp = stamp
            work += record.shape.size
            let entry = SnapshotEntry(record, mark)
            if record.isExternal { lent.append(entry) }
            visit(index, entry)
        }
        if let live = liveDatabase(index) {
            let cursor = databases[live].dict.scan(databases[live].walkCursor, see)
            databases[live].walkCursor = cursor
            if cursor == 0 {
                databases[live].isWalked = true
                snapshot.walkIndex += 1
            }
        } else if let place = snapshot.detached.firstIndex(where: {
            $0.value.snapshotIndex == index
        }) {
            let slot = snapshot.detached[place]
            slot.value.walkCursor = slot.value.dict.scan(slot.value.walkCursor, see)
            if slot.value.walkCursor == 0 {
                discarded.append(slot)
                snapshot.detached.remove(at: place)
                snapshot.walkIndex += 1
            }
        } else {
            snapshot.walkIndex += 1
        }
        for entry in lent { work += lend(entry) }
        return work + 64
    }

    /// The database that had this number when the snapshot began, if it still has to be walked
    /// and was not flushed.
    private func liveDatabase(_ index: Int) -> Int? {
        // Hardly ever swapped, so it is tried first.
        if databases[index].snapshotIndex == index {
            return databases[index].isWalked ? nil : index
        }
        for other in 0..<databases.count where databases[other].snapshotIndex == index {
            return databases[other].isWalked ? nil : other
        }
        return nil
    }

    // MARK: Stamps that come round again

    /// A stamp of one byte may be used again only when no entry bears it from the last time. A
    /// finished snapshot leaves its own stamp everywhere; after this many that were not finished
    /// every stamp must be renewed first.
    static let stampsInUse = 250
    /// From this many on it is done ahead of time, in slices.
    static let stampsBeforeRenewal = 100

    private mutating func restampAll() {
        for index in 0..<databases.count {
            databases[index].dict.forEach { $0.stamp = stamp }
        }
        snapshot.unfinished = 0
    }

    /// Goes on renewing stamps if that is due. Returns whether there is more to do.
    mutating func restampSlice(budget: Int) -> Bool {
        guard !snapshot.isActive, snapshot.unfinished >= Databases.stampsBeforeRenewal else {
            return false
        }
        let stamp = self.stamp
        for _ in 0..<budget {
            guard restamp.database < databases.count else {
                restamp = RestampState()
                snapshot.unfinished = 0
                return false
            }
            let index = restamp.database
            restamp.cursor = databases[index].dict.scan(restamp.cursor) { $0.stamp = stamp }
            if restamp.cursor == 0 { restamp.database += 1 }
        }
        return true
    }
}
