import Memory

/// A tree of leaves that counts what is in them: a B+tree (Bayer, McCreight, "Organization and
/// maintenance of large ordered indexes", 1972; Comer, "The ubiquitous B-tree", 1979) in whose
/// inner nodes stands how many elements are below each child, so that a position is found as fast
/// as a key. This value is all there is of it beside its nodes: a copy of it is a frozen copy of
/// the tree if the lineage is frozen at that moment.
///
/// Leaves are nodes of which the tree knows only how many elements they hold (their weight) and
/// the key word of the first: an image of its key in 64 bits that keeps the order, though
/// different keys may have the same. Whoever owns the tree looks into the leaves.
@frozen @usableFromInline
package struct TreeRoot: BitwiseCopyable {
    /// Address of the top node; 0 for an empty tree.
    @usableFromInline package internal(set) var address: UInt = 0
    /// Elements in all leaves.
    @usableFromInline package internal(set) var count = 0
    /// Key word of the first leaf.
    @usableFromInline package internal(set) var key: UInt64 = 0
    @usableFromInline var leafCount: UInt32 = 0
    @usableFromInline var innerCount: UInt32 = 0
    /// Levels: none for an empty tree, one for a tree that is but a leaf.
    @usableFromInline package internal(set) var height = 0

    /// An empty tree.
    @inlinable package init() {}

    /// Number of leaves.
    @inlinable package var leaves: Int { Int(leafCount) }
    /// Number of inner nodes.
    @inlinable package var inners: Int { Int(innerCount) }
    @inlinable package var isEmpty: Bool { height == 0 }
    /// Inner nodes on each way to a leaf.
    @inlinable var depth: Int { height &- 1 }

    /// The path to the element at `position`, from 0; its `offset` is that within the leaf.
    @inlinable
    package func path(at position: Int) -> TreePath {
        invariant(position >= 0 && position < count, "no such position in a tree")
        var path = TreePath(root: address)
        var rest = position
        for _ in 0..<depth {
            let inner = TreeInner(address: path.address)
            let weights = unsafe inner.weights
            var index = 0
            while true {
                let weight = unsafe weights[index]
                if rest < weight { break }
                rest &-= weight
                index &+= 1
            }
            path.descend(index)
        }
        path.offset = rest
        return path
    }

    /// The path to the first or the last leaf of a tree that is not empty.
    @inlinable
    package func path(toLast last: Bool) -> TreePath {
        invariant(!isEmpty, "no leaf in an empty tree")
        var path = TreePath(root: address)
        path.descend(last: last, to: depth)
        return path
    }

    /// The first or the last leaf of a tree that is not empty, where no path is needed.
    @inlinable @inline(__always)
    package func leaf(atLast last: Bool) -> Node {
        var address = address
        for _ in 0..<depth {
            let inner = TreeInner(address: address)
            address = inner.child(last ? inner.count &- 1 : 0)
        }
        return Node(address: address)
    }

    /// The path to the last leaf whose first element is not above the target; to the first leaf
    /// if there is none.
    @inlinable
    package func path<Target: TreeTarget>(to target: borrowing Target) -> TreePath {
        invariant(!isEmpty, "no leaf in an empty tree")
        var path = TreePath(root: address)
        let key = target.key
        for level in 0..<depth {
            let inner = TreeInner(address: path.address)
            var high = inner.children(below: key, orEqual: true)
            if high > 0, inner.key(high &- 1) == key {
                // Where key words are equal the leaves themselves are asked.
                var low = inner.children(below: key, orEqual: false)
                while low < high {
                    let middle = (low &+ high) &>> 1
                    let first = TreeRoot.firstLeaf(inner.child(middle), depth &- level &- 1)
                    if target.isAtOrAfter(firstOf: first) {
                        low = middle &+ 1
                    } else {
                        high = middle
                    }
                }
            }
            path.descend(max(high &- 1, 0))
        }
        return path
    }

    @inlinable
    static func firstLeaf(_ address: UInt, _ depth: Int) -> Node {
        var address = address
        for _ in 0..<depth { address = TreeInner(address: address).child(0) }
        return Node(address: address)
    }

    /// Elements in the leaves before that of `path`. It takes the time of a search.
    package func elements(before path: TreePath) -> Int {
        var sum = 0
        for level in 0..<path.depth {
            let step = path.steps[level]
            sum += step.inner.weight(before: step.index)
        }
        return sum
    }

    /// Elements in the leaf of `path`.
    @inlinable
    package func weight(at path: TreePath) -> Int { path.weight(whole: count) }
}

/// What is looked for in a tree by key.
@usableFromInline
package protocol TreeTarget {
    /// Its key word.
    var key: UInt64 { get }
    /// Whether the first element of `leaf` is not above it. Asked only of leaves whose first
    /// element has the same key word.
    func isAtOrAfter(firstOf leaf: Node) -> Bool
}

/// What the tree must know of its leaves when it works on all of them. An empty type is enough.
package protocol TreeLeaves {
    /// Elements in a leaf.
    static func weight(_ leaf: Node) -> Int
    /// Key word of its first element.
    static func key(_ leaf: Node) -> UInt64
    /// Disposes of the nodes that a leaf refers to. Returns how many.
    static func dropContents(_ leaf: Node, _ lineage: inout Lineage, _ heap: Heap) -> Int
    /// A leaf with the same elements in another lineage. What it refers to is copied as well.
    static func copy(_ leaf: Node, _ lineage: Lineage, _ heap: Heap) -> Node
}
