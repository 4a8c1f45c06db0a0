import Digests
import Memory

/// Walks over a table, and entries by chance. A frozen copy is read segment after segment with
/// `visit`, whatever happens to the table meanwhile.
extension SegmentTable {
    /// Visits the entries of segment `index`, in `0..<segments`.
    @inlinable
    package func visit(_ index: Int, _ body: (SegmentEntry) -> Void) {
        let segment = Segment(word: word(index))
        for slot in 0..<segment.count { body(segment.entry(slot, hasValues: hasValues)) }
    }

    /// Starts loading the beginning of segment `index`, if there is one.
    @inlinable
    package func prefetchSegment(number index: Int) {
        if index < segments { Memory.prefetch(address: word(index) & ~15) }
    }

    /// Visits every entry once.
    @inlinable
    package func forEach(_ body: (SegmentEntry) -> Void) {
        for index in 0..<segments {
            prefetchSegment(number: index &+ 2)
            visit(index, body)
        }
    }

    /// One step of a walk that starts and ends with cursor 0: visits whole segments until that
    /// makes `wanted` entries. Whatever is in the table from the first step to the last is
    /// visited at least once, whatever happens between steps: the entries of a segment are a
    /// stretch of all hashes in the order of `HashOrder`, and a step goes on to the end of the
    /// stretch in which it begins.
    @inlinable
    package func scan(
        _ cursor: UInt64, wanted: Int, _ body: (SegmentEntry) -> Void
    ) -> UInt64 {
        let round = wholeRound
        var cursor = cursor
        var (visited, steps) = (0, 0)
        repeat {
            let index = home(cursor)
            visit(index, body)
            visited += Segment(word: word(index)).count
            steps += 1
            let low = Int(truncatingIfNeeded: cursor) & (round &- 1)
            let mask = low &+ round < segments ? round &* 2 &- 1 : round &- 1
            cursor = HashOrder.advance(cursor, mask: UInt64(mask))
        } while cursor != 0 && visited < wanted && steps / 10 < wanted
        return cursor
    }

    // MARK: - By chance

    /// An entry, each as likely as any other. There must be one.
    ///
    /// Draws a segment together with the one made from it, as all these pairs have the same share
    /// of the hashes, and then a number below a bound that hardly any pair reaches; if there is no
    /// entry with this number in the pair it draws anew. (Entries in a pair beyond the bound, four
    /// standard deviations above the mean, are less likely by as much as it is beyond.)
    package func random(_ random: inout RandomGenerator) -> SegmentPosition {
        invariant(count > 0, "an entry of an empty table by chance")
        let round = wholeRound
        let mean = Double(count) / Double(round)
        let bound = Int(mean + 4 * mean.squareRoot()) + 3
        for _ in 0..<256 {
            let index = random.below(round)
            let held = Segment(word: word(index)).count
            let hasOther = index + round < segments
            let other = hasOther ? Segment(word: word(index + round)).count : 0
            let number = random.below(max(bound, held + other))
            if number < held { return position(index, number) }
            if number < held + other { return position(index + round, number - held) }
        }
        // Nearly empty: the next one there is.
        var index = random.below(segments)
        while Segment(word: word(index)).count == 0 { index = (index + 1) % segments }
        return position(index, random.below(Segment(word: word(index)).count))
    }

    private func position(_ index: Int, _ slot: Int) -> SegmentPosition {
        SegmentPosition(index: index, slot: slot, word: word(index))
    }

