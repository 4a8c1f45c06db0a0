import Memory

/// A handle to a long value's bytes: shared by every record and snapshot that holds it. A holder
/// is live, a record in a table, or frozen: a snapshot that reads the value as it was at its
/// start, or what is left of such a snapshot and is never read again. The bytes are written to by
/// a record that is the only live holder, which first keeps what frozen ones have yet to read
/// (`preserve`), and else only behind the last byte that anybody knows of.
///
///     0  holders, 32 bits          4  frozen ones among them, 32 bits
///     8  bytes written, 32 bits    12  bytes from the front that a snapshot has read, 32 bits
///     16  bytes of the block / 16, 32 bits    20  the snapshot that counts it, 32 bits
///     24  address of the pre-images    32  address of the record that keeps it    40  the bytes
@safe @frozen @usableFromInline
package struct ValueBlock {
    @usableFromInline let base: UnsafeMutableRawPointer

    @inlinable static var header: Int { 40 }
    /// Blocks from this size on are made of pages of their own and freed piece by piece.
    static var pagesFrom: Int { 2 * Heap.pageRun }

    @inlinable @inline(__always)
    package init(address: UInt) {
        unsafe base = UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped
    }

    @inlinable
    package var address: UInt { @inline(__always) get { unsafe UInt(bitPattern: base) } }

    /// A block with room for at least `room` bytes, held once. All bytes are zero if `zeroed`.
    package init(heap: Heap, room: Int, zeroed: Bool = false) {
        let size = ValueBlock.size(room)
        if size >= ValueBlock.pagesFrom {
            unsafe base = heap.allocatePages(size)
        } else if zeroed {
            unsafe base = heap.allocateZeroed(size)
        } else {
            unsafe base = heap.allocate(size)
        }
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: ValueBlock.header)
        setWord(0, 1)
        setFootprint(size)
    }

    /// A block with a copy of `bytes`, held once.
    @usableFromInline
    package init(heap: Heap, _ bytes: ByteView) {
        self.init(heap: heap, room: bytes.count)
        write(bytes, at: 0)
    }

    /// What the allocator takes for a block with room for `room` bytes.
    package static func size(_ room: Int) -> Int {
        let size = Heap.roundedSize(room + header)
        guard size >= pagesFrom else { return size }
        return (room + header + Heap.pageRun - 1) & ~(Heap.pageRun - 1)
    }

    /// Room to ask for when `count` bytes will probably be appended to: twice as much up to a
    /// megabyte of spare room, then an eighth more.
    package static func roomToGrow(_ count: Int) -> Int {
        count + min(count, max(1 << 20, count / 8))
    }

    @inlinable
    func word(_ offset: Int) -> Int {
        unsafe Int(base.load(fromByteOffset: offset, as: UInt32.self))
    }

    private func setWord(_ offset: Int, _ value: Int) {
        unsafe base.storeBytes(of: UInt32(value), toByteOffset: offset, as: UInt32.self)
    }

    @inlinable
    package var holders: Int { word(0) }

    /// Holders that read, if anything, what the value was when a snapshot began.
    @inlinable
    package var frozenHolders: Int { word(4) }

    /// Holders that are records in tables, or in tables that wait to be freed.
    package var liveHolders: Int { holders - frozenHolders }

    /// Bytes behind which nobody has anything in the block.
    @inlinable
    package var written: Int { word(8) }

    /// Bytes from the front that a frozen holder does not need any more, if it is the only one.
    package var taken: Int {
        get { word(12) }
        nonmutating set { setWord(12, newValue) }
    }

    /// The snapshot in whose account the block is, because only frozen holders are left.
    package var charged: UInt32 {
        get { UInt32(word(20)) }
        nonmutating set { setWord(20, Int(newValue)) }
    }

    /// The address of the record that is its frozen holder in the queue of a snapshot; 0 if none
    /// is, and 1 if it is not known because several were.
    package var keeper: UInt {
        get { unsafe base.load(fromByteOffset: 32, as: UInt.self) }
        nonmutating set { unsafe base.storeBytes(of: newValue, toByteOffset: 32, as: UInt.self) }
    }

    @inlinable
    package var capacity: Int { footprint - ValueBlock.header }

    /// Bytes the allocator holds for it.
    @inlinable
    package var footprint: Int { word(16) << 4 }

    private func setFootprint(_ size: Int) { setWord(16, size >> 4) }

    /// One more live holder.
    package func hold() { setWord(0, holders + 1) }

    /// One more frozen holder.
    package func holdFrozen() {
        setWord(0, holders + 1)
        setWord(4, frozenHolders + 1)
    }

    /// A live holder becomes a frozen one.
    package func freeze() { setWord(4, frozenHolders + 1) }

    /// One live holder less. Returns whether it was the last of all, who must free the block.
    package func release() -> Bool {
        let left = holders - 1
        setWord(0, left)
        return left == 0
    }

    /// One frozen holder less. Returns whether it was the last of all, who must free the block.
    package func releaseFrozen() -> Bool {
        setWord(4, frozenHolders - 1)
        return release()
    }

    /// Whether the block can get more room without being copied.
    package var canMove: Bool { footprint >= ValueBlock.pagesFrom }

    /// The block with room for `room` bytes, more than it has; every holder must take it instead
    /// of this one. The pages are moved, not what is in them.
    package func moved(heap: Heap, room: Int) -> ValueBlock {
        let size = ValueBlock.size(room)
        let moved = unsafe ValueBlock(
            address: UInt(bitPattern: heap.growPages(base, from: footprint, to: size)))
        moved.setFootprint(size)
        return moved
    }

    /// The first `count` bytes.
    @inlinable
    package func bytes(_ count: Int) -> ByteView {
        invariant(count <= capacity, "value beyond its block")
        let start = unsafe base + ValueBlock.header
        return unsafe ByteView(
            UnsafePointer(start.assumingMemoryBound(to: UInt8.self)), count: count)
    }

    /// Writes `bytes` at `offset`; the caller has made sure that nobody else sees that place.
    package func write(_ bytes: ByteView, at offset: Int) {
        invariant(offset + bytes.count <= capacity, "value beyond its block")
        unsafe (base + ValueBlock.header + offset).copyMemory(
            from: bytes.base, byteCount: bytes.count)
        setWritten(max(written, offset + bytes.count))
    }

    /// Zeroes a range.
    package func clear(_ range: Range<Int>) {
        invariant(range.upperBound <= capacity, "value beyond its block")
        unsafe (base + ValueBlock.header + range.lowerBound).initializeMemory(
            as: UInt8.self, repeating: 0, count: range.count)
        setWritten(max(written, range.upperBound))
    }

    private func setWritten(_ count: Int) { setWord(8, count) }

    /// Frees the block at once.
    package func free(heap: Heap) { while !freeSlice(heap: heap) {} }

    /// Frees the block, or 2 MiB of it if it is bigger than that. Returns whether it is gone.
    package func freeSlice(heap: Heap) -> Bool {
        if let images = preImages {
            while !images.freeSlice(heap: heap) {}
            preImages = nil
        }
        let size = footprint
        if size >= ValueBlock.pagesFrom {
            // The header is at the front, so the end goes first. The rest is a page block as
            // long as it is marked so by its size, hence the last two runs go together.
            if size == ValueBlock.pagesFrom {
                unsafe heap.freePages(base, size)
                return true
            }
            unsafe heap.freePages(base + size - Heap.pageRun, Heap.pageRun)
            setFootprint(size - Heap.pageRun)
            return false
        }
        unsafe heap.free(base, size)
        return true
    }
}
