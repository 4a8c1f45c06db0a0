import Memory

/// Growing and shrinking in steps of bounded work.
extension Dict {
    /// The number of buckets in which `count` elements find room without growing.
    @inlinable
    static func bucketsNeeded(_ count: Int) -> Int {
        let least = (count &+ fill &- 1) / fill
        return least <= 1 ? 1 : 1 &<< (Int.bitWidth &- (least &- 1).leadingZeroBitCount)
    }

    /// Whether elements are on their way from one table to another.
    @inlinable
    package var isRehashing: Bool { next.exists }

    /// Makes room for `count` elements, so that loading a known number does not rehash. Does
    /// nothing while a rehash is under way.
    package mutating func reserve(_ count: Int) {
        let wanted = Dict.bucketsNeeded(count)
        guard !next.exists, wanted > current.buckets else { return }
        if isEmpty {
            current.free(heap: heap)
            current = DictTable(buckets: wanted, heap: heap)
        } else {
            startRehash(buckets: wanted)
        }
        isReserved = true
    }

    /// Starts moving to a table of `buckets` buckets.
    @inlinable @inline(never)
    mutating func startRehash(buckets: Int) {
        next = DictTable(buckets: buckets, heap: heap)
        moved = 0
        isReserved = false
        rehashStep()
    }

    /// Moves one bucket, or, towards a smaller table, as many as become one.
    @inlinable @inline(never)
    mutating func rehashStep() {
        let shrink = current.buckets / next.buckets
        for _ in 0..<max(shrink, 1) where moved < current.buckets { moveBucket() }
        if moved == current.buckets { finishRehash() } else { loadNextBucket() }
    }

    /// Moves the elements of the bucket `moved`. Towards a smaller table the new place follows
    /// from the old one; otherwise the hash of each element is needed.
    @inlinable
    mutating func moveBucket() {
        let head = current.bucket(moved)
        let shrinks = next.mask < current.mask
        var link: DictBucket? = head
        while let bucket = link {
            var left = bucket.occupied
            while left != 0 {
                let slot = left.trailingZeroBitCount &>> 3
                left &= left &- 1
                let word = bucket[slot]
                let index =
                    shrinks
                    ? moved & Int(next.mask) : next.index(element(word).hash(hashKey))
                if word & DictBucket.mark != 0 {
                    current.countMark(moved, -1)
                    next.countMark(index, 1)
                }
                _ = place(next.bucket(index), index, bucket.tag(slot), word, inNext: true)
            }
            link = bucket.child
            if bucket.address != head.address { bucket.free(heap: heap) }
        }
        moved &+= 1
        current.release(before: moved, heap: heap)
    }

    /// Starts loading the elements of the bucket that is moved next and the bucket after it.
    @inlinable
    func loadNextBucket() {
        let bucket = current.bucket(moved)
        if next.mask > current.mask {
            var left = bucket.occupied
            while left != 0 {
                prefetch(address: UInt(bucket[left.trailingZeroBitCount &>> 3]))
                left &= left &- 1
            }
        }
        prefetch(address: bucket.address &+ UInt(DictBucket.size))
    }

    @inlinable
    mutating func finishRehash() {
        current.free(heap: heap)
        current = next
        next = DictTable()
        moved = 0
        current.settle(heap: heap)
    }

    /// Does up to `steps` steps of a rehash, starting one when the table has become too big.
    /// Returns whether there is more to do.
    @inlinable
    package mutating func rehash(steps: Int) -> Bool {
        var left = steps
        while left > 0 {
            if !next.exists {
                let wanted = Dict.bucketsNeeded(count * 2)
                guard !isReserved, count * 8 < current.buckets * Dict.fill,
                    wanted < current.buckets
                else { return false }
                startRehash(buckets: wanted)
            } else {
                rehashStep()
            }
            left -= 1
        }
        return next.exists
    }

    /// Empties a dict that nobody will use again: visits up to `budget` buckets, hands their
    /// elements to `free` and gives the buckets back. Returns whether everything is gone.
    @inlinable
    package mutating func drain(_ budget: Int, _ free: (Element) -> Void) -> Bool {
        var left = budget
        while current.exists {
            while moved < current.buckets {
                if left == 0 { return false }
                left -= 1
                let head = current.bucket(moved)
                count -= Dict.length(head)
                visit(head, free)
                Dict.freeChain(head, heap)
                moved += 1
                current.release(before: moved, heap: heap)
            }
            current.free(heap: heap)
            current = next
            next = DictTable()
            moved = 0
        }
        return true
    }
}
