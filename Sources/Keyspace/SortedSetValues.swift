import DataStructures
import Memory

/// What `sortedSetPut` did.
package enum SortedSetChange: Equatable, Sendable {
    case added
    case changed
    /// The member had this score already.
    case same
}

/// Changing sorted sets, between `open` and `close`.
extension Databases {
    private static let compactSortedSet = Entry.kind(.sortedSet, .listpack)

    /// Gives a member a score, which must be a number; adds it if it is missing.
    @discardableResult
    package mutating func sortedSetPut(
        _ place: inout Place, member: ByteView, score: Double
    ) -> SortedSetChange {
        invariant(!score.isNaN, "a score that is no number")
        // Redis writes the scores of a listpack as text, and minus zero without its sign.
        let score =
            score == 0 && score.sign == .minus && isListpack(place, with: member) ? 0 : score
        if place.isLarge { return sortedSetPutLarge(&place, member, score) }
        let item = PackedItem(text: member)
        guard let record = place.record else {
            return sortedSetAdd(&place, member, item, score, at: Place.emptyCount)
        }
        var reader = record.items
        guard reader.find(item, stride: 2) != nil else {
            let offset = Databases.sortedPlace(record.items, member, score)
            return sortedSetAdd(&place, member, item, score, at: offset)
        }
        let start = reader.offset
        reader.skip()
        guard let old = reader.next(), old.score != score else { return .same }
        let removed = start..<reader.offset
        var offset = Databases.sortedPlace(record.items, member, score)
        if offset > start { offset -= removed.count }
        let isMoved = Packed.withScore(score) { packed in
            movePair(&place, removed, item, packed, to: offset)
        }
        return isMoved ? .changed : sortedSetPutLarge(&place, member, score)
    }

    /// Whether a sorted set is called a listpack when it has this member.
    private func isListpack(_ place: Place, with member: ByteView) -> Bool {
        if let record = place.record, record.kind != Databases.compactSortedSet { return false }
        let set = place.entry.map { SortedSetView($0) }
        if set?.score(of: member) != nil { return true }
        return member.count <= encodings.zsetValue && (set?.count ?? 0) < encodings.zsetEntries
    }

    /// Moves a member with a new score to `offset`, counted without the pair where it was. False
    /// if there is no room for the new score.
    private mutating func movePair(
        _ place: inout Place, _ removed: Range<Int>, _ member: PackedItem, _ score: PackedItem,
        to offset: Int
    ) -> Bool {
        guard let record = place.record else { return false }
        let count = member.encodedCount + score.encodedCount
        let shape = record.shape(removing: removed.count, inserting: count)
        if shape.valueCount > Databases.compactLimit {
            makeLargeSortedSet(&place, record.kind)
            return false
        }
        if !isUnseen(record), shape.sizeClass == record.footprint {
            // In between it may be of a smaller class, of which nobody takes notice.
            record.splice(at: removed.lowerBound, removing: removed.count, inserting: 0)
            record.splice(at: offset, removing: 0, inserting: count)
            _ = record.write(score, at: record.write(member, at: offset))
        } else {
            cut(&place, removed, items: 2)
            put(&place, member, score, at: offset, items: 2, kind: record.kind)
        }
        return true
    }

    private mutating func sortedSetAdd(
        _ place: inout Place, _ member: ByteView, _ item: PackedItem, _ score: Double,
        at offset: Int
    ) -> SortedSetChange {
        let isTooMany = place.itemCount / 2 >= encodings.zsetEntries
        let isAdded = Packed.withScore(score) { packed in
            let count = place.byteCount + item.encodedCount + packed.encodedCount
            if isTooMany || count > Databases.compactLimit || member.count > encodings.zsetValue {
                return false
            }
            put(&place, item, packed, at: offset, items: 2, kind: Databases.compactSortedSet)
            return true
        }
        if isAdded { return .added }
        makeLargeSortedSet(&place, Databases.compactSortedSet)
        return sortedSetPutLarge(&place, member, score)
    }

    /// `sortedSetPut` for a sorted set that is large.
    private mutating func sortedSetPutLarge(
        _ place: inout Place, _ member: ByteView, _ score: Double
    ) -> SortedSetChange {
        let change = largeSortedSetPut(&place, member, score)
        if change == .added, let record = place.record,
            record.kind == Databases.compactSortedSet,
            member.count > encodings.zsetValue
                || LargeSortedSet(record).count > encodings.zsetEntries
        {
            record.kind = Entry.kind(.sortedSet, .skiplist)
        }
        return change
    }

    /// Where a member that is not there belongs, or where it would if it were not there.
    private static func sortedPlace(
        _ items: PackedReader, _ member: ByteView, _ score: Double
    ) -> Int {
        var reader = items
        var offset = reader.offset
        while let (held, heldScore) = SortedSetView.next(&reader) {
            if heldScore > score || heldScore == score && held.compare(member) > 0 { break }
            offset = reader.offset
        }
        return offset
    }

    /// Removes a member. Returns whether it was there.
    @discardableResult
    package mutating func sortedSetRemove(_ place: inout Place, member: ByteView) -> Bool {
        guard let record = place.record else { return false }
        if record.isExternal { return largeSortedSetRemove(&place, member) }
        var reader = record.items
        guard reader.find(PackedItem(text: member), stride: 2) != nil else { return false }
        let start = reader.offset
        reader.skip(2)
        cut(&place, start..<reader.offset, items: 2)
        return true
    }

    /// Removes the members of these ranks, which must be there.
    package mutating func sortedSetRemove(_ place: inout Place, ranks: Range<Int>) {
        guard let record = place.record, !ranks.isEmpty else { return }
        if record.isExternal { return largeSortedSetRemove(&place, ranks) }
        invariant(
            ranks.lowerBound >= 0 && 2 * ranks.upperBound <= record.itemCount,
            "no such ranks in a sorted set")
        var reader = record.items
        reader.skip(2 * ranks.lowerBound)
        let start = reader.offset
        reader.skip(2 * ranks.count)
        cut(&place, start..<reader.offset, items: 2 * ranks.count)
    }
}
