import DataStructures
import Memory

/// Where a frozen collection is read: in the record, valid during the visit, or in nodes, valid
/// until the next slice of the snapshot or its end.
struct FrozenItems {
    private let large: LargeBlock?
    private let mark: UInt32
    /// The items of a compact collection that have not been read.
    private(set) var compact: PackedReader

    init(_ entry: SnapshotEntry) {
        large = entry.record.isLarge ? entry.record.large : nil
        mark = entry.mark
        compact = large == nil ? entry.record.items : PackedReader(.empty)
    }

    /// The next item of a compact collection.
    mutating func next() -> PackedItem? { compact.next() }

    /// Whether the collection is made of nodes.
    var isLarge: Bool { large != nil }

    /// The root of a large collection as it was, asked for anew for every piece: the live one as
    /// long as nobody has changed it.
    func root<Root: LargeRoot>(_ type: Root.Type) -> Root? {
        large?[frozen: type, for: mark]
    }
}

/// A hash as it was when a snapshot began, read in pieces.
package struct FrozenHash {
    /// Number of fields.
    package let count: Int
    private var items: FrozenItems
    private var segment = 0
    private var visited = 0

    init(_ entry: SnapshotEntry) {
        invariant(entry.type == .hash, "something else read as a hash")
        items = FrozenItems(entry)
        count = items.root(TableRoot.self)?.count ?? entry.record.itemCount / 2
    }

    /// Whether all fields have been visited.
    package var isEmpty: Bool { visited == count }

    /// The items of a compact hash as they are packed: field, value, field, value.
    package var packed: ByteView? { items.isLarge ? nil : items.compact.rest }

    /// Visits the next fields with their values, some 50 as a rule, at least one while there is
    /// one; they are lent until the keyspace is next modified.
    package mutating func next(_ body: (PackedItem, PackedItem) -> Void) {
        guard !items.isLarge else { return nextSegment(body) }
        while let field = items.next(), let value = items.next() {
            body(field, value)
            visited += 1
        }
    }

    private mutating func nextSegment(_ body: (PackedItem, PackedItem) -> Void) {
        guard let table = items.root(TableRoot.self)?.table else { return }
        let before = visited
        while visited == before, segment < table.segments {
            table.visit(segment) { entry in
                body(entry.key, entry.value)
                visited += 1
            }
            segment += 1
        }
    }
}

/// A set as it was when a snapshot began, read in pieces.
package struct FrozenSet {
    /// Number of members.
    package let count: Int
    private var items: FrozenItems
    private var segment = 0
    private var visited = 0

    init(_ entry: SnapshotEntry) {
        invariant(entry.type == .set, "something else read as a set")
        items = FrozenItems(entry)
        count = items.root(TableRoot.self)?.count ?? entry.record.itemCount
    }

    /// Whether all members have been visited.
    package var isEmpty: Bool { visited == count }

    /// The members of a compact set as they are packed.
    package var packed: ByteView? { items.isLarge ? nil : items.compact.rest }

    /// Visits the next members, some 50 as a rule, at least one while there is one; they are lent
    /// until the keyspace is next modified.
    package mutating func next(_ body: (PackedItem) -> Void) {
        guard !items.isLarge else { return nextSegment(body) }
        while let member = items.next() {
            body(member)
            visited += 1
        }
    }

    private mutating func nextSegment(_ body: (PackedItem) -> Void) {
        guard let table = items.root(TableRoot.self)?.table else { return }
        let before = visited
        while visited == before, segment < table.segments {
            table.visit(segment) { entry in
                body(entry.key)
                visited += 1
            }
            segment += 1
        }
    }
}

/// A list as it was when a snapshot began, read in pieces from its front.
package struct FrozenList {
    /// Number of elements.
    package let count: Int
    private var items: FrozenItems
    private var pieces: ListPieces?
    private var visited = 0

    init(_ entry: SnapshotEntry) {
        invariant(entry.type == .list, "something else read as a list")
        items = FrozenItems(entry)
        let list = items.root(ListTree.self)?.items
        count = list?.count ?? entry.record.itemCount
        // Its nodes stay as they are as long as it is lent: who changes the list copies them.
        pieces = list?.pieces
    }

    /// Whether all elements have been visited.
    package var isEmpty: Bool { visited == count }

    /// The elements of a compact list as they are packed.
    package var packed: ByteView? { items.isLarge ? nil : items.compact.rest }

    /// Visits the next elements, up to 2 KiB of them, at least one while there is one; they are
    /// lent until the keyspace is next modified.
    package mutating func next(_ body: (PackedItem) -> Void) {
        guard items.isLarge else {
            while let item = items.next() {
                body(item)
                visited += 1
            }
            return
        }
        guard let piece = pieces?.next() else { return }
        var reader = PackedReader(piece.items)
        while let item = reader.next() { body(item) }
        visited += piece.count
    }
}

/// A sorted set as it was when a snapshot began, read in pieces in the order of scores and members.
package struct FrozenSortedSet {
    /// Number of members.
    package let count: Int
    private var items: FrozenItems
    private var pieces: ScorePieces?
    private var visited = 0

    init(_ entry: SnapshotEntry) {
        invariant(entry.type == .sortedSet, "something else read as a sorted set")
        items = FrozenItems(entry)
        let tree = items.root(SortedSetRoot.self)?.tree
        count = tree?.count ?? entry.record.itemCount / 2
        pieces = tree?.pieces
    }

    /// Whether all members have been visited.
    package var isEmpty: Bool { visited == count }

    /// The items of a compact sorted set as they are packed: member, score, member, score.
    package var packed: ByteView? { items.isLarge ? nil : items.compact.rest }

    /// Visits the next members with their scores, up to 4 KiB of them, at least one while there is
    /// one; they are lent until the keyspace is next modified.
    package mutating func next(_ body: (PackedItem, Double) -> Void) {
        guard items.isLarge else {
            while let member = items.next(), let score = items.next() {
                body(member, score.score)
                visited += 1
            }
            return
        }
        _ = pieces?.next { member, score in
            body(member, score)
            visited += 1
        }
    }
}

extension SnapshotEntry {
    /// The value if it is a list.
    package var list: FrozenList { FrozenList(self) }

    /// The value if it is a sorted set.
    package var sortedSet: FrozenSortedSet { FrozenSortedSet(self) }

    /// The value if it is a hash.
    package var hash: FrozenHash { FrozenHash(self) }

    /// The value if it is a set.
    package var set: FrozenSet { FrozenSet(self) }
}

extension Entry {
    /// A collection as it is now, to be read before the keyspace is next modified.
    package var collection: SnapshotEntry {
        invariant(!isString, "a string read as a collection")
        return SnapshotEntry(record, 0)
    }
}
