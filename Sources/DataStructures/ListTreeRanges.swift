import Memory

extension ListTree {
    /// Removes the elements at these indices. Leaves that lose all of theirs are not looked into
    /// but for long strings.
    package mutating func remove(_ range: Range<Int>, heap: Heap) {
        invariant(range.lowerBound >= 0 && range.upperBound <= count, "no such elements in a list")
        guard !range.isEmpty else { return }
        tail.forget()
        var left = range.count
        while left > 0 {
            var path = root.path(at: range.lowerBound)
            let held = root.weight(at: path)
            let removed = min(left, held - path.offset)
            if removed < held {
                left -= removed
                remove(removed, &path, heap)
            } else if longCount > 0 {
                left -= removed
                let leaf = ListLeaf(path.leaf)
                dropLong(leaf, leaf.start..<leaf.end, heap)
                root.removeLeaf(at: &path, &lineage, heap)
            } else {
                left -= root.removeLeaves(at: &path, elements: left, &lineage, heap)
            }
        }
        if range.lowerBound < count { join(at: range.lowerBound, heap) }
        if range.lowerBound > 0 { join(at: range.lowerBound - 1, heap) }
    }

    /// Removes some of the items of a leaf, from the offset of `path` on.
    private mutating func remove(_ removed: Int, _ path: inout TreePath, _ heap: Heap) {
        let leaf = writable(&path, heap)
        var reader = leaf.reader(skipping: path.offset)
        let start = reader.offset
        reader.skip(removed)
        if longCount > 0 { dropLong(leaf, start..<reader.offset, heap) }
        _ = leaf.replace(at: start, old: reader.offset - start, new: 0)
        leaf.count -= removed
        root.addWeight(-removed, at: path)
    }

    private mutating func dropLong(_ leaf: ListLeaf, _ range: Range<Int>, _ heap: Heap) {
        let dropped = leaf.dropLong(range, &lineage, heap)
        longCount -= dropped.count
        longBytes -= dropped.bytes
    }

    /// Less than a full leaf, so that the next insertion does not part again what was joined.
    private static var joinLimit: Int { ListLeaf.room / 8 * 7 }

    /// Makes the leaf of the element at `index` one with its neighbours as far as they fit.
    private mutating func join(at index: Int, _ heap: Heap) {
        var path = root.path(at: index)
        while ListLeaf(path.leaf).byteCount < ListTree.joinLimit {
            var other = path
            guard other.next(), fit(path, other) else { break }
            joinNext(&path, heap)
            path = root.path(at: index)
        }
        while ListLeaf(path.leaf).byteCount < ListTree.joinLimit {
            var other = path
            guard other.previous(), fit(other, path) else { break }
            joinNext(&other, heap)
            path = root.path(at: index)
        }
    }

    private func fit(_ first: TreePath, _ second: TreePath) -> Bool {
        ListLeaf(first.leaf).byteCount + ListLeaf(second.leaf).byteCount <= ListTree.joinLimit
    }

    /// Moves the items of the next leaf to that of `path`.
    private mutating func joinNext(_ path: inout TreePath, _ heap: Heap) {
        let leaf = writable(&path, heap)
        var next = path
        guard next.next() else { return }
        let other = ListLeaf(next.leaf)
        root.addWeight(other.count, at: path)
        leaf.append(other)
        root.removeLeaf(at: &next, &lineage, heap)
    }

    /// Makes the list empty at once; `freeSlice` frees what it was made of.
    package mutating func removeAll() {
        invariant(remains.isEmpty, "emptied twice")
        remains = root.takeApart()
        tail.forget()
    }

    /// Frees about `count` nodes of what was removed by `removeAll`. Returns how many; none when
    /// all are freed.
    @discardableResult
    package mutating func freeSlice(_ count: Int, heap: Heap) -> Int {
        guard longCount > 0 else {
            return remains.free(count, of: PlainListLeaves.self, &lineage, heap)
        }
        let freed = remains.free(count, of: ListLeaves.self, &lineage, heap)
        if remains.isEmpty { (longCount, longBytes) = (0, 0) }
        return freed
    }

    /// A list of the same elements, with nodes and a lineage of its own.
    package func copy(heap: Heap) -> ListTree {
        var copy = ListTree()
        copy.longCount = longCount
        copy.longBytes = longBytes
        copy.root =
            longCount > 0
            ? root.copy(of: ListLeaves.self, &copy.lineage, heap)
            : root.copy(of: PlainListLeaves.self, &copy.lineage, heap)
        return copy
    }

    /// What does not hold of the list's structure; empty when all is well.
    package func checkInvariants() -> [String] {
        var faults = root.checkInvariants(of: ListLeaves.self, lineage)
        guard !root.isEmpty else {
            return longCount == 0 && tail.count == 0 ? faults : faults + ["not empty"]
        }
        var (long, bytes) = (0, 0)
        var path = root.path(toLast: false)
        repeat {
            let leaf = ListLeaf(path.leaf)
            if leaf.start >= leaf.end || leaf.end > ListLeaf.room { faults.append("odd leaf") }
            var reader = leaf.reader(at: leaf.start)
            var items = 0
            while !reader.isAtEnd {
                let node = reader.longNode
                let start = reader.offset
                let count = reader.next()?.textCount ?? 0
                items += 1
                let isLong = count > ListElement.longestPacked
                if isLong != (node != nil) { faults.append("\(count) bytes in the wrong place") }
                guard let node else { continue }
                if reader.offset - start != Packed.longCount { faults.append("odd item") }
                long += 1
                bytes += node.footprint
            }
            if items != leaf.count { faults.append("\(items) items, not \(leaf.count)") }
        } while path.next()
        if long != longCount || bytes != longBytes { faults.append("long strings miscounted") }
        let last = ListLeaf(root.path(toLast: true).leaf)
        if tail.count > 0, !tail.isRight(about: last) { faults.append("a wrong tail") }
        return faults
    }
}
