import Digests
import Memory

/// What changes entries of one segment.
extension SegmentTable {
    /// Adds an entry; `place` tells where its slot belongs.
    @usableFromInline
    mutating func insert(
        _ key: SegmentKey, _ value: PackedItem, _ place: SegmentPosition,
        _ lineage: inout Lineage, _ heap: Heap, _ hashKey: HashKey
    ) {
        var segment = place.segment
        var limit = SegmentTable.longest
        var size = storedCount(key.item, value, limit)
        if segment.live + size > Segment.fullFrom {
            limit = Packed.longCount
            size = storedCount(key.item, value, limit)
        }
        if lineage.isShared(segment.node) || segment.free < size + 4 {
            segment = replace(segment, place.index, extra: size + 4, &lineage, heap)
        }
        let start = segment.floor - size
        store(key.item, at: start, of: segment, limit, lineage, heap)
        if hasValues {
            let held = key.item.storedCount(limit)
            store(value, at: start + held, of: segment, limit, lineage, heap)
        }
        segment.floor = start
        segment.openSlot(place.slot, key.tag << 16 | UInt32(start))
        count += 1
        bytes += size + 4
        balance(&lineage, heap, hashKey)
    }

    private func storedCount(_ key: PackedItem, _ value: PackedItem, _ limit: Int) -> Int {
        key.storedCount(limit) + (hasValues ? value.storedCount(limit) : 0)
    }

    /// Writes an item of an entry.
    private mutating func store(
        _ item: PackedItem, at offset: Int, of segment: Segment, _ limit: Int,
        _ lineage: Lineage, _ heap: Heap
    ) {
        let held = unsafe item.store(to: segment.node.start + offset, limit, lineage, heap)
        if held > 0 {
            footprint += held
            longStrings += 1
        }
    }

    /// Drops the node of the item at `offset` if it is a long string.
    private mutating func dropLong(
        at offset: Int, of segment: Segment, _ lineage: inout Lineage, _ heap: Heap
    ) {
        guard longStrings > 0, let node = segment.reader(offset).longNode else { return }
        footprint -= node.footprint
        longStrings -= 1
        lineage.drop(node, heap: heap)
    }

    /// The segment of `position` as it may be changed; slots stay where they are.
    mutating func writable(
        _ position: SegmentPosition, _ lineage: inout Lineage, _ heap: Heap
    ) -> Segment {
        let node = position.segment.node
        guard lineage.isShared(node) else { return position.segment }
        let word = lineage.writable(node, heap: heap).address | position.word & 1
        set(position.index, word, &lineage, heap)
        return Segment(word: word)
    }

    /// Puts a copy of a segment with `extra` free bytes in its place; slots stay where they are.
    @discardableResult
    mutating func replace(
        _ segment: Segment, _ index: Int, extra: Int, _ lineage: inout Lineage, _ heap: Heap
    ) -> Segment {
        let copy = segment.rebuilt(extra: extra, hasValues: hasValues, lineage, heap)
        footprint += copy.node.footprint - segment.node.footprint
        lineage.drop(segment.node, heap: heap)
        set(index, copy.word, &lineage, heap)
        return copy
    }

    /// Gives an entry another value, unless it is nil, and another expiry.
    mutating func rewrite(
        _ position: SegmentPosition, _ value: PackedItem?, _ expiry: Int64?,
        _ lineage: inout Lineage, _ heap: Heap
    ) {
        var segment = position.segment
        var old = segment.parts(segment.slot(position.slot), hasValues: hasValues)
        let before = old.size
        let (keyCount, lead) = (old.value - old.key, expiry == nil ? 0 : 8)
        var limit = SegmentTable.longest
        if segment.live + keyCount + lead + (value?.storedCount(limit) ?? 0) > Segment.fullFrom {
            limit = Packed.longCount
        }
        let valueCount = value?.storedCount(limit) ?? old.end - old.value
        let size = lead + keyCount + valueCount
        let start: Int
        if size <= before {
            // At the end of the place that it has.
            segment = writable(position, &lineage, heap)
            start = old.end - size
        } else {
            if lineage.isShared(segment.node) || segment.free < size {
                segment = replace(segment, position.index, extra: size, &lineage, heap)
                old = segment.parts(segment.slot(position.slot), hasValues: hasValues)
            }
            start = segment.floor - size
            segment.floor = start
        }
        if value != nil { dropLong(at: old.value, of: segment, &lineage, heap) }
        let kept = value == nil ? keyCount + valueCount : keyCount
        unsafe (segment.node.start + start + lead).copyMemory(
            from: segment.node.start + old.key, byteCount: kept)
        if let value {
            store(value, at: start + lead + keyCount, of: segment, limit, lineage, heap)
        }
        // What is left of the old place: all of it, or what lies before the new one.
        segment.release(old.start, size <= before ? start : old.end)
        bytes += size - before
        let slot = segment.slot(position.slot)
        segment.setSlot(position.slot, slot & 0xffff_0000 | UInt32(start))
        setExpiry(expiry, position, slot & Segment.expires != 0, segment, &lineage, heap)
    }

