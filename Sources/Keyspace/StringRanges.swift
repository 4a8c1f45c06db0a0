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
        let record: Record
        if old.isExternal {
            record = writeLong(database, position, shape, bytes, at: offset)
        } else if !unseen, !shape.isExternal, old.shape.sizeClass == shape.sizeClass {
            record = old
            if let integer = Entry(old).integer {
                record.reshape(shape)
                withDecimal(integer) { fill(record, from: $0, bytes, at: offset) }
            } else {
                if shape != old.shape { record.reshape(shape, kept: held) }
                overwrite(record, bytes, at: offset, held: held)
            }
        } else {
            record = renewed(old, shape)
            Entry(old).withString { fill(record, from: $0, bytes, at: offset) }
            databases[database].dict[position] = record
            retire(database, old, unseen)
        }
        record.kind = Entry.kind(.string, .raw)
        if !keepsClock { record.clock = clock }
        noteAdded(database, record)
        return shape.valueCount
    }

    /// A record like `old` in another layout, without its value.
    private func renewed(_ old: Record, _ shape: RecordShape) -> Record {
        Record(
            heap: heap, shape: shape, kind: old.kind, stamp: stamp, clock: old.clock,
            expiry: old.expiry, key: old.key)
    }

    /// `write` for a long value, which becomes `shape`. It is not copied, whether a snapshot
    /// needs it or not, unless another key has it as well or it outgrows a small block. Returns
    /// the record, which may be a new one.
    private mutating func writeLong(
        _ database: Int, _ position: DictPosition, _ shape: RecordShape, _ bytes: ByteView,
        at offset: Int
    ) -> Record {
        let old = databases[database].dict[position]
        let held = old.valueCount
        // Where bytes change first: zeros in a gap are written as well.
        let from = min(offset, held)
        let unseen = isUnseen(old)
        if shape.valueCount > old.block.capacity {
            makeRoom(old, ValueBlock.roomToGrow(shape.valueCount))
        }
        let block = old.block
        let isShared =
            shape.valueCount <= block.capacity
            && (block.liveHolders == 1 || from >= block.written)
        guard isShared || unseen else {
            // It has its record for itself, but not the block.
            old.setShape(shape)
            fill(old, from: block.bytes(held), bytes, at: offset)
            giveUp(block)
            return old
        }
        var record = old
        if unseen {
            record = renewed(old, shape)
            if isShared {
                block.hold()
                record.block = block
            } else {
                fill(record, from: block.bytes(held), bytes, at: offset)
            }
            databases[database].dict[position] = record
            retire(database, old, true)
        } else {
            record.setShape(shape)
        }
        if isShared {
            preserve(block, from..<offset + bytes.count)
            overwrite(record, bytes, at: offset, held: held)
        }
        return record
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
