import Memory

/// Changes. Each is given the path to a leaf and the lineage of the tree, and makes its own copies
/// of nodes on the path that a frozen copy of the tree has as well.
extension TreeRoot {
    /// Makes the leaf of `path` and all nodes above it such that they may be changed. Returns the
    /// leaf.
    @inlinable @discardableResult
    package mutating func makeWritable(
        _ path: inout TreePath, _ lineage: inout Lineage, _ heap: Heap
    ) -> Node {
        if _slowPath(lineage.isFrozen) { copyPath(&path, &lineage, heap) }
        return path.leaf
    }

    @usableFromInline @inline(never)
    mutating func copyPath(_ path: inout TreePath, _ lineage: inout Lineage, _ heap: Heap) {
        makeInnerWritable(&path, &lineage, heap)
        guard lineage.isShared(path.leaf) else { return }
        path.address = lineage.writable(path.leaf, heap: heap).address
        hang(path.address, below: path.depth, path)
    }

    private mutating func makeInnerWritable(
        _ path: inout TreePath, _ lineage: inout Lineage, _ heap: Heap
    ) {
        guard lineage.isFrozen else { return }
        for level in 0..<path.depth {
            let node = path.steps[level].inner.node
            guard lineage.isShared(node) else { continue }
            path.steps[level].node = lineage.writable(node, heap: heap).address
            hang(path.steps[level].node, below: level, path)
        }
    }

    /// Puts the node at `address` where the step above `level` leads to.
    private mutating func hang(_ address: UInt, below level: Int, _ path: TreePath) {
        if level == 0 {
            self.address = address
        } else {
            let step = path.steps[level - 1]
            step.inner.setChild(step.index, address)
        }
    }

    /// Counts `change` more elements in the leaf of `path`, which is writable.
    @inlinable
    package mutating func addWeight(_ change: Int, at path: TreePath) {
        for level in 0..<path.depth {
            let step = path.steps[level]
            step.inner.addWeight(step.index, change)
        }
        count &+= change
    }

    /// Counts `change` more elements in the first or the last leaf of a tree of which there is no
    /// frozen copy.
    @inlinable @inline(__always)
    package mutating func addWeight(_ change: Int, atLast last: Bool) {
        var address = address
        for _ in 0..<depth {
            let inner = TreeInner(address: address)
            let index = last ? inner.count &- 1 : 0
            inner.addWeight(index, change)
            address = inner.child(index)
        }
        count &+= change
    }

    /// Tells the tree that the first element of the leaf of `path`, which is writable, has the key
    /// word `key`.
    package mutating func setKey(_ key: UInt64, at path: TreePath) {
        setKey(key, path, path.depth)
    }

    /// The same for the node that the step above `level` leads to.
    private mutating func setKey(_ key: UInt64, _ path: TreePath, _ level: Int) {
        var level = level
        while level > 0 {
            level -= 1
            let step = path.steps[level]
            step.inner.setKey(step.index, key)
            if step.index > 0 { return }
        }
        self.key = key
    }

    /// Puts another leaf in the place of that of `path`, which is writable and which the caller
    /// disposes of. Weight and key are still those of the old one.
    package mutating func replaceLeaf(with leaf: Node, at path: inout TreePath) {
        path.address = leaf.address
        hang(leaf.address, below: path.depth, path)
    }

    /// Makes `leaf` the only one of an empty tree.
    package mutating func insertFirst(_ leaf: Node, weight: Int, key: UInt64 = 0) -> TreePath {
        invariant(isEmpty, "a tree that has leaves")
        address = leaf.address
        count = weight
        self.key = key
        leafCount = 1
        height = 1
        return TreePath(root: address)
    }

