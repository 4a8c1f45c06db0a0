import DataStructures
import Digests
import Keyspace
import Memory
import Testing

/// A collection as plain Swift has it.
enum ModelCollection: Equatable {
    case list([[UInt8]])
    case set(Set<[UInt8]>)
    case hash([[UInt8]: [UInt8]])
    case sortedSet([[UInt8]: Double])

    /// A copy of what an entry holds.
    init?(_ entry: Entry) {
        switch entry.type {
        case .list:
            var elements: [[UInt8]] = []
            ListView(entry).forEach { item in
                elements.append(item.text)
                return true
            }
            self = .list(elements)
        case .set:
            var members: Set<[UInt8]> = []
            SetView(entry).forEach { members.insert($0.text) }
            self = .set(members)
        case .hash:
            var fields: [[UInt8]: [UInt8]] = [:]
            HashView(entry).forEach { fields[$0.text] = $1.text }
            self = .hash(fields)
        case .sortedSet:
            var scores: [[UInt8]: Double] = [:]
            SortedSetView(entry).forEach { member, score in
                scores[member.text] = score
                return true
            }
            self = .sortedSet(scores)
        default: return nil
        }
    }

    var count: Int {
        switch self {
        case .list(let elements): elements.count
        case .set(let members): members.count
        case .hash(let fields): fields.count
        case .sortedSet(let scores): scores.count
        }
    }

    /// In few words, in which all of it counts.
    var brief: String {
        func sum(_ bytes: [UInt8], _ start: Int) -> Int {
            bytes.reduce(into: start) { $0 = ($0 &* 31 &+ Int($1)) & 0xff_ffff }
        }
        switch self {
        case .list(let elements):
            return "list of \(count) (\(elements.reduce(into: 7) { $0 = sum($1, $0) }))"
        case .set(let members):
            return "set of \(count) (\(members.reduce(into: 0) { $0 += sum($1, 1) }))"
        case .hash(let fields):
            let total = fields.reduce(into: 0) { $0 += sum($1.value, sum($1.key, 1)) }
            return "hash of \(count) (\(total))"
        case .sortedSet(let scores):
            let total = scores.reduce(into: 0) {
                $0 += sum(Array("\($1.value)".utf8), sum($1.key, 1))
            }
            return "sorted set of \(count) (\(total))"
        }
    }

    /// The members of a sorted set in order.
    static func sorted(_ scores: [[UInt8]: Double]) -> [([UInt8], Double)] {
        scores.map { ($0.key, $0.value) }.sorted { left, right in
            left.1 != right.1 ? left.1 < right.1 : left.0.lexicographicallyPrecedes(right.0)
        }
    }
}

extension PackedItem {
    /// A copy of the text.
    var text: [UInt8] { withText { $0.bytes } }
}
