import DataStructures
import Digests
import Memory
import Persistence
import Testing

private func with(_ bytes: [UInt8], _ body: (RDBItem) -> Void) {
    bytes.withView { body(RDBItem(text: $0)) }
}

@Suite struct ValueEncodingTests {
    /// A file with one value that `body` writes, and its parts as they are read.
    private func written(
        _ type: RDBValueType, count: Int?, compresses: Bool = true,
        _ body: (inout RDBEncoder, inout ByteBuffer) -> Void
    ) -> [Seen] {
        let file = encode(compresses: compresses) { encoder, buffer in
            encoder.beginCollection(type, ByteView("k"), count: count, into: &buffer)
            body(&encoder, &buffer)
        }
        let decoded = decode(file, piece: { 11 })
        #expect(decoded.error == nil && decoded.events.last == .end(.verified))
        return Array(decoded.events.dropFirst().dropLast(2))
    }

    @Test func valuesOnePartAtATimeComeBack() {
        var random = RandomGenerator(seed: 2)
        for _ in 0..<30 {
            let texts = random.texts(1 + random.below(30))
            for type in [RDBValueType.list, .set] {
                let read = written(type, count: texts.count) { encoder, buffer in
                    for item in texts { with(item) { encoder.element($0, into: &buffer) } }
                }
                #expect(read == texts.map { .element($0) })
            }
            let values = texts.map { _ in random.text() }
            let hash = written(.hash, count: texts.count) { encoder, buffer in
                for (field, value) in zip(texts, values) {
                    with(field) { field in
                        with(value) { encoder.field(field, $0, into: &buffer) }
                    }
                }
            }
            #expect(hash == zip(texts, values).map { .field($0, $1, expiry: nil) })
            let scores = texts.map { _ in random.score() }
            let set = written(.sortedSet, count: texts.count) { encoder, buffer in
                for (member, score) in zip(texts, scores) {
                    with(member) { encoder.member($0, score: score, into: &buffer) }
                }
            }
            #expect(set == zip(texts, scores).map { .member($0, score: $1) })
        }
    }

    @Test func listsOfNodesAndLongElementsComeBack() {
        let long = [UInt8](repeating: 9, count: 9000)
        let read = written(.quicklist, count: 3) { encoder, buffer in
            NewPacking.listpack([[97], [49]]).withView { encoder.node($0, into: &buffer) }
            long.withView { encoder.longElement($0, into: &buffer) }
            NewPacking.listpack([[98]]).withView { encoder.node($0, into: &buffer) }
        }
        #expect(read == [[97], [49], long, [98]].map { .element($0) })
    }

    @Test func packedScoresComeBackToTheBit() {
        var random = RandomGenerator(seed: 6)
        var scores = (0..<500).map { _ in random.score() }
        scores += [
            0.1, 0x1p62, -0x1p62, 0x1p63, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e17, 0,
            -0.0,
        ]
        var builder = ListpackBuilder(heap: Heap())
        for (index, score) in scores.enumerated() {
            builder.append(.integer(Int64(index)))
            builder.append(score: score)
        }
        let listpack = builder.finish().bytes
        let read = written(.listpackSortedSet, count: nil) { encoder, buffer in
            listpack.withView { encoder.packed($0, into: &buffer) }
        }
        let bits = read.map { event -> UInt64 in
            if case .member(_, let score) = event { score.bitPattern } else { 0 }
        }
        #expect(bits == scores.map { $0.bitPattern })
    }

    @Test func aListpackIsThatOfRedis() {
        // `HSET h f v 1 -17`, as redis-server 7.0.15 keeps it.
        let bytes: [UInt8] = [
            0x11, 0, 0, 0, 4, 0, 0x81, 0x66, 2, 0x81, 0x76, 2, 1, 1, 0xdf, 0xef, 2, 0xff,
        ]
        var expected = bytes
        expected[0] = UInt8(bytes.count)
        let items = ["f", "v", "1", "-17"].map { Array($0.utf8) }
        #expect(NewPacking.listpack(items) == expected)
        var size = ListpackBuilder(heap: Heap()).byteCount
        for item in items { with(item) { size += ListpackBuilder.byteCount($0) } }
        #expect(size == expected.count)
    }

    @Test func linksBackHaveTheLengthsThatRedisGivesThem() {
        // The whole item has so many bytes; Redis never uses the highest number of two bytes.
        for (size, link) in [(127, 1), (128, 2), (16382, 2), (16383, 3), (16384, 3)] {
            let head = size - 2 < 4096 && size > 65 ? 2 : 5
            let text = [UInt8](repeating: 120, count: size - head)
            let listpack = NewPacking.listpack([text, [97]])
            #expect(listpack.count == 6 + size + link + 3 + 1)
            #expect(
                parts(
                    file(
                        .quicklist,
                        [1, 2, 0x80] + OldPacking.little(listpack.count, 4).reversed()
                            + listpack)) == [.element(text), .element([97])])
        }
    }

    @Test func payloadsOfEveryKindAreReadPartByPart() throws {
        var buffer = ByteBuffer(heap: Heap())
        DumpPayload.append(.hash, heap: Heap(), to: &buffer) { encoder, buffer in
            encoder.partCount(1, into: &buffer)
            with([102]) { encoder.field($0, .integer(5), into: &buffer) }
        }
        #expect(DumpPayload.isIntact(buffer.readable))
        #expect(
            try read(buffer.readable.bytes) == [
                .begin(key: [], .hash, RDBAttributes()), .field([102], [53], expiry: nil),
                .endCollection, .end(.verified),
            ])
        var string = ByteBuffer(heap: Heap())
        DumpPayload.append(.integer(7), heap: Heap(), to: &string)
        #expect(
            try read(string.readable.bytes) == [
                .entry(key: [], value: [55], wasInteger: true, RDBAttributes()), .end(.verified),
            ])
    }

    private func read(_ payload: [UInt8]) throws(RDBError) -> [Seen] {
        try payload.withView { view throws(RDBError) in
            var reader = DumpReader(view, heap: Heap())
            var events: [Seen] = []
            while let seen = Seen(try reader.next()) {
                events.append(seen)
                if case .end = seen { break }
            }
            return events
        }
    }

    @Test func damagedPayloadsAreErrors() throws {
        let footer = [UInt8](repeating: 0, count: 10)
        let packed = pack(.listpackSet, [[97], [98], [99]])
        #expect(try read([20] + packed + footer).count == 6)
        for index in packed.indices {
            #expect(throws: RDBError.self) { try read([20] + packed[0..<index] + footer) }
        }
        #expect(throws: RDBError(offset: 1 + packed.count, .trailingBytes)) {
            try read([20] + packed + [0] + footer)
        }
        #expect(throws: RDBError(offset: 2, .damaged(.list, .empty))) {
            try read([1, 0] + footer)
        }
        #expect(throws: RDBError(offset: 1, .unknownType(99))) { try read([99] + footer) }
        #expect(throws: RDBError(offset: 0, .truncated)) { try read(footer) }
    }
}
