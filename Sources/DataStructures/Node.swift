import Memory

/// A handle to a block of memory of which large values are made: a header and the payload.
///
///     0  epoch of its lineage in which it was made, 32 bits
///     4  bytes of the payload there is room for, 32 bits
///     8  the next one while it is on a list of dropped nodes
///     16  the payload
///
/// Whoever holds the last copy of the handle frees it.
@safe @frozen @usableFromInline
package struct Node: BitwiseCopyable {
    @usableFromInline let base: UnsafeMutableRawPointer

    @inlinable package static var header: Int { 16 }

    @inlinable @inline(__always)
    package init(address: UInt) {
        unsafe base = UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped
    }

    @inlinable
    package var address: UInt { @inline(__always) get { unsafe UInt(bitPattern: base) } }

    @inlinable @inline(__always)
    package static func == (left: Node, right: Node) -> Bool { left.address == right.address }

    /// A node with room for at least `room` bytes, and for as many more as cost nothing.
    @inlinable
    package init(heap: Heap, epoch: UInt32, room: Int) {
        let size = Heap.roundedSize(Node.header &+ room)
        unsafe base = heap.allocate(size)
        unsafe base.storeBytes(of: epoch, as: UInt32.self)
        unsafe base.storeBytes(
            of: UInt32(truncatingIfNeeded: size &- Node.header), toByteOffset: 4, as: UInt32.self)
        unsafe base.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
    }

    /// Bytes of payload that fill a block of the allocator's size class `size`.
    @inlinable
    package static func room(filling size: Int) -> Int { size &- header }

    @inlinable
    package var epoch: UInt32 {
        @inline(__always) get { unsafe base.load(as: UInt32.self) }
        @inline(__always) nonmutating set { unsafe base.storeBytes(of: newValue, as: UInt32.self) }
    }

    /// Bytes of the payload.
    @inlinable
    package var capacity: Int {
        @inline(__always) get { unsafe Int(base.load(fromByteOffset: 4, as: UInt32.self)) }
    }

    /// Address of the next node on a list.
    @inlinable
    var link: UInt {
        get { unsafe base.load(fromByteOffset: 8, as: UInt.self) }
        nonmutating set { unsafe base.storeBytes(of: newValue, toByteOffset: 8, as: UInt.self) }
    }

    /// Where the payload begins.
    @unsafe @inlinable
    package var start: UnsafeMutableRawPointer {
        @inline(__always) get { unsafe base + Node.header }
    }

    /// The first `count` bytes of the payload; valid until the node is changed or freed.
    @inlinable
    package func payload(_ count: Int) -> ByteView {
        invariant(count <= capacity, "bytes beyond a node")
        return unsafe ByteView(
            UnsafePointer(start.assumingMemoryBound(to: UInt8.self)), count: count)
    }

    /// Bytes the allocator holds for it.
    @inlinable
    package var footprint: Int { capacity &+ Node.header }

    /// Starts loading its first line.
    @inlinable @inline(__always)
    package func prefetch() { Memory.prefetch(address: address) }

    /// Frees it. No copy of the handle may be used afterwards.
    @inlinable @inline(__always)
    package func free(heap: Heap) { unsafe heap.free(base, footprint) }
}
