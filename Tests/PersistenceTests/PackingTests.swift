import Digests
import Memory
import Persistence
import Testing

/// Strings of packed items: every one of every length comes back, and no damage is a crash.
@Suite struct PackingTests {
    static let lists: [RDBValueType] = [.ziplistList, .ziplistQuicklist, .quicklist]
    static let sets: [RDBValueType] = [.listpackSet]
    static let hashes: [RDBValueType] = [.zipmapHash, .ziplistHash, .listpackHash]
    static let sortedSets: [RDBValueType] = [.ziplistSortedSet, .listpackSortedSet]

    /// A value of `type` as it is packed, and what it holds.
    private func value(
        _ type: RDBValueType, _ count: Int, longest: Int = .max, _ random: inout RandomGenerator
    ) -> (body: [UInt8], parts: [Seen]) {
        switch type.kind {
        case .list?:
            let items = (0..<count).map { _ in random.text(longest) }
            return (pack(type, items), items.map { .element($0) })
        case .set?:
            let items = random.texts(count, longest)
            return (pack(type, items), items.map { .element($0) })
        case .hash?:
            let fields = random.texts(count, longest).map { ($0, random.text(longest)) }
            return (
                pack(type, fields.flatMap { [$0.0, $0.1] }),
                fields.map { .field($0.0, $0.1, expiry: nil) }
            )
        default:
            let members = random.texts(count, longest).map {
                ($0, Double(random.below(900)) / 8 - 40)
            }
            return (
                pack(type, members.flatMap { [$0.0, Array("\($0.1)".utf8)] }),
                members.map { .member($0.0, score: $0.1) }
            )
        }
    }

    @Test(arguments: lists + sets + hashes + sortedSets)
    func whatWasPackedComesBackThroughAnyCut(_ type: RDBValueType) {
        var random = RandomGenerator(seed: UInt64(type.rawValue))
        for round in 0..<60 {
            let count = round == 0 ? 700 : 1 + random.below(40)
            let (body, expected) = value(type, count, &random)
            for piece in round == 0 ? [65536] : [1, 7, 65536] {
                #expect(parts(file(type, body), piece: piece) == expected)
            }
        }
    }

    @Test func moreItemsThanTheHeadCanCountAreRead() {
        let items = (0..<70_000).map { Array("\($0)".utf8) }
        for type in [RDBValueType.ziplistList, .listpackSet] {
            #expect(parts(file(type, pack(type, items))).count == items.count)
        }
    }

    @Test func integersOfEveryWidthComeBack() {
        let rows: [[Int64]] = [
            [-3, 0, 9], [-32768, 32767], [-32769, 0], [32768], [-2_147_483_648, 2_147_483_647],
            [-2_147_483_649, 1], [.min, -1, .max],
        ]
        for row in rows {
            let body = text(NewPacking.intset(row))
            let width = row.contains { Int32(exactly: $0) == nil } ? 8 : 4
            let isShort = row.allSatisfy { Int16(exactly: $0) != nil }
            #expect(body.count == 1 + 8 + row.count * (isShort ? 2 : width))
            #expect(parts(file(.intset, body)) == row.map { .element(Array("\($0)".utf8)) })
        }
    }

    @Test(arguments: sets + hashes + sortedSets)
    func theSameItemTwiceIsRefused(_ type: RDBValueType) {
        let second: [[UInt8]] = type.kind == .set ? [] : [[49]]
        for twice in [Array("same".utf8), Array("17".utf8), [], Array("-99999999999".utf8)] {
            var items: [[UInt8]] = []
            for index in 0..<20 { items += [Array("item\(index)".utf8)] + second }
            let sound = pack(type, items + [twice] + second)
            #expect(parts(file(type, sound)).count == 21)
            let double = pack(type, [twice] + second + items + [twice] + second)
            guard case .damaged(_, .duplicate) = decode(file(type, double)).error?.reason else {
                Issue.record("\(type) took an item twice")
                continue
            }
        }
        if type.kind != .set {
            let reason = decode(file(type, pack(type, [[97], [49], [98]]))).error?.reason
            guard case .damaged = reason else {
                Issue.record("\(type) took an odd number of items")
                return
            }
        }
    }

    @Test func integersOutOfOrderAreRefused() {
        var bytes = NewPacking.intset([1, 2, 3])
        bytes[10] = 3
        let error = decode(file(.intset, text(bytes))).error
        #expect(error == RDBError(offset: 13 + 12, .damaged(.intset, .order)))
    }

    @Test(arguments: lists + sets + hashes + sortedSets + [.intset])
    func aDamagedByteIsAnErrorOrASoundValueButNeverACrash(_ type: RDBValueType) {
        var random = RandomGenerator(seed: 40 + UInt64(type.rawValue))
        var refused = 0
        for _ in 0..<4 {
            let body =
                type == .intset
                ? text(NewPacking.intset([-5, 1, 300, 70_000]))
                : value(type, 1 + random.below(6), longest: 70, &random).body
            let whole = file(type, body)
            for index in 12..<12 + body.count {
                for change in [1, 0x80, UInt8(1 + random.below(255))] {
                    var damaged = whole
                    damaged[index] ^= change
                    let decoded = decode(damaged, stringLimit: 1 << 20)
                    #expect(
                        decoded
                            == decode(damaged, stringLimit: 1 << 20, piece: { 7 }).with(
                                decoded.peak))
                    if decoded.error != nil { refused += 1 }
                }
                #expect(decode(Array(whole[0..<index])).error?.reason == .truncated)
            }
        }
        #expect(refused > 100)
    }

    @Test(arguments: lists + sets + hashes + sortedSets + [.intset])
    func aStringThatEndsTooEarlyIsRefused(_ type: RDBValueType) {
        var random = RandomGenerator(seed: 70 + UInt64(type.rawValue))
        let isList = type == .quicklist || type == .ziplistQuicklist
        let packed: [UInt8]
        switch type {
        case .intset: packed = NewPacking.intset([-5, 1, 300])
        case .zipmapHash: packed = OldPacking.zipmap(random.texts(4, 70))
        case .ziplistList, .ziplistQuicklist: packed = OldPacking.ziplist(random.texts(4, 70))
        case .ziplistHash: packed = OldPacking.ziplist(random.texts(4, 70))
        case .ziplistSortedSet: packed = OldPacking.ziplist([[97], [49], [98], [50]])
        case .listpackSortedSet: packed = NewPacking.listpack([[97], [49], [98], [50]])
        default: packed = NewPacking.listpack(random.texts(4, 70))
        }
        let head: [UInt8] = !isList ? [] : type == .quicklist ? [1, 2] : [1]
        #expect(decode(file(type, head + text(packed))).error == nil)
        for count in 0..<packed.count {
            guard
                case .damaged? = decode(
                    file(type, head + text(Array(packed[0..<count])))
                ).error?.reason
            else {
                Issue.record("\(type) was taken with \(count) of \(packed.count) bytes")
                return
            }
        }
    }

    @Test func damageIsToldWithItsPlace() {
        var bytes = NewPacking.listpack([Array("abc".utf8), Array("def".utf8)])
        // Head of 6 bytes, then each item with its code in front and its link behind.
        bytes[10] = 9
        let error = decode(file(.listpackSet, text(bytes))).error
        #expect(error == RDBError(offset: 13 + 10, .damaged(.listpack, .link)))
        #expect(error?.description.contains("Damaged listpack: wrong length") == true)
    }
}

extension Decoded {
    func with(_ peak: Int) -> Decoded {
        var copy = self
        copy.peak = peak
        return copy
    }
}
