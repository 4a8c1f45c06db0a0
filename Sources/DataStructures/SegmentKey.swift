import Digests
import Memory

/// A key made ready to be looked for in a `SegmentTable`: as it is stored, and its hash. Lends the
/// bytes of the text it was made from.
@frozen @usableFromInline
package struct SegmentKey {
    @usableFromInline package let item: PackedItem
    @usableFromInline package let hash: UInt64

    @inlinable @inline(__always)
    package init(_ text: ByteView, _ hashKey: HashKey) {
        self.init(item: PackedItem(text: text), hashKey)
    }

    @inlinable @inline(__always)
    package init(item: PackedItem, _ hashKey: HashKey) {
        self.item = item
        hash = SegmentKey.hash(item, hashKey)
    }

    /// The hash of a text: of its bytes, or of the integer that it spells and nothing else does.
    @inlinable @inline(__always)
    static func hash(_ item: PackedItem, _ hashKey: HashKey) -> UInt64 {
        switch item {
        case .bytes(let bytes):
            return SipHash.hash(bytes, key: hashKey)
        case .integer(let value):
            return unsafe withUnsafeBytes(of: value.littleEndian) { raw in
                let base = unsafe raw.baseAddress.unsafelyUnwrapped
                let bytes = unsafe base.assumingMemoryBound(to: UInt8.self)
                return unsafe SipHash.hash(ByteView(bytes, count: 8), key: hashKey)
            }
        }
    }

    /// The bits by which the slots of a segment are sorted; those at the other end choose the
    /// segment.
    @inlinable
    var tag: UInt32 { @inline(__always) get { UInt32(truncatingIfNeeded: hash &>> 48) } }
}

/// An entry of a `SegmentTable`, lent where it lies until the table is next changed.
@frozen @usableFromInline
package struct SegmentEntry {
    @usableFromInline package let key: PackedItem
    /// The empty string in a table without values.
    @usableFromInline package let value: PackedItem
    /// When it expires, in milliseconds; nil if it does not.
    @usableFromInline package let expiry: Int64?

    @inlinable @inline(__always)
    init(key: PackedItem, value: PackedItem, expiry: Int64?) {
        self.key = key
        self.value = value
        self.expiry = expiry
    }
}

/// Where an entry lies in a `SegmentTable`; valid until the table is next changed.
@frozen @usableFromInline
package struct SegmentPosition: BitwiseCopyable {
    /// Number of the segment.
    @usableFromInline let index: Int
    /// Number of the slot in it.
    @usableFromInline let slot: Int
    /// What the directory says of the segment.
    @usableFromInline let word: UInt

    @inlinable @inline(__always)
    init(index: Int, slot: Int, word: UInt) {
        self.index = index
        self.slot = slot
        self.word = word
    }

    @inlinable
    var segment: Segment { @inline(__always) get { Segment(word: word) } }
}

/// How an item of an entry is stored: where the entry lies, or if it is long in a node of its own.
extension PackedItem {
    /// Whether it gets a node of its own if nothing longer than `limit` bytes may lie in place.
    @inlinable
    func isLong(_ limit: Int) -> Bool {
        if case .bytes(let bytes) = self { return bytes.count > limit }
        return false
    }

    /// Bytes it takes in an entry.
    @inlinable
    func storedCount(_ limit: Int) -> Int { isLong(limit) ? Packed.longCount : encodedCount }

    /// Writes it at `place`. Returns what the node of a long one takes, else 0.
    @unsafe @usableFromInline
    func store(
        to place: UnsafeMutableRawPointer, _ limit: Int, _ lineage: Lineage, _ heap: Heap
    ) -> Int {
        guard isLong(limit), case .bytes(let bytes) = self else {
            unsafe write(to: place)
            return 0
        }
        let node = lineage.make(heap: heap, room: bytes.count)
        unsafe node.start.copyMemory(from: bytes.base, byteCount: bytes.count)
        unsafe place.storeBytes(of: Packed.long, as: UInt8.self)
        unsafe place.storeBytes(of: UInt64(node.address), toByteOffset: 1, as: UInt64.self)
        unsafe place.storeBytes(of: UInt32(bytes.count), toByteOffset: 9, as: UInt32.self)
        return node.footprint
    }
}
