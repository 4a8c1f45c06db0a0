import Digests
import Memory

/// All of a hash table whose entries lie in packed segments: the members of a set, the fields and
/// values of a hash, the scores of the members of a sorted set. It is a few trivial words; a
/// copy of them taken before a change is the table as it was, if its `Lineage` was frozen then.
///
/// Linear hashing (Litwin, "Linear hashing: a new tool for file and table addressing", 1980):
/// with n segments, 2^k ≤ n < 2^(k+1), an entry belongs to the segment with the number of the
/// low k + 1 bits of its hash, or of the low k if there is none so far. When segments hold more
/// than `load` bytes in the mean, number n is made of half of number n - 2^k, in turn; so no
/// change ever takes longer than a segment or two. Addresses of segments are in a tree of nodes.
@frozen @usableFromInline
package struct SegmentTable: BitwiseCopyable {
    /// What `Segment.word` says of the segment if there is only one, else the same of the top of
    /// the tree of addresses.
    @usableFromInline var directory: UInt = 0
    /// Nodes between the root and a segment.
    @usableFromInline package internal(set) var depth = 0
    /// Number of segments.
    @usableFromInline package internal(set) var segments = 0
    /// Number of entries.
    @usableFromInline package internal(set) var count = 0
    /// Entries that expire.
    @usableFromInline package internal(set) var expiring = 0
    /// Bytes of all entries and their slots.
    package internal(set) var bytes = 0
    /// Bytes the allocator holds for the table.
    package internal(set) var footprint = 0
    /// Nodes of long strings.
    var longStrings = 0
    /// Whether entries have values.
    @usableFromInline package let hasValues: Bool

    /// Bytes of entries in a segment, in the mean, before another is made.
    static var load: Int { 1024 }
    /// Bytes of the longest string that lies in place.
    static var longest: Int { 1024 }

    /// An empty table.
    package init(hasValues: Bool, _ lineage: Lineage, heap: Heap) {
        self.hasValues = hasValues
        let segment = Segment(room: 0, lineage, heap)
        directory = segment.word
        segments = 1
        footprint = segment.node.footprint
    }

    /// The beginning of a copy of `source`, for `copy` to complete.
    package init(copying source: SegmentTable) {
        hasValues = source.hasValues
    }

    /// The segment of the entries with `hash`.
    @inlinable @inline(__always)
    func home(_ hash: UInt64) -> Int {
        let round = wholeRound
        let index = Int(truncatingIfNeeded: hash) & (round &* 2 &- 1)
        return index < segments ? index : index & (round &- 1)
    }

    /// Number of segments that are a power of two, the last one reached.
    @inlinable
    var wholeRound: Int { 1 &<< (Int.bitWidth &- 1 &- segments.leadingZeroBitCount) }

    // MARK: - Reading

    /// Where the entry of `key` is.
    @inlinable @inline(__always)
    package func find(_ key: SegmentKey) -> SegmentPosition? {
        let index = home(key.hash)
        let word = self.word(index)
        prefetchSlots(key.hash, index, word)
        let slot = Segment(word: word).find(key)
        return slot < 0 ? nil : SegmentPosition(index: index, slot: slot, word: word)
    }

    /// The entry at `position`.
    @inlinable @inline(__always)
    package func entry(at position: SegmentPosition) -> SegmentEntry {
        position.segment.entry(position.slot, hasValues: hasValues)
    }

    /// The entry of `key`.
    @inlinable
    package func entry(of key: SegmentKey) -> SegmentEntry? {
        guard let position = find(key) else { return nil }
        return entry(at: position)
    }

    @inlinable
    package func contains(_ key: SegmentKey) -> Bool { find(key) != nil }

    /// Starts loading what the directory says of the segment of `hash`.
    @inlinable @inline(__always)
    package func prefetchDirectory(_ hash: UInt64) {
        guard depth > 0 else { return }
        Memory.prefetch(address: place(home(hash)))
    }

    /// Starts loading the segment of `hash`: its beginning and the slots that it may be in.
    @inlinable @inline(__always)
    package func prefetchSegment(_ hash: UInt64) {
        let index = home(hash)
        let word = self.word(index)
        Memory.prefetch(address: word & ~15)
        prefetchSlots(hash, index, word)
    }

    /// Starts loading the entry that has, most probably, `key`; what `prefetchSegment` asked for
    /// should have come.
    @inlinable @inline(__always)
    package func prefetchEntry(_ key: SegmentKey) {
        let segment = Segment(word: word(home(key.hash)))
        let slot = segment.firstSlot(key.tag)
        guard slot < segment.count else { return }
        Memory.prefetch(
            address: segment.node.address &+ UInt(Node.header)
                &+ UInt(Segment.offset(segment.slot(slot))))
    }

    /// Starts loading the slots where `hash` lies if the segment has as many entries as one may
    /// expect, while the processor waits for the number that it has.
    @inlinable @inline(__always)
    func prefetchSlots(_ hash: UInt64, _ index: Int, _ word: UInt) {
        let round = wholeRound
        let level = Int.bitWidth &- 1 &- segments.leadingZeroBitCount
        let isSplit = index >= round || index &+ round < segments
        let expected = count &>> (isSplit ? level &+ 1 : level)
        let slot = (Int(truncatingIfNeeded: hash &>> 48) &* expected) &>> 16
        Memory.prefetch(
            address: (word & ~15) &+ UInt(Node.header &+ Segment.head)
                &+ UInt(truncatingIfNeeded: 4 &* slot))
    }

    // MARK: - Changing

    /// Gives `key` the value, and takes its expiry away unless `keepsExpiry`. In a table without
    /// values only makes sure that the key is there. Returns whether it was not.
    @inlinable
    package mutating func put(
        _ key: SegmentKey, _ value: PackedItem = .bytes(.empty), keepsExpiry: Bool = false,
        _ lineage: inout Lineage, heap: Heap, hashKey: HashKey
    ) -> Bool {
        let index = home(key.hash)
        let word = self.word(index)
        prefetchSlots(key.hash, index, word)
        let slot = Segment(word: word).find(key)
        guard slot < 0 else {
            if hasValues {
                put(
                    value, keepsExpiry: keepsExpiry,
                    at: SegmentPosition(index: index, slot: slot, word: word), &lineage,
                    heap: heap, hashKey: hashKey)
            }
            return false
        }
        insert(
            key, value, SegmentPosition(index: index, slot: ~slot, word: word), &lineage, heap,
            hashKey)
        return true
    }

    /// Gives the entry at `position` the value, and takes its expiry away unless `keepsExpiry`.
    @usableFromInline
    package mutating func put(
        _ value: PackedItem, keepsExpiry: Bool = false, at position: SegmentPosition,
        _ lineage: inout Lineage, heap: Heap, hashKey: HashKey
    ) {
        let segment = position.segment
        let expiry = keepsExpiry ? segment.expiry(segment.slot(position.slot)) : nil
        rewrite(position, hasValues ? value : nil, expiry, &lineage, heap)
        balance(&lineage, heap, hashKey)
    }

    /// Lets the entry at `position` expire at a time in milliseconds, or never.
    package mutating func setExpiry(
        _ expiry: Int64?, at position: SegmentPosition, _ lineage: inout Lineage, heap: Heap,
        hashKey: HashKey
    ) {
        rewrite(position, nil, expiry, &lineage, heap)
        balance(&lineage, heap, hashKey)
    }

    /// Removes the entry of `key`. Returns whether there was one.
    @inlinable
    package mutating func remove(
        _ key: SegmentKey, _ lineage: inout Lineage, heap: Heap, hashKey: HashKey
    ) -> Bool {
        guard let position = find(key) else { return false }
        remove(at: position, &lineage, heap: heap, hashKey: hashKey)
        return true
    }

    /// Removes the entry at `position`.
    @usableFromInline
    package mutating func remove(
        at position: SegmentPosition, _ lineage: inout Lineage, heap: Heap, hashKey: HashKey
    ) {
        let segment = writable(position, &lineage, heap)
        erase(position.slot, of: segment, &lineage, heap)
        settle(segment, position.index, &lineage, heap)
        balance(&lineage, heap, hashKey)
    }
}
