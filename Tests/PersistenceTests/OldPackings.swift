import DataStructures
import Digests
import Memory
import Persistence

/// Strings of packed items as old versions of Redis wrote them, built without regard to speed.
enum OldPacking {
    static func ziplist(_ items: [[UInt8]]) -> [UInt8] {
        var body: [UInt8] = []
        var tail = 10
        var before = 0
        for item in items {
            tail = 10 + body.count
            if before < 254 {
                body.append(UInt8(before))
            } else {
                body += [254] + little(before, 4)
            }
            body += ziplistItem(item)
            before = 10 + body.count - tail
        }
        return little(11 + body.count, 4) + little(tail, 4) + little(min(items.count, 65535), 2)
            + body + [255]
    }

    private static func ziplistItem(_ item: [UInt8]) -> [UInt8] {
        if let number = item.withView({ $0.integer }) {
            switch number {
            case 0...12: return [0xf1 + UInt8(number)]
            case -128...127: return [0xfe] + little(Int(number), 1)
            case -32768...32767: return [0xc0] + little(Int(number), 2)
            case -8_388_608...8_388_607: return [0xf0] + little(Int(number), 3)
            case -2_147_483_648...2_147_483_647: return [0xd0] + little(Int(number), 4)
            default: return [0xe0] + little(Int(number), 8)
            }
        }
        if item.count < 64 { return [UInt8(item.count)] + item }
        if item.count < 16384 {
            return [0x40 | UInt8(item.count >> 8), UInt8(item.count & 255)] + item
        }
        return [0x80] + little(item.count, 4).reversed() + item
    }

    static func zipmap(_ items: [[UInt8]]) -> [UInt8] {
        var bytes = [UInt8(min(items.count / 2, 254))]
        for (index, item) in items.enumerated() {
            bytes += item.count < 254 ? [UInt8(item.count)] : [254] + little(item.count, 4)
            // Room behind every third value.
            let room = index % 6 == 1 ? 3 : 0
            if index % 2 == 1 { bytes.append(UInt8(room)) }
            bytes += item + [UInt8](repeating: 7, count: room)
        }
        return bytes + [255]
    }

    static func little(_ number: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}

/// Strings of packed items made by the builders.
enum NewPacking {
    static func listpack(_ items: [[UInt8]]) -> [UInt8] {
        var builder = ListpackBuilder(heap: Heap())
        for item in items { item.withView { builder.append(RDBItem(text: $0)) } }
        return builder.finish().bytes
    }

    static func intset(_ integers: [Int64]) -> [UInt8] {
        var builder = IntsetBuilder(
            heap: Heap(), from: integers.first ?? 0, to: integers.last ?? 0)
        for integer in integers { builder.append(integer) }
        return builder.finish().bytes
    }
}

extension RandomGenerator {
    /// A text that is short, long, empty, an integer of any size or nearly one.
    mutating func text(_ longest: Int = .max) -> [UInt8] {
        while true {
            let text = anyText()
            if text.count <= longest { return text }
        }
    }

    private mutating func anyText() -> [UInt8] {
        switch below(10) {
        case 0: return []
        case 1: return Array("\(Int64(bitPattern: next()) >> Int64(below(64)))".utf8)
        case 2: return Array("\(below(300) - 150)".utf8)
        case 3: return Array("0\(below(9))".utf8)
        case 4: return [UInt8](repeating: UInt8(below(256)), count: 50 + below(400))
        case 5: return below(8) == 0 ? [UInt8](repeating: 97, count: 4090 + below(20)) : [45]
        default: return (0..<1 + below(12)).map { _ in UInt8(below(256)) }
        }
    }

    /// Texts of which no two are the same.
    mutating func texts(_ count: Int, _ longest: Int = .max) -> [[UInt8]] {
        var seen: Set<[UInt8]> = []
        while seen.count < count { seen.insert(text(longest)) }
        return seen.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// A score of any kind but NaN.
    mutating func score() -> Double {
        switch below(6) {
        case 0: return Double(below(100))
        case 1: return fraction() * 1000 - 500
        case 2: return below(2) == 0 ? .infinity : -.infinity
        case 3: return -0.0
        case 4: return Double(Int64(bitPattern: next()))
        default:
            let score = Double(bitPattern: next())
            return score.isNaN ? 1 : score
        }
    }
}
