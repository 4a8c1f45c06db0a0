import DataStructures
import Memory

/// A list, as it is until the keyspace is next modified.
package struct ListView {
    let record: Record

    /// `entry` must be a list.
    package init(_ entry: Entry) {
        invariant(entry.type == .list, "something else read as a list")
        record = entry.record
    }

    var large: LargeList? { record.isExternal ? LargeList(record) : nil }

    /// Number of elements.
    package var count: Int { large?.count ?? record.itemCount }

    /// The element at `index`, counted from 0; nil if there are not so many.
    package func item(at index: Int) -> PackedItem? {
        if let large { return large.item(at: index) }
        guard index >= 0, index < record.itemCount else { return nil }
        var reader = record.items
        reader.skip(index)
        return reader.next()
    }

    /// Visits `count` elements, if there are so many, until `body` returns false: the one at
    /// index `from` and those behind it, or before it when `reversed`.
    package func forEach(
        from: Int = 0, count: Int = .max, reversed: Bool = false, _ body: (PackedItem) -> Bool
    ) {
        if let large { return large.forEach(from: from, count: count, reversed: reversed, body) }
        guard from >= 0, from < record.itemCount, count > 0 else { return }
        var reader = record.items
        guard reversed else {
            reader.skip(from)
            var left = count
            while left > 0, let item = reader.next(), body(item) { left -= 1 }
            return
        }
        let visited = min(count, from + 1)
        reader.skip(from + 1 - visited)
        reader.reversed(count: visited, stride: 1) { place in
            var place = place
            return place.next().map { body($0) } ?? false
        }
    }
}

/// Changing lists, between `open` and `close`.
extension Databases {
    static let listKind = Entry.kind(.list, .quicklist)
    /// Bytes of a compact list.
    static let compactListBytes = 1024

    /// Whether an element can be put into a list, in place of `removing` bytes, while it stays
    /// compact; makes it large if not.
    private mutating func keepsCompact(
        _ place: inout Place, _ item: PackedItem, removing: Int = 0
    ) -> Bool {
        if place.isLarge { return false }
        let count = place.byteCount - removing + item.encodedCount
        if _fastPath(count <= Databases.compactListBytes) { return true }
        makeLargeList(&place, Databases.listKind)
        return false
    }

    /// Adds an element at one end.
    package mutating func listPush(_ place: inout Place, _ element: ByteView, atFront: Bool) {
        let item = PackedItem(text: element)
        guard keepsCompact(&place, item) else {
            return largeListPush(&place, element, atFront: atFront)
        }
        let offset = atFront ? Place.emptyCount : place.byteCount
        put(&place, item, at: offset, items: 1, kind: Databases.listKind)
    }

    /// Takes out the element at one end of a list that has one; `body` sees it before.
    package mutating func listPop(
        _ place: inout Place, fromFront: Bool, _ body: (PackedItem) -> Void
    ) {
        guard let record = place.record else { return }
        if record.isExternal { return largeListPop(&place, fromFront: fromFront, body) }
        guard record.itemCount > 0 else { return }
        var reader = record.items
        if !fromFront { reader.skip(record.itemCount - 1) }
        let start = reader.offset
        if let item = reader.next() { body(item) }
        cut(&place, start..<reader.offset, items: 1)
    }

    /// Replaces the element at `index`, which must be there.
    package mutating func listSet(_ place: inout Place, at index: Int, _ element: ByteView) {
        guard let record = place.record else { return }
        let item = PackedItem(text: element)
        if !record.isExternal {
            invariant(index >= 0 && index < record.itemCount, "no such element in a list")
            var reader = record.items
            reader.skip(index)
            let start = reader.offset
            reader.skip()
            let removing = reader.offset - start
            if keepsCompact(&place, item, removing: removing) {
                return put(
                    &place, item, at: start, removing: removing, items: 0,
                    kind: Databases.listKind)
            }
        }
        largeListSet(&place, at: index, element)
    }

    /// Puts an element before the one at `index`, or behind the last.
    package mutating func listInsert(_ place: inout Place, at index: Int, _ element: ByteView) {
        let item = PackedItem(text: element)
        guard keepsCompact(&place, item) else {
            return largeListInsert(&place, at: index, element)
        }
        invariant(index >= 0 && index <= place.itemCount, "no such place in a list")
        var offset = Place.emptyCount
        if let record = place.record {
            var reader = record.items
            reader.skip(index)
            offset = reader.offset
        }
        put(&place, item, at: offset, items: 1, kind: Databases.listKind)
    }

    /// Removes the elements at these indices, which must be there.
    package mutating func listRemove(_ place: inout Place, _ range: Range<Int>) {
        guard let record = place.record, !range.isEmpty else { return }
        if record.isExternal { return largeListRemove(&place, range) }
        invariant(
            range.lowerBound >= 0 && range.upperBound <= record.itemCount,
            "no such elements in a list")
        var reader = record.items
        reader.skip(range.lowerBound)
        let start = reader.offset
        reader.skip(range.count)
        cut(&place, start..<reader.offset, items: range.count)
    }
}
