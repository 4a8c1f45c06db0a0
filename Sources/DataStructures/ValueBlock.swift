import Memory

/// A handle to a long value's bytes: shared by every record and snapshot that holds it, written
/// to only by a record that holds it alone, or behind the last byte that anybody knows of.
///
///     0  holders, 32 bits    4  bytes written, 32 bits    8  capacity    16  the bytes
@safe @frozen @usableFromInline
package struct ValueBlock {
    @usableFromInline let base: UnsafeMutableRawPointer

    @inlinable static var header: Int { 16 }
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
        unsafe base.storeBytes(of: 1, as: UInt32.self)
        unsafe base.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
        unsafe base.storeBytes(of: size - ValueBlock.header, toByteOffset: 8, as: Int.self)
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
    package var holders: Int {
        unsafe Int(base.load(as: UInt32.self))
    }

    /// Bytes behind which nobody has anything in the block.
    @inlinable
    package var written: Int {
        unsafe Int(base.load(fromByteOffset: 4, as: UInt32.self))
    }

    @inlinable
    package var capacity: Int { unsafe base.load(fromByteOffset: 8, as: Int.self) }

    /// Bytes the allocator holds for it.
    package var footprint: Int { capacity + ValueBlock.header }

    /// One more holder.
    package func hold() { unsafe base.storeBytes(of: UInt32(holders + 1), as: UInt32.self) }

    /// One holder less. Returns whether it was the last, who must free the block.
    package func release() -> Bool {
        let left = holders - 1
        unsafe base.storeBytes(of: UInt32(left), as: UInt32.self)
        return left == 0
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

    func setWritten(_ count: Int) {
        unsafe base.storeBytes(of: UInt32(count), toByteOffset: 4, as: UInt32.self)
    }

    /// Frees the block at once.
    package func free(heap: Heap) { while !freeSlice(heap: heap) {} }

    /// Frees the block, or 2 MiB of it if it is bigger than that. Returns whether it is gone.
    package func freeSlice(heap: Heap) -> Bool {
        let size = footprint
        if size >= ValueBlock.pagesFrom {
            // The header is at the front, so the end goes first. The rest is a page block as
            // long as it is marked so by its size, hence the last two runs go together.
            if size == ValueBlock.pagesFrom {
                unsafe heap.freePages(base, size)
                return true
            }
            unsafe heap.freePages(base + size - Heap.pageRun, Heap.pageRun)
            unsafe base.storeBytes(
                of: capacity - Heap.pageRun, toByteOffset: 8, as: Int.self)
            return false
        }
        unsafe heap.free(base, size)
        return true
    }
}
