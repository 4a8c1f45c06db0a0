import Digests
import Memory

/// A hash table of blocks that carry their own keys. Buckets are cache lines of seven tagged
/// addresses; a full bucket is continued by another. A hit costs the line of its bucket and that
/// of its element; a miss costs the bucket's line alone in all but 3 % of cases.
///
/// The table grows and shrinks a bucket at a time: while it does there are two tables, and the
/// first `moved` buckets of the old one live in the new one. So every key has exactly one place,
/// with or without a rehash under way. `insert` and `remove` move one bucket each, `rehash` more.
///
/// Elements can be marked. The dict counts the marked ones and finds them without looking at the
/// others: see DictMarks.swift.
///
/// The elements belong to the caller: a dict that goes away frees its buckets only.
@safe @frozen @usableFromInline
package struct Dict<Element: DictElement>: ~Copyable {
    @usableFromInline package let heap: Heap
    @usableFromInline let hashKey: HashKey
    /// All buckets but the first `moved` are in use.
    @usableFromInline var current: DictTable
    /// Where a rehash is moving to.
    @usableFromInline var next: DictTable
    @usableFromInline var moved = 0
    /// Number of elements.
    @usableFromInline package var count = 0
    /// Whether the table was made big on purpose and has not been filled or shrunk since.
    @usableFromInline var isReserved = false

    /// Elements for each bucket at which the table doubles; 5 of 7 leaves an eighth of the
    /// buckets with a continuation.
    @inlinable package static var fill: Int { 5 }

    /// An empty dict; one bucket is allocated. Hashes are those under `hashKey`.
    package init(heap: Heap, hashKey: HashKey) {
        self.heap = heap
        self.hashKey = hashKey
        current = DictTable(buckets: 1, heap: heap)
        next = DictTable()
    }

    deinit {
        for index in moved..<current.buckets where current.exists {
            Dict.freeChain(current.bucket(index), heap)
        }
        for index in 0..<next.buckets where next.exists {
            Dict.freeChain(next.bucket(index), heap)
        }
        current.free(heap: heap)
        next.free(heap: heap)
    }

    @inlinable
    package var isEmpty: Bool { count == 0 }

    /// Number of buckets, those of a rehash's target included.
    package var buckets: Int { current.buckets + (next.exists ? next.buckets : 0) }

    /// Bytes of the tables, without continuations.
    package var tableBytes: Int {
        let groups = DictTable.groupBytes(current.buckets)
        let target = next.exists ? next.bytes + DictTable.groupBytes(next.buckets) : 0
        return current.bytes - current.released + groups + target
    }

    /// Number of marked elements.
    @inlinable
    package var markedCount: Int { current.marked &+ next.marked }

    // MARK: Finding

    /// The bucket at the head of the chain where a key with this hash belongs.
    @inlinable @inline(__always)
    func home(_ hash: UInt64) -> (bucket: DictBucket, index: Int, inNext: Bool) {
        let index = current.index(hash)
        if _fastPath(index >= moved) { return (current.bucket(index), index, false) }
        let other = next.index(hash)
        return (next.bucket(other), other, true)
    }

    /// Where the element with `key`, whose hash is `hash`, lies.
    @inlinable @inline(__always)
    package func locate(_ hash: UInt64, _ key: ByteView) -> DictPosition? {
        var (bucket, index, inNext) = home(hash)
        let pattern = DictBucket.pattern(hash)
        while true {
            var hits = bucket.hits(pattern)
            while hits != 0 {
                let slot = hits.trailingZeroBitCount &>> 3
                if element(bucket[slot]).hasKey(key) {
                    return DictPosition(bucket: bucket, slot: slot, index: index, inNext: inNext)
                }
                hits &= hits &- 1
            }
            guard let child = bucket.child else { return nil }
            bucket = child
        }
    }

    /// The element with `key`, whose hash is `hash`.
    @inlinable @inline(__always)
    package func find(_ hash: UInt64, _ key: ByteView) -> Element? {
        var bucket = home(hash).bucket
        let pattern = DictBucket.pattern(hash)
        while true {
            var hits = bucket.hits(pattern)
            while hits != 0 {
                let found = element(bucket[hits.trailingZeroBitCount &>> 3])
                if found.hasKey(key) { return found }
                hits &= hits &- 1
            }
            guard let child = bucket.child else { return nil }
            bucket = child
        }
    }

    @inlinable @inline(__always)
    func element(_ word: UInt64) -> Element {
        Element(address: UInt(word & ~DictBucket.mark))
    }

    /// Starts loading the bucket of `hash`.
    @inlinable @inline(__always)
    package func prefetchBucket(_ hash: UInt64) { prefetch(address: home(hash).bucket.address) }

    /// Starts loading the first element that may have `hash`; its bucket should be near by now.
    @inlinable @inline(__always)
    package func prefetchElement(_ hash: UInt64) {
        let bucket = home(hash).bucket
        let hits = bucket.hits(DictBucket.pattern(hash))
        if hits != 0 {
            prefetch(address: UInt(bucket[hits.trailingZeroBitCount &>> 3] & ~DictBucket.mark))
        }
    }

    /// The element at `position`; assigning replaces it by another with the same key and keeps
    /// the mark.
    @inlinable
    package subscript(position: DictPosition) -> Element {
        @inline(__always) get { element(position.bucket[position.slot]) }
        @inline(__always) set {
            let mark = position.bucket[position.slot] & DictBucket.mark
            position.bucket[position.slot] = UInt64(newValue.address) | mark
        }
    }

    // MARK: Changing

    /// Adds an element whose key is not in the dict yet.
    @inlinable @discardableResult
    package mutating func insert(
        _ hash: UInt64, _ element: Element, marked: Bool = false
    ) -> DictPosition {
        if next.exists {
            rehashStep()
        } else if count >= current.buckets &* Dict.fill {
            startRehash(buckets: current.buckets &* 2)
        }
        count &+= 1
        let index = current.index(hash)
        let word = UInt64(element.address) | (marked ? DictBucket.mark : 0)
        let tag = DictBucket.pattern(hash) & 0xff
        if _fastPath(index >= moved) {
            if marked { current.countMark(index, 1) }
            return place(current.bucket(index), index, tag, word, inNext: false)
        }
        let other = next.index(hash)
        if marked { next.countMark(other, 1) }
        return place(next.bucket(other), other, tag, word, inNext: true)
    }

    /// Puts an element into the chain that begins with `head`.
    @inlinable @inline(__always)
    func place(
        _ head: DictBucket, _ index: Int, _ tag: UInt64, _ word: UInt64, inNext: Bool
    ) -> DictPosition {
        var bucket = head
        while true {
            if let slot = bucket.freeSlot {
                bucket.put(slot, tag: tag, word: word)
                return DictPosition(bucket: bucket, slot: slot, index: index, inNext: inNext)
            }
            bucket = bucket.child ?? Dict.continueBucket(bucket, heap)
        }
    }

    /// Continues a full bucket by a new one, which gets its last element.
    @usableFromInline @inline(never)
    static func continueBucket(_ bucket: DictBucket, _ heap: Heap) -> DictBucket {
        let child = DictBucket(heap: heap)
        let last = DictBucket.slots - 1
        child.put(0, tag: bucket.tag(last), word: bucket[last])
        bucket.clear(last)
        bucket.link(child)
        return child
    }

    /// Takes out the element at `position` and returns it.
    @inlinable @discardableResult
    package mutating func remove(_ position: DictPosition) -> Element {
        let word = position.bucket[position.slot]
        if word & DictBucket.mark != 0 { countMark(position, -1) }
        position.bucket.clear(position.slot)
        count &-= 1
        let head = position.inNext ? next.bucket(position.index) : current.bucket(position.index)
        if _slowPath(head.child != nil) { Dict.closeGap(head, position, heap) }
        if next.exists {
            rehashStep()
        } else if count &* 8 < current.buckets &* Dict.fill, current.mask != 0 {
            startRehash(buckets: Dict.bucketsNeeded(count * 2))
        }
        return element(word)
    }

    @inlinable @inline(__always)
    mutating func countMark(_ position: DictPosition, _ change: Int) {
        if position.inNext {
            next.countMark(position.index, change)
        } else {
            current.countMark(position.index, change)
        }
    }

    /// Keeps a chain short after a removal: fills the gap from its last bucket, and frees that
    /// when one element at most is left in it.
    @usableFromInline @inline(never)
    static func closeGap(_ head: DictBucket, _ position: DictPosition, _ heap: Heap) {
        var parent = head
        var tail = head
        while let child = tail.child {
            parent = tail
            tail = child
        }
        if tail.address != position.bucket.address {
            let slot = tail.occupied.trailingZeroBitCount >> 3
            position.bucket.put(position.slot, tag: tail.tag(slot), word: tail[slot])
            tail.clear(slot)
        }
        let left = tail.occupied
        if left & (left &- 1) == 0 {
            parent.unlink()
            if left != 0 {
                let slot = left.trailingZeroBitCount >> 3
                parent.put(DictBucket.slots - 1, tag: tail.tag(slot), word: tail[slot])
            }
            tail.free(heap: heap)
        }
    }

    /// Frees the continuations of a bucket.
    @usableFromInline
    static func freeChain(_ head: DictBucket, _ heap: Heap) {
        var link = head.child
        while let bucket = link {
            link = bucket.child
            bucket.free(heap: heap)
        }
    }
}
