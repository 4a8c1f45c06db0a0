import DataStructures
import Digests
import Memory

/// A set, as it is until the keyspace is next modified.
package struct SetView {
    let record: Record

    /// `entry` must be a set.
    package init(_ entry: Entry) {
        invariant(entry.type == .set, "something else read as a set")
        record = entry.record
    }

    var large: LargeTable? { record.isExternal ? LargeTable(record) : nil }

    /// Number of members.
    package var count: Int { large?.count ?? record.itemCount }

    package func contains(_ member: ByteView) -> Bool {
        if let large { return large.contains(member) }
        var reader = record.items
        return reader.find(PackedItem(text: member), stride: 1) != nil
    }

    /// Visits all members: integers alone in order if they are few, else in no particular order.
    package func forEach(_ body: (PackedItem) -> Void) {
        if let large { return large.forEach { body($0.key) } }
        var reader = record.items
        while let member = reader.next() { body(member) }
    }

    /// Any member, each as likely as any other or nearly so.
    package func random(_ random: inout RandomGenerator) -> PackedItem {
        if let large { return large.random(&random).key }
        var reader = record.items
        reader.skip(random.below(count))
        guard let member = reader.next() else {
            invariantFailed("a set of fewer members than it counts")
        }
        return member
    }

    /// Goes on with a walk that starts and ends with cursor 0, about `count` members far. What is
    /// there from the first step to the last is visited at least once.
    package func scan(_ cursor: UInt64, count: Int, _ body: (PackedItem) -> Void) -> UInt64 {
        if let large { return large.scan(cursor, count: count) { body($0.key) } }
        forEach(body)
        return 0
    }
}

/// Changing sets, between `open` and `close`.
extension Databases {
    private static let integerSet = Entry.kind(.set, .intset)
    private static let textSet = Entry.kind(.set, .hashtable)
    /// Members and bytes of a compact set; there is no searching it but from its front on.
    static let compactSetMembers = 128
    static let compactSetBytes = 1024

    /// Adds a member. Returns whether it is new.
    @discardableResult
    package mutating func setAdd(_ place: inout Place, member: ByteView) -> Bool {
        let item = PackedItem(text: member)
        guard let record = place.record, !record.isExternal else {
            return setAddFirst(&place, member, item)
        }
        var end = record.valueCount
        if record.kind == Databases.integerSet, case .integer(let value) = item {
            guard let sorted = Databases.sortedPlace(record.items, value) else { return false }
            end = sorted
        } else if record.kind == Databases.textSet {
            var reader = record.items
            if reader.find(item, stride: 1) != nil { return false }
        }
        if _slowPath(
            record.itemCount >= Databases.compactSetMembers
                || record.valueCount + item.encodedCount > Databases.compactSetBytes)
        {
            makeLargeTable(&place, record.kind, .set)
            return setAddLarge(&place, member, item)
        }
        put(&place, item, at: end, items: 1, kind: record.kind)
        nameSet(place, item)
        return true
    }

    /// `setAdd` for a set that is large or missing.
    private mutating func setAddFirst(
        _ place: inout Place, _ member: ByteView, _ item: PackedItem
    ) -> Bool {
        if place.isLarge { return setAddLarge(&place, member, item) }
        var kind = Databases.textSet
        if case .integer = item { kind = Databases.integerSet }
        if Place.emptyCount + item.encodedCount > Databases.compactSetBytes {
            makeLargeTable(&place, kind, .set)
            return setAddLarge(&place, member, item)
        }
        put(&place, item, at: Place.emptyCount, items: 1, kind: kind)
        return true
    }

    private mutating func setAddLarge(
        _ place: inout Place, _ member: ByteView, _ item: PackedItem
    ) -> Bool {
        let isNew = largeTable(place).put(member, heap: heap)
        if isNew { nameSet(place, item) }
        return isNew
    }

    /// An intset to which text was added, or too many, is called a hash table.
    private func nameSet(_ place: Place, _ item: PackedItem) {
        guard let record = place.record, record.kind == Databases.integerSet else { return }
        if case .integer = item,
            SetView(Entry(record)).count <= encodings.setIntsetEntries
        {
            return
        }
        record.kind = Databases.textSet
    }

    /// Where `value` belongs among sorted integers; nil if it is there.
    private static func sortedPlace(_ items: PackedReader, _ value: Int64) -> Int? {
        var reader = items
        var offset = reader.offset
        while case .integer(let member)? = reader.next() {
            if member >= value { return member == value ? nil : offset }
            offset = reader.offset
        }
        return offset
    }

    /// Removes a member. Returns whether it was there.
    @discardableResult
    package mutating func setRemove(_ place: inout Place, member: ByteView) -> Bool {
        guard let record = place.record else { return false }
        if record.isExternal { return LargeTable(record).remove(member, heap: heap) }
        var reader = record.items
        guard reader.find(PackedItem(text: member), stride: 1) != nil else { return false }
        let start = reader.offset
        reader.skip()
        cut(&place, start..<reader.offset, items: 1)
        return true
    }

    /// Takes out any member of a set that has one; `body` sees it before.
    package mutating func setPop(
        _ place: inout Place, _ random: inout RandomGenerator, _ body: (PackedItem) -> Void
    ) {
        guard let record = place.record else { return }
        if record.isExternal {
            return LargeTable(record).pop(&random, heap: heap) { body($0.key) }
        }
        guard record.itemCount > 0 else { return }
        var reader = record.items
        reader.skip(random.below(record.itemCount))
        let start = reader.offset
        if let member = reader.next() { body(member) }
        cut(&place, start..<reader.offset, items: 1)
    }
}
