import DataStructures
import Digests
import Keyspace
import Memory
import Testing

@Suite("Strings and keys") struct StringTests {
    @Test(
        "Encodings are Redis's",
        arguments: [
            ("", Encoding.embedded), ("0", .integer), ("-1", .integer), ("00", .embedded),
            ("+1", .embedded), ("-0", .embedded), ("9223372036854775807", .integer),
            ("-9223372036854775808", .integer), ("9223372036854775808", .embedded),
            (" 1", .embedded), ("1.5", .embedded), (String(repeating: "a", count: 44), .embedded),
            (String(repeating: "a", count: 45), .raw), (String(repeating: "a", count: 5000), .raw),
        ])
    func encodings(text: String, expected: Encoding) {
        var twins = Twins(seed: 1, databases: 1)
        twins.set(0, [1], Array(text.utf8))
        let entry = ByteView("\u{1}")
        let found = twins.keyspace.find(0, entry, twins.keyspace.hash(entry))
        #expect(found?.encoding == expected)
        #expect(found?.stringLength == text.utf8.count)
        #expect(found?.integer == (expected == .integer ? Int64(text) : nil))
        #expect(found?.type == .string && found?.isString == true)
        var scratch = DecimalScratch(heap: twins.heap)
        #expect(found?.string(&scratch).string == text)
    }

    @Test("A value of the same size is overwritten in place, and a new key is one block")
    func inPlace() {
        var twins = Twins(seed: 2, databases: 1)
        let key = ByteView("0123456789abcdef")
        let hash = twins.keyspace.hash(key)
        let before = twins.heap.used
        let first = twins.keyspace.set(0, key, hash, string: ByteView("xyz"))
        #expect(twins.heap.used - before == 32)
        for text: StaticString in ["abc", "", "12345", "abcdefgh", "7"] {
            let entry = twins.keyspace.set(0, key, hash, string: ByteView(text))
            #expect(unsafe entry.key.base == first.key.base)
            var scratch = DecimalScratch(heap: Heap())
            #expect(entry.string(&scratch) == text)
        }
        let appended = twins.keyspace.append(0, key, hash, ByteView("-8"))
        #expect(appended == 3 && twins.heap.used - before == 32)
        let same = twins.keyspace.find(0, key, hash)
        #expect(unsafe same?.key.base == first.key.base && same?.encoding == .raw)
        // An expiry takes eight bytes more, so the entry moves to the next class, and stays.
        let expiring = twins.keyspace.set(0, key, hash, string: ByteView("xyz"), expiry: .at(5))
        #expect(twins.heap.used - before == 48)
        let again = twins.keyspace.set(0, key, hash, integer: 5, expiry: .at(9))
        #expect(unsafe again.key.base == expiring.key.base && again.expiry == 9)
        let long = twins.keyspace.changes
        #expect(long == 9)
    }

    @Test("A long value is overwritten in its block")
    func longInPlace() {
        var twins = Twins(seed: 3, databases: 1)
        twins.set(0, [1], [UInt8](repeating: 1, count: 10_000))
        let before = twins.heap.used
        for byte in 2..<6 {
            twins.set(0, [1], [UInt8](repeating: UInt8(byte), count: 10_000 + byte))
            #expect(twins.heap.used == before)
            twins.verify(0, [1])
        }
    }

    @Test("A value that one write makes takes no more than it needs")
    func exact() {
        for offset in [0, 100, 99_999] {
            var twins = Twins(seed: 5, databases: 1)
            let before = twins.heap.used
            twins.setRange(0, [1], offset, [UInt8](repeating: 7, count: 100_000 - offset))
            let made = twins.heap.used - before
            twins.set(0, [1], [UInt8](repeating: 1, count: 100_000))
            #expect(made == twins.heap.used - before)
            // One that grows gets room to grow on.
            twins.append(0, [1], [UInt8](repeating: 7, count: 50_000))
            #expect(twins.heap.used - before > 200_000)
            twins.verify(0, [1])
        }
    }

