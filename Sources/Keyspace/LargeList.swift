import DataStructures
import Digests
import Memory

extension ListTree: LargeRoot {
    mutating func tearDown(_ nodes: Int, heap: Heap) -> Bool {
        if count > 0 { removeAll() }
        return freeSlice(nodes, heap: heap) < nodes
    }

    func faults(hashKey: HashKey) -> [String] { checkInvariants() }
}

/// A list that is too big for its record.
struct LargeList {
    let block: LargeBlock

    init(_ record: Record) { block = record.large }

    var count: Int { block[live: ListTree.self].count }

    func item(at index: Int) -> PackedItem? { block[live: ListTree.self].items.item(at: index) }

    func forEach(from: Int, count: Int, reversed: Bool, _ body: (PackedItem) -> Bool) {
        block[live: ListTree.self].items.forEach(
            from: from, count: count, reversed: reversed, body)
    }
}

extension Databases {
    /// Makes the list of a place large, or a large one of `kind` without elements if it is missing.
    mutating func makeLargeList(_ place: inout Place, _ kind: UInt8) {
        var list = ListTree()
        if let record = place.record {
            var reader = record.items
            while let item = reader.next() {
                item.withText { list.push($0, atFront: false, heap: heap) }
            }
        }
        adopt(&place, kind, .list, list)
    }

    private func largeBlock(_ place: Place) -> LargeBlock {
        guard let record = place.record else { invariantFailed("a large value that is missing") }
        return record.large
    }

    mutating func largeListPush(_ place: inout Place, _ element: ByteView, atFront: Bool) {
        largeBlock(place)[live: ListTree.self].push(element, atFront: atFront, heap: heap)
    }

    mutating func largeListPop(
        _ place: inout Place, fromFront: Bool, _ body: (PackedItem) -> Void
    ) {
        let block = largeBlock(place)
        guard block[live: ListTree.self].count > 0 else { return }
        block[live: ListTree.self].pop(fromFront: fromFront, heap: heap, body)
    }

    mutating func largeListSet(_ place: inout Place, at index: Int, _ element: ByteView) {
        largeBlock(place)[live: ListTree.self].set(index, element, heap: heap)
    }

    mutating func largeListInsert(_ place: inout Place, at index: Int, _ element: ByteView) {
        largeBlock(place)[live: ListTree.self].insert(element, at: index, heap: heap)
    }

    mutating func largeListRemove(_ place: inout Place, _ range: Range<Int>) {
        largeBlock(place)[live: ListTree.self].remove(range, heap: heap)
    }
}
