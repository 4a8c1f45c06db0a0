import DataStructures
import Digests
import Memory

/// A hash, as it is until the keyspace is next modified.
package struct HashView {
    let record: Record

    /// `entry` must be a hash.
    package init(_ entry: Entry) {
        invariant(entry.type == .hash, "something else read as a hash")
        record = entry.record
    }

    var large: LargeTable? { record.isExternal ? LargeTable(record) : nil }

    /// Number of fields.
    package var count: Int { large?.count ?? record.itemCount / 2 }

    /// The value of a field.
    package func value(of field: ByteView) -> PackedItem? {
        if let large { return large.entry(of: field)?.value }
        var reader = record.items
        guard reader.find(PackedItem(text: field), stride: 2) != nil else { return nil }
        reader.skip()
        return reader.next()
    }

    package func contains(_ field: ByteView) -> Bool {
        if let large { return large.contains(field) }
        var reader = record.items
        return reader.find(PackedItem(text: field), stride: 2) != nil
    }

    /// When a field expires, in milliseconds since 1970: nil within if never, which is always so
    /// until fields can expire; nil if there is no such field.
    package func expiry(of field: ByteView) -> Int64?? { contains(field) ? .some(nil) : nil }

    /// Visits all fields with their values, in no particular order.
    package func forEach(_ body: (PackedItem, PackedItem) -> Void) {
        if let large { return large.forEach { body($0.key, $0.value) } }
        var reader = record.items
        while let field = reader.next(), let value = reader.next() { body(field, value) }
    }

    /// Any field with its value, each as likely as any other or nearly so.
    package func random(_ random: inout RandomGenerator) -> (PackedItem, PackedItem) {
        if let large {
            let entry = large.random(&random)
            return (entry.key, entry.value)
        }
        var reader = record.items
        reader.skip(2 * random.below(count))
        guard let field = reader.next(), let value = reader.next() else {
            invariantFailed("a hash of fewer items than it counts")
        }
        return (field, value)
    }

    /// Goes on with a walk that starts and ends with cursor 0, about `count` fields far. What is
    /// there from the first step to the last is visited at least once.
    package func scan(
        _ cursor: UInt64, count: Int, _ body: (PackedItem, PackedItem) -> Void
    ) -> UInt64 {
        if let large {
            return large.scan(cursor, count: count) { body($0.key, $0.value) }
        }
        forEach(body)
        return 0
    }
}

/// Changing hashes, between `open` and `close`.
extension Databases {
    private static let compactHash = Entry.kind(.hash, .listpack)

    /// Sets a field. Returns whether it is new.
    @discardableResult
    package mutating func hashSet(
        _ place: inout Place, field: ByteView, value: ByteView
    ) -> Bool {
        let isLong = max(field.count, value.count) > encodings.hashValue
        if _slowPath(isLong || place.isLarge) {
            return hashSetLarge(&place, field, value, isLong: isLong)
        }
        let (key, content) = (PackedItem(text: field), PackedItem(text: value))
        var end = Place.emptyCount
        if let record = place.record {
            var reader = record.items
            if reader.find(key, stride: 2) != nil {
                reader.skip()
                let start = reader.offset
                reader.skip()
                let old = reader.offset - start
                guard place.byteCount - old + content.encodedCount <= Databases.compactLimit
                else { return hashSetLarge(&place, field, value, isLong: false) }
                put(&place, content, at: start, removing: old, items: 0, kind: record.kind)
                return false
            }
            end = reader.offset
        }
        let isTooMany = place.itemCount / 2 >= encodings.hashEntries
        let count = end + key.encodedCount + content.encodedCount
        if isTooMany || count > Databases.compactLimit {
            return hashSetLarge(&place, field, value, isLong: false)
        }
        put(&place, key, content, at: end, items: 2, kind: Databases.compactHash)
        return true
    }

    /// `hashSet` for a hash that is large or becomes it.
    private mutating func hashSetLarge(
        _ place: inout Place, _ field: ByteView, _ value: ByteView, isLong: Bool
    ) -> Bool {
        if !place.isLarge { makeLargeTable(&place, Databases.compactHash, .hash) }
        let table = largeTable(place)
        let isNew = table.put(field, PackedItem(text: value), heap: heap)
        if let record = place.record, record.kind == Databases.compactHash,
            isLong || table.count > encodings.hashEntries
        {
            record.kind = Entry.kind(.hash, .hashtable)
        }
        return isNew
    }

    /// Removes a field. Returns whether it was there.
    @discardableResult
    package mutating func hashRemove(_ place: inout Place, field: ByteView) -> Bool {
        guard let record = place.record else { return false }
        if record.isExternal { return LargeTable(record).remove(field, heap: heap) }
        var reader = record.items
        guard reader.find(PackedItem(text: field), stride: 2) != nil else { return false }
        let start = reader.offset
        reader.skip(2)
        cut(&place, start..<reader.offset, items: 2)
        return true
    }
}
