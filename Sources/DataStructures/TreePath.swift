import Memory

/// One inner node on a way down a counted tree, and the child that was taken.
@frozen @usableFromInline
struct TreeStep: BitwiseCopyable {
    @usableFromInline var node: UInt
    @usableFromInline var index: Int

    @inlinable
    init(node: UInt, index: Int) {
        self.node = node
        self.index = index
    }

    @inlinable
    var inner: TreeInner { @inline(__always) get { TreeInner(address: node) } }
}

/// The way from the root of a counted tree to a leaf: a plain value that goes from leaf to leaf
/// without asking the root. A path through a live tree is valid until the tree changes, other than
/// by the call that was given the path; one through a frozen tree until that is given up.
@frozen @usableFromInline
package struct TreePath: BitwiseCopyable {
    /// Inner levels there may be. The least a full tree of so many levels has is 42⁷ leaves.
    @inlinable static var mostLevels: Int { 8 }

    @usableFromInline var steps: InlineArray<8, TreeStep>
    /// Inner nodes above the leaf.
    @usableFromInline package internal(set) var depth: Int
    /// Address of the leaf.
    @usableFromInline var address: UInt
    /// Where in the leaf the position is that was asked for.
    @usableFromInline package var offset: Int

    @inlinable
    init(root: UInt) {
        steps = InlineArray(repeating: TreeStep(node: 0, index: 0))
        depth = 0
        address = root
        offset = 0
    }

    /// The leaf it ends at.
    @inlinable
    package var leaf: Node { @inline(__always) get { Node(address: address) } }

    /// Goes down one level, to the child `index` of the node it has reached.
    @inlinable @inline(__always)
    mutating func descend(_ index: Int) {
        let inner = TreeInner(address: address)
        steps[depth] = TreeStep(node: address, index: index)
        depth &+= 1
        address = inner.child(index)
    }

    /// Goes down to a leaf, always to the first or the last child.
    @inlinable
    mutating func descend(last: Bool, to depth: Int) {
        while self.depth < depth {
            descend(last ? TreeInner(address: address).count &- 1 : 0)
        }
    }

    /// Goes to the next leaf, at offset 0; false, and nothing done, at the last.
    @inlinable
    package mutating func next() -> Bool {
        var level = depth &- 1
        while level >= 0 {
            let step = steps[level]
            if step.index &+ 1 < step.inner.count {
                move(to: step.index &+ 1, level, last: false)
                return true
            }
            level &-= 1
        }
        return false
    }

    /// Goes to the leaf before, at offset 0; false, and nothing done, at the first.
    @inlinable
    package mutating func previous() -> Bool {
        var level = depth &- 1
        while level >= 0 {
            let step = steps[level]
            if step.index > 0 {
                move(to: step.index &- 1, level, last: true)
                return true
            }
            level &-= 1
        }
        return false
    }

    @inlinable
    mutating func move(to index: Int, _ level: Int, last: Bool) {
        let bottom = depth
        depth = level
        address = steps[level].node
        offset = 0
        descend(index)
        descend(last: last, to: bottom)
    }

    /// Elements in the leaf, as the tree counts them; `whole` for a tree that is but a leaf.
    @inlinable
    func weight(whole: Int) -> Int {
        guard depth > 0 else { return whole }
        let step = steps[depth &- 1]
        return step.inner.weight(step.index)
    }

    /// Whether the steps above `level` always take the last child, or the first.
    func isAtEdge(above level: Int, last: Bool) -> Bool {
        for upper in 0..<level {
            let step = steps[upper]
            if step.index != (last ? step.inner.count - 1 : 0) { return false }
        }
        return true
    }
}
