import Memory

/// Values of records that are changed in part: collections in their compact layout.
extension Record {
    /// The shape of the record when `removing` bytes of its value become `inserting` bytes.
    @inlinable @inline(__always)
    package func shape(removing: Int, inserting: Int) -> RecordShape {
        var shape = self.shape
        shape.valueCount = shape.valueCount &- removing &+ inserting
        return shape
    }

    /// Replaces `removing` bytes at `offset` of a short value by `inserting` bytes, which the
    /// caller writes. The record must have room for it.
    package func splice(at offset: Int, removing: Int, inserting: Int) {
        invariant(
            offset >= 0 && removing >= 0 && inserting >= 0 && offset + removing <= valueCount
                && !isExternal, "spliced outside the value")
        let shape = shape(removing: removing, inserting: inserting)
        let expiry = self.expiry
        let from = Record.keyOffset(flags)
        let to = Record.keyOffset(shape.flags)
        let head = keyCount + offset
        let tail = keyCount + valueCount - head - removing
        // What moves up goes from its end on, so that nothing is overwritten before it is moved.
        if to > from { moveBytes(from + head + removing, to + head + inserting, tail) }
        if to != from { moveBytes(from, to, head) }
        if to <= from, to + inserting != from + removing {
            moveBytes(from + head + removing, to + head + inserting, tail)
        }
        setShape(shape)
        if let expiry { setExpiry(expiry) }
    }

    private func moveBytes(_ from: Int, _ to: Int, _ count: Int) {
        unsafe (base + to).copyMemory(from: base + from, byteCount: count)
    }

    /// A new record like this one in which `removing` bytes at `offset` of the value have become
    /// `inserting` bytes, which the caller writes.
    package func spliced(
        heap: Heap, stamp: UInt8, at offset: Int, removing: Int, inserting: Int
    ) -> Record {
        invariant(
            offset >= 0 && removing >= 0 && inserting >= 0 && offset + removing <= valueCount
                && !isExternal, "spliced outside the value")
        let copy = Record(
            heap: heap, shape: shape(removing: removing, inserting: inserting), kind: kind,
            stamp: stamp, clock: clock, expiry: expiry, key: key)
        let (from, to) = (valueOffset, copy.valueOffset)
        unsafe (copy.base + to).copyMemory(from: base + from, byteCount: offset)
        unsafe (copy.base + to + offset + inserting).copyMemory(
            from: base + from + offset + removing, byteCount: valueCount - offset - removing)
        return copy
    }

    /// Number of items in a compact collection.
    @inlinable
    package var itemCount: Int {
        get { Int(load(valueOffset, UInt16.self)) }
        nonmutating set {
            invariant(valueCount >= 2 && newValue >> 16 == 0, "no room for a count of items")
            store(UInt16(truncatingIfNeeded: newValue), valueOffset)
        }
    }

    /// The items of a compact collection, which follow their count.
    @inlinable
    package var items: PackedReader {
        invariant(!isExternal, "a large value is not packed")
        return PackedReader(bytes, at: 2)
    }

    /// Writes an item at `offset` of a short value that has room for it. Returns where it ends.
    package func write(_ item: PackedItem, at offset: Int) -> Int {
        let end = offset + item.encodedCount
        invariant(!isExternal && offset >= 0 && end <= valueCount, "an item beyond its record")
        unsafe item.write(to: base + valueOffset + offset)
        return end
    }
}
