import DataStructures
import Digests
import Memory

/// Goes through a whole string of packed items before the first of them is given out.
///
/// Memory: up to eight bytes for every item that must not come twice.
struct RDBItemCheck {
    /// What is asked of the items of a value.
    struct Rules {
        /// Items that belong together: 1 for elements and members, 2 with a value or a score, 3
        /// with an expiry.
        let group: Int
        /// Whether no first item of a group may come twice.
        let isUnique: Bool
        /// Whether the second of a group is a score.
        let hasScores: Bool

        init(_ type: RDBValueType) {
            switch type.kind {
            case .hash: group = type.hasPackedExpiries ? 3 : 2
            case .sortedSet: group = 2
            default: group = 1
            }
            isUnique = type.kind != .list && type != .intset
            hasScores = type.kind == .sortedSet
        }
    }

    /// Offsets of items by their hash, one more than they are; 0 is free.
    private var table: [UInt32] = []

    /// The number of items in `bytes`, which are sound.
    mutating func count(
        _ packing: RDBPacking, _ bytes: ByteView, _ rules: Rules
    ) throws(RDBFlaw) -> Int {
        guard bytes.count < UInt32.max else { throw RDBFlaw(.length, at: 0) }
        var reader = try RDBItemReader(packing, bytes)
        var place = 0
        while true {
            let start = reader.offset
            guard let item = try reader.next(bytes) else { break }
            if place == 1, rules.hasScores, item.textualScore == nil {
                throw RDBFlaw(.score, at: start)
            }
            if place == 2, item.fieldExpiry == nil { throw RDBFlaw(.expiry, at: start) }
            place = place + 1 == rules.group ? 0 : place + 1
        }
        guard place == 0 else { throw RDBFlaw(.count, at: reader.offset) }
        if rules.isUnique { try refuseDuplicates(packing, bytes, rules.group, reader.count) }
        return reader.count
    }

    private mutating func refuseDuplicates(
        _ packing: RDBPacking, _ bytes: ByteView, _ group: Int, _ count: Int
    ) throws(RDBFlaw) {
        // A key that depends on all bytes: nobody can choose items that collide under it.
        let zero = HashKey(k0: 0, k1: 0)
        let digest = SipHash.hash(bytes, key: zero)
        let key = HashKey(k0: digest, k1: digest.byteSwapped ^ UInt64(count))
        let mask = clear(slots: count / group)
        var reader = try RDBItemReader(packing, bytes)
        var place = 0
        while true {
            let start = reader.offset
            guard let item = try reader.next(bytes) else { break }
            if place == 0 {
                var slot = Int(truncatingIfNeeded: item.hash(key)) & mask
                while table[slot] != 0 {
                    let other = try RDBItemReader.item(packing, bytes, at: Int(table[slot] - 1))
                    if let other, item == other { throw RDBFlaw(.duplicate, at: start) }
                    slot = (slot + 1) & mask
                }
                table[slot] = UInt32(start) + 1
            }
            place = place + 1 == group ? 0 : place + 1
        }
        if table.count > 16 * 1024 { table = [] }
    }

    /// Makes a free table for `count` items, and returns the mask of its indices.
    private mutating func clear(slots count: Int) -> Int {
        var size = 16
        while size < count + count / 2 { size *= 2 }
        if table.count < size { table = [UInt32](repeating: 0, count: size) }
        for index in 0..<size { table[index] = 0 }
        return size - 1
    }
}

extension PackedItem {
    /// The score that an item spells; nil if it is no number.
    var textualScore: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .bytes(let text): text.double
        }
    }

    /// When a field expires, in ms since 1970, 0 for never; nil if that cannot be.
    var fieldExpiry: UInt64? {
        guard case .integer(let value) = self, value >= 0,
            UInt64(value) <= RDBFormat.latestFieldExpiry
        else { return nil }
        return UInt64(value)
    }

    /// A hash that differs for texts that differ.
    func hash(_ key: HashKey) -> UInt64 {
        switch self {
        case .bytes(let text):
            return SipHash.hash(text, key: key)
        case .integer(let value):
            var word = (UInt64(bitPattern: value) ^ key.k0) &* 0x9e37_79b9_7f4a_7c15
            word = (word ^ word >> 32) &* (key.k1 | 1)
            return word ^ word >> 29
        }
    }
}
