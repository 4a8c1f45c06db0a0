import Memory

/// The members of a large sorted set in order: a counted tree over leaves of members. The lineage
/// is the owner's, who has a table of the same members beside it.
package struct ScoreTree: BitwiseCopyable {
    private var root = TreeRoot()
    /// Bytes the allocator holds for leaves, and for the nodes of long members.
    private var leafBytes = 0
    private var longBytes = 0
    private var longCount = 0
    private var remains = TreeRemains()

    /// No members.
    package init() {}

    /// Number of members.
    package var count: Int { root.count }

    /// Bytes the allocator holds for the nodes.
    package var footprint: Int { leafBytes + longBytes + root.innerFootprint }

    // MARK: Reading

    /// How many members are before a place.
    private func count(before target: ScoreTarget) -> Int {
        guard !root.isEmpty else { return 0 }
        let path = root.path(to: target)
        return root.elements(before: path) + ScoreLeaf(path.leaf).count(before: target)
    }

    /// How many members are before this one, which has `score`.
    package func rank(of member: PackedItem, score: Double) -> Int {
        count(before: ScoreTarget(score, member, takesEqual: false))
    }

    /// The member with so many before it; nil if there are not so many.
    package func item(at rank: Int) -> (PackedItem, Double)? {
        guard rank >= 0, rank < count else { return nil }
        let path = root.path(at: rank)
        let leaf = ScoreLeaf(path.leaf)
        return (leaf.member(path.offset), leaf.score(path.offset))
    }

    /// Number of members with a score below `score`, or up to it.
    package func countBelow(score: Double, inclusive: Bool) -> Int {
        count(before: ScoreTarget(score, nil, takesEqual: inclusive))
    }

    /// Number of members before `member`, or up to it, when all have the same score.
    package func countBelow(member: PackedItem, inclusive: Bool) -> Int {
        guard let (_, score) = item(at: 0) else { return 0 }
        return count(before: ScoreTarget(score, member, takesEqual: inclusive))
    }

    /// Visits up to `count` members, until `body` returns false: the one of rank `from` and those
    /// behind it, or before it when `reversed`.
    package func forEach(
        from: Int, count: Int, reversed: Bool, _ body: (PackedItem, Double) -> Bool
    ) {
        guard from >= 0, from < self.count, count > 0 else { return }
        var path = root.path(at: from)
        var leaf = ScoreLeaf(path.leaf)
        var index = path.offset
        var left = count
        while body(leaf.member(index), leaf.score(index)) {
            left -= 1
            guard left > 0 else { return }
            index += reversed ? -1 : 1
            if index >= 0, index < leaf.count { continue }
            guard reversed ? path.previous() : path.next() else { return }
            leaf = ScoreLeaf(path.leaf)
            index = reversed ? leaf.count - 1 : 0
        }
    }

    /// Goes through all members leaf by leaf, in order.
    package var pieces: ScorePieces { ScorePieces(root) }

    // MARK: Changing

    /// Adds a member that is not there. It must not lie in this tree.
    package mutating func insert(
        _ member: PackedItem, _ score: Double, _ lineage: inout Lineage, heap: Heap
    ) {
        let target = ScoreTarget(score, member, takesEqual: false)
        let room = ScoreLeaf.room(member)
        while !root.isEmpty {
            var path = root.path(to: target)
            let leaf = writable(&path, &lineage, heap)
            let index = leaf.count(before: target)
            if leaf.free >= room {
                return insert(member, score, at: index, leaf, path, lineage, heap)
            }
            if leaf.live + room + ScoreLeaf.head <= ScoreLeaf.largest {
                let extra = room + (leaf.live + room) / 8
                let larger = rebuild(leaf, extra: extra, &path, &lineage, heap)
                return insert(member, score, at: index, larger, path, lineage, heap)
            }
            if let isAfter = isBeyond(index, leaf, path) {
                let fresh = makeLeaf(room, lineage, heap)
                note(fresh.insert(member, score, at: 0, lineage, heap))
                return root.insert(
                    fresh.node, weight: 1, key: target.key, after: isAfter, &path, &lineage, heap)
            }
            split(leaf, &path, &lineage, heap)
        }
        let leaf = makeLeaf(room, lineage, heap)
        note(leaf.insert(member, score, at: 0, lineage, heap))
        _ = root.insertFirst(leaf.node, weight: 1, key: target.key)
    }

    private mutating func insert(
        _ member: PackedItem, _ score: Double, at index: Int, _ leaf: ScoreLeaf, _ path: TreePath,
        _ lineage: Lineage, _ heap: Heap
    ) {
        note(leaf.insert(member, score, at: index, lineage, heap))
        root.addWeight(1, at: path)
        if index == 0 { root.setKey(leaf.key, at: path) }
    }

    /// Whether index `index` of a leaf is behind all members, or before all: then the next ones
    /// will be as well, and the leaf is left full.
    private func isBeyond(_ index: Int, _ leaf: ScoreLeaf, _ path: TreePath) -> Bool? {
        var other = path
        if index == leaf.count, !other.next() { return true }
        if index == 0, !other.previous() { return false }
        return nil
    }

    private mutating func makeLeaf(_ room: Int, _ lineage: Lineage, _ heap: Heap) -> ScoreLeaf {
        let leaf = ScoreLeaf.make(room, lineage, heap)
        leafBytes += leaf.node.footprint
        return leaf
    }

    /// Counts what the node of a long member takes.
    private mutating func note(_ held: Int) {
        guard held > 0 else { return }
        longBytes += held
        longCount += 1
    }

    private mutating func writable(
        _ path: inout TreePath, _ lineage: inout Lineage, _ heap: Heap
    ) -> ScoreLeaf {
        ScoreLeaf(root.makeWritable(&path, &lineage, heap))
    }

    /// Puts a copy of the writable leaf of `path` with another amount of free room in its place.
    @discardableResult
    private mutating func rebuild(
        _ leaf: ScoreLeaf, extra: Int, _ path: inout TreePath, _ lineage: inout Lineage,
        _ heap: Heap
    ) -> ScoreLeaf {
        let copy = leaf.rebuilt(0..<leaf.count, extra: extra, lineage, heap)
        replace(leaf, by: copy, &path, &lineage, heap)
        return copy
    }

    private mutating func replace(
        _ leaf: ScoreLeaf, by copy: ScoreLeaf, _ path: inout TreePath, _ lineage: inout Lineage,
        _ heap: Heap
    ) {
        leafBytes += copy.node.footprint - leaf.node.footprint
        root.replaceLeaf(with: copy.node, at: &path)
        lineage.drop(leaf.node, heap: heap)
    }

    /// Makes two leaves of the writable one of `path`, which has at least two members.
    private mutating func split(
        _ leaf: ScoreLeaf, _ path: inout TreePath, _ lineage: inout Lineage, _ heap: Heap
    ) {
        let half = leaf.count / 2
        invariant(half > 0, "a leaf of one member is split")
        let moved = leaf.count - half
        let first = leaf.rebuilt(0..<half, extra: 0, lineage, heap)
        let second = leaf.rebuilt(half..<leaf.count, extra: 0, lineage, heap)
        replace(leaf, by: first, &path, &lineage, heap)
        leafBytes += second.node.footprint
        root.addWeight(-moved, at: path)
        root.insert(
            second.node, weight: moved, key: second.key, after: true, &path, &lineage, heap)
    }

    /// Removes a member that has this score. It must not lie in this tree.
    package mutating func remove(
        _ member: PackedItem, score: Double, _ lineage: inout Lineage, heap: Heap
    ) {
        let target = ScoreTarget(score, member, takesEqual: false)
        var path = root.path(to: target)
        let index = ScoreLeaf(path.leaf).count(before: target)
        invariant(index < ScoreLeaf(path.leaf).count, "no such member in a sorted set")
        erase(index..<index + 1, &path, &lineage, heap)
    }

    /// Removes the members of these ranks, which must be there.
    package mutating func remove(
        _ ranks: Range<Int>, _ lineage: inout Lineage, heap: Heap
    ) {
        invariant(
            ranks.lowerBound >= 0 && ranks.upperBound <= count, "no such ranks in a sorted set")
        var left = ranks.count
        while left > 0 {
            var path = root.path(at: ranks.lowerBound)
            let end = min(ScoreLeaf(path.leaf).count, path.offset + left)
            left -= end - path.offset
            erase(path.offset..<end, &path, &lineage, heap)
        }
    }

    /// Takes members out of the leaf of `path`.
    private mutating func erase(
        _ range: Range<Int>, _ path: inout TreePath, _ lineage: inout Lineage, _ heap: Heap
    ) {
        var leaf = ScoreLeaf(path.leaf)
        for index in range where longCount > 0 {
            guard let node = leaf.longNode(index) else { continue }
            longBytes -= node.footprint
            longCount -= 1
            lineage.drop(node, heap: heap)
        }
        if range.count == leaf.count {
            leafBytes -= leaf.node.footprint
            return root.removeLeaf(at: &path, &lineage, heap)
        }
        leaf = writable(&path, &lineage, heap)
        leaf.erase(range)
        root.addWeight(-range.count, at: path)
        if range.lowerBound == 0 { root.setKey(leaf.key, at: path) }
        settle(leaf, &path, &lineage, heap)
    }

    /// Joins a leaf that has become small with the next one or the one before, or gives back what
    /// it has too much.
    private mutating func settle(
        _ leaf: ScoreLeaf, _ path: inout TreePath, _ lineage: inout Lineage, _ heap: Heap
    ) {
        guard leaf.live * 8 < leaf.node.capacity * 5 else { return }
        var other = path
        if other.next(), join(leaf, &path, &other, &lineage, heap) { return }
        other = path
        if other.previous(), fit(leaf, ScoreLeaf(other.leaf)) {
            let before = writable(&other, &lineage, heap)
            path = other
            if path.next(), join(before, &other, &path, &lineage, heap) { return }
        }
        guard leaf.node.capacity > 256 else { return }
        rebuild(leaf, extra: leaf.live / 8, &path, &lineage, heap)
    }

    private func fit(_ first: ScoreLeaf, _ second: ScoreLeaf) -> Bool {
        first.live + second.live <= ScoreLeaf.largest / 2
    }

    /// Moves the members of the leaf of `second` to the writable one of `first`, before it, if
    /// both are small.
    private mutating func join(
        _ leaf: ScoreLeaf, _ first: inout TreePath, _ second: inout TreePath,
        _ lineage: inout Lineage, _ heap: Heap
    ) -> Bool {
        let other = ScoreLeaf(second.leaf)
        guard fit(leaf, other) else { return false }
        let joined = leaf.rebuilt(0..<leaf.count, extra: other.live, lineage, heap)
        joined.append(other, 0..<other.count)
        replace(leaf, by: joined, &first, &lineage, heap)
        root.addWeight(other.count, at: first)
        second = first
        guard second.next() else { return true }
        leafBytes -= other.node.footprint
        root.removeLeaf(at: &second, &lineage, heap)
        return true
    }

    // MARK: All of it

    /// Frees about `count` nodes; the tree can only be freed on. Returns whether nothing is left.
    package mutating func tearDown(
        _ count: Int, _ lineage: inout Lineage, heap: Heap
    ) -> Bool {
        if !root.isEmpty { remains = root.takeApart() }
        if longCount > 0 {
            remains.free(count, of: ScoreLeaves.self, &lineage, heap)
        } else {
            remains.free(count, of: PlainScoreLeaves.self, &lineage, heap)
        }
        return remains.isEmpty
    }

    /// A tree of the same members, of nodes of its own.
    package func copy(_ lineage: inout Lineage, heap: Heap) -> ScoreTree {
        var copy = ScoreTree()
        copy.root =
            longCount > 0
            ? root.copy(of: ScoreLeaves.self, &lineage, heap)
            : root.copy(of: PlainScoreLeaves.self, &lineage, heap)
        copy.longCount = longCount
        copy.longBytes = longBytes
        copy.leafBytes = copy.measureLeaves()
        return copy
    }

    /// Leaves are copied without what they had too much.
    private func measureLeaves() -> Int {
        var pieces = pieces
        var bytes = 0
        while let leaf = pieces.nextLeaf() { bytes += leaf.node.footprint }
        return bytes
    }

    /// What does not hold of the tree's structure; empty when all is well.
    package func checkInvariants(_ lineage: Lineage) -> [String] {
        var faults = root.checkInvariants(of: ScoreLeaves.self, lineage)
        var (long, bytes) = (0, 0)
        var pieces = pieces
        var last: ScoreLeaf?
        while let leaf = pieces.nextLeaf() {
            faults += leaf.faults
            if let last {
                let first = ScoreTarget(leaf.score(0), leaf.member(0), takesEqual: false)
                if !first.isBehind(last, last.count - 1) { faults.append("leaves out of order") }
            }
            last = leaf
            for node in (0..<leaf.count).compactMap({ leaf.longNode($0) }) {
                long += 1
                bytes += node.footprint
            }
        }
        if long != longCount || bytes != longBytes { faults.append("long members not counted") }
        if measureLeaves() != leafBytes { faults.append("leaves of another size") }
        return faults
    }
}

/// Reads a sorted set leaf by leaf in order, with as much time as one likes between two of them:
/// of a frozen one, while the live one changes.
package struct ScorePieces: BitwiseCopyable {
    private var path: TreePath
    private var isAtEnd: Bool

    fileprivate init(_ root: TreeRoot) {
        isAtEnd = root.isEmpty
        path = isAtEnd ? TreePath(root: 0) : root.path(toLast: false)
    }

    fileprivate mutating func nextLeaf() -> ScoreLeaf? {
        guard !isAtEnd else { return nil }
        let leaf = ScoreLeaf(path.leaf)
        isAtEnd = !path.next()
        return leaf
    }

    /// Visits the members of the next leaf. Returns false behind the last.
    package mutating func next(_ body: (PackedItem, Double) -> Void) -> Bool {
        guard let leaf = nextLeaf() else { return false }
        for index in 0..<leaf.count { body(leaf.member(index), leaf.score(index)) }
        return true
    }
}
