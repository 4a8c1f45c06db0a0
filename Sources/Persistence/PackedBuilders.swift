import DataStructures
import Memory

/// Makes a listpack of items that are told one by one.
package struct ListpackBuilder: ~Copyable {
    private var buffer: ByteBuffer
    private var scratch: ByteBuffer
    /// Items so far.
    package private(set) var count = 0

    package init(heap: Heap) {
        buffer = ByteBuffer(heap: heap)
        scratch = ByteBuffer(heap: heap)
        clear()
    }

    /// Begins anew.
    package mutating func clear() {
        buffer.removeAll()
        buffer.append(repeating: 0, count: Listpack.headLength)
        count = 0
    }

    /// Bytes the listpack would have if it were finished now.
    package var byteCount: Int { buffer.count + 1 }

    /// Bytes that `item` adds.
    package static func byteCount(_ item: RDBItem) -> Int {
        let size = item.encodedCount
        return size + Listpack.linkLength(size)
    }

    package mutating func append(_ item: RDBItem) {
        let start = buffer.count
        item.append(to: &buffer)
        Listpack.appendLink(buffer.count - start, to: &buffer)
        count += 1
    }

    /// A score as Redis writes it: an integer where that is exact, else text of 17 digits.
    package mutating func append(score: Double) {
        if let integer = Int64(exactly: score), integer != 0 || score.sign == .plus,
            integer.magnitude <= UInt64(Int64.max / 2)
        {
            append(.integer(integer))
            return
        }
        scratch.removeAll()
        scratch.append(double: score)
        append(PackedItem(text: scratch.readable))
    }

    /// All items of a packed sequence.
    package mutating func append(all packed: ByteView) {
        var reader = PackedReader(packed)
        while let item = reader.next() { append(item) }
    }

    /// All items of another listpack that is not finished.
    mutating func append(all other: borrowing ListpackBuilder) {
        let bytes = other.buffer.readable
        buffer.append(bytes[Listpack.headLength..<bytes.count])
        count += other.count
    }

    /// The listpack, valid until `clear`; nothing can be appended any more.
    package mutating func finish() -> ByteView {
        buffer.append(Listpack.endMark)
        scratch.removeAll()
        RDBEncoder.littleEndian(UInt64(buffer.count), 4, into: &scratch)
        RDBEncoder.littleEndian(UInt64(min(count, Listpack.manyItems)), 2, into: &scratch)
        buffer.replace(at: 0, with: scratch.readable)
        return buffer.readable
    }
}

/// Makes an intset of integers that are told in ascending order.
package struct IntsetBuilder: ~Copyable {
    private var buffer: ByteBuffer
    private var scratch: ByteBuffer
    private var width = 2
    private var last: Int64?

    /// An intset of integers from `lowest` to `highest`.
    package init(heap: Heap, from lowest: Int64, to highest: Int64) {
        buffer = ByteBuffer(heap: heap)
        scratch = ByteBuffer(heap: heap)
        begin(from: lowest, to: highest)
    }

    /// Begins anew.
    package mutating func begin(from lowest: Int64, to highest: Int64) {
        buffer.removeAll()
        buffer.append(repeating: 0, count: Intset.headLength)
        last = nil
        let magnitude = max(lowest >= 0 ? lowest : ~lowest, highest >= 0 ? highest : ~highest)
        width = magnitude <= Int16.max ? 2 : magnitude <= Int32.max ? 4 : 8
    }

    package mutating func append(_ integer: Int64) {
        invariant(last.map { $0 < integer } ?? true, "the integers of an intset ascend")
        last = integer
        RDBEncoder.littleEndian(UInt64(bitPattern: integer), width, into: &buffer)
    }

    /// The intset, valid until `begin`.
    package mutating func finish() -> ByteView {
        let count = (buffer.count - Intset.headLength) / width
        scratch.removeAll()
        RDBEncoder.littleEndian(UInt64(width), 4, into: &scratch)
        RDBEncoder.littleEndian(UInt64(count), 4, into: &scratch)
        buffer.replace(at: 0, with: scratch.readable)
        return buffer.readable
    }
}
