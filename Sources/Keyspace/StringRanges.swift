import DataStructures
import Memory

/// Strings changed in part.
extension Databases {
    /// Adds bytes to the end of a string, which becomes raw; a missing key is made as SET makes
    /// it. Returns the new length. Whatever the key holds must be a string.
    @discardableResult
    package mutating func append(
        _ database: Int, _ key: ByteView, _ hash: UInt64, _ bytes: ByteView
    ) -> Int {
        guard let position = databases[database].dict.locate(hash, key) else {
            set(database, key, hash, string: bytes)
            return bytes.count
        }
        let start = Entry(databases[database].dict[position]).stringLength
        return write(database, position, bytes, at: start)
    }

    /// Overwrites bytes of a string from `offset` on; it becomes raw and longer if need be, with
    /// zeros in the gap. A missing key is made. Returns the new length; no bytes change nothing.
    @discardableResult
    package mutating func setRange(
        _ database: Int, _ key: ByteView, _ hash: UInt64, _ offset: Int, _ bytes: ByteView
    ) -> Int {
        if let position = databases[database].dict.locate(hash, key) {
            let held = Entry(databases[database].dict[position]).stringLength
            return bytes.isEmpty ? held : write(database, position, bytes, at: offset)
        }
        guard !bytes.isEmpty else { return 0 }
        let shape = RecordShape(
            keyCount: key.count, valueCount: offset + bytes.count, expires: false)
        let record = Record(
            heap: heap, shape: shape, kind: Entry.kind(.string, .raw), stamp: stamp,
            clock: birthClock, expiry: nil, key: key)
        fill(record, from: .empty, bytes, at: offset)
        databases[database].dict.insert(hash, record)
        changes += 1
        noteAdded(database, record)
        return shape.valueCount
    }

    /// Writes `bytes` at `offset` of the string at `position` and makes it raw.
    private mutating func write(
        _ database: Int, _ position: DictPosition, _ bytes: ByteView, at offset: Int
    ) -> Int {
        changes += 1
        let old = databases[database].dict[position]
        invariant(Entry(old).isString, "changed a part of something that is no string")
        noteRemoved(database, old)
        let unseen = isUnseen(old)
        let held = Entry(old).stringLength
        var shape = old.shape
        shape.valueCount = max(held, offset + bytes.count)
        // Where bytes change first: zeros in a gap are written as well.
        let from = min(offset, held)
        let record: Record
        if !unseen, canWrite(old, shape, from: from) {
            record = old
            if let integer = Entry(old).integer {
                record.reshape(shape)
                withDecimal(integer) { fill(record, from: $0, bytes, at: offset) }
            } else {
                if shape != old.shape { record.reshape(shape, kept: shape.isExternal ? 8 : held) }
                overwrite(record, bytes, at: offset, held: held)
            }
        } else {
            record = Record(
                heap: heap, shape: shape, kind: old.kind, stamp: stamp, clock: old.clock,
                expiry: old.expiry, key: old.key)
            if shape.isExternal, old.isExternal,
                fits(old.block, shape, from: from, isAlone: !unseen && old.block.holders == 1)
            {
                old.block.hold()
                record.block = old.block
                overwrite(record, bytes, at: offset, held: held)
            } else {
                Entry(old).withString { fill(record, from: $0, bytes, at: offset) }
            }
            databases[database].dict[position] = record
            retire(database, old, unseen)
        }
        record.kind = Entry.kind(.string, .raw)
        if !keepsClock { record.clock = clock }
        noteAdded(database, record)
        return shape.valueCount
    }

    /// Whether record and block can take the new layout where they are.
    private func canWrite(_ record: Record, _ shape: RecordShape, from offset: Int) -> Bool {
        let old = record.shape
        guard old.sizeClass == shape.sizeClass, old.isExternal == shape.isExternal else {
            return false
        }
        guard shape.isExternal else { return true }
        let block = record.block
        return fits(block, shape, from: offset, isAlone: block.holders == 1)
    }

    /// Whether a block has room and may be written to from `offset` on: nobody else needs it, or
    /// nobody knows of anything behind there.
    private func fits(
        _ block: ValueBlock, _ shape: RecordShape, from offset: Int, isAlone: Bool
    ) -> Bool {
        shape.valueCount <= block.capacity && (isAlone || offset >= block.written)
    }

    /// Writes `bytes` at `offset` of a record whose value had `held` bytes and has its new
    /// length already.
    private func overwrite(_ record: Record, _ bytes: ByteView, at offset: Int, held: Int) {
        let gap = held..<max(held, offset)
        if record.isExternal {
            if !gap.isEmpty { record.block.clear(gap) }
            record.block.write(bytes, at: offset)
        } else {
            if !gap.isEmpty { record.clearBytes(gap) }
            record.setBytes(bytes, at: offset)
        }
    }

    /// Gives a new record the value `old` with `bytes` written over it at `offset`. One that
    /// grew will grow again, so it gets room for that.
    private func fill(_ record: Record, from old: ByteView, _ bytes: ByteView, at offset: Int) {
        if record.shape.isExternal {
            let gap = offset > old.count
            let count = record.valueCount
            let hasGrown = !old.isEmpty && count > old.count
            let room = hasGrown ? ValueBlock.roomToGrow(count) : count
            record.block = ValueBlock(heap: heap, room: room, zeroed: gap)
            record.block.write(old, at: 0)
            record.block.write(bytes, at: offset)
        } else {
            record.setBytes(old)
            overwrite(record, bytes, at: offset, held: old.count)
        }
    }
}
