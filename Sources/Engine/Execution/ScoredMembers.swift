import DataStructures
import Digests
import Keyspace
import Memory
import RESP
import Sessions

/// How scores of a member that several sources have become one.
enum ScoreAggregate {
    case sum, least, greatest

    /// A sum that is no number, of both infinities, is 0.
    func callAsFunction(_ score: Double, _ other: Double) -> Double {
        switch self {
        case .sum:
            let sum = score + other
            return sum.isNaN ? 0 : sum
        case .least: return other < score ? other : score
        case .greatest: return other > score ? other : score
        }
    }
}

/// Different members with scores, copied from where they were, while a command runs: what it
/// stores or what must be sorted. It takes as much memory as what it holds, up to twice that
/// while it grows.
struct ScoredMembers: ~Copyable {
    /// A member; not private, because compiler 6.3.1 cannot destroy a list of it elsewhere then.
    struct Element: BitwiseCopyable {
        var score: Double
        /// Of the member in `bytes`.
        var offset: Int
        var hash: UInt64
    }

    private var bytes: ByteBuffer
    private var elements = FlatList<Element>()
    /// Where members are among the elements, plus one, by hash; used by `merge` alone.
    private var slots = FlatArray<Int>(repeating: 0, count: 16)
    private let key: HashKey

    /// Nothing yet.
    init(_ engine: borrowing DataEngine) {
        bytes = ByteBuffer(heap: engine.heap)
        key = engine.keyspace.hashKey
    }

    var count: Int { elements.count }

    /// Adds a member that is not there.
    mutating func append(_ member: PackedItem, _ score: Double) { append(member, score, hash: 0) }

    private mutating func append(_ member: PackedItem, _ score: Double, hash: UInt64) {
        elements.append(Element(score: score, offset: bytes.count, hash: hash))
        member.append(to: &bytes)
    }

    /// Adds a member, or to the score that it has.
    mutating func merge(_ member: PackedItem, _ score: Double, _ aggregate: ScoreAggregate) {
        let hash = member.withText { SipHash.hash($0, key: key) }
        if elements.count * 2 >= slots.count { grow() }
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index] != 0 {
            let found = elements[slots[index] - 1]
            if found.hash == hash, self.member(found) == member {
                elements[slots[index] - 1].score = aggregate(found.score, score)
                return
            }
            index = (index + 1) & mask
        }
        append(member, score, hash: hash)
        slots[index] = elements.count
    }

    private mutating func grow() {
        let mask = slots.count * 2 - 1
        var larger = FlatArray<Int>(repeating: 0, count: mask + 1)
        for number in 0..<elements.count {
            var place = Int(truncatingIfNeeded: elements[number].hash) & mask
            while larger[place] != 0 { place = (place + 1) & mask }
            larger[place] = number + 1
        }
        slots = larger
    }

    private func member(_ element: Element) -> PackedItem {
        ScoredMembers.member(bytes.readable, element)
    }

    private static func member(_ bytes: ByteView, _ element: Element) -> PackedItem {
        var reader = PackedReader(bytes, at: element.offset)
        guard let member = reader.next() else {
            invariant(false, "a member that is not where it was put")
            return .integer(0)
        }
        return member
    }

    /// Puts the members in the order of a sorted set. Nothing can be merged afterwards.
    mutating func sort() {
        let view = bytes.readable
        var sorted = elements.array
        sorted.sort { one, other in
            if one.score != other.score { return one.score < other.score }
            return ScoredMembers.member(view, one).withText { name in
                ScoredMembers.member(view, other).withText { name.compare($0) < 0 }
            }
        }
        elements.removeAll()
        for element in sorted { elements.append(element) }
    }

    /// Visits all members, in the order in which they were added or sorted.
    func forEach(_ body: (PackedItem, Double) -> Void) {
        for index in 0..<elements.count {
            let element = elements[index]
            body(member(element), element.score)
        }
    }
}

extension DataEngine {
    /// Makes the key at argument `index` a sorted set of `result`, or deletes it if there is
    /// nothing, and answers with the number of members. What Redis makes a skip list from the
    /// first member on `keepsMinusZero`.
    mutating func store(
        _ call: Call, _ index: Int, _ result: borrowing ScoredMembers, changes: Int = 1,
        _ event: StaticString, keepsMinusZero: Bool = true
    ) -> Propagation {
        guard result.count > 0 else {
            call.reply.integer(0)
            return removeDestination(call, index) ? .verbatim : .none
        }
        var place = openDestination(call, index, .sortedSet)
        result.forEach { member, score in
            member.withText { _ = keyspace.sortedSetPut(&place, member: $0, score: score) }
        }
        if keepsMinusZero, place.entry?.encoding == .skiplist {
            // Those that came while it was a listpack lost their sign, and equal scores are the
            // same.
            result.forEach { member, score in
                guard score == 0, score.sign == .minus else { return }
                member.withText { name in
                    keyspace.sortedSetPut(&place, member: name, score: 1)
                    keyspace.sortedSetPut(&place, member: name, score: score)
                }
            }
        }
        close(&place, call, index, changes: changes, event, .sortedSet)
        call.reply.integer(result.count)
        return .verbatim
    }
}
