import DataStructures
import Digests
import Memory

/// A sorted set, as it is until the keyspace is next modified. Members are ordered by score, those
/// of equal score by their bytes.
package struct SortedSetView {
    let record: Record

    /// `entry` must be a sorted set.
    package init(_ entry: Entry) {
        invariant(entry.type == .sortedSet, "something else read as a sorted set")
        record = entry.record
    }

    var large: LargeSortedSet? { record.isExternal ? LargeSortedSet(record) : nil }

    /// Number of members.
    package var count: Int { large?.count ?? record.itemCount / 2 }

    /// The score of a member.
    package func score(of member: ByteView) -> Double? {
        if let large { return large.score(of: member) }
        var reader = record.items
        guard reader.find(PackedItem(text: member), stride: 2) != nil else { return nil }
        reader.skip()
        return reader.next()?.score
    }

    /// How many members are before this one.
    package func rank(of member: ByteView) -> Int? {
        if let large { return large.rank(of: member) }
        var reader = record.items
        return reader.find(PackedItem(text: member), stride: 2)
    }

    /// The member with so many before it.
    package func item(at rank: Int) -> (PackedItem, Double)? {
        if let large { return large.item(at: rank) }
        guard rank >= 0, rank < count else { return nil }
        var reader = record.items
        reader.skip(2 * rank)
        return SortedSetView.next(&reader)
    }

    static func next(_ reader: inout PackedReader) -> (PackedItem, Double)? {
        guard let member = reader.next(), let score = reader.next() else { return nil }
        return (member, score.score)
    }

    /// Visits `count` members, if there are so many, until `body` returns false: the one of rank
    /// `from` and those behind it, or before it when `reversed`.
    package func forEach(
        from: Int = 0, count: Int = .max, reversed: Bool = false,
        _ body: (PackedItem, Double) -> Bool
    ) {
        if let large { return large.forEach(from: from, count: count, reversed: reversed, body) }
        guard from >= 0, from < self.count, count > 0 else { return }
        var reader = record.items
        guard reversed else {
            reader.skip(2 * from)
            var left = count
            while left > 0, let (member, score) = SortedSetView.next(&reader), body(member, score) {
                left -= 1
            }
            return
        }
        let visited = min(count, from + 1)
        reader.skip(2 * (from + 1 - visited))
        reader.reversed(count: visited, stride: 2) { place in
            var place = place
            return SortedSetView.next(&place).map { body($0.0, $0.1) } ?? false
        }
    }

    /// Number of members with a score below `score`, or up to it if `inclusive`.
    package func countBelow(score: Double, inclusive: Bool) -> Int {
        if let large { return large.countBelow(score: score, inclusive: inclusive) }
        var reader = record.items
        var count = 0
        while let (_, held) = SortedSetView.next(&reader) {
            guard held < score || inclusive && held == score else { break }
            count += 1
        }
        return count
    }

    /// Number of members before `member`, and itself if `inclusive`, when all have the same score.
    package func countBelow(member: ByteView, inclusive: Bool) -> Int {
        if let large { return large.countBelow(member: member, inclusive: inclusive) }
        var reader = record.items
        var count = 0
        while let held = reader.next() {
            let order = held.compare(member)
            guard order < 0 || inclusive && order == 0 else { break }
            reader.skip()
            count += 1
        }
        return count
    }

    /// Any member, each as likely as any other.
    package func random(_ random: inout RandomGenerator) -> (PackedItem, Double) {
        guard let found = item(at: random.below(count)) else {
            invariantFailed("a sorted set of fewer members than it counts")
        }
        return found
    }

    /// Goes on with a walk that starts and ends with cursor 0, about `count` members far. What is
    /// there from the first step to the last is visited at least once.
    package func scan(
        _ cursor: UInt64, count: Int, _ body: (PackedItem, Double) -> Void
    ) -> UInt64 {
        if let large { return large.scan(cursor, count: count, body) }
        forEach { member, score in
            body(member, score)
            return true
        }
        return 0
    }
}
