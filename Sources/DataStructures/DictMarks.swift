import Digests
import Memory

/// Marked elements: found by walking only the buckets of groups that hold some. A mark costs no
/// memory (the lowest bit of the address), the counts of the groups a thousandth of the table.
extension Dict {
    /// Whether the element at `position` is marked.
    @inlinable
    package func isMarked(_ position: DictPosition) -> Bool {
        position.bucket[position.slot] & DictBucket.mark != 0
    }

    /// Marks the element at `position` or takes the mark away.
    @inlinable
    package mutating func setMark(_ position: DictPosition, _ marked: Bool) {
        guard isMarked(position) != marked else { return }
        position.bucket[position.slot] ^= DictBucket.mark
        countMark(position, marked ? 1 : -1)
    }

    /// A marked element, each as likely as any other.
    @inlinable
    package func randomMarked(_ random: inout RandomGenerator) -> Element? {
        guard markedCount > 0 else { return nil }
        let number = random.below(markedCount)
        return number < current.marked
            ? marked(current, number, from: moved) : marked(next, number - current.marked, from: 0)
    }

    /// Marked element `number` of a table whose first `start` buckets are not in use.
    @inlinable
    func marked(_ table: DictTable, _ number: Int, from start: Int) -> Element? {
        var left = number
        var superGroup = 0
        while left >= table.markedInSuperGroup(superGroup) {
            left -= table.markedInSuperGroup(superGroup)
            superGroup += 1
        }
        var group = superGroup << 6
        while left >= table.markedInGroup(group) {
            left -= table.markedInGroup(group)
            group += 1
        }
        var found: Element?
        for index in max(group << 6, start)..<min((group + 1) << 6, table.buckets) {
            visitMarked(table.bucket(index)) { element in
                if left == 0 { found = element }
                left -= 1
            }
            if found != nil { break }
        }
        return found
    }

    /// Visits the marked elements of one chain.
    @inlinable
    func visitMarked(_ head: DictBucket, _ body: (Element) -> Void) {
        var link: DictBucket? = head
        while let bucket = link {
            var left = bucket.occupied
            while left != 0 {
                let word = bucket[left.trailingZeroBitCount &>> 3]
                if word & DictBucket.mark != 0 { body(element(word)) }
                left &= left &- 1
            }
            link = bucket.child
        }
    }

    /// Walks on over the marked elements from where `place` says, round and round, and stops
    /// behind the bucket in which the `budget`th was visited, at the end of the dict, or after
    /// 1024 buckets and groups. Whatever stays marked is met once a round; a rehash between two
    /// calls may hide some until the next round.
    ///
    /// Returns whether the round has ended.
    @inlinable
    package func sweepMarked(
        _ place: inout DictSweep, budget: Int, _ body: (Element) -> Void
    ) -> Bool {
        var left = budget
        var looks = 1024
        while true {
            let table = place.inNext ? next : current
            guard table.exists, place.index < table.buckets, table.marked > 0 else {
                let more = !place.inNext && next.exists
                place = DictSweep(index: 0, inNext: more)
                if more { continue }
                return true
            }
            if !place.inNext { place.index = max(place.index, moved) }
            while place.index < table.buckets, left > 0, looks > 0 {
                looks -= 1
                if place.index & 4095 == 0, table.markedInSuperGroup(place.index >> 12) == 0 {
                    place.index += 4096
                } else if place.index & 63 == 0, table.markedInGroup(place.index >> 6) == 0 {
                    place.index += 64
                } else {
                    visitMarked(table.bucket(place.index)) { element in
                        body(element)
                        left -= 1
                    }
                    place.index += 1
                }
            }
            if place.index < table.buckets { return false }
        }
    }
}

/// Where a walk over the marked elements of a dict is.
@frozen @usableFromInline
package struct DictSweep {
    @usableFromInline var index: Int
    @usableFromInline var inNext: Bool

    @inlinable
    init(index: Int, inNext: Bool) {
        self.index = index
        self.inNext = inNext
    }

    /// The beginning.
    @inlinable
    package init() { self.init(index: 0, inNext: false) }
}
