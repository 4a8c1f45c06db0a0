import Memory

/// One node of a `SegmentTable`: entries, and slots that say where they are. The slots are sorted
/// by 16 bits of their entry's hash, so a place among them is guessed from those bits and is wrong
/// by a few slots only, however many there are. Offsets count from the start of the payload.
///
///     0  entries, 16 bits                      2  offset of the entry that lies first, 16 bits
///     4  bytes between entries that no entry takes, 16 bits
///     6  entries that expire, 16 bits          8  no entry expires before this time, 64 bits
///     16  slots: 16 bits of the hash, one bit for an entry that expires, 15 bits of offset
///     …  free bytes, then entries up to the end: [time, 8 bytes] key [value], packed
@safe @frozen @usableFromInline
struct Segment: BitwiseCopyable {
    @usableFromInline let node: Node

    @inlinable static var head: Int { 16 }
    /// Greatest payload: that of 16 KiB.
    @inlinable static var limit: Int { Node.room(filling: 16384) }
    /// In a segment with more than this in it all but the shortest strings get their own nodes,
    /// so that what is left of `limit` is never used up.
    @inlinable static var fullFrom: Int { 12288 }
    /// The flag in a slot that its entry expires.
    @inlinable static var expires: UInt32 { 0x8000 }

    @inlinable @inline(__always)
    init(word: UInt) { node = Node(address: word & ~15) }

    /// An empty one with `room` bytes for slots and entries, or a few more.
    init(room: Int, _ lineage: Lineage, _ heap: Heap) {
        node = lineage.make(heap: heap, room: Segment.head + room)
        invariant(node.capacity <= Segment.limit, "a segment beyond its greatest size")
        clear()
    }

    /// Forgets all entries.
    func clear() {
        setHalf(0, 0)
        floor = node.capacity
        garbage = 0
        expiring = 0
        earliest = Int64.max
    }

    @inlinable @inline(__always)
    func half(_ at: Int) -> Int {
        unsafe Int(node.start.load(fromByteOffset: at, as: UInt16.self))
    }

    @inlinable @inline(__always)
    func setHalf(_ at: Int, _ value: Int) {
        unsafe node.start.storeBytes(
            of: UInt16(truncatingIfNeeded: value), toByteOffset: at, as: UInt16.self)
    }

    /// Number of entries.
    @inlinable
    var count: Int {
        @inline(__always) get { half(0) }
        nonmutating set { setHalf(0, newValue) }
    }

    var floor: Int {
        get { half(2) }
        nonmutating set { setHalf(2, newValue) }
    }

    var garbage: Int {
        get { half(4) }
        nonmutating set { setHalf(4, newValue) }
    }

    @inlinable
    var expiring: Int {
        get { half(6) }
        nonmutating set { setHalf(6, newValue) }
    }

    var earliest: Int64 {
        get { unsafe node.start.load(fromByteOffset: 8, as: Int64.self) }
        nonmutating set {
            unsafe node.start.storeBytes(of: newValue, toByteOffset: 8, as: Int64.self)
        }
    }

    /// What the directory says of it: its address, and whether an entry expires.
    var word: UInt { node.address | (expiring > 0 ? 1 : 0) }

    /// Bytes of slots and entries.
    var live: Int { 4 * count + node.capacity - floor - garbage }

    /// Bytes between slots and entries.
    var free: Int { floor - Segment.head - 4 * count }

    @inlinable @inline(__always)
    func slot(_ index: Int) -> UInt32 {
        unsafe node.start.load(
            fromByteOffset: Segment.head &+ 4 &* index, as: UInt32.self)
    }

    func setSlot(_ index: Int, _ slot: UInt32) {
        unsafe node.start.storeBytes(
            of: slot, toByteOffset: Segment.head + 4 * index, as: UInt32.self)
    }

    @inlinable @inline(__always)
    static func tag(_ slot: UInt32) -> UInt32 { slot &>> 16 }

    @inlinable @inline(__always)
    static func offset(_ slot: UInt32) -> Int { Int(slot & 0x7fff) }

    /// Bytes of an entry before its key.
    @inlinable @inline(__always)
    static func lead(_ slot: UInt32) -> Int { slot & expires != 0 ? 8 : 0 }

    // MARK: - Finding

    /// The first slot with `tag` or a greater one; `count` if there is none.
    @inlinable @inline(__always)
    func firstSlot(_ tag: UInt32) -> Int {
        let count = self.count
        var index = (Int(tag) &* count) &>> 16
        if index < count, Segment.tag(slot(index)) < tag {
            repeat { index &+= 1 } while index < count && Segment.tag(slot(index)) < tag
        } else {
            while index > 0, Segment.tag(slot(index &- 1)) >= tag { index &-= 1 }
        }
        return index
    }

    /// The slot of `key`, or if it is not there the complement of where its slot belongs.
    @inlinable @inline(__always)
    func find(_ key: SegmentKey) -> Int {
        let (count, tag) = (self.count, key.tag)
        var index = firstSlot(tag)
        while index < count {
            let slot = self.slot(index)
            if Segment.tag(slot) != tag { break }
            if hasKey(key.item, at: Segment.offset(slot) &+ Segment.lead(slot)) { return index }
            index &+= 1
        }
        return ~index
    }

