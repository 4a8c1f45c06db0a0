import DataStructures
import Digests
import Memory
import Testing

/// What a field of the model holds.
struct ModelValue: Equatable {
    var value: [UInt8]
    var expiry: Int64?
}

/// A segment table beside a dictionary that should hold the same.
struct SegmentModel {
    let heap = Heap()
    let hashKey = HashKey(k0: 11, k1: 12)
    var lineage = Lineage()
    var table: SegmentTable
    var model: [[UInt8]: ModelValue] = [:]
    /// The table as it was frozen, and what it held then.
    var frozen: (table: SegmentTable, model: [[UInt8]: ModelValue])?

    init(hasValues: Bool) {
        table = SegmentTable(hasValues: hasValues, lineage, heap: heap)
    }

    var faults: [String] { table.checkInvariants(hashKey: hashKey) }

    static func contents(_ table: SegmentTable) -> [[UInt8]: ModelValue] {
        var found: [[UInt8]: ModelValue] = [:]
        var repeated = 0
        table.forEach { entry in
            let key = entry.key.withText { $0.bytes }
            let value = ModelValue(value: entry.value.withText { $0.bytes }, expiry: entry.expiry)
            if found.updateValue(value, forKey: key) != nil { repeated += 1 }
        }
        check(repeated == 0)
        return found
    }

    /// Whether table and frozen copy hold what they should.
    func isAsModelled() -> Bool {
        let isFrozenRight = frozen.map { SegmentModel.contents($0.table) == $0.model } ?? true
        return table.count == model.count && SegmentModel.contents(table) == model && isFrozenRight
    }

    func find(_ key: [UInt8]) -> ModelValue? {
        key.withView { key in
            table.entry(of: SegmentKey(key, hashKey)).map { entry in
                ModelValue(value: entry.value.withText { $0.bytes }, expiry: entry.expiry)
            }
        }
    }

    mutating func put(_ key: [UInt8], _ value: [UInt8] = [], keepsExpiry: Bool = false) {
        let old = model[key]
        let isNew = key.withView { key in
            value.withView {
                table.put(
                    SegmentKey(key, hashKey), PackedItem(text: $0), keepsExpiry: keepsExpiry,
                    &lineage, heap: heap, hashKey: hashKey)
            }
        }
        check(isNew == (old == nil))
        if old != nil, !table.hasValues { return }
        let held = table.hasValues ? value : []
        model[key] = ModelValue(value: held, expiry: keepsExpiry ? old?.expiry : nil)
    }

    mutating func remove(_ key: [UInt8]) {
        let isThere = key.withView {
            table.remove(SegmentKey($0, hashKey), &lineage, heap: heap, hashKey: hashKey)
        }
        check(isThere == (model.removeValue(forKey: key) != nil))
    }

    mutating func setExpiry(_ key: [UInt8], _ expiry: Int64?) {
        let position = key.withView { table.find(SegmentKey($0, hashKey)) }
        check((position != nil) == (model[key] != nil))
        guard let position else { return }
        table.setExpiry(expiry, at: position, &lineage, heap: heap, hashKey: hashKey)
        model[key]?.expiry = expiry
    }

    mutating func pop(_ random: inout RandomGenerator) {
        guard table.count > 0 else { return }
        let position = table.random(&random)
        let key = table.entry(at: position).key.withText { $0.bytes }
        check(model.removeValue(forKey: key) != nil)
        table.remove(at: position, &lineage, heap: heap, hashKey: hashKey)
    }

    /// Removes what expired by `now`, a few segments at a time.
    mutating func expire(now: Int64) {
        var sweep = SegmentSweep()
        var expired: [[UInt8]] = []
        // Merging may bring entries behind the place of the sweep: they have their turn later.
        for _ in 0..<2 {
            while !table.expire(
                &sweep, now: now, budget: 3, &lineage, heap: heap, hashKey: hashKey,
                { expired.append($0.withText { $0.bytes }) })
            {}
        }
        for key in expired {
            let old = model.removeValue(forKey: key)
            check((old?.expiry ?? .max) <= now)
        }
    }

    mutating func freeze() {
        guard frozen == nil else { return }
        lineage.freeze()
        frozen = (table, model)
    }

    mutating func thaw() {
        guard frozen != nil else { return }
        frozen = nil
        var dropped = lineage.thaw()
        while dropped.free(7, heap: heap) > 0 {}
        check(dropped.bytes == 0)
    }

    /// Frees everything. Returns what the heap still holds.
    mutating func free() -> Int {
        while !table.free(5, &lineage, heap: heap) {}
        check(table.footprint == 0)
        thaw()
        return heap.used
    }
}

/// Keys and values around the limits of the format.
struct SegmentTexts {
    var random: RandomGenerator
    /// Number of different keys.
    var range: Int
    /// One text in so many is longer than a few bytes.
    var rarity = 20

    mutating func text(_ number: Int) -> [UInt8] {
        let digits = Array(String(number).utf8)
        let counts = [0, 12, 13, 14, 62, 63, 64, 65, 500, 1023, 1024, 1025, 4095, 4096, 9000]
        switch number % 4 {
        case 0: return digits
        case 1: return Array("-\(number &* 7_919_191_919 % 1_099_511_627_776)".utf8)
        case 2: return Array("member:".utf8) + digits
        default:
            guard number % (4 * rarity) == 3 else { return Array("m".utf8) + digits }
            let count = counts[number / (4 * rarity) % counts.count]
            return digits + [UInt8](repeating: 120, count: count)
        }
    }

    mutating func key() -> [UInt8] { text(random.below(range)) }

    mutating func value() -> [UInt8] { random.below(8) == 0 ? [] : text(random.below(1 << 30)) }
}

/// A set of the keys of a range of numbers, as text.
func members(_ numbers: Range<Int>) -> SegmentModel {
    var set = SegmentModel(hasValues: false)
    for number in numbers { set.put(Array("member:\(number)".utf8)) }
    return set
}
