import Memory

/// A handle to a leaf of a large list: packed items side by side, with free room on both sides so
/// that either end can grow. Payload:
///
///     0  items, 16 bits    2  where the first begins, 16 bits    4  where the last ends, 16 bits
///     8  `room` bytes, from which both are counted
@safe @frozen @usableFromInline
struct ListLeaf: BitwiseCopyable {
    @usableFromInline let node: Node

    /// Bytes of a leaf, as the allocator counts them.
    static var block: Int { 2048 }
    @inlinable static var head: Int { 8 }
    /// Bytes of items in a full leaf.
    static var room: Int { Node.room(filling: block) - head }

    @inlinable @inline(__always)
    init(_ node: Node) { self.node = node }

    /// An empty leaf, to be filled from its front or from its back.
    static func make(_ lineage: Lineage, _ heap: Heap, fromBack: Bool = false) -> ListLeaf {
        let leaf = ListLeaf(lineage.make(heap: heap, room: head + room))
        leaf.count = 0
        leaf.start = fromBack ? room : 0
        leaf.end = leaf.start
        return leaf
    }

    @inlinable @inline(__always)
    func load(_ offset: Int) -> Int {
        unsafe Int(node.start.load(fromByteOffset: offset, as: UInt16.self))
    }

    @inlinable @inline(__always)
    func store(_ value: Int, _ offset: Int) {
        unsafe node.start.storeBytes(
            of: UInt16(truncatingIfNeeded: value), toByteOffset: offset, as: UInt16.self)
    }

    /// Number of items.
    @inlinable
    var count: Int {
        @inline(__always) get { load(0) }
        @inline(__always) nonmutating set { store(newValue, 0) }
    }

    @inlinable
    var start: Int {
        @inline(__always) get { load(2) }
        @inline(__always) nonmutating set { store(newValue, 2) }
    }

    @inlinable
    var end: Int {
        @inline(__always) get { load(4) }
        @inline(__always) nonmutating set { store(newValue, 4) }
    }

    /// Bytes of the items.
    var byteCount: Int { end - start }
    /// Bytes that can be added.
    var free: Int { ListLeaf.room - byteCount }

    @unsafe @inlinable
    var base: UnsafeMutableRawPointer {
        @inline(__always) get { unsafe node.start + ListLeaf.head }
    }

    /// The items, lent.
    @inlinable
    var items: ByteView {
        let (start, end) = (start, end)
        return node.payload(ListLeaf.head &+ end)[ListLeaf.head &+ start..<ListLeaf.head &+ end]
    }

    /// Reads from the item that begins at `offset`; its own offsets are those of the leaf.
    @inlinable @inline(__always)
    func reader(at offset: Int) -> PackedReader {
        let first = unsafe UnsafePointer(base.assumingMemoryBound(to: UInt8.self))
        return unsafe PackedReader(ByteView(first, count: end), at: offset)
    }

    /// Reads from item `index`, which may be the end.
    @inlinable
    func reader(skipping index: Int) -> PackedReader {
        var reader = reader(at: start)
        reader.skip(index)
        return reader
    }

    /// Whether `size` more bytes fit in before the first item, or behind the last.
    @inline(__always)
    func hasRoom(_ size: Int, atFront: Bool) -> Bool {
        atFront ? start >= size : end + size <= ListLeaf.room
    }

    /// Moves all items such that they begin at `place`.
    func move(to place: Int) {
        let count = byteCount
        unsafe (base + place).copyMemory(from: base + start, byteCount: count)
        start = place
        end = place + count
    }

    /// Adds `size` bytes at one end, where there is room, and returns where they begin.
    @inline(__always)
    func grow(_ size: Int, atFront: Bool) -> Int {
        if atFront {
            start -= size
            return start
        }
        end += size
        return end - size
    }

    /// Puts `new` bytes, which are not written yet, in the place of `old` ones at `offset`; there
    /// must be room in all. Moves as little as it can and returns where they begin.
    func replace(at offset: Int, old: Int, new: Int) -> Int {
        let growth = new - old
        let (before, behind) = (offset - start, end - offset - old)
        let fitsBefore = growth <= start
        let fitsBehind = end + growth <= ListLeaf.room
        if !fitsBefore, !fitsBehind {
            move(to: ListLeaf.room - byteCount - growth)
            return replace(at: start + before, old: old, new: new)
        }
        if fitsBefore, before < behind || !fitsBehind {
            unsafe (base + start - growth).copyMemory(from: base + start, byteCount: before)
            start -= growth
            return offset - growth
        }
        let rest = unsafe base + offset + old
        unsafe (rest + growth).copyMemory(from: rest, byteCount: behind)
        end += growth
        return offset
    }

