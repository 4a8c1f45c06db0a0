import Digests
import Keyspace
import Memory
import Testing

/// The consumer of a snapshot: collects it and compares it with what was there at its start.
/// Long and large values are read in pieces between slices, because that is promised to work.
struct SnapshotReader: ~Copyable {
    let id: SnapshotID
    let expected: [ModelDatabase]
    private var collected: [ModelDatabase]
    private var late: [LateValue] = []

    init(_ twins: inout Twins) {
        expected = twins.model
        collected = Array(repeating: [:], count: twins.model.count)
        id = twins.keyspace.beginSnapshot()
        for (index, database) in expected.enumerated() {
            let size = twins.keyspace.snapshotSize(index)
            #expect(size.keys == database.count)
            #expect(size.expires == database.values.count { $0.expiry != nil })
        }
    }

    mutating func slice(_ twins: inout Twins, limit: Int) -> Bool {
        while hasMore { readOn(Int.max) }
        return twins.keyspace.snapshotSlice(id, limit: limit) { database, entry in
            let key = entry.key.bytes
            let isNew = collected[database][key] == nil
            check(isNew, "visited twice")
            var value = LateValue(database: database, entry)
            value.readOn(5000)
            // Some of it at once, the rest later if it is lent.
            while !value.isLent, value.hasMore { value.readOn(Int.max) }
            collected[database][key] = value.model
            if value.hasMore { late.append(value) }
        }
    }

    /// Whether there is a long value that has not been read to its end.
    var hasMore: Bool { !late.isEmpty }

    /// Reads at most `limit` bytes on, or one piece.
    mutating func readOn(_ limit: Int) {
        guard !late.isEmpty else { return }
        late[0].readOn(limit)
        let value = late[0]
        collected[value.database][value.key] = value.model
        if !value.hasMore { late.removeFirst() }
    }

    /// Takes what is left of the snapshot, and ends it.
    mutating func readAll(_ twins: inout Twins) {
        while !slice(&twins, limit: 1) {}
        finish(&twins)
    }

    static func precedes(_ left: (Double, [UInt8]), _ right: (Double, [UInt8])) -> Bool {
        left.0 != right.0 ? left.0 < right.0 : left.1.lexicographicallyPrecedes(right.1)
    }

    mutating func finish(_ twins: inout Twins) {
        while hasMore { readOn(Int.max) }
        twins.keyspace.endSnapshot(id)
        let wrong = differences(collected, expected)
        #expect(wrong == [])
    }
}

/// A value that is read in pieces.
private struct LateValue {
    enum Rest {
        case nothing
        case string(FrozenString)
        case hash(FrozenHash)
        case set(FrozenSet)
        case list(FrozenList)
        case sortedSet(FrozenSortedSet)
    }

    let database: Int
    let key: [UInt8]
    /// What has been read of it.
    var model: ModelValue
    var rest = Rest.nothing
    /// The last member of a sorted set.
    var last: (Double, [UInt8])?
    /// Whether it can be read after the visit.
    var isLent = false

    init(database: Int, _ entry: SnapshotEntry) {
        self.database = database
        key = entry.key.bytes
        model = ModelValue(bytes: [], expiry: entry.expiry, encoding: entry.encoding)
        switch entry.type {
        case .hash:
            rest = .hash(entry.hash)
            isLent = entry.hash.packed == nil
            model.collection = .hash([:])
        case .set:
            rest = .set(entry.set)
            isLent = entry.set.packed == nil
            model.collection = .set([])
        case .list:
            rest = .list(entry.list)
            isLent = entry.list.packed == nil
            model.collection = .list([])
        case .sortedSet:
            rest = .sortedSet(entry.sortedSet)
            isLent = entry.sortedSet.packed == nil
            model.collection = .sortedSet([:])
        default:
            if let integer = entry.integer {
                model.bytes = Array("\(integer)".utf8)
            } else {
                rest = .string(entry.string)
                isLent = entry.string.count > 4096
            }
        }
    }

    var hasMore: Bool {
        switch rest {
        case .nothing: false
        case .string(let string): !string.isEmpty
        case .hash(let hash): !hash.isEmpty
        case .set(let set): !set.isEmpty
        case .list(let list): !list.isEmpty
        case .sortedSet(let sorted): !sorted.isEmpty
        }
    }

    /// Reads at most `limit` bytes of a string on, or a piece of something else.
    mutating func readOn(_ limit: Int) {
        guard hasMore else { return }
        switch (rest, model.collection) {
        case (.string(var string), _):
            let piece = string.next[0..<min(limit, string.next.count)]
            check(!piece.isEmpty, "no bytes of a value that has some left")
            model.bytes += piece.bytes
            string.consume(piece.count)
            rest = .string(string)
        case (.hash(var hash), .hash(var fields)?):
            let before = fields.count
            hash.next { fields[$0.text] = $1.text }
            check(fields.count > before, "no fields of a hash that has some left")
            model.collection = .hash(fields)
            rest = .hash(hash)
        case (.set(var set), .set(var members)?):
            let before = members.count
            set.next { members.insert($0.text) }
            check(members.count > before, "no members of a set that has some left")
            model.collection = .set(members)
            rest = .set(set)
        case (.list(var list), .list(var elements)?):
            let before = elements.count
            list.next { elements.append($0.text) }
            check(elements.count > before, "no elements of a list that has some left")
            model.collection = .list(elements)
            rest = .list(list)
        case (.sortedSet(var sorted), .sortedSet(var scores)?):
            let before = scores.count
            sorted.next { member, score in
                let here = (score, member.text)
                if let last { check(SnapshotReader.precedes(last, here), "out of order") }
                last = here
                scores[member.text] = score
            }
            check(scores.count > before, "no members of a sorted set that has some left")
            model.collection = .sortedSet(scores)
            rest = .sortedSet(sorted)
        default: break
        }
    }
}
