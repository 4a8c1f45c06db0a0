import Digests
import Keyspace
import Memory
import Persistence
import Testing

/// Databases with a plain copy of what is in them.
struct Model: ~Copyable {
    var databases: Databases
    var copy: [Int: [String: (value: [UInt8], expiry: Int64?)]] = [:]

    init(heap: Heap) {
        databases = Databases(
            heap: heap, databaseCount: 4, hashKey: HashKey(k0: 1, k1: 2),
            random: RandomGenerator(seed: 9))
        databases.now = 1_700_000_000_000
    }

    mutating func set(_ database: Int, _ key: String, _ value: [UInt8], _ expiry: Int64? = nil) {
        copy[database, default: [:]][key] = (value, expiry)
        Array(key.utf8).withView { key in
            let hash = databases.hash(key)
            value.withView {
                _ = databases.set(
                    database, key, hash, string: $0, expiry: expiry.map { .at($0) } ?? .clear)
            }
        }
    }

    /// Changes the middle of a value, and not the copy of it.
    mutating func overwrite(_ database: Int, _ key: String, at offset: Int, _ bytes: [UInt8]) {
        Array(key.utf8).withView { key in
            let hash = databases.hash(key)
            bytes.withView { _ = databases.setRange(database, key, hash, offset, $0) }
        }
    }

    mutating func delete(_ database: Int, _ key: String) {
        copy[database]?[key] = nil
        Array(key.utf8).withView { _ = databases.delete(database, $0, databases.hash($0)) }
    }
}

/// Takes the rest of a snapshot in pieces of `piece` bytes; `between` runs before every slice.
func drain(
    _ encoder: inout SnapshotEncoder, _ model: inout Model, slice: Int, piece: Int,
    between: (inout Model) -> Void = { _ in }
) -> [UInt8] {
    var file: [UInt8] = []
    while !encoder.isFinished {
        let output = encoder.output
        if output.isEmpty {
            between(&model)
            encoder.advance(&model.databases, limit: slice)
        } else {
            let count = min(piece, output.count)
            file += output[0..<count].bytes
            encoder.consume(count)
        }
    }
    encoder.end(&model.databases)
    return file
}

/// The entries of a file by database, which must hold each key once.
func contents(_ decoded: Decoded) -> [Int: [String: (value: [UInt8], expiry: Int64?)]] {
    var found: [Int: [String: (value: [UInt8], expiry: Int64?)]] = [:]
    var database = 0
    for event in decoded.events {
        if case .select(let number) = event { database = number }
        if let key = event.key, let value = event.value {
            let old = found[database, default: [:]].updateValue((value, event.expiry), forKey: key)
            #expect(old == nil, "the key \(key) stands twice")
        }
    }
    return found
}

func isEqual(
    _ left: [Int: [String: (value: [UInt8], expiry: Int64?)]],
    _ right: [Int: [String: (value: [UInt8], expiry: Int64?)]]
) -> Bool {
    let databases = Set(left.keys).union(right.keys)
    return databases.allSatisfy { database in
        let (one, other) = (left[database] ?? [:], right[database] ?? [:])
        return one.count == other.count
            && one.allSatisfy { key, held in
                other[key].map { $0.value == held.value && $0.expiry == held.expiry } == true
            }
    }
}

@Suite struct SnapshotTests {
    private let information = RDBInformation(version: "7.0.15", createdAt: 1, usedMemory: 2)

    private func value(_ random: inout RandomGenerator) -> [UInt8] {
        switch random.below(10) {
        case 0: Array("\(Int64(bitPattern: random.next()) >> Int64(random.below(64)))".utf8)
        case 1: [UInt8](repeating: 65, count: random.below(9000))
        default: (0..<random.below(80)).map { _ in UInt8(random.below(256)) }
        }
    }

    @Test func aSnapshotIsWhatWasThereWhenItBeganWhateverHappensMeanwhile() {
        var random = RandomGenerator(seed: 17)
        for round in 0..<6 {
            let heap = Heap()
            var model = Model(heap: heap)
            for index in 0..<400 {
                let expiry = index % 7 == 0 ? Int64(4_102_444_800_000 + index) : nil
                model.set(random.below(3), "key \(index)", value(&random), expiry)
            }
            var options = SnapshotEncoder.Options()
            options.compresses = round % 2 == 0
            options.checks = round != 3
            var encoder = SnapshotEncoder(
                &model.databases, information: information, options: options, heap: heap)
            let expected = model.copy
            let total = encoder.keysTotal
            let file = drain(&encoder, &model, slice: 2000, piece: 1 + random.below(5000)) {
                for _ in 0..<10 {
                    let key = "key \(random.below(500))"
                    if random.below(3) == 0 {
                        $0.delete(random.below(4), key)
                    } else {
                        $0.set(random.below(4), key, value(&random))
                    }
                }
            }
            let decoded = decode(file, piece: { 4096 })
            #expect(decoded.error == nil)
            #expect(decoded.events.last == .end(round != 3 ? .verified : .disabled))
            let same = isEqual(contents(decoded), expected)
            #expect(same)
            #expect(encoder.keysWritten == total && encoder.bytesTaken == file.count)
        }
    }

