import Memory

/// The stream of writes: one log that is the backlog and every replica's output at once. Replicas
/// hold positions in it, never copies. Position 0 is before the first byte of the history, so the
/// stream's end is also the replication offset.
///
/// A primary writes commands (`StreamWriter.swift`); a replica appends the bytes its own primary
/// sent, unchanged.
///
/// Bound: `limit` bytes of history, or what the slowest replica still has to get, whichever is
/// more. The second is limited by closing replicas whose output limit is exceeded.
@usableFromInline
package struct ReplicationStream: ~Copyable {
    /// The least history that is kept, whatever is configured.
    package static let smallestLimit = 16 * 1024

    var ring: ByteRing
    /// Commands of this turn on their way to the ring: a command is encoded in a few large
    /// appends, and what opens a transaction can still be put in front of it.
    var staged: ByteBuffer
    var unit = Unit()

    /// Whether there is a backlog. Without one nothing is recorded and the offset stands still.
    package private(set) var isActive = false
    /// Bytes of history to keep (`repl-backlog-size`), at least `smallestLimit`.
    package private(set) var limit: Int
    /// The database the last SELECT of the stream named; -1 when the next command needs one.
    package internal(set) var database = -1

    /// An inactive stream at position 0.
    package init(heap: Heap, limit: Int) {
        ring = ByteRing(heap: heap, offset: 0)
        staged = ByteBuffer(heap: heap)
        self.limit = max(limit, ReplicationStream.smallestLimit)
    }

    /// Bytes of stream produced since the history began: `master_repl_offset`.
    package var offset: Int { ring.end + staged.count }

    /// Positions whose bytes are held; nil without a backlog.
    package var held: Range<Int>? { isActive ? ring.start..<offset : nil }

    /// Bytes of history held.
    package var historyLength: Int { isActive ? offset - ring.start : 0 }

    /// Number of the first byte held, counted from 1; 0 without a backlog.
    package var firstByteOffset: Int { isActive ? ring.start + 1 : 0 }

    /// Bytes of memory taken.
    package var footprint: Int { ring.footprint + staged.capacity }

    /// Creates the backlog, empty, at the present offset.
    package mutating func activate() {
        isActive = true
        database = -1
    }

    /// Frees the backlog and keeps the offset. The history needs a new ID, since from now on
    /// writes leave no trace in the stream.
    package mutating func deactivate() {
        let end = offset
        reset(to: end)
        isActive = false
    }

    /// Forgets everything; the next byte is at `offset`. For the end of a full resync and for a
    /// stream restored from a file.
    package mutating func reset(to offset: Int) {
        invariant(!unit.isOpen, "stream reset inside a unit")
        ring.reset(to: offset)
        staged.removeAll()
        staged.releaseIfEmpty()
        database = -1
    }

    /// Continues a stream in which `database` was the last one selected.
    package mutating func resume(in database: Int) { self.database = database }

    /// Makes the next command start with SELECT: after a promotion and at the start of a
    /// snapshot, when readers know nothing of what was selected.
    package mutating func forgetDatabase() { database = -1 }

    /// Moves this turn's commands into the log. Views of the stream do not move by it.
    package mutating func settle() {
        guard !staged.isEmpty, !unit.isOpen else { return }
        ring.append(staged.readable)
        staged.removeAll()
        if staged.capacity > 4 * ByteRing.blockSize { staged.releaseIfEmpty() }
    }

    /// The bytes from `position` to the end of their block; empty at the end. Call `settle`
    /// first. Valid until `trim` cuts past them.
    package func view(at position: Int) -> ByteView { ring.view(at: position) }

    /// Bytes of a replica's own primary, recorded as they came.
    package mutating func relay(_ bytes: ByteView) {
        guard isActive else { return }
        settle()
        ring.append(bytes)
    }

    /// Frees what is older than `limit` and what every reader has. `slowest` is the least
    /// position of a reader; nil without readers.
    package mutating func trim(slowest: Int?) {
        let oldest = min(ring.end - limit, slowest ?? Int.max)
        if oldest > ring.start { ring.cut(before: oldest) }
    }

    /// Changes how much history is kept from the next `trim` on.
    package mutating func resize(limit: Int) {
        self.limit = max(limit, ReplicationStream.smallestLimit)
    }
}
