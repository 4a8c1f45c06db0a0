import Memory

/// A large list: a counted tree over leaves of packed items. It owns its nodes and is itself a
/// plain value, which its owner keeps in one place.
@frozen @usableFromInline
package struct ListTree: BitwiseCopyable {
    /// It comes first, where a `LargeBlock` looks for it.
    @usableFromInline package var lineage: Lineage
    /// The list as it is; a copy of it is a frozen copy of the list after `freeze`.
    @usableFromInline package internal(set) var root: TreeRoot
    /// Long strings, and the memory of their nodes.
    @usableFromInline var longCount: Int
    @usableFromInline var longBytes: Int
    @usableFromInline var remains: TreeRemains
    @usableFromInline var tail: ListTail

    /// An empty list.
    package init() {
        root = TreeRoot()
        lineage = Lineage()
        (longCount, longBytes) = (0, 0)
        remains = TreeRemains()
        tail = ListTail()
    }

    /// Number of elements.
    @inlinable package var count: Int { root.count }

    /// The elements as they are now.
    @inlinable package var items: ListItems { ListItems(root) }

    /// Memory that only a frozen copy needs.
    package var droppedBytes: Int { lineage.droppedBytes }
    package var isFrozen: Bool { lineage.isFrozen }

    /// Bytes the allocator holds for the nodes.
    package var footprint: Int {
        root.leaves * ListLeaf.block + root.innerFootprint + longBytes
    }

    /// From now on there is a frozen copy: the items as they are, until `thaw`.
    package mutating func freeze() -> ListItems {
        lineage.freeze()
        return items
    }

    /// There is no frozen copy any more. Returns what only it had, to be freed.
    package mutating func thaw() -> DroppedNodes { lineage.thaw() }

    @inline(__always)
    private mutating func element(_ text: ByteView, _ heap: Heap) -> ListElement {
        let element = ListElement(text, lineage, heap)
        if _slowPath(element.node != 0) {
            longCount += 1
            longBytes += Node(address: element.node).footprint
        }
        return element
    }

    /// Adds an element at one end. `text` must not lie in this list.
    package mutating func push(_ text: ByteView, atFront: Bool, heap: Heap) {
        let element = element(text, heap)
        guard _fastPath(!root.isEmpty) else {
            let leaf = ListLeaf.make(lineage, heap, fromBack: atFront)
            add(element, to: leaf, atFront: atFront)
            _ = root.insertFirst(leaf.node, weight: 1)
            return
        }
        let leaf = ListLeaf(root.leaf(atLast: !atFront))
        if _fastPath(!lineage.isFrozen && leaf.hasRoom(element.size, atFront: atFront)) {
            add(element, to: leaf, atFront: atFront)
            root.addWeight(1, atLast: !atFront)
        } else {
            pushRarely(element, atFront: atFront, heap)
        }
    }

    /// Adds an element to a list that is frozen, or where there is no room at the end.
    @inline(never)
    private mutating func pushRarely(_ element: ListElement, atFront: Bool, _ heap: Heap) {
        var path = root.path(toLast: !atFront)
        guard ListLeaf(path.leaf).hasRoom(element.size, atFront: atFront) else {
            return makeRoom(element, atFront: atFront, &path, heap)
        }
        add(element, to: writable(&path, heap), atFront: atFront)
        root.addWeight(1, at: path)
    }

    /// The leaf of `path` as it may be changed. What the tail knows of it remains true.
    @inline(__always)
    mutating func writable(_ path: inout TreePath, _ heap: Heap) -> ListLeaf {
        ListLeaf(root.makeWritable(&path, &lineage, heap))
    }

    /// Writes an element at an end where there is room; `leaf` is the first or the last one.
    @inline(__always)
    private mutating func add(_ element: ListElement, to leaf: ListLeaf, atFront: Bool) {
        let offset = leaf.grow(element.size, atFront: atFront)
        element.write(leaf, at: offset)
        leaf.count += 1
        // If it is the only leaf and was empty, the tail may know the element from the front too.
        if !atFront { tail.append(offset) }
    }

    /// Adds an element at an end where there is no room: in the same leaf if enough is free on the
    /// other side of its items, else in a new one.
    private mutating func makeRoom(
        _ element: ListElement, atFront: Bool, _ path: inout TreePath, _ heap: Heap
    ) {
        let free = ListLeaf(path.leaf).free
        // Moving pays if it need not be done again soon.
        if free >= 2 * element.size, free >= ListLeaf.room / 4 {
            let leaf = writable(&path, heap)
            leaf.move(to: free / 2)
            if !atFront || root.leaves == 1 { tail.forget() }
            add(element, to: leaf, atFront: atFront)
            root.addWeight(1, at: path)
            return
        }
        if !atFront { tail.forget() }
        let leaf = ListLeaf.make(lineage, heap, fromBack: atFront)
        add(element, to: leaf, atFront: atFront)
        root.insert(leaf.node, weight: 1, after: !atFront, &path, &lineage, heap)
    }

    /// Takes out the element at one end of a list that is not empty; `body` sees it before.
    package mutating func pop(fromFront: Bool, heap: Heap, _ body: (PackedItem) -> Void) {
        let leaf = ListLeaf(root.leaf(atLast: !fromFront))
        let offset = fromFront ? leaf.start : tail.last(of: leaf)
        var reader = leaf.reader(at: offset)
        let long = longCount > 0 ? reader.longNode : nil
        if let item = reader.next() { body(item) }
        if _fastPath(!lineage.isFrozen && leaf.count > 1) {
            root.addWeight(-1, atLast: !fromFront)
            cut(leaf, fromFront ? reader.offset : offset, fromFront)
        } else {
            popRarely(fromFront ? reader.offset : offset, fromFront, heap)
        }
        if let long { dropLong(long, heap) }
    }

    /// Takes the item before `offset`, or the one from there on, off an end of a leaf.
    @inline(__always)
    private mutating func cut(_ leaf: ListLeaf, _ offset: Int, _ fromFront: Bool) {
        let left = leaf.count - 1
        leaf.count = left
        if fromFront {
            leaf.start = offset
            if root.leaves == 1 { tail.limit(to: left) }
        } else {
            leaf.end = offset
            tail.removeLast()
        }
    }

    /// The same in a list that is frozen, or for the last item of a leaf.
    @inline(never)
    private mutating func popRarely(_ offset: Int, _ fromFront: Bool, _ heap: Heap) {
        var path = root.path(toLast: !fromFront)
        if ListLeaf(path.leaf).count > 1 {
            let leaf = writable(&path, heap)
            root.addWeight(-1, at: path)
            return cut(leaf, offset, fromFront)
        }
        if !fromFront || root.leaves == 1 { tail.forget() }
        root.removeLeaf(at: &path, &lineage, heap)
    }

    /// Disposes of a long string that is no element any more.
    private mutating func dropLong(_ node: Node, _ heap: Heap) {
        longCount -= 1
        longBytes -= node.footprint
        lineage.drop(node, heap: heap)
    }

    /// Replaces the element at `index`. `text` must not lie in this list.
    package mutating func set(_ index: Int, _ text: ByteView, heap: Heap) {
        var path = root.path(at: index)
        let leaf = writable(&path, heap)
        var reader = leaf.reader(skipping: path.offset)
        let offset = reader.offset
        let long = longCount > 0 ? reader.longNode : nil
        reader.skip()
        let old = reader.offset - offset
        let element = element(text, heap)
        if element.size <= old + leaf.free {
            if element.size != old { tail.forget() }
            element.write(leaf, at: leaf.replace(at: offset, old: old, new: element.size))
        } else {
            tail.forget()
            _ = leaf.replace(at: offset, old: old, new: 0)
            leaf.count -= 1
            root.addWeight(-1, at: path)
            insert(element, at: index, heap)
        }
        if let long { dropLong(long, heap) }
    }

    /// Puts an element before the one at `index`, or behind the last if `index` is the count.
    /// `text` must not lie in this list.
    package mutating func insert(_ text: ByteView, at index: Int, heap: Heap) {
        invariant(index >= 0 && index <= count, "no such place in a list")
        if index == 0 { return push(text, atFront: true, heap: heap) }
        if index == count { return push(text, atFront: false, heap: heap) }
        insert(element(text, heap), at: index, heap)
    }

    /// Puts an element where neither end is, or behind the last where the leaf has no room.
    private mutating func insert(_ element: ListElement, at index: Int, _ heap: Heap) {
        tail.forget()
        while true {
            var path = root.path(at: min(index, count - 1))
            if index == count { path.offset += 1 }
            let leaf = ListLeaf(path.leaf)
            if element.size <= leaf.free { return insert(element, &path, heap) }
            if path.offset == leaf.count { return insertLeaf(element, after: true, &path, heap) }
            if path.offset > 0 {
                split(&path, heap)
                continue
            }
            var before = path
            if before.previous(), element.size <= ListLeaf(before.leaf).free {
                before.offset = ListLeaf(before.leaf).count
                return insert(element, &before, heap)
            }
            return insertLeaf(element, after: false, &path, heap)
        }
    }

    /// Puts an element at the offset of `path`, where there is room.
    private mutating func insert(_ element: ListElement, _ path: inout TreePath, _ heap: Heap) {
        let leaf = writable(&path, heap)
        let place = leaf.reader(skipping: path.offset).offset
        element.write(leaf, at: leaf.replace(at: place, old: 0, new: element.size))
        leaf.count += 1
        root.addWeight(1, at: path)
    }

    private mutating func insertLeaf(
        _ element: ListElement, after: Bool, _ path: inout TreePath, _ heap: Heap
    ) {
        let leaf = ListLeaf.make(lineage, heap)
        element.write(leaf, at: leaf.grow(element.size, atFront: false))
        leaf.count = 1
        root.insert(leaf.node, weight: 1, after: after, &path, &lineage, heap)
    }

    /// Makes two leaves of the one of `path`, which has at least two items.
    private mutating func split(_ path: inout TreePath, _ heap: Heap) {
        let leaf = writable(&path, heap)
        let middle = leaf.start + leaf.byteCount / 2
        var reader = leaf.reader(at: leaf.start)
        var kept = 0
        var offset = leaf.start
        repeat {
            offset = reader.offset
            reader.skip()
            kept += 1
        } while reader.offset <= middle
        // The item across the middle goes to the second leaf unless it is the first of all.
        kept -= 1
        if kept == 0 {
            kept = 1
            offset = reader.offset
        }
        let moved = leaf.count - kept
        invariant(moved > 0, "nothing to split off a leaf")
        let fresh = ListLeaf.make(lineage, heap)
        leaf.split(at: offset, moving: moved, to: fresh)
        root.addWeight(-moved, at: path)
        root.insert(fresh.node, weight: moved, after: true, &path, &lineage, heap)
    }
}
