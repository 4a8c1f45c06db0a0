import DataStructures
import Digests
import Memory

/// The root of a large hash or set.
struct TableRoot: LargeRoot {
    var lineage = Lineage()
    var table: SegmentTable

    init(hasValues: Bool, heap: Heap) {
        table = SegmentTable(hasValues: hasValues, lineage, heap: heap)
    }

    /// A copy, to be made.
    private init(copying source: SegmentTable) { table = SegmentTable(copying: source) }

    var count: Int { table.count }
    var footprint: Int { table.footprint }

    /// Gives `key` the value. Returns whether it is new.
    mutating func put(
        _ key: SegmentKey, _ value: PackedItem, heap: Heap, hashKey: HashKey
    ) -> Bool {
        table.put(key, value, &lineage, heap: heap, hashKey: hashKey)
    }

    /// Removes `key`. Returns whether it was there.
    mutating func remove(_ key: SegmentKey, heap: Heap, hashKey: HashKey) -> Bool {
        table.remove(key, &lineage, heap: heap, hashKey: hashKey)
    }

    mutating func tearDown(_ nodes: Int, heap: Heap) -> Bool {
        table.free(nodes, &lineage, heap: heap)
    }

    func copy(heap: Heap) -> TableRoot {
        var copy = TableRoot(copying: table)
        while !copy.table.copy(table, 1024, &copy.lineage, heap: heap) {}
        return copy
    }

    func faults(hashKey: HashKey) -> [String] { table.checkInvariants(hashKey: hashKey) }
}

/// A hash or set that is too big for its record: a table in a block.
struct LargeTable {
    let block: LargeBlock

    init(_ record: Record) { block = record.large }

    var count: Int { block[live: TableRoot.self].count }

    func key(_ text: ByteView) -> SegmentKey { SegmentKey(text, block.head.hashKey) }

    func entry(of text: ByteView) -> SegmentEntry? {
        block[live: TableRoot.self].table.entry(of: key(text))
    }

    func contains(_ text: ByteView) -> Bool {
        block[live: TableRoot.self].table.contains(key(text))
    }

    func forEach(_ body: (SegmentEntry) -> Void) { block[live: TableRoot.self].table.forEach(body) }

    func random(_ random: inout RandomGenerator) -> SegmentEntry {
        let table = block[live: TableRoot.self].table
        return table.entry(at: table.random(&random))
    }

    func scan(_ cursor: UInt64, count: Int, _ body: (SegmentEntry) -> Void) -> UInt64 {
        block[live: TableRoot.self].table.scan(cursor, wanted: count, body)
    }

    // MARK: Changing

    /// Gives `text` the value. Returns whether it is new.
    func put(_ text: ByteView, _ value: PackedItem = .bytes(.empty), heap: Heap) -> Bool {
        block[live: TableRoot.self].put(
            key(text), value, heap: heap, hashKey: block.head.hashKey)
    }

    /// Removes `text`. Returns whether it was there.
    func remove(_ text: ByteView, heap: Heap) -> Bool {
        block[live: TableRoot.self].remove(key(text), heap: heap, hashKey: block.head.hashKey)
    }

    /// Removes any entry, after `body` has seen it.
    func pop(_ random: inout RandomGenerator, heap: Heap, _ body: (SegmentEntry) -> Void) {
        let table = block[live: TableRoot.self].table
        guard table.count > 0 else { return }
        let position = table.random(&random)
        body(table.entry(at: position))
        block[live: TableRoot.self].table.remove(
            at: position, &block.lineage, heap: heap, hashKey: block.head.hashKey)
    }
}

extension Databases {
    /// Makes the hash or set of a place large, or a large one of `kind` without entries if it is
    /// missing.
    mutating func makeLargeTable(_ place: inout Place, _ kind: UInt8, _ type: ValueType) {
        let hasValues = type == .hash
        var root = TableRoot(hasValues: hasValues, heap: heap)
        if let record = place.record {
            var reader = record.items
            while let item = reader.next() {
                let value = hasValues ? reader.next() : nil
                _ = root.put(
                    SegmentKey(item: item, hashKey), value ?? .bytes(.empty), heap: heap,
                    hashKey: hashKey)
            }
        }
        adopt(&place, place.record?.kind ?? kind, type, root)
    }

    /// The table of a place whose value is large.
    func largeTable(_ place: Place) -> LargeTable {
        guard let record = place.record else { invariantFailed("a large value that is missing") }
        return LargeTable(record)
    }
}
