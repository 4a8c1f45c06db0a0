import DataStructures
import Memory

/// A string on its way into a record.
@frozen @usableFromInline
enum StringPayload {
    case bytes(ByteView)
    case integer(Int64)

    @inlinable
    var count: Int {
        @inline(__always) get {
            switch self {
            case .bytes(let bytes): bytes.count
            case .integer: 8
            }
        }
    }

    /// Writes it into a record made for a value of `count` bytes, which must be a short one.
    @inlinable @inline(__always)
    func write(to record: Record) {
        switch self {
        case .bytes(let bytes): record.setBytes(bytes)
        case .integer(let integer): record.integer = integer
        }
    }
}

extension Databases {
    /// Sets a string, replacing whatever the key holds.
    @inlinable @discardableResult
    package mutating func set(
        _ database: Int, _ key: ByteView, _ hash: UInt64, string: ByteView,
        expiry: ExpiryChange = .clear, form: StringForm = .automatic
    ) -> Entry {
        if form == .automatic, let integer = string.integer {
            return set(database, key, hash, integer: integer, expiry: expiry)
        }
        let isRaw = form == .raw || string.count > Encoding.embeddedLimit
        let kind = Entry.kind(.string, isRaw ? .raw : .embedded)
        return store(database, key, hash, kind, .bytes(string), expiry)
    }

    /// Sets a string that is an integer.
    @inlinable @discardableResult
    package mutating func set(
        _ database: Int, _ key: ByteView, _ hash: UInt64, integer: Int64,
        expiry: ExpiryChange = .clear
    ) -> Entry {
        store(database, key, hash, Entry.kind(.string, .integer), .integer(integer), expiry)
    }

    /// The common way of both: a value of the same size class is overwritten in place.
    @inlinable @inline(__always)
    mutating func store(
        _ database: Int, _ key: ByteView, _ hash: UInt64, _ kind: UInt8, _ value: StringPayload,
        _ expiry: ExpiryChange
    ) -> Entry {
        changes &+= 1
        guard let position = databases[database].dict.locate(hash, key) else {
            return create(database, key, hash, kind, value, expiry)
        }
        let record = databases[database].dict[position]
        let old = record.shape
        var shape = old
        shape.valueCount = value.count
        switch expiry {
        case .clear: shape.expires = false
        case .keep: break
        case .at: shape.expires = true
        }
        let isAlike =
            shape == old || shape.flags == old.flags && shape.sizeClass == old.sizeClass
        if _slowPath(isTracked || !isAlike || shape.isExternal) {
            return replace(database, position, shape, kind, value, expiry)
        }
        record.setShape(shape)
        record.kind = kind
        value.write(to: record)
        if case .at(let time) = expiry { record.setExpiry(time) }
        if !keepsClock { record.clock = clock }
        return Entry(record)
    }

    @inlinable
    mutating func create(
        _ database: Int, _ key: ByteView, _ hash: UInt64, _ kind: UInt8, _ value: StringPayload,
        _ expiry: ExpiryChange
    ) -> Entry {
        var time: Int64?
        if case .at(let given) = expiry { time = given }
        let shape = RecordShape(
            keyCount: key.count, valueCount: value.count, expires: time != nil)
        let record = Record(
            heap: heap, shape: shape, kind: kind, stamp: stamp, clock: birthClock, expiry: time,
            key: key)
        if _slowPath(shape.isExternal) {
            if case .bytes(let bytes) = value { record.block = ValueBlock(heap: heap, bytes) }
        } else {
            value.write(to: record)
        }
        databases[database].dict.insert(hash, record, marked: shape.expires)
        if _slowPath(isTracked) { noteAdded(database, record) }
        return Entry(record)
    }

    /// Replaces the value of the record at `position` by one that needs another layout, or
    /// beside which digest or snapshot must be looked after.
    @usableFromInline @inline(never)
    mutating func replace(
        _ database: Int, _ position: DictPosition, _ shape: RecordShape, _ kind: UInt8,
        _ value: StringPayload, _ expiry: ExpiryChange
    ) -> Entry {
        let old = databases[database].dict[position]
        noteRemoved(database, old)
        let unseen = isUnseen(old)
        var time: Int64?
        switch expiry {
        case .clear: break
        case .keep: time = old.expiry
        case .at(let given): time = given
        }
        let record: Record
        if !unseen, canHold(old, shape) {
            record = old
            record.reshape(shape, kept: shape.isExternal ? 8 : 0)
            record.kind = kind
            if let time { record.setExpiry(time) }
            if shape.isExternal, case .bytes(let bytes) = value {
                record.block.write(bytes, at: 0)
            } else {
                value.write(to: record)
            }
        } else {
            record = Record(
                heap: heap, shape: shape, kind: kind, stamp: stamp, clock: old.clock,
                expiry: time, key: old.key)
            if shape.isExternal, case .bytes(let bytes) = value {
                record.block = ValueBlock(heap: heap, bytes)
            } else {
                value.write(to: record)
            }
            databases[database].dict[position] = record
            retire(database, old, unseen)
        }
        databases[database].dict.setMark(position, time != nil)
        if !keepsClock { record.clock = clock }
        noteAdded(database, record)
        return Entry(record)
    }

    /// Whether `record` and its block have the right sizes for `shape`.
    private func canHold(_ record: Record, _ shape: RecordShape) -> Bool {
        let old = record.shape
        guard shape.sizeClass == old.sizeClass, shape.isExternal == old.isExternal,
            !record.isLarge
        else { return false }
        return !shape.isExternal
            || record.block.holders == 1
                && record.block.footprint == ValueBlock.size(shape.valueCount)
    }
}
