import Memory

/// The elements of a large list, to be read: as they are until the list is next changed, or as
/// they were when it was frozen, until it is thawed.
@frozen @usableFromInline
package struct ListItems: BitwiseCopyable {
    @usableFromInline let root: TreeRoot

    @inlinable
    init(_ root: TreeRoot) { self.root = root }

    /// Number of elements.
    @inlinable package var count: Int { root.count }

    /// The element at `index`; nil if there are not so many.
    @inlinable
    package func item(at index: Int) -> PackedItem? {
        guard index >= 0, index < count else { return nil }
        let path = root.path(at: index)
        var reader = ListLeaf(path.leaf).reader(skipping: path.offset)
        return reader.next()
    }

    /// Visits up to `count` elements, until `body` returns false: the one at `from` and those
    /// behind it, or before it when `reversed`.
    @inlinable
    package func forEach(
        from: Int = 0, count: Int = .max, reversed: Bool = false, _ body: (PackedItem) -> Bool
    ) {
        guard from >= 0, from < self.count, count > 0 else { return }
        if reversed { return forEachReversed(from, count, body) }
        var path = root.path(at: from)
        var left = count
        var reader = ListLeaf(path.leaf).reader(skipping: path.offset)
        while true {
            guard let item = reader.next() else {
                guard path.next() else { return }
                let leaf = ListLeaf(path.leaf)
                reader = leaf.reader(at: leaf.start)
                continue
            }
            if !body(item) { return }
            left &-= 1
            if left == 0 { return }
        }
    }

    /// Items are read forwards, so first it is found where they begin.
    @usableFromInline
    func forEachReversed(_ from: Int, _ count: Int, _ body: (PackedItem) -> Bool) {
        var path = root.path(at: from)
        var left = count
        var items = path.offset + 1
        unsafe withUnsafeTemporaryAllocation(of: UInt16.self, capacity: ListLeaf.room) { places in
            repeat {
                let leaf = ListLeaf(path.leaf)
                if items < 0 { items = leaf.count }
                let skipped = max(items - left, 0)
                var reader = leaf.reader(skipping: skipped)
                for index in skipped..<items {
                    unsafe places[index] = UInt16(truncatingIfNeeded: reader.offset)
                    reader.skip()
                }
                while items > skipped {
                    items -= 1
                    reader.offset = unsafe Int(places[items])
                    guard let item = reader.next(), body(item) else { return }
                    left -= 1
                }
                items = -1
            } while left > 0 && path.previous()
        }
    }

    /// Goes through all elements leaf by leaf.
    package var pieces: ListPieces { ListPieces(root) }
}

/// Reads a list leaf by leaf, with as much time as one likes between two of them: of a frozen
/// list, while the live one changes.
@frozen @usableFromInline
package struct ListPieces: BitwiseCopyable {
    private var path: TreePath
    private var isAtEnd: Bool

    fileprivate init(_ root: TreeRoot) {
        isAtEnd = root.isEmpty
        path = isAtEnd ? TreePath(root: 0) : root.path(toLast: false)
    }

    /// The packed items of the next leaf, and how many they are; nil behind the last.
    package mutating func next() -> (items: ByteView, count: Int)? {
        guard !isAtEnd else { return nil }
        let leaf = ListLeaf(path.leaf)
        let piece = (leaf.items, leaf.count)
        isAtEnd = !path.next()
        return piece
    }
}
