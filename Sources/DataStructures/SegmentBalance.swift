import Digests
import Memory

/// Growing and shrinking by one segment.
extension SegmentTable {
    /// Makes one segment more, or up to two fewer, if the mean load asks for it. Two, so that a
    /// table of few big entries does not shrink more slowly than it is emptied.
    @usableFromInline
    mutating func balance(_ lineage: inout Lineage, _ heap: Heap, _ hashKey: HashKey) {
        if bytes > segments * SegmentTable.load, count > segments {
            return split(&lineage, heap, hashKey)
        }
        for _ in 0..<2 where segments > 1 {
            let isSparse =
                bytes * 8 < segments * SegmentTable.load * 5 || count * 2 < segments
            guard isSparse, merge(&lineage, heap) else { return }
        }
    }

    /// Moves the entries of a segment that have one more bit in their hash to a new one.
    @inline(never)
    private mutating func split(_ lineage: inout Lineage, _ heap: Heap, _ hashKey: HashKey) {
        let round = wholeRound
        let index = segments - round
        let old = Segment(word: word(index))
        let words = (old.count + 63) / 64
        let (lower, upper) = unsafe withUnsafeTemporaryAllocation(
            of: UInt64.self, capacity: max(words, 1)
        ) { moving in
            unsafe moving.initialize(repeating: 0)
            var sizes = (stay: 0, move: 0)
            for slot in 0..<old.count {
                let hash = SegmentKey.hash(old.key(slot), hashKey)
                let size = old.parts(old.slot(slot), hasValues: hasValues).size + 4
                if hash & UInt64(round) != 0 {
                    unsafe moving[slot >> 6] |= 1 << UInt64(slot & 63)
                    sizes.move += size
                } else {
                    sizes.stay += size
                }
            }
            let lower = Segment(room: sizes.stay, lineage, heap)
            let upper = Segment(room: sizes.move, lineage, heap)
            for slot in 0..<old.count {
                let moves = unsafe moving[slot >> 6] >> UInt64(slot & 63) & 1 != 0
                (moves ? upper : lower).append(old.slot(slot), of: old, hasValues: hasValues)
            }
            return (lower, upper)
        }
        footprint += lower.node.footprint + upper.node.footprint - old.node.footprint
        lineage.drop(old.node, heap: heap)
        set(index, lower.word, &lineage, heap)
        append(upper.word, &lineage, heap)
    }

    /// Moves the entries of the last segment to the one from which they once came. Returns false
    /// if they do not fit in.
    @inline(never)
    private mutating func merge(_ lineage: inout Lineage, _ heap: Heap) -> Bool {
        let last = Segment(word: word(segments - 1))
        let round = 1 << (Int.bitWidth - 1 - (segments - 1).leadingZeroBitCount)
        let index = segments - 1 - round
        let first = Segment(word: word(index))
        guard first.live + last.live <= Segment.fullFrom else { return false }
        let both = Segment(room: first.live + last.live, lineage, heap)
        var (left, right) = (0, 0)
        while left < first.count || right < last.count {
            let takesLeft =
                right == last.count
                || left < first.count && first.slot(left) >> 16 <= last.slot(right) >> 16
            if takesLeft {
                both.append(first.slot(left), of: first, hasValues: hasValues)
                left += 1
            } else {
                both.append(last.slot(right), of: last, hasValues: hasValues)
                right += 1
            }
        }
        footprint += both.node.footprint - first.node.footprint - last.node.footprint
        removeLast(&lineage, heap)
        set(index, both.word, &lineage, heap)
        lineage.drop(first.node, heap: heap)
        lineage.drop(last.node, heap: heap)
        return true
    }
}
