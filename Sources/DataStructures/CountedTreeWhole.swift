import Memory

/// A tree that was given up, and is freed piece by piece: its nodes wait on a list that goes
/// through their headers, so a frozen copy can still read them.
@frozen @usableFromInline
package struct TreeRemains: BitwiseCopyable {
    /// The first node that waits: its address, and in the low bits, which are zero in an address,
    /// how many levels are below it.
    private var first: UInt = 0

    /// Nothing.
    package init() {}

    package var isEmpty: Bool { first == 0 }

    private static var levelBits: UInt { 15 }

    fileprivate init(_ root: TreeRoot) {
        if !root.isEmpty { first = root.address | UInt(root.depth) }
    }

    /// Drops about `count` nodes. Returns how many they were.
    @discardableResult
    package mutating func free<Leaves: TreeLeaves>(
        _ count: Int, of leaves: Leaves.Type, _ lineage: inout Lineage, _ heap: Heap
    ) -> Int {
        var work = 0
        while work < count, first != 0 {
            let level = first & TreeRemains.levelBits
            let node = Node(address: first & ~TreeRemains.levelBits)
            first = node.link
            work += 1
            if level == 0 {
                work += Leaves.dropContents(node, &lineage, heap)
            } else {
                let inner = TreeInner(address: node.address)
                for index in 0..<inner.count {
                    let child = Node(address: inner.child(index))
                    child.link = first
                    first = child.address | (level - 1)
                }
            }
            lineage.drop(node, heap: heap)
        }
        return work
    }
}

extension TreeRoot {
    /// Empties the tree at once. The remains are to be freed.
    package mutating func takeApart() -> TreeRemains {
        let remains = TreeRemains(self)
        self = TreeRoot()
        return remains
    }

    /// A tree of the same leaves, of nodes of its own.
    package func copy<Leaves: TreeLeaves>(
        of leaves: Leaves.Type, _ lineage: inout Lineage, _ heap: Heap
    ) -> TreeRoot {
        var copy = TreeRoot()
        guard !isEmpty else { return copy }
        var source = path(toLast: false)
        var target = copy.insertFirst(
            Leaves.copy(source.leaf, lineage, heap), weight: weight(at: source), key: key)
        while source.next() {
            let leaf = Leaves.copy(source.leaf, lineage, heap)
            copy.insert(
                leaf, weight: weight(at: source), key: Leaves.key(source.leaf), after: true,
                &target, &lineage, heap)
        }
        return copy
    }

    /// Bytes the allocator holds for the inner nodes.
    package var innerFootprint: Int {
        isEmpty ? 0 : TreeRoot.innerFootprint(address, depth)
    }

    private static func innerFootprint(_ address: UInt, _ depth: Int) -> Int {
        guard depth > 0 else { return 0 }
        let inner = TreeInner(address: address)
        var sum = inner.node.footprint
        guard depth > 1 else { return sum }
        for index in 0..<inner.count { sum += innerFootprint(inner.child(index), depth - 1) }
        return sum
    }

    /// What does not hold of the tree's structure; empty when all is well.
    package func checkInvariants<Leaves: TreeLeaves>(
        of leaves: Leaves.Type, _ lineage: Lineage
    ) -> [String] {
        guard !isEmpty else {
            return address == 0 && count == 0 && leafCount == 0 && innerCount == 0
                ? [] : ["an empty tree with something in it"]
        }
        var check = TreeCheck(epoch: lineage.epoch)
        let entry = TreeEntry(address: address, weight: count, key: key)
        check.visit(entry, depth, isTop: true, leaves)
        if check.leaves != self.leaves { check.faults.append("\(check.leaves) leaves") }
        if check.inners != inners { check.faults.append("\(check.inners) inner nodes") }
        return check.faults
    }
}

private struct TreeCheck {
    let epoch: UInt32
    var faults: [String] = []
    var leaves = 0
    var inners = 0

    init(epoch: UInt32) { self.epoch = epoch }

    mutating func visit<Leaves: TreeLeaves>(
        _ entry: TreeEntry, _ depth: Int, isTop: Bool, _ type: Leaves.Type
    ) {
        let node = Node(address: entry.address)
        if node.epoch > epoch { faults.append("a node of a later epoch") }
        guard depth > 0 else {
            leaves += 1
            let (weight, key) = (Leaves.weight(node), Leaves.key(node))
            if weight != entry.weight { faults.append("leaf of \(weight), not \(entry.weight)") }
            if key != entry.key { faults.append("leaf with key \(key), not \(entry.key)") }
            return
        }
        inners += 1
        let inner = TreeInner(address: entry.address)
        if inner.count < (isTop ? 2 : 1) { faults.append("inner node of \(inner.count)") }
        if inner.count > inner.most || inner.most > TreeInner.most
            || inner.most != TreeInner.most(inBlock: node.footprint)
        {
            faults.append("inner node with \(inner.count) of \(inner.most) children")
        }
        let weight = inner.weight(before: inner.count)
        if weight != entry.weight { faults.append("node of \(weight), not \(entry.weight)") }
        if inner.count > 0, inner.key(0) != entry.key { faults.append("a wrong key word") }
        for index in 0..<inner.count {
            if index > 0, inner.key(index) < inner.key(index - 1) { faults.append("not in order") }
            visit(inner.entry(index), depth - 1, isTop: false, type)
        }
    }
}