    @Test func longValuesAreLentAndStandWhereTheyBelong() {
        let heap = Heap()
        var model = Model(heap: heap)
        for index in 0..<50 {
            let length = index % 5 == 0 ? 300_000 + index : 10
            model.set(0, "key \(index)", [UInt8](repeating: UInt8(index), count: length))
        }
        let expected = model.copy
        let before = heap.used
        var encoder = SnapshotEncoder(
            &model.databases, information: information, options: SnapshotEncoder.Options(),
            heap: heap)
        var most = 0
        let file = drain(&encoder, &model, slice: 1 << 20, piece: 65_536) { _ in
            most = max(most, heap.used - before)
        }
        #expect(most < 300_000)
        let decoded = decode(file)
        #expect(decoded.events.last == .end(.verified))
        let same = isEqual(contents(decoded), expected)
        #expect(same)
    }

    @Test(arguments: [1, 3000, 70_000, 1 << 20])
    func longValuesAreWrittenAsTheyWereWhileTheyChange(piece: Int) {
        var random = RandomGenerator(seed: 18)
        let heap = Heap()
        var model = Model(heap: heap)
        let lengths = [5000, 16_384, 16_385, 100_000, 262_143, 262_144, 300_000, 700_000]
        for (index, length) in lengths.enumerated() {
            model.set(0, "\(index)", (0..<length).map { UInt8(truncatingIfNeeded: $0 >> 3) })
        }
        let expected = model.copy
        var encoder = SnapshotEncoder(
            &model.databases, information: information, options: SnapshotEncoder.Options(),
            heap: heap)
        var file: [UInt8] = []
        var pieces = 0
        while !encoder.isFinished {
            let output = encoder.output
            let count = min(piece, output.count)
            file += output[0..<count].bytes
            encoder.consume(count)
            pieces += 1
            if output.isEmpty || count > 1000 || pieces % 1000 == 0 {
                let index = random.below(lengths.count)
                let change = [UInt8](repeating: 255, count: 1 + random.below(5000))
                model.overwrite(0, "\(index)", at: random.below(lengths[index]), change)
            }
            if output.isEmpty { encoder.advance(&model.databases, limit: 1) }
        }
        encoder.end(&model.databases)
        let decoded = decode(file)
        #expect(decoded.events.last == .end(.verified))
        let same = isEqual(contents(decoded), expected)
        #expect(same)
    }

    @Test func useIsWrittenAsThePolicyNeedsIt() {
        for usage in [
            SnapshotEncoder.Usage.none, .recency, .frequency(decayMinutes: 1),
        ] {
            let heap = Heap()
            var model = Model(heap: heap)
            model.databases.usesLFU = usage != .none && usage != .recency
            model.set(0, "a", [1])
            model.databases.now += 120_000
            var options = SnapshotEncoder.Options()
            options.usage = usage
            var encoder = SnapshotEncoder(
                &model.databases, information: information, options: options, heap: heap)
            let events = decode(drain(&encoder, &model, slice: 1000, piece: 1000)).events
            let expected =
                switch usage {
                case .none: RDBAttributes()
                case .recency: RDBAttributes(idle: 120)
                case .frequency: RDBAttributes(frequency: 3)
                }
            let entry = Seen.entry(key: [97], value: [1], wasInteger: false, expected)
            #expect(events.contains(entry))
        }
    }

    @Test func aSnapshotWithoutKeysAndOneThatIsGivenUp() {
        let heap = Heap()
        var model = Model(heap: heap)
        for index in 0..<100 { model.set(1, "\(index)", [1, 2, 3]) }
        var options = SnapshotEncoder.Options()
        options.includesKeys = false
        var empty = SnapshotEncoder(
            &model.databases, information: information, options: options, heap: heap)
        let decoded = decode(drain(&empty, &model, slice: 1000, piece: 10))
        #expect(decoded.error == nil && decoded.events.count == 6 && empty.keysTotal == 0)
        var dropped = SnapshotEncoder(
            &model.databases, information: information, options: SnapshotEncoder.Options(),
            heap: heap)
        dropped.consume(dropped.output.count)
        dropped.advance(&model.databases, limit: 100)
        let before = model.databases.isSnapshotActive
        dropped.end(&model.databases)
        let after = model.databases.isSnapshotActive
        #expect(before && !after)
    }
}
