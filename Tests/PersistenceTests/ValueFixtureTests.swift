import Memory
import Persistence
import Testing

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func many(_ text: String, _ count: Int) -> [UInt8] {
    bytes(String(repeating: text, count: count))
}

@Suite struct ValueFixtureTests {
    /// The parts of every value by key; those without order are sorted.
    private func values(_ events: [Seen]) -> [String: [Seen]] {
        var values: [String: [Seen]] = [:]
        var key = ""
        for event in events {
            if case .begin(let text, _, _) = event { key = String(decoding: text, as: UTF8.self) }
            if case .endCollection = event { key = "" }
            if !key.isEmpty { values[key, default: []].append(event) }
        }
        return values
    }

    private func elements(_ texts: [[UInt8]]) -> [Seen] { texts.map { .element($0) } }

    private func sorted(_ events: [Seen]?) -> [String] { (events ?? []).map { "\($0)" }.sorted() }

    @Test(arguments: ValueFixture.allCases)
    func everyTypeThatRedisWritesIsRead(_ fixture: ValueFixture) {
        let values = values(decode(fixture.bytes, piece: { 7 }).events)
        #expect(values.count == 14)
        func parts(_ key: String) -> [Seen] { Array((values[key] ?? []).dropFirst()) }
        let numbers = [
            "a", "1", "-1", "127", "128", "4095", "-4096", "4096", "32767", "32768", "8388607",
            "8388608", "2147483648", "9223372036854775807", "-9223372036854775808",
        ].map { bytes($0) }
        #expect(
            parts("list")
                == elements(numbers + [many("x", 70), many("yz", 3000), bytes("007"), []]))
        #expect(parts("nodes") == elements("abcdefg".map { bytes(String($0)) }))
        #expect(parts("plain") == elements([bytes("first"), many("p", 20000), bytes("last")]))
        #expect(sorted(parts("ints")) == sorted(elements(["3", "1", "2", "-5"].map { bytes($0) })))
        #expect(sorted(parts("ints32")) == sorted(elements(["70000", "1"].map { bytes($0) })))
        #expect(sorted(parts("ints64")) == sorted(elements([bytes("9000000000"), bytes("-1")])))
        #expect(sorted(parts("words")) == sorted(elements(["a", "b", "3", ""].map { bytes($0) })))
        #expect(
            sorted(parts("hash"))
                == sorted([
                    .field(bytes("f"), bytes("v"), expiry: nil),
                    .field(bytes("1"), bytes("2"), expiry: nil),
                    .field(bytes("n"), bytes("-17"), expiry: nil),
                    .field(bytes("long"), many("l", 60), expiry: nil),
                ]))
        #expect(
            values["hash"]?.first
                == .begin(key: bytes("hash"), .hash, RDBAttributes(expiry: 4_102_444_800_000)))
        #expect(
            sorted(parts("table"))
                == sorted([
                    .field(bytes("f"), many("t", 100), expiry: nil),
                    .field(bytes("g"), bytes("h"), expiry: nil),
                ]))
        let scores: [(String, Double)] = [
            ("a", 1), ("b", 2.5), ("c", -3), ("d", .infinity), ("e", -.infinity), ("f", 0.1),
            ("g", 1e300),
        ]
        #expect(
            sorted(parts("zset"))
                == sorted(scores.map { .member(bytes($0.0), score: $0.1) }))
        #expect(
            sorted(parts("skip"))
                == sorted([
                    .member(many("s", 100), score: 1), .member(bytes("b"), score: 2.5),
                    .member(bytes("i"), score: .infinity), .member(bytes("j"), score: -.infinity),
                ]))
    }

    @Test func aStreamOfRedisIsReadWithItsGroups() {
        let values = values(decode(ValueFixture.packed.bytes, piece: { 3 }).events)
        let (given, later) = (Int64(1_795_316_395_149), Int64(1_795_316_395_171))
        let ids = [RDBStreamID(1, 1), RDBStreamID(2, 0), RDBStreamID(5, 5)]
        var state = RDBStreamState()
        state.count = 3
        state.last = ids[2]
        state.first = ids[0]
        state.lastDeleted = RDBStreamID(1, 2)
        state.added = 4
        func pending(_ index: Int, _ time: Int64) -> Seen {
            .pending(RDBPendingEntry(id: ids[index], deliveredAt: time, deliveries: 1))
        }
        #expect(
            values["stream"]?.dropFirst().map { $0 } == [
                .streamEntry(ids[0], ["a", "1", "b", "2"].map { bytes($0) }),
                .streamEntry(ids[1], [bytes("c"), bytes("5")]),
                .streamEntry(ids[2], ["a", "6", "b", "7"].map { bytes($0) }),
                .state(state),
                .group(bytes("g"), last: ids[2], read: 4),
                pending(0, given), pending(1, given), pending(2, later),
                .consumer(bytes("alice"), seenAt: given, activeAt: nil),
                .owned(ids[0]), .owned(ids[1]),
                .consumer(bytes("bob"), seenAt: later, activeAt: nil), .owned(ids[2]),
                .group(bytes("idle"), last: ids[2], read: nil),
                .consumer(bytes("nobody"), seenAt: 1_795_316_395_220, activeAt: nil),
            ])
        #expect(
            values["only"]?.dropFirst().map { $0 } == [
                .state(RDBStreamState()), .group(bytes("h"), last: .zero, read: nil),
            ])
        var empty = RDBStreamState()
        empty.last = RDBStreamID(3, 0)
        empty.lastDeleted = RDBStreamID(3, 0)
        empty.added = 1
        #expect(values["gone"]?.dropFirst().map { $0 } == [.state(empty)])
    }
}
