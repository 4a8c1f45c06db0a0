import DataStructures
import Memory

/// A key and its value as they were when a snapshot began. The value may have been changed in
/// places since, so there is no way to it but through `string`, `hash` and their like.
@frozen @usableFromInline
package struct SnapshotEntry {
    @usableFromInline let record: Record
    /// Where the long value is, which may be moved while it is lent.
    @usableFromInline let lent: Slot<ValueBlock>?
    @usableFromInline let mark: UInt32

    /// For the snapshot `mark`; what is not lent afterwards leaks its slot.
    init(_ record: Record, _ mark: UInt32) {
        self.record = record
        self.mark = mark
        lent = record.isExternal && !record.isLarge ? Slot(record.block) : nil
    }

    @inlinable package var key: ByteView { record.key }

    /// When the key expires, in milliseconds since 1970.
    @inlinable package var expiry: Int64? { record.expiry }

    /// 24 bits: see `Entry.clock`.
    @inlinable package var clock: UInt32 { record.clock }

    @inlinable package var type: ValueType { Entry(record).type }

    @inlinable package var encoding: Encoding { Entry(record).encoding }

    /// The value when it is stored as an integer.
    @inlinable package var integer: Int64? { Entry(record).integer }

    /// The value when it is not stored as an integer.
    @inlinable package var string: FrozenString {
        invariant(integer == nil, "an integer is no string")
        return FrozenString(self)
    }
}

/// A string as it was when a snapshot began, read from front to end. Of more than 4096 bytes it
/// can be read until the next slice of the snapshot or its end, whatever happens to the key.
@frozen @usableFromInline
package struct FrozenString {
    @usableFromInline let lent: Slot<ValueBlock>?
    @usableFromInline let short: ByteView
    @usableFromInline let mark: UInt32
    /// Bytes of the whole string, and those that were read.
    @usableFromInline package let count: Int
    @usableFromInline var position = 0

    @inlinable
    init(_ entry: SnapshotEntry) {
        lent = entry.lent
        mark = entry.mark
        short = entry.record.isExternal ? .empty : entry.record.bytes
        count = entry.record.valueCount
    }

    /// Whether everything has been read.
    @inlinable package var isEmpty: Bool { position == count }

    /// The next bytes: all there are in one place, and none only at the end. Valid until the
    /// keyspace is next modified.
    @inlinable package var next: ByteView {
        guard position < count else { return .empty }
        guard let lent else { return short[position..<count] }
        return lent.value.frozenBytes(from: position, count: count, for: mark)
    }

    /// Goes on behind the first `count` bytes of `next`. What is behind one of several handles to
    /// a string may not be there any more for the others.
    package mutating func consume(_ count: Int) {
        position += count
        lent?.value.taken = position
    }

    /// Appends what has not been read.
    package func append(to buffer: inout ByteBuffer) {
        var rest = self
        while !rest.isEmpty {
            let piece = rest.next
            buffer.append(piece)
            rest.position += piece.count
        }
    }
}

/// Long values between the keyspace, which goes on changing them, and a snapshot.
extension Databases {
    /// To be called before bytes of a long value are changed: the snapshot gets those that it has
    /// yet to read.
    mutating func preserve(_ block: ValueBlock, _ range: Range<Int>) {
        guard snapshot.isActive else { return }
        snapshot.sideBytes += block.preserve(range, for: snapshot.mark, heap: heap)
    }

    /// Gives a long value with one live holder, `record`, room for `room` bytes, without copying
    /// it, if it is one that can be moved and everybody who holds it is known.
    mutating func makeRoom(_ record: Record, _ room: Int) {
        let block = record.block
        let keeper = block.keeper
        guard block.canMove, block.liveHolders == 1,
            block.frozenHolders == snapshot.lent(block) + (keeper > 1 ? 1 : 0)
        else { return }
        let moved = block.moved(heap: heap, room: room)
        for lent in snapshot.held where lent.value.address == block.address { lent.value = moved }
        if keeper > 1 { Record(address: keeper).block = moved }
        record.block = moved
    }

    /// Keeps a long or large value for the consumer until the next slice and returns its length.
    mutating func lend(_ entry: SnapshotEntry) -> Int {
        if entry.record.isLarge {
            let block = entry.record.large
            block.holdFrozen()
            snapshot.heldLarge.append(block)
            snapshot.account(block)
            return block.fullFootprint
        }
        guard let lent = entry.lent else { return 0 }
        leave(lent.value)
        lent.value.holdFrozen()
        lent.value.taken = 0
        snapshot.held.append(lent)
        return entry.record.valueCount
    }

    mutating func releaseHeld() {
        for lent in snapshot.held {
            lent.value.taken = 0
            giveUpFrozen(lent.value)
            lent.free()
        }
        snapshot.held.removeAll(keepingCapacity: true)
        for block in snapshot.heldLarge { giveUpFrozen(block) }
        snapshot.heldLarge.removeAll(keepingCapacity: true)
    }

    /// Gives a record that is in no table any more to the snapshot, which has not seen it.
    mutating func handOver(_ database: Int, _ record: Record) {
        invariant(database >= 0, "a snapshot was given what it does not know")
        snapshot.side.append(SideRecord(database: database, address: record.address))
        snapshot.sideBytes += record.footprint
        guard record.isExternal else { return }
        if record.isLarge {
            record.large.freezeHolder()
            return snapshot.account(record.large)
        }
        let block = record.block
        leave(block)
        block.freeze()
        let isOnly = block.frozenHolders == 1 + snapshot.lent(block)
        block.keeper = isOnly ? record.address : 1
        snapshot.charge(block)
    }

    /// Frees a record that a snapshot had.
    mutating func freeSide(_ record: Record) {
        if record.isLarge {
            giveUpFrozen(record.large)
        } else if record.isExternal {
            if record.block.keeper == record.address { record.block.keeper = 0 }
            giveUpFrozen(record.block)
        }
        record.free(heap: heap)
    }

    /// Drops what an earlier snapshot has left of a value.
    private mutating func leave(_ block: ValueBlock) {
        guard let images = block.preImages, images.snapshot != snapshot.mark else { return }
        discard(images, of: block)
    }

    private mutating func giveUpFrozen(_ block: ValueBlock) {
        let isLast = block.releaseFrozen()
        if block.frozenHolders == 0 {
            block.keeper = 0
            if let images = block.preImages { discard(images, of: block) }
        }
        guard isLast else { return snapshot.charge(block) }
        if snapshot.isActive, block.charged == snapshot.mark {
            snapshot.sideBytes -= block.footprint
        }
        dispose(of: block)
    }

    private mutating func discard(_ images: PreImages, of block: ValueBlock) {
        if snapshot.isActive, images.snapshot == snapshot.mark {
            snapshot.sideBytes -= images.footprint
        }
        block.preImages = nil
        if !images.freeSlice(heap: heap) { discardedPieces.append(DiscardedPiece(images)) }
    }
}
