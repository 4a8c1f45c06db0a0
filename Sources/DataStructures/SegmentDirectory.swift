import Memory

/// The tree of nodes of the addresses of segments. A node has up to 512 words; a word is the
/// address of a node or segment below, and bit 0 tells whether an entry below expires. The words
/// of a node are those of consecutive numbers, so only the nodes at the right edge are not full.
extension SegmentTable {
    /// Bits of a segment's number that a node of the tree decides.
    @inlinable static var fanBits: Int { 9 }
    @inlinable static var fan: Int { 1 &<< fanBits }

    /// What the tree says of segment `index`: `Segment.word`.
    @inlinable @inline(__always)
    func word(_ index: Int) -> UInt {
        if depth == 0 { return directory }
        return SegmentTable.load(place(index))
    }

    /// Address of the word of segment `index`; there must be a tree.
    @inlinable @inline(__always)
    func place(_ index: Int) -> UInt {
        var shift = SegmentTable.fanBits &* (depth &- 1)
        var word = directory
        while true {
            let place = SegmentTable.place(word, (index &>> shift) & (SegmentTable.fan &- 1))
            if shift == 0 { return place }
            word = SegmentTable.load(place)
            shift &-= SegmentTable.fanBits
        }
    }

    /// Address of word `index` of a node.
    @inlinable @inline(__always)
    static func place(_ word: UInt, _ index: Int) -> UInt {
        (word & ~15) &+ UInt(truncatingIfNeeded: Node.header &+ 8 &* index)
    }

    @inlinable @inline(__always)
    static func load(_ place: UInt) -> UInt {
        unsafe UnsafePointer<UInt>(bitPattern: place).unsafelyUnwrapped.pointee
    }

    private static func store(_ word: UInt, _ place: UInt) {
        unsafe UnsafeMutablePointer<UInt>(bitPattern: place).unsafelyUnwrapped.pointee = word
    }

    /// The part of a segment's number that a node at `height` decides; those above segments are
    /// at height 1.
    private static func child(_ index: Int, _ height: Int) -> Int {
        (index >> (fanBits * (height - 1))) & (fan - 1)
    }

    /// Changes what the tree says of segment `index`.
    mutating func set(_ index: Int, _ word: UInt, _ lineage: inout Lineage, _ heap: Heap) {
        directory = setting(directory, depth, index, word, &lineage, heap)
    }

    /// The word for a node or segment at `height` after segment `index` got its `word`.
    private mutating func setting(
        _ old: UInt, _ height: Int, _ index: Int, _ word: UInt, _ lineage: inout Lineage,
        _ heap: Heap
    ) -> UInt {
        if height == 0 { return word }
        let node = lineage.writable(Node(address: old & ~15), heap: heap)
        let place = SegmentTable.place(node.address, SegmentTable.child(index, height))
        let below = SegmentTable.load(place)
        let fresh = setting(below, height - 1, index, word, &lineage, heap)
        SegmentTable.store(fresh, place)
        if (fresh ^ below) & 1 == 0 { return node.address | old & 1 }
        if fresh & 1 != 0 { return node.address | 1 }
        return node.address | mark(node, words(of: node, at: height, around: index))
    }

    /// Words in the node at `height` above segment `index`.
    private func words(of node: Node, at height: Int, around index: Int) -> Int {
        let span = SegmentTable.fanBits * height
        let before = index & ~(1 << span - 1)
        let below = SegmentTable.fanBits * (height - 1)
        return min((segments - 1 - before) >> below, SegmentTable.fan - 1) + 1
    }

    /// 1 if one of the first words of a node has the mark.
    private func mark(_ node: Node, _ words: Int) -> UInt {
        var all: UInt = 0
        for index in 0..<words {
            all |= SegmentTable.load(SegmentTable.place(node.address, index))
        }
        return all & 1
    }

    /// Adds a segment behind the last.
    mutating func append(_ word: UInt, _ lineage: inout Lineage, _ heap: Heap) {
        if segments == 1 << (SegmentTable.fanBits * depth) {
            let top = makeNode(8, lineage, heap)
            SegmentTable.store(directory, SegmentTable.place(top.address, 0))
            directory = top.address | directory & 1
            depth += 1
        }
        directory = appending(directory, depth, word, &lineage, heap)
        segments += 1
    }

