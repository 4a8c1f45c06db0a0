import Digests
import Keyspace
import Memory

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

    /// Adds the value of an entry and whether it expires.
    mutating func add(_ entry: Entry) {
        addOrdered(number: UInt32(entry.type.rawValue))
        entry.withString { addOrdered($0) }
        if entry.expiry != nil { addUnordered(ByteView("!!expire!!")) }
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