    /// Visits `wanted` different entries, or all if there are no more, every choice being as
    /// likely as any other. A large part of a table is visited in the order of the table.
    package func sample(
        _ wanted: Int, _ random: inout RandomGenerator, heap: Heap, _ body: (SegmentEntry) -> Void
    ) {
        guard wanted > 0, count > 0 else { return }
        if wanted > count / 4 {
            // Each with the probability that it needs (Knuth, volume 2, algorithm 3.4.2S).
            var (left, needed) = (count, min(wanted, count))
            forEach { entry in
                if needed > 0, random.below(left) < needed {
                    body(entry)
                    needed -= 1
                }
                left -= 1
            }
            return
        }
        // A table of the positions that had their turn; twice as many places as entries wanted.
        let places = 1 << (Int.bitWidth - (2 * wanted - 1).leadingZeroBitCount)
        let room = unsafe heap.allocateZeroed(8 * places)
        let taken = unsafe room.bindMemory(to: UInt64.self, capacity: places)
        var needed = wanted
        while needed > 0 {
            let position = self.random(&random)
            let name = UInt64(position.index) << 16 | UInt64(position.slot + 1)
            var place =
                Int(truncatingIfNeeded: (name &* 0x9e37_79b9_7f4a_7c15) >> 20) & (places - 1)
            while unsafe taken[place] != 0, unsafe taken[place] != name {
                place = (place + 1) & (places - 1)
            }
            if unsafe taken[place] == name { continue }
            unsafe taken[place] = name
            needed -= 1
            body(entry(at: position))
        }
        unsafe heap.free(room, 8 * places)
    }

    // MARK: - Piece by piece

    /// Removes entries that expired by `now` and tells their keys before, from where `sweep`
    /// stands, after at most `budget` segments that have some that expire. Segments that have
    /// none are not looked at. Returns whether the end was reached; `sweep` then begins anew.
    package mutating func expire(
        _ sweep: inout SegmentSweep, now: Int64, budget: Int, _ lineage: inout Lineage,
        heap: Heap, hashKey: HashKey, _ body: (PackedItem) -> Void
    ) -> Bool {
        for _ in 0..<budget {
            guard let index = nextMarked(sweep.next) else {
                sweep.next = 0
                return true
            }
            sweep.next = index + 1
            if Segment(word: word(index)).earliest > now { continue }
            let start = SegmentPosition(index: index, slot: 0, word: word(index))
            let segment = writable(start, &lineage, heap)
            var removed = 0
            for slot in (0..<segment.count).reversed() {
                guard let expiry = segment.expiry(segment.slot(slot)), expiry <= now else {
                    continue
                }
                body(segment.key(slot))
                erase(slot, of: segment, &lineage, heap)
                removed += 1
            }
            segment.measureExpiry()
            guard removed > 0 else { continue }
            settle(segment, index, &lineage, heap)
            for _ in 0..<removed { balance(&lineage, heap, hashKey) }
        }
        return false
    }

    /// Frees up to `budget` segments with all that is in them, from the last. The table cannot be
    /// used any more. Returns whether nothing is left.
    package mutating func free(_ budget: Int, _ lineage: inout Lineage, heap: Heap) -> Bool {
        for _ in 0..<budget where segments > 0 {
            drop(Segment(word: word(segments - 1)), &lineage, heap)
            removeLast(&lineage, heap)
        }
        if segments == 0 { directory = 0 }
        return segments == 0
    }

    /// Copies the next `budget` segments of `source`, which must not change meanwhile, into a
    /// table that `init(copying:)` made. Returns whether it is complete.
    package mutating func copy(
        _ source: SegmentTable, _ budget: Int, _ lineage: inout Lineage, heap: Heap
    ) -> Bool {
        for _ in 0..<budget where segments < source.segments {
            let old = Segment(word: source.word(segments))
            let copy = old.rebuilt(extra: 0, hasValues: hasValues, lineage, heap)
            for index in 0..<copy.count where source.longStrings > 0 {
                let parts = copy.parts(copy.slot(index), hasValues: hasValues)
                copyLong(at: parts.key, of: copy, lineage, heap)
                if hasValues { copyLong(at: parts.value, of: copy, lineage, heap) }
            }
            footprint += copy.node.footprint
            count += copy.count
            bytes += copy.live
            expiring += copy.expiring
            if segments == 0 {
                directory = copy.word
                segments = 1
            } else {
                append(copy.word, &lineage, heap)
            }
        }
        return segments == source.segments
    }
}

/// Where the search for entries that expired goes on.
@frozen @usableFromInline
package struct SegmentSweep: BitwiseCopyable {
    var next = 0

    /// At the beginning.
    package init() {}
}
