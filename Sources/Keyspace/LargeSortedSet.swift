import DataStructures
import Digests
import Memory

/// The root of a large sorted set: its members in order, and a table of their scores.
struct SortedSetRoot: LargeRoot {
    var lineage = Lineage()
    private(set) var tree = ScoreTree()
    private(set) var table: SegmentTable

    init(heap: Heap) { table = SegmentTable(hasValues: true, lineage, heap: heap) }

    /// A copy, to be made.
    private init(copying source: SegmentTable) { table = SegmentTable(copying: source) }

    var count: Int { tree.count }
    var footprint: Int { tree.footprint + table.footprint }

    /// Gives a member a score.
    mutating func put(
        _ key: SegmentKey, _ score: Double, heap: Heap, hashKey: HashKey
    ) -> SortedSetChange {
        let position = table.find(key)
        if let position {
            let old = table.entry(at: position).value.score
            if old == score { return .same }
            tree.remove(key.item, score: old, &lineage, heap: heap)
        }
        tree.insert(key.item, score, &lineage, heap: heap)
        Packed.withScore(score) { packed in
            if let position {
                table.put(packed, at: position, &lineage, heap: heap, hashKey: hashKey)
            } else {
                _ = table.put(key, packed, &lineage, heap: heap, hashKey: hashKey)
            }
        }
        return position == nil ? .added : .changed
    }

    /// Removes a member. Returns whether it was there.
    mutating func remove(_ key: SegmentKey, heap: Heap, hashKey: HashKey) -> Bool {
        guard let position = table.find(key) else { return false }
        let score = table.entry(at: position).value.score
        tree.remove(key.item, score: score, &lineage, heap: heap)
        table.remove(at: position, &lineage, heap: heap, hashKey: hashKey)
        return true
    }

    /// Removes the members of these ranks, which must be there.
    mutating func remove(_ ranks: Range<Int>, heap: Heap, hashKey: HashKey) {
        let members = tree
        members.forEach(from: ranks.lowerBound, count: ranks.count, reversed: false) { item, _ in
            _ = table.remove(
                SegmentKey(item: item, hashKey), &lineage, heap: heap, hashKey: hashKey)
            return true
        }
        tree.remove(ranks, &lineage, heap: heap)
    }

    mutating func tearDown(_ nodes: Int, heap: Heap) -> Bool {
        tree.tearDown(nodes, &lineage, heap: heap)
            && table.free(nodes, &lineage, heap: heap)
    }

    func copy(heap: Heap) -> SortedSetRoot {
        var copy = SortedSetRoot(copying: table)
        while !copy.table.copy(table, 1024, &copy.lineage, heap: heap) {}
        copy.tree = tree.copy(&copy.lineage, heap: heap)
        return copy
    }

    func faults(hashKey: HashKey) -> [String] {
        var faults = tree.checkInvariants(lineage) + table.checkInvariants(hashKey: hashKey)
        if tree.count != table.count { faults.append("\(table.count) scores, \(tree.count)") }
        tree.forEach(from: 0, count: .max, reversed: false) { member, score in
            let held = table.entry(of: SegmentKey(item: member, hashKey))?.value.score
            if held != score { faults.append("a score that is not the member's") }
            return true
        }
        return faults
    }
}

/// A sorted set that is too big for its record.
struct LargeSortedSet {
    let block: LargeBlock

    init(_ record: Record) { block = record.large }

    private var tree: ScoreTree { block[live: SortedSetRoot.self].tree }

    var count: Int { block[live: SortedSetRoot.self].count }

    func score(of member: ByteView) -> Double? {
        let key = SegmentKey(member, block.head.hashKey)
        return block[live: SortedSetRoot.self].table.entry(of: key)?.value.score
    }

    func rank(of member: ByteView) -> Int? {
        guard let score = score(of: member) else { return nil }
        return tree.rank(of: PackedItem(text: member), score: score)
    }

    func item(at rank: Int) -> (PackedItem, Double)? { tree.item(at: rank) }

    func forEach(from: Int, count: Int, reversed: Bool, _ body: (PackedItem, Double) -> Bool) {
        tree.forEach(from: from, count: count, reversed: reversed, body)
    }

    func countBelow(score: Double, inclusive: Bool) -> Int {
        tree.countBelow(score: score, inclusive: inclusive)
    }

    func countBelow(member: ByteView, inclusive: Bool) -> Int {
        tree.countBelow(member: PackedItem(text: member), inclusive: inclusive)
    }

    func scan(_ cursor: UInt64, count: Int, _ body: (PackedItem, Double) -> Void) -> UInt64 {
        block[live: SortedSetRoot.self].table.scan(cursor, wanted: count) { entry in
            body(entry.key, entry.value.score)
        }
    }
}

extension Databases {
    /// Makes the sorted set of a place large, or a large one of `kind` without members if it is
    /// missing.
    mutating func makeLargeSortedSet(_ place: inout Place, _ kind: UInt8) {
        var root = SortedSetRoot(heap: heap)
        if let record = place.record {
            var reader = record.items
            while let (member, score) = SortedSetView.next(&reader) {
                let key = SegmentKey(item: member, hashKey)
                _ = root.put(key, score, heap: heap, hashKey: hashKey)
            }
        }
        adopt(&place, place.record?.kind ?? kind, .sortedSet, root)
    }

    private func largeBlock(_ place: Place) -> LargeBlock {
        guard let record = place.record else { invariantFailed("a large value that is missing") }
        return record.large
    }

    mutating func largeSortedSetPut(
        _ place: inout Place, _ member: ByteView, _ score: Double
    ) -> SortedSetChange {
        largeBlock(place)[live: SortedSetRoot.self].put(
            SegmentKey(member, hashKey), score, heap: heap, hashKey: hashKey)
    }

    mutating func largeSortedSetRemove(_ place: inout Place, _ member: ByteView) -> Bool {
        largeBlock(place)[live: SortedSetRoot.self].remove(
            SegmentKey(member, hashKey), heap: heap, hashKey: hashKey)
    }

    mutating func largeSortedSetRemove(_ place: inout Place, _ ranks: Range<Int>) {
        largeBlock(place)[live: SortedSetRoot.self].remove(ranks, heap: heap, hashKey: hashKey)
    }
}