    @Test("Copies share a long value until one of them changes")
    func sharing() {
        var twins = Twins(seed: 4, databases: 2)
        twins.set(0, [1], [UInt8](repeating: 1, count: 100_000))
        let before = twins.heap.used
        twins.copy(0, [1], 1, [2])
        #expect(twins.heap.used - before < 256)
        twins.setRange(0, [1], 3, [9])
        #expect(twins.heap.used - before > 100_000)
        twins.append(1, [2], [7])
        twins.copy(0, [1], 1, [3])
        twins.set(1, [3], [UInt8](repeating: 6, count: 100_000))
        twins.verify(0, [1])
        twins.append(0, [1], [8])
        twins.verify(0, [1])
        twins.verify(1, [2])
        twins.checkAll()
    }

    @Test("Appending byte by byte copies little and keeps room to spare in bounds")
    func appending() {
        var twins = Twins(seed: 5, databases: 1)
        let empty = twins.heap.used
        for number in 0..<20_000 { twins.append(0, [1], [UInt8(truncatingIfNeeded: number)]) }
        #expect(twins.heap.used - empty < 50_000)
        twins.verify(0, [1])
        // Past the size from which blocks are made of pages.
        for _ in 0..<12 { twins.append(0, [1], [UInt8](repeating: 5, count: 500_000)) }
        twins.setRange(0, [1], 9_000_000, [1])
        twins.verify(0, [1])
        twins.delete(0, [1])
        #expect(twins.heap.used - empty > 1 << 20)
        while twins.keyspace.maintain(budget: 1) {}
        #expect(twins.heap.used == empty)
    }

    @Test("Random and sampled entries come from the database asked for")
    func sampling() {
        var twins = Twins(seed: 6, databases: 2)
        for number in 0..<200 {
            twins.set(0, Twins.key(number), [1], number % 4 == 0 ? .at(1) : .clear)
        }
        var seen: Set<[UInt8]> = []
        for _ in 0..<4000 {
            if let entry = twins.keyspace.randomEntry(0) { seen.insert(entry.key.bytes) }
        }
        #expect(seen.count == 200)
        let nothing = twins.keyspace.randomEntry(1) == nil
        #expect(nothing)
        var volatile: Set<[UInt8]> = []
        for _ in 0..<200 {
            var count = 0
            twins.keyspace.sampleForEviction(0, count: 5, volatileOnly: true) {
                volatile.insert($0.key.bytes)
                count += 1
            }
            #expect(count == 5)
            twins.keyspace.sampleForEviction(1, count: 5, volatileOnly: false) { _ in
                Issue.record("an entry of an empty database")
            }
        }
        #expect(volatile == Set(stride(from: 0, to: 200, by: 4).map { Twins.key($0) }))
    }

    @Test("A digest knows key, value and expiry, not order, layout or encoding")
    func digests() {
        func digest(_ build: (inout Twins) -> Void) -> KeyspaceDigest {
            var twins = Twins(seed: 7)
            twins.keyspace.digestEnabled = true
            build(&twins)
            return twins.keyspace.digest()
        }
        let plain = digest {
            $0.set(0, [1], [2])
            $0.set(0, [3], Array("12".utf8))
        }
        let other = digest {
            $0.set(0, [3], [49])
            $0.append(0, [3], [50])
            $0.set(0, [9], [9])
            $0.set(0, [1], [2], .at(5))
            $0.setExpiry(0, [1], nil)
            $0.delete(0, [9])
        }
        #expect(plain == other)
        let different = [
            digest { $0.set(0, [1, 2], [3]) }, digest { $0.set(0, [1], [2, 3]) },
            digest { $0.set(0, [1], [3]) }, digest { $0.set(1, [1], [3]) },
            digest { $0.set(0, [1], [3], .at(0)) }, digest { $0.set(0, [1], [3], .at(1)) },
            digest { $0.set(0, [3], [1]) }, KeyspaceDigest(),
        ]
        #expect(Set(different.map(\.description)).count == different.count)
        #expect(KeyspaceDigest().description == String(repeating: "0", count: 32))
    }
}