    private mutating func makeNode(_ words: Int, _ lineage: Lineage, _ heap: Heap) -> Node {
        let node = lineage.make(heap: heap, room: 8 * words)
        footprint += node.footprint
        return node
    }

    /// The word for a node at `height` after a segment was added behind the last one below it;
    /// `old` is 0 if there is no such node yet.
    private mutating func appending(
        _ old: UInt, _ height: Int, _ word: UInt, _ lineage: inout Lineage, _ heap: Heap
    ) -> UInt {
        if height == 0 { return word }
        let child = SegmentTable.child(segments, height)
        var node = old == 0 ? makeNode(8, lineage, heap) : Node(address: old & ~15)
        if child * 8 >= node.capacity {
            let wider = makeNode(min(child * 2, SegmentTable.fan), lineage, heap)
            unsafe wider.start.copyMemory(from: node.start, byteCount: 8 * child)
            footprint -= node.footprint
            lineage.drop(node, heap: heap)
            node = wider
        } else {
            node = lineage.writable(node, heap: heap)
        }
        let below = SegmentTable.fanBits * (height - 1)
        let place = SegmentTable.place(node.address, child)
        let isFirst = segments & (1 << below - 1) == 0
        let fresh = appending(
            isFirst ? 0 : SegmentTable.load(place), height - 1, word, &lineage, heap)
        SegmentTable.store(fresh, place)
        return node.address | (old | fresh) & 1
    }

    /// Takes the last segment out of the tree; it is not dropped. There must be another.
    mutating func removeLast(_ lineage: inout Lineage, _ heap: Heap) {
        directory = removing(directory, depth, &lineage, heap)
        segments -= 1
        guard depth > 0, segments == 1 << (SegmentTable.fanBits * (depth - 1)) else { return }
        let top = Node(address: directory & ~15)
        directory = SegmentTable.load(SegmentTable.place(directory, 0))
        dropNode(top, &lineage, heap)
        depth -= 1
    }

    private mutating func dropNode(_ node: Node, _ lineage: inout Lineage, _ heap: Heap) {
        footprint -= node.footprint
        lineage.drop(node, heap: heap)
    }

    /// The word for a node at `height` after the last segment below it was taken away; 0 if none
    /// is left.
    private mutating func removing(
        _ old: UInt, _ height: Int, _ lineage: inout Lineage, _ heap: Heap
    ) -> UInt {
        if height == 0 { return 0 }
        let child = SegmentTable.child(segments - 1, height)
        let before = SegmentTable.load(SegmentTable.place(old, child))
        let rest = removing(before, height - 1, &lineage, heap)
        if rest == 0, child == 0 {
            dropNode(Node(address: old & ~15), &lineage, heap)
            return 0
        }
        let node = lineage.writable(Node(address: old & ~15), heap: heap)
        SegmentTable.store(rest, SegmentTable.place(node.address, child))
        guard (before ^ rest) & 1 != 0 else { return node.address | old & 1 }
        return node.address | mark(node, rest == 0 ? child : child + 1)
    }

    /// The first segment from `index` on with an entry that expires; nil if there is none.
    func nextMarked(_ index: Int) -> Int? {
        guard index < segments else { return nil }
        return nextMarked(directory, depth, 0, index)
    }

    /// The same among the segments below a node at `height` the first of which is `first`.
    private func nextMarked(_ word: UInt, _ height: Int, _ first: Int, _ index: Int) -> Int? {
        if word & 1 == 0 { return nil }
        if height == 0 { return first }
        let below = SegmentTable.fanBits * (height - 1)
        var child = max(0, index - first) >> below
        while child < SegmentTable.fan, first + child << below < segments {
            let next = SegmentTable.load(SegmentTable.place(word, child))
            if let found = nextMarked(next, height - 1, first + child << below, index) {
                return found
            }
            child += 1
        }
        return nil
    }
}