    /// Whether the item at `offset` is `key`.
    @inlinable @inline(__always)
    func hasKey(_ key: PackedItem, at offset: Int) -> Bool {
        let code = unsafe node.start.load(fromByteOffset: offset, as: UInt8.self)
        switch key {
        case .bytes(let bytes):
            if code & 0xc0 == 0x80 {
                guard bytes.count == Int(code & 0x3f) else { return false }
                let base = unsafe (node.start + (offset &+ 1)).assumingMemoryBound(to: UInt8.self)
                return unsafe ByteView(UnsafePointer(base), count: bytes.count) == bytes
            }
            return code < 0xe0 ? false : isSame(key, at: offset)
        case .integer(let value):
            if code == Packed.integerCode(bytes: 8) {
                return unsafe node.start.loadUnaligned(
                    fromByteOffset: offset &+ 1, as: Int64.self) == value
            }
            if code < 0x80 { return value == Int64(code) }
            return code < 0xc0 ? false : isSame(key, at: offset)
        }
    }

    /// The same for the rarer kinds of items.
    @usableFromInline @inline(never)
    func isSame(_ key: PackedItem, at offset: Int) -> Bool {
        var reader = self.reader(offset)
        guard let item = reader.next() else { return false }
        return item == key
    }

    @inlinable @inline(__always)
    func reader(_ offset: Int) -> PackedReader {
        PackedReader(node.payload(node.capacity), at: offset)
    }

    // MARK: - Entries

    @inlinable @inline(__always)
    func entry(_ index: Int, hasValues: Bool) -> SegmentEntry {
        invariant(index < count, "no such slot in a segment")
        let slot = self.slot(index)
        var reader = self.reader(Segment.offset(slot) &+ Segment.lead(slot))
        let key = reader.next()
        let value = hasValues ? reader.next() : .bytes(.empty)
        invariant(key != nil && value != nil, "an entry that is cut short")
        return SegmentEntry(
            key: key ?? .bytes(.empty), value: value ?? .bytes(.empty), expiry: expiry(slot))
    }

    /// The key in slot `index`.
    @inlinable
    func key(_ index: Int) -> PackedItem { entry(index, hasValues: false).key }

    @inlinable @inline(__always)
    func expiry(_ slot: UInt32) -> Int64? {
        guard slot & Segment.expires != 0 else { return nil }
        return unsafe node.start.loadUnaligned(
            fromByteOffset: Segment.offset(slot), as: Int64.self)
    }

    /// Where the parts of an entry begin and where it ends.
    func parts(_ slot: UInt32, hasValues: Bool) -> SegmentParts {
        let start = Segment.offset(slot)
        var reader = self.reader(start + Segment.lead(slot))
        let key = reader.offset
        reader.skip()
        let value = reader.offset
        if hasValues { reader.skip() }
        return SegmentParts(start: start, key: key, value: value, end: reader.offset)
    }

    /// Puts a slot before slot `index`.
    func openSlot(_ index: Int, _ slot: UInt32) {
        let place = unsafe node.start + Segment.head + 4 * index
        unsafe (place + 4).copyMemory(from: place, byteCount: 4 * (count - index))
        unsafe place.storeBytes(of: slot, as: UInt32.self)
        count += 1
    }

    /// Takes slot `index` away.
    func closeSlot(_ index: Int) {
        let place = unsafe node.start + Segment.head + 4 * index
        unsafe place.copyMemory(from: place + 4, byteCount: 4 * (count - index - 1))
        count -= 1
    }

    /// Notes that no entry takes the bytes `start..<end` any more.
    func release(_ start: Int, _ end: Int) {
        if start == floor { floor = end } else { garbage += end - start }
    }

    /// Copies an entry of another segment behind the slots and before the entries there are.
    func append(_ slot: UInt32, of other: Segment, hasValues: Bool) {
        let parts = other.parts(slot, hasValues: hasValues)
        let start = floor - parts.size
        unsafe (node.start + start).copyMemory(
            from: other.node.start + parts.start, byteCount: parts.size)
        floor = start
        setSlot(count, slot & 0xffff_8000 | UInt32(start))
        count += 1
        if let expiry = other.expiry(slot) {
            expiring += 1
            earliest = min(earliest, expiry)
        }
    }

    /// A copy of it with `extra` free bytes, or a few more.
    func rebuilt(extra: Int, hasValues: Bool, _ lineage: Lineage, _ heap: Heap) -> Segment {
        let copy = Segment(room: live + extra, lineage, heap)
        guard garbage == 0 else {
            for index in 0..<count { copy.append(slot(index), of: self, hasValues: hasValues) }
            return copy
        }
        // All entries in one go; every offset changes by the same.
        let moved = UInt32(truncatingIfNeeded: copy.node.capacity - node.capacity)
        copy.floor = copy.node.capacity - (node.capacity - floor)
        unsafe (copy.node.start + copy.floor).copyMemory(
            from: node.start + floor, byteCount: node.capacity - floor)
        for index in 0..<count { copy.setSlot(index, slot(index) &+ moved) }
        copy.count = count
        copy.expiring = expiring
        copy.earliest = earliest
        return copy
    }

    /// Finds out when the first entry expires.
    func measureExpiry() {
        var (least, number) = (Int64.max, 0)
        for index in 0..<count {
            guard let expiry = expiry(slot(index)) else { continue }
            least = min(least, expiry)
            number += 1
        }
        expiring = number
        earliest = least
    }
}

/// Offsets of the parts of an entry: `start` is that of the time if it has one, else `key`.
struct SegmentParts {
    let start: Int
    let key: Int
    let value: Int
    let end: Int

    var size: Int { end - start }
}
