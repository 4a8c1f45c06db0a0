import DataStructures
import Digests
import Keyspace
import Memory
import RESP

/// The digest of DEBUG DIGEST, which does not depend on the order of keys: equal data have equal
/// digests, also between this server and Redis, whose scheme it is.
struct DatasetDigest {
    private(set) var bytes = [UInt8](repeating: 0, count: 20)

    /// Adds something whose order does not matter.
    mutating func addUnordered(_ view: ByteView) {
        let hash = SHA1.hash(view)
        for index in bytes.indices { bytes[index] ^= hash[index] }
    }

    /// Adds something whose order matters.
    mutating func addOrdered(_ view: ByteView) {
        addUnordered(view)
        bytes = bytes.withView { SHA1.hash($0) }
    }

    mutating func addOrdered(number: UInt32) {
        let big = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
        big.withView { addOrdered($0) }
    }

    mutating func addUnordered(_ other: DatasetDigest) {
        other.bytes.withView { addUnordered($0) }
    }

    mutating func addOrdered(_ item: PackedItem) {
        item.withText { addOrdered($0) }
    }

    /// Adds the value of an entry and whether it expires.
    mutating func add(_ entry: Entry) {
        addOrdered(number: UInt32(entry.type.rawValue))
        switch entry.type {
        case .string: entry.withString { addOrdered($0) }
        case .list: add(ListView(entry))
        case .set: SetView(entry).forEach { $0.withText { addUnordered($0) } }
        case .hash: add(HashView(entry))
        case .sortedSet: add(SortedSetView(entry))
        case .module, .stream: break
        }
        if entry.expiry != nil { addUnordered(ByteView("!!expire!!")) }
    }

    private mutating func add(_ list: ListView) {
        list.forEach(from: 0, count: list.count, reversed: false) { item in
            addOrdered(item)
            return true
        }
    }

    private mutating func add(_ hash: HashView) {
        hash.forEach { field, value in
            var pair = DatasetDigest()
            pair.addOrdered(field)
            pair.addOrdered(value)
            addUnordered(pair)
        }
    }

    private mutating func add(_ set: SortedSetView) {
        set.forEach(from: 0, count: set.count, reversed: false) { member, score in
            var pair = DatasetDigest()
            pair.addOrdered(member)
            DoubleText.format(score).withView { pair.addOrdered($0) }
            addUnordered(pair)
            return true
        }
    }

    var text: String { hexadecimal(bytes) }
}

extension DataEngine {
    /// The digest of everything.
    func datasetDigest() -> DatasetDigest {
        var result = DatasetDigest()
        for database in 0..<keyspace.databaseCount where keyspace.size(database) > 0 {
            result.addOrdered(number: UInt32(database))
            var sum = result
            keyspace.forEach(database) { entry in
                var one = DatasetDigest()
                one.addOrdered(entry.key)
                one.add(entry)
                sum.addUnordered(one)
            }
            result = sum
        }
        return result
    }
}
