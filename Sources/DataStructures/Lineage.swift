import Memory

/// What the nodes of one large value have in common: whether a frozen copy of the value needs
/// them as well. A frozen copy is nothing but the root as it was; nodes that are older than it
/// belong to both, and a change copies those on its way instead of touching them (path copying:
/// Driscoll, Sarnak, Sleator, Tarjan, "Making data structures persistent", 1989). So beginning a
/// snapshot of a value of any size takes no time, and the price of a change is that of its path.
///
/// There is at most one frozen copy at a time.
@safe @frozen @usableFromInline
package struct Lineage: BitwiseCopyable {
    /// Nodes made from now on get this epoch.
    @usableFromInline package private(set) var epoch: UInt32 = 1
    /// Whether there is a frozen copy: it has all nodes of earlier epochs.
    @usableFromInline package private(set) var isFrozen = false
    /// Nodes that only the frozen copy needs: the first of a list, and their memory.
    private var dropped: UInt = 0
    package private(set) var droppedBytes = 0

    /// The lineage of a new value.
    package init() {}

    /// Whether a frozen copy has `node` as well, so that it must not change.
    @inlinable @inline(__always)
    package func isShared(_ node: Node) -> Bool { isFrozen && node.epoch != epoch }

    /// A new node.
    @inlinable
    package func make(heap: Heap, room: Int) -> Node { Node(heap: heap, epoch: epoch, room: room) }

    /// `node` as it may be changed: itself, or a copy with the same room whose address the caller
    /// puts in its place.
    @inlinable
    package mutating func writable(_ node: Node, heap: Heap) -> Node {
        _fastPath(!isShared(node)) ? node : copied(node, heap)
    }

    @usableFromInline @inline(never)
    mutating func copied(_ node: Node, _ heap: Heap) -> Node {
        let copy = make(heap: heap, room: node.capacity)
        unsafe copy.start.copyMemory(from: node.start, byteCount: node.capacity)
        drop(node, heap: heap)
        return copy
    }

    /// Disposes of a node that the live value has no more use for.
    @inlinable
    package mutating func drop(_ node: Node, heap: Heap) {
        if _fastPath(!isShared(node)) { return node.free(heap: heap) }
        leave(node)
    }

    /// The frozen copy still reads its payload, so the list goes through the headers.
    @usableFromInline @inline(never)
    mutating func leave(_ node: Node) {
        droppedBytes += node.footprint
        node.link = dropped
        dropped = node.address
    }

    /// From now on there is a frozen copy: the root as it is.
    package mutating func freeze() {
        invariant(!isFrozen, "frozen twice")
        isFrozen = true
        epoch &+= 1
    }

    /// There is no frozen copy any more. Returns the nodes that only it had, to be freed.
    package mutating func thaw() -> DroppedNodes {
        isFrozen = false
        let list = DroppedNodes(first: dropped, bytes: droppedBytes)
        dropped = 0
        droppedBytes = 0
        return list
    }
}

/// Nodes that nobody needs any more, linked by their headers.
@frozen @usableFromInline
package struct DroppedNodes: BitwiseCopyable {
    /// Address of the first one.
    package private(set) var first: UInt
    /// Their memory.
    package private(set) var bytes: Int

    package init(first: UInt, bytes: Int) {
        self.first = first
        self.bytes = bytes
    }

    package var isEmpty: Bool { first == 0 }

    /// Frees up to `count` nodes. Returns how many.
    @discardableResult
    package mutating func free(_ count: Int, heap: Heap) -> Int {
        var freed = 0
        while freed < count, first != 0 {
            let node = Node(address: first)
            first = node.link
            bytes -= node.footprint
            node.free(heap: heap)
            freed += 1
        }
        return freed
    }
}
