import Digests
import Memory
import Persistence
import Testing

/// A file with the key `k` and a value whose bytes behind the key are `body`.
func file(_ type: RDBValueType, _ body: [UInt8]) -> [UInt8] {
    Array("REDIS0012".utf8) + [type.rawValue, 1, 107] + body + [255]
        + [UInt8](repeating: 0, count: 8)
}

/// A string as it is stored plainly.
func text(_ bytes: [UInt8]) -> [UInt8] {
    bytes.count < 64
        ? [UInt8(bytes.count)] + bytes
        : [0x80] + OldPacking.little(bytes.count, 4).reversed() + bytes
}

func text(_ string: String) -> [UInt8] { text(Array(string.utf8)) }

/// The parts of the only value of `file`.
func parts(_ file: [UInt8], piece: Int = 1 << 20) -> [Seen] {
    let decoded = decode(file, piece: { piece })
    var events = decoded.events
    guard decoded.error == nil, events.count >= 3, case .begin(let key, _, _) = events[0],
        key == [107], events.popLast() == .end(.disabled), events.popLast() == .endCollection
    else { return [] }
    return Array(events.dropFirst())
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct ValueDecodingTests {
    @Test(arguments: [1, 2]) func elementsOneByOneAreRead(_ type: UInt8) {
        let body = [3] + text("one") + [0xc0, 5] + text("7")
        let expected: [Seen] = [.element(bytes("one")), .element(bytes("5")), .element(bytes("7"))]
        for piece in [1, 7, 65536] {
            let file = file(RDBValueType(rawValue: type) ?? .string, body)
            #expect(parts(file, piece: piece) == expected)
        }
    }

    @Test func scoresAsTextAndAsBytesAreRead() {
        let old =
            [4] + text("a") + text("1.5") + text("b") + [254] + text("c") + [255]
            + text("d") + text("-17")
        let expected: [Seen] = [
            .member([97], score: 1.5), .member([98], score: .infinity),
            .member([99], score: -.infinity), .member([100], score: -17),
        ]
        #expect(parts(file(.textSortedSet, old)) == expected)
        var new: [UInt8] = [4]
        for case .member(let member, let score) in expected {
            new += text(member) + OldPacking.little(Int(bitPattern: UInt(score.bitPattern)), 8)
        }
        #expect(parts(file(.sortedSet, new)) == expected)
        for piece in [1, 7] { #expect(parts(file(.sortedSet, new), piece: piece) == expected) }
    }

    @Test func aScoreThatIsNoNumberIsRefused() {
        let damaged = RDBError.Reason.damaged(.sortedSet, .score)
        let nan = OldPacking.little(Int(bitPattern: UInt(Double.nan.bitPattern)), 8)
        #expect(decode(file(.sortedSet, [1] + text("a") + nan)).error?.reason == damaged)
        #expect(decode(file(.textSortedSet, [1] + text("a") + [253])).error?.reason == damaged)
        for score in ["x", "", "1x", "nan"] {
            let body = [1] + text("a") + text(score)
            #expect(decode(file(.textSortedSet, body)).error?.reason == damaged)
            for type in [RDBValueType.ziplistSortedSet, .listpackSortedSet] {
                let packed = pack(type, [bytes("a"), bytes(score)])
                guard case .damaged(_, .score) = decode(file(type, packed)).error?.reason else {
                    Issue.record("\(score) was taken for a number")
                    continue
                }
            }
        }
    }

    @Test func fieldsMayHaveExpiriesOfTheirOwn() {
        let expected: [Seen] = [
            .field(bytes("f"), bytes("v"), expiry: nil),
            .field(bytes("g"), bytes("w"), expiry: 4_000_000),
            .field(bytes("h"), bytes("x"), expiry: 4_000_010),
        ]
        let plain = text("f") + text("v")
        let (second, third) = (text("g") + text("w"), text("h") + text("x"))
        let relative =
            OldPacking.little(4_000_000, 8) + [3, 0] + plain + [1] + second + [11] + third
        #expect(parts(file(.expiringHash, relative), piece: 1) == expected)
        let absolute =
            [3, 0] + plain + [0x80, 0, 0x3d, 0x09, 0x00] + second + [0x80, 0, 0x3d, 0x09, 0x0a]
            + third
        #expect(parts(file(.earlyExpiringHash, absolute), piece: 3) == expected)
        let packed = text(
            NewPacking.listpack(
                ["f", "v", "0", "g", "w", "4000000", "h", "x", "4000010"].map { bytes($0) }))
        #expect(parts(file(.earlyExpiringListpackHash, packed)) == expected)
        #expect(
            parts(file(.expiringListpackHash, OldPacking.little(9, 8) + packed), piece: 1)
                == expected)
    }

    @Test func anExpiryBeyondAllTimeIsRefused() {
        let huge: [UInt8] = [0x81] + [UInt8](repeating: 0xff, count: 8)
        let field = text("f") + text("v")
        for body in [[1] + huge + field, [1, 0x81, 0, 1, 0, 0, 0, 0, 0, 0] + field] {
            #expect(
                decode(file(.earlyExpiringHash, body)).error?.reason == .damaged(.hash, .expiry))
        }
        let wrapped = OldPacking.little(-1, 8) + [1, 5] + field
        #expect(decode(file(.expiringHash, wrapped)).error?.reason == .damaged(.hash, .expiry))
        for expiry in ["-1", "never", "281474976710656"] {
            let packed = text(NewPacking.listpack([[102], [118], bytes(expiry)]))
            #expect(
                decode(file(.earlyExpiringListpackHash, packed)).error?.reason
                    == .damaged(.listpack, .expiry))
        }
    }

    @Test func listsOfNodesAreOneList() {
        let nodes: [[[UInt8]]] = [[bytes("a"), bytes("1")], [], [bytes("b")]]
        let expected: [Seen] = ["a", "1", "b"].map { .element(bytes($0)) }
        let old: [UInt8] = [3] + nodes.flatMap { text(OldPacking.ziplist($0)) }
        #expect(parts(file(.ziplistQuicklist, old), piece: 1) == expected)
        let new: [UInt8] = [3] + nodes.flatMap { [2] + text(NewPacking.listpack($0)) }
        #expect(parts(file(.quicklist, new), piece: 1) == expected)
        let mixed =
            [4, 1] + text("first") + [2] + text(NewPacking.listpack(nodes[1])) + [2]
            + text(NewPacking.listpack(nodes[0])) + [1] + text("66")
        for piece in [1, 7, 65536] {
            #expect(
                parts(file(.quicklist, mixed), piece: piece)
                    == ["first", "a", "1", "66"].map { .element(bytes($0)) })
        }
        let reason = RDBError.Reason.damaged(.list, .form)
        #expect(decode(file(.quicklist, [1, 3] + text("x"))).error?.reason == reason)
        #expect(decode(file(.quicklist, [1, 1, 0])).error?.reason == .damaged(.list, .empty))
    }

    @Test func valuesWithNothingInThemAreSkippedAndCounted() {
        let ziplist = text(OldPacking.ziplist([]))
        let listpack = text(NewPacking.listpack([]))
        let empties: [(RDBValueType, [UInt8])] = [
            (.list, [0]), (.set, [0]), (.textSortedSet, [0]), (.hash, [0]), (.sortedSet, [0]),
            (.ziplistList, ziplist), (.ziplistSortedSet, ziplist), (.ziplistHash, ziplist),
            (.ziplistQuicklist, [0]), (.ziplistQuicklist, [2] + ziplist + ziplist),
            (.listpackHash, listpack), (.listpackSortedSet, listpack), (.listpackSet, listpack),
            (.quicklist, [0]), (.quicklist, [1, 2] + listpack), (.earlyExpiringHash, [0]),
            (.expiringHash, [UInt8](repeating: 1, count: 8) + [0]),
            (.earlyExpiringListpackHash, listpack),
        ]
        for (type, body) in empties {
            for piece in [1, 7, 65536] {
                let decoded = decode(file(type, body), piece: { piece })
                #expect(decoded.events == [.end(.disabled)] && decoded.error == nil, "\(type)")
                #expect(decoded.emptyKeys == 1)
            }
        }
        #expect(
            decode(file(.intset, text(NewPacking.intset([])))).error?.reason
                == .damaged(.intset, .empty))
        #expect(
            decode(file(.zipmapHash, text([0, 255]))).error?.reason == .damaged(.zipmap, .empty))
    }

    @Test func attributesBelongToOneValueOnly() {
        let expiry = [252] + OldPacking.little(77, 8)
        let values = [249, 9, 1, 1, 107, 1] + text("a") + [2, 1, 108, 1] + text("b")
        let decoded = decode(Array("REDIS0002".utf8) + expiry + values + [255])
        #expect(
            decoded.events == [
                .begin(key: [107], .list, RDBAttributes(expiry: 77, frequency: 9)),
                .element([97]), .endCollection, .begin(key: [108], .set, RDBAttributes()),
                .element([98]), .endCollection, .end(.absent),
            ])
    }

    @Test func theKeyIsKnownWhileItsValueIsRead() throws {
        var decoder = RDBDecoder(heap: Heap())
        file(.list, [2] + text("a") + text("b")).prefix(16).map { $0 }.withView {
            decoder.feed($0)
        }
        guard case .begin = try decoder.next() else { return }
        _ = try decoder.next()
        #expect(decoder.key.string == "k")
    }
}

/// `items` packed as `type` asks for it.
func pack(_ type: RDBValueType, _ items: [[UInt8]]) -> [UInt8] {
    switch type {
    case .zipmapHash: text(OldPacking.zipmap(items))
    case .ziplistList, .ziplistSortedSet, .ziplistHash: text(OldPacking.ziplist(items))
    case .ziplistQuicklist: [1] + text(OldPacking.ziplist(items))
    case .quicklist: [1, 2] + text(NewPacking.listpack(items))
    case .expiringListpackHash:
        OldPacking.little(1, 8) + text(NewPacking.listpack(items))
    default: text(NewPacking.listpack(items))
    }
}