    /// Notes in an entry, its segment and the directory when it expires.
    private mutating func setExpiry(
        _ expiry: Int64?, _ position: SegmentPosition, _ expired: Bool, _ segment: Segment,
        _ lineage: inout Lineage, _ heap: Heap
    ) {
        let change = (expiry == nil ? 0 : 1) - (expired ? 1 : 0)
        expiring += change
        segment.expiring += change
        if let expiry {
            let slot = segment.slot(position.slot)
            unsafe segment.node.start.storeBytes(
                of: expiry, toByteOffset: Segment.offset(slot), as: Int64.self)
            segment.setSlot(position.slot, slot | Segment.expires)
            segment.earliest = min(segment.earliest, expiry)
        }
        if change != 0 { mark(segment, position.index, &lineage, heap) }
    }

    /// Notes in the directory whether an entry of the segment expires.
    mutating func mark(
        _ segment: Segment, _ index: Int, _ lineage: inout Lineage, _ heap: Heap
    ) {
        if segment.expiring == 0 { segment.earliest = Int64.max }
        if word(index) != segment.word { set(index, segment.word, &lineage, heap) }
    }

    /// Takes an entry out of a segment that may be changed.
    mutating func erase(
        _ index: Int, of segment: Segment, _ lineage: inout Lineage, _ heap: Heap
    ) {
        let slot = segment.slot(index)
        let parts = segment.parts(slot, hasValues: hasValues)
        dropLong(at: parts.key, of: segment, &lineage, heap)
        if hasValues { dropLong(at: parts.value, of: segment, &lineage, heap) }
        segment.closeSlot(index)
        segment.release(parts.start, parts.end)
        if slot & Segment.expires != 0 {
            segment.expiring -= 1
            expiring -= 1
        }
        count -= 1
        bytes -= parts.size + 4
    }

    /// After entries were erased: gives back what the segment has too much, and notes in the
    /// directory whether an entry still expires.
    mutating func settle(
        _ segment: Segment, _ index: Int, _ lineage: inout Lineage, _ heap: Heap
    ) {
        if segment.count == 0 { segment.clear() }
        let unused = segment.free + segment.garbage
        if unused * 8 > segment.node.capacity * 3, segment.node.capacity > 112 {
            replace(segment, index, extra: 0, &lineage, heap)
        } else {
            mark(segment, index, &lineage, heap)
        }
    }

    /// Drops a segment and all that its entries have.
    mutating func drop(_ segment: Segment, _ lineage: inout Lineage, _ heap: Heap) {
        for index in 0..<segment.count where longStrings > 0 {
            let parts = segment.parts(segment.slot(index), hasValues: hasValues)
            dropLong(at: parts.key, of: segment, &lineage, heap)
            if hasValues { dropLong(at: parts.value, of: segment, &lineage, heap) }
        }
        footprint -= segment.node.footprint
        lineage.drop(segment.node, heap: heap)
    }

    /// Gives the item at `offset` a copy of its node if it is a long string.
    mutating func copyLong(
        at offset: Int, of segment: Segment, _ lineage: Lineage, _ heap: Heap
    ) {
        var reader = segment.reader(offset)
        guard reader.longNode != nil, let item = reader.next() else { return }
        store(item, at: offset, of: segment, 0, lineage, heap)
    }
}