    /// Inserts a leaf behind that of `path`, or before it; the path leads to the new one then.
    package mutating func insert(
        _ leaf: Node, weight: Int, key: UInt64 = 0, after: Bool, _ path: inout TreePath,
        _ lineage: inout Lineage, _ heap: Heap
    ) {
        invariant(!isEmpty, "no leaf to insert beside")
        makeInnerWritable(&path, &lineage, heap)
        if path.depth == 0 { raise(&path, lineage, heap) }
        let lowest = path.depth - 1
        for level in 0..<lowest {
            let step = path.steps[level]
            step.inner.addWeight(step.index, weight)
        }
        count += weight
        leafCount += 1
        let entry = TreeEntry(address: leaf.address, weight: weight, key: key)
        let index = path.steps[lowest].index + (after ? 1 : 0)
        insert(entry, at: index, lowest, &path, &lineage, heap)
        path.address = leaf.address
        path.offset = 0
    }

    /// Puts an inner node above the top.
    private mutating func raise(_ path: inout TreePath, _ lineage: Lineage, _ heap: Heap) {
        invariant(path.depth < TreePath.mostLevels, "a tree of too many levels")
        let top = TreeInner.make(lineage, heap, count: 2)
        top.insert(TreeEntry(address: address, weight: count, key: key), at: 0)
        for level in stride(from: path.depth, to: 0, by: -1) {
            path.steps[level] = path.steps[level - 1]
        }
        path.steps[0] = TreeStep(node: top.address, index: 0)
        path.depth += 1
        address = top.address
        height += 1
        innerCount += 1
    }

    /// Inserts a child into the node at `level`. Entries above count its weight already. The path
    /// takes the new child then.
    private mutating func insert(
        _ entry: TreeEntry, at index: Int, _ level: Int, _ path: inout TreePath,
        _ lineage: inout Lineage, _ heap: Heap
    ) {
        if path.steps[level].inner.count == path.steps[level].inner.most {
            guard path.steps[level].inner.most < TreeInner.most else {
                return split(entry, at: index, level, &path, &lineage, heap)
            }
            enlarge(level, &path, &lineage, heap)
        }
        path.steps[level].inner.insert(entry, at: index)
        path.steps[level].index = index
        if index == 0 { setKey(entry.key, path, level) }
    }

    /// Moves the node at `level` to a larger block.
    private mutating func enlarge(
        _ level: Int, _ path: inout TreePath, _ lineage: inout Lineage, _ heap: Heap
    ) {
        let inner = path.steps[level].inner
        let larger = TreeInner.make(lineage, heap, count: inner.count + 1)
        larger.append(inner, 0..<inner.count)
        lineage.drop(inner.node, heap: heap)
        path.steps[level].node = larger.address
        hang(larger.address, below: level, path)
    }

    /// Splits the full node at `level` so that the new child is in the new one of the two. At the
    /// ends of the tree the full node is left as it is, for there the next ones will follow.
    private mutating func split(
        _ entry: TreeEntry, at index: Int, _ level: Int, _ path: inout TreePath,
        _ lineage: inout Lineage, _ heap: Heap
    ) {
        var level = level
        if level == 0 {
            raise(&path, lineage, heap)
            level = 1
        }
        let inner = path.steps[level].inner
        let above = path.steps[level - 1]
        let half = inner.count / 2
        let fresh: TreeInner
        var after = true
        var place = 0
        if index == inner.count, path.isAtEdge(above: level, last: true) {
            fresh = .make(lineage, heap, count: 1)
        } else if index == 0, path.isAtEdge(above: level, last: false) {
            fresh = .make(lineage, heap, count: 1)
            after = false
        } else {
            fresh = .make(lineage, heap, count: inner.count, largest: true)
            after = index > half
            let moved = after ? half..<inner.count : 0..<half
            fresh.append(inner, moved)
            inner.remove(moved)
            place = index - moved.lowerBound
            if !after { above.inner.setKey(above.index, inner.key(0)) }
        }
        fresh.insert(entry, at: place)
        innerCount += 1
        let weight = fresh.weight(before: fresh.count)
        above.inner.addWeight(above.index, -weight)
        path.steps[level] = TreeStep(node: fresh.address, index: place)
        let upper = TreeEntry(address: fresh.address, weight: weight, key: fresh.key(0))
        insert(upper, at: above.index + (after ? 1 : 0), level - 1, &path, &lineage, heap)
    }

    /// Takes the leaf of `path` out and drops it. The path leads nowhere then.
    package mutating func removeLeaf(
        at path: inout TreePath, _ lineage: inout Lineage, _ heap: Heap
    ) {
        removeLeaves(at: &path, elements: weight(at: path), &lineage, heap)
    }