    /// Adds the items of `other`, which fit.
    func append(_ other: ListLeaf) {
        let size = other.byteCount
        if !hasRoom(size, atFront: false) { move(to: 0) }
        let place = grow(size, atFront: false)
        unsafe (base + place).copyMemory(from: other.base + other.start, byteCount: size)
        count += other.count
    }

    /// Moves the items from `offset` on, `moved` of them, to `other`, which is empty.
    func split(at offset: Int, moving moved: Int, to other: ListLeaf) {
        other.end = end - offset
        other.count = moved
        unsafe other.base.copyMemory(from: base + offset, byteCount: end - offset)
        end = offset
        count -= moved
    }

    /// Disposes of the long strings between two places. Returns how many there were.
    func dropLong(
        _ range: Range<Int>, _ lineage: inout Lineage, _ heap: Heap
    ) -> (count: Int, bytes: Int) {
        var reader = reader(at: range.lowerBound)
        var (count, bytes) = (0, 0)
        while reader.offset < range.upperBound {
            if let node = reader.longNode {
                count += 1
                bytes += node.footprint
                lineage.drop(node, heap: heap)
            }
            reader.skip()
        }
        return (count, bytes)
    }
}

/// An element as it is about to be written into a leaf.
struct ListElement {
    /// Longer strings get nodes of their own.
    static var longestPacked: Int { 1024 }

    let item: PackedItem
    /// Address of the node of a long string, else 0.
    let node: UInt
    /// Bytes it takes in the leaf.
    let size: Int

    @inline(__always)
    init(_ text: ByteView, _ lineage: Lineage, _ heap: Heap) {
        if _slowPath(text.count > ListElement.longestPacked) {
            let blob = lineage.make(heap: heap, room: text.count)
            unsafe blob.start.copyMemory(from: text.base, byteCount: text.count)
            item = .bytes(text)
            node = blob.address
            size = Packed.longCount
        } else {
            item = PackedItem(text: text)
            node = 0
            size = item.encodedCount
        }
    }

    /// Writes it at `offset` of a leaf.
    @inline(__always)
    func write(_ leaf: ListLeaf, at offset: Int) {
        let place = unsafe leaf.base + offset
        if _fastPath(node == 0) { return unsafe item.write(to: place) }
        unsafe Packed.writeLong(Node(address: node), count: item.textCount, to: place)
    }
}

extension Packed {
    /// Writes an item for a long string whose bytes begin the payload of `node`.
    @unsafe
    static func writeLong(_ node: Node, count: Int, to place: UnsafeMutableRawPointer) {
        unsafe place.storeBytes(of: long, as: UInt8.self)
        unsafe place.storeBytes(
            of: UInt64(node.address).littleEndian, toByteOffset: 1, as: UInt64.self)
        unsafe place.storeBytes(
            of: UInt32(count).littleEndian, toByteOffset: 9, as: UInt32.self)
    }
}

/// What the tree asks of the leaves of lists.
enum ListLeaves: TreeLeaves {
    static func weight(_ leaf: Node) -> Int { ListLeaf(leaf).count }
    static func key(_ leaf: Node) -> UInt64 { 0 }

    static func dropContents(_ node: Node, _ lineage: inout Lineage, _ heap: Heap) -> Int {
        let leaf = ListLeaf(node)
        return leaf.dropLong(leaf.start..<leaf.end, &lineage, heap).count
    }

    static func copy(_ node: Node, _ lineage: Lineage, _ heap: Heap) -> Node {
        let leaf = ListLeaf(PlainListLeaves.copy(node, lineage, heap))
        var reader = leaf.reader(at: leaf.start)
        while !reader.isAtEnd {
            let offset = reader.offset
            let isLong = reader.longNode != nil
            guard let item = reader.next() else { break }
            if isLong, case .bytes(let text) = item {
                ListElement(text, lineage, heap).write(leaf, at: offset)
            }
        }
        return leaf.node
    }
}

/// The same for lists without long strings, whose leaves need not be looked into.
enum PlainListLeaves: TreeLeaves {
    static func weight(_ leaf: Node) -> Int { ListLeaf(leaf).count }
    static func key(_ leaf: Node) -> UInt64 { 0 }
    static func dropContents(_ leaf: Node, _ lineage: inout Lineage, _ heap: Heap) -> Int { 0 }

    static func copy(_ node: Node, _ lineage: Lineage, _ heap: Heap) -> Node {
        let source = ListLeaf(node)
        let leaf = ListLeaf.make(lineage, heap)
        leaf.append(source)
        return leaf.node
    }
}
