import DataStructures
import Memory

/// A key about to be changed. Between `open` and `close` nothing else in the keyspace may be
/// modified, and what a view of the entry lent is valid until the next modification.
package struct Place {
    let database: Int
    let hash: UInt64
    let key: ByteView
    var position: DictPosition?
    var record: Record?
    /// What it was opened as.
    var type: ValueType?

    /// The key and its value, of any type, as it is now; nil if it is missing. A key that `open`
    /// is to make appears with its first element.
    package var entry: Entry? { record.map { Entry($0) } }

    /// Whether there is a value, and it is too big for its record.
    var isLarge: Bool { record?.isExternal ?? false }

    /// Elements of a compact value; of two items each in hashes and sorted sets.
    var itemCount: Int { record?.itemCount ?? 0 }

    /// Bytes of a compact value, or of an empty one.
    var byteCount: Int { record?.valueCount ?? Place.emptyCount }

    /// Bytes of a compact value without items: the count of them.
    static let emptyCount = 2
}

/// Changing collections: `place`, `open`, mutations, `close`.
extension Databases {
    /// Compact values have at most so many bytes.
    static let compactLimit = RecordShape.inlineLimit

    /// Looks for a key that may be changed.
    package func place(_ database: Int, _ key: ByteView, _ hash: UInt64) -> Place {
        var place = Place(database: database, hash: hash, key: key)
        if let position = databases[database].dict.locate(hash, key) {
            place.position = position
            place.record = databases[database].dict[position]
        }
        return place
    }

    /// Begins to change the value of a key, which must be of this type or missing.
    package mutating func open(_ place: inout Place, _ type: ValueType) {
        invariant(place.type == nil, "a place opened twice")
        place.type = type
        guard let record = place.record else { return }
        invariant(Entry(record).type == type, "a key opened as another type")
        noteRemoved(place.database, record)
        if _slowPath(record.isExternal) { openLarge(&place) }
    }

    /// Ends changing a key; `changes` more modifications were made. A key without elements is
    /// deleted. Returns whether it was.
    @discardableResult
    package mutating func close(_ place: inout Place, changes: Int) -> Bool {
        invariant(place.type != nil, "closed what was not open")
        place.type = nil
        self.changes &+= changes
        guard let record = place.record, let position = place.position else { return false }
        guard elementCount(record) > 0 else {
            databases[place.database].dict.remove(position)
            retire(place.database, record, isUnseen(record))
            place.record = nil
            place.position = nil
            return true
        }
        if !keepsClock, changes > 0 { record.clock = clock }
        if _slowPath(record.isExternal) { closeLarge(record.large) }
        noteAdded(place.database, record)
        return false
    }

    private func elementCount(_ record: Record) -> Int {
        record.isExternal ? record.large.count : record.itemCount
    }

    // MARK: Compact values

    /// Replaces `removing` bytes at `offset` of a compact value by `inserting` bytes, which the
    /// caller writes to the record that is returned; the number of items grows by `items`. A
    /// missing key is made, with `kind`.
    mutating func splice(
        _ place: inout Place, at offset: Int, removing: Int, inserting: Int, items: Int,
        kind: UInt8
    ) -> Record {
        invariant(place.type != nil, "changed what was not open")
        guard let old = place.record, let position = place.position else {
            let record = create(&place, kind, bytes: Place.emptyCount + inserting)
            record.itemCount = items
            return record
        }
        var record = old
        let unseen = isUnseen(old)
        let shape = old.shape(removing: removing, inserting: inserting)
        if !unseen, shape.sizeClass == old.footprint {
            old.splice(at: offset, removing: removing, inserting: inserting)
        } else {
            record = old.spliced(
                heap: heap, stamp: stamp, at: offset, removing: removing, inserting: inserting)
            databases[place.database].dict[position] = record
            place.record = record
            retire(place.database, old, unseen)
        }
        record.itemCount += items
        return record
    }

    /// Makes the missing key of a place, with a value of so many bytes that nobody has written.
    mutating func create(_ place: inout Place, _ kind: UInt8, bytes: Int) -> Record {
        let shape = RecordShape(keyCount: place.key.count, valueCount: bytes, expires: false)
        let record = Record(
            heap: heap, shape: shape, kind: kind, stamp: stamp, clock: birthClock, expiry: nil,
            key: place.key)
        place.position = databases[place.database].dict.insert(place.hash, record)
        place.record = record
        return record
    }

    /// Puts `item`, and `second` behind it, at `offset` of a compact value in place of `removing`
    /// bytes; the number of items grows by `items`.
    mutating func put(
        _ place: inout Place, _ item: PackedItem, _ second: PackedItem? = nil, at offset: Int,
        removing: Int = 0, items: Int, kind: UInt8
    ) {
        let count = item.encodedCount + (second?.encodedCount ?? 0)
        let record = splice(
            &place, at: offset, removing: removing, inserting: count, items: items, kind: kind)
        let end = record.write(item, at: offset)
        if let second { _ = record.write(second, at: end) }
    }

    /// Takes `items` items out of a compact value, which are the bytes `range`.
    mutating func cut(_ place: inout Place, _ range: Range<Int>, items: Int) {
        _ = splice(
            &place, at: range.lowerBound, removing: range.count, inserting: 0, items: -items,
            kind: 0)
    }
}