    /// Takes out the leaf of `path` and those behind it below the same node, as far as they have
    /// no more than `limit` elements together, and drops them. The path leads nowhere then.
    /// Returns how many elements they had.
    @discardableResult
    package mutating func removeLeaves(
        at path: inout TreePath, elements limit: Int, _ lineage: inout Lineage, _ heap: Heap
    ) -> Int {
        guard path.depth > 0 else {
            let removed = count
            lineage.drop(path.leaf, heap: heap)
            self = TreeRoot()
            return removed
        }
        makeInnerWritable(&path, &lineage, heap)
        let lowest = path.depth - 1
        let (inner, first) = (path.steps[lowest].inner, path.steps[lowest].index)
        var (end, weight) = (first, 0)
        while end < inner.count, weight + inner.weight(end) <= limit {
            // Headers of leaves are seldom near.
            if end + 4 < inner.count { Node(address: inner.child(end + 4)).prefetch() }
            lineage.drop(Node(address: inner.child(end)), heap: heap)
            weight += inner.weight(end)
            end += 1
        }
        invariant(end > first, "no whole leaf to remove")
        addWeight(-weight, at: path)
        leafCount -= UInt32(end - first)
        removeChildren(first..<end, lowest, path, &lineage, heap)
        return weight
    }

    /// Takes children out of the node at `level`. The entries above do not count them any more.
    private mutating func removeChildren(
        _ range: Range<Int>, _ level: Int, _ path: TreePath, _ lineage: inout Lineage, _ heap: Heap
    ) {
        let inner = path.steps[level].inner
        inner.remove(range)
        if inner.count == 0 {
            innerCount -= 1
            lineage.drop(inner.node, heap: heap)
            guard level > 0 else {
                self = TreeRoot()
                return
            }
            let index = path.steps[level - 1].index
            return removeChildren(index..<index + 1, level - 1, path, &lineage, heap)
        }
        if range.lowerBound == 0 { setKey(inner.key(0), path, level) }
        settle(level, path, &lineage, heap)
    }

    /// Joins the node at `level` with a neighbour if both are small, or lowers the tree.
    private mutating func settle(
        _ level: Int, _ path: TreePath, _ lineage: inout Lineage, _ heap: Heap
    ) {
        guard level > 0 else {
            while height > 1, TreeInner(address: address).count == 1 {
                let top = TreeInner(address: address)
                address = top.child(0)
                height -= 1
                innerCount -= 1
                lineage.drop(top.node, heap: heap)
            }
            return
        }
        let count = path.steps[level].inner.count
        guard count < TreeInner.few else { return }
        let (above, index) = (path.steps[level - 1].inner, path.steps[level - 1].index)
        // Less than fills a node, so that the next insertion does not part them again.
        let limit = TreeInner.most * 3 / 4
        if index + 1 < above.count,
            TreeInner(address: above.child(index + 1)).count + count <= limit
        {
            join(above, index, &lineage, heap)
        } else if index > 0, TreeInner(address: above.child(index - 1)).count + count <= limit {
            join(above, index - 1, &lineage, heap)
        } else {
            return
        }
        settle(level - 1, path, &lineage, heap)
    }

    /// Makes the children `index` and `index + 1` of `above` one.
    private mutating func join(
        _ above: TreeInner, _ index: Int, _ lineage: inout Lineage, _ heap: Heap
    ) {
        let first = TreeInner(address: above.child(index))
        let second = TreeInner(address: above.child(index + 1))
        let count = first.count + second.count
        var joined = first
        if lineage.isShared(first.node) || first.most < count {
            joined = .make(lineage, heap, count: count)
            joined.append(first, 0..<first.count)
            lineage.drop(first.node, heap: heap)
            above.setChild(index, joined.address)
        }
        joined.append(second, 0..<second.count)
        lineage.drop(second.node, heap: heap)
        above.addWeight(index, above.weight(index + 1))
        above.remove(index + 1..<index + 2)
        innerCount -= 1
    }
}
