import DataStructures
import Memory

/// Makes a listpack of entries of a stream. The fields of the first are told once for all that
/// have the same.
package struct StreamNodeBuilder: ~Copyable {
    private var node: ListpackBuilder
    private var body: ListpackBuilder
    /// The fields of the first entry, packed, and how many they are.
    private var fields: ByteBuffer
    private var fieldCount = 0
    /// Entries so far.
    package private(set) var count = 0
    /// From which the IDs of the entries are counted: that of the first.
    package private(set) var base = RDBStreamID.zero

    package init(heap: Heap) {
        node = ListpackBuilder(heap: heap)
        body = ListpackBuilder(heap: heap)
        fields = ByteBuffer(heap: heap)
    }

    /// Begins anew.
    package mutating func clear() {
        node.clear()
        body.clear()
        fields.removeAll()
        fieldCount = 0
        count = 0
    }

    /// Bytes of the entries so far.
    package var byteCount: Int { body.byteCount + fields.count }

    /// Appends an entry. `packed`: its fields and values, a packed sequence.
    package mutating func append(_ id: RDBStreamID, fields packed: ByteView) {
        if count == 0 { begin(id, packed) }
        count += 1
        let pairs = hasSameFields(packed)
        let flags = pairs == nil ? 0 : RDBFormat.StreamFlag.sameFields
        body.append(.integer(flags))
        let milliseconds = id.milliseconds &- base.milliseconds
        let sequence = id.sequence &- base.sequence
        body.append(.integer(Int64(bitPattern: milliseconds)))
        body.append(.integer(Int64(bitPattern: sequence)))
        if let pairs {
            appendValues(packed)
            body.append(.integer(Int64(pairs + 3)))
        } else {
            let items = StreamNodeBuilder.count(packed)
            body.append(.integer(Int64(items / 2)))
            body.append(all: packed)
            body.append(.integer(Int64(items + 4)))
        }
    }

    private mutating func begin(_ id: RDBStreamID, _ packed: ByteView) {
        base = id
        var reader = PackedReader(packed)
        while let name = reader.next() {
            name.append(to: &fields)
            reader.skip()
            fieldCount += 1
        }
    }

    /// The number of fields if they are those of the first entry, in the same order.
    private func hasSameFields(_ packed: ByteView) -> Int? {
        var names = PackedReader(fields.readable)
        var reader = PackedReader(packed)
        while let name = reader.next() {
            guard let first = names.next(), first == name else { return nil }
            reader.skip()
        }
        return names.isAtEnd ? fieldCount : nil
    }

    private mutating func appendValues(_ packed: ByteView) {
        var reader = PackedReader(packed)
        while reader.skip(), let value = reader.next() { body.append(value) }
    }

    private static func count(_ packed: ByteView) -> Int {
        var reader = PackedReader(packed)
        var count = 0
        while reader.skip() { count += 1 }
        return count
    }

    /// The listpack, valid until `clear`; nothing can be appended any more.
    package mutating func finish() -> ByteView {
        node.append(.integer(Int64(count)))
        // Deleted entries are none.
        node.append(.integer(0))
        node.append(.integer(Int64(fieldCount)))
        node.append(all: fields.readable)
        node.append(.integer(0))
        node.append(all: body)
        return node.finish()
    }
}
