import Digests
import Memory
import Persistence
import Testing

/// Builds a whole file.
func encode(
    compresses: Bool = true, checks: Bool = true,
    _ body: (inout RDBEncoder, inout ByteBuffer) -> Void
) -> [UInt8] {
    let heap = Heap()
    var encoder = RDBEncoder(heap: heap, compresses: compresses, checks: checks)
    var buffer = ByteBuffer(heap: heap)
    encoder.header(into: &buffer)
    body(&encoder, &buffer)
    encoder.end(into: &buffer)
    return buffer.readable.bytes
}

@Suite struct EncodingTests {
    private func put(
        _ key: String, _ value: [UInt8], _ attributes: RDBAttributes = RDBAttributes(),
        _ encoder: inout RDBEncoder, _ buffer: inout ByteBuffer
    ) {
        Array(key.utf8).withView { key in
            value.withView { encoder.entry(key, .string($0), attributes, into: &buffer) }
        }
    }

    @Test func theFileRedisWroteIsWrittenByteForByte() {
        // The order of the entries is the one in which Redis's table gave them.
        let events = decode(Fixture.recency.bytes).events
        let file = encode(compresses: false, checks: false) { encoder, buffer in
            let used = events.lazy.compactMap { event -> Int? in
                if case .aux("used-mem", let text) = event { Int(text) } else { nil }
            }.first!
            let created = events.lazy.compactMap { event -> Int64? in
                if case .aux("ctime", let text) = event { Int64(text) } else { nil }
            }.first!
            encoder.information(
                RDBInformation(version: "7.0.15", createdAt: created, usedMemory: used),
                into: &buffer)
            encoder.select(0, into: &buffer)
            encoder.resize(keys: 3, expires: 1, into: &buffer)
            for case .entry(let key, let value, _, let attributes) in events {
                put(String(decoding: key, as: UTF8.self), value, attributes, &encoder, &buffer)
            }
        }
        #expect(file == Fixture.recency.bytes)
    }

    @Test func integersTakeTheShortestFormWhicheverWayTheyAreHeld() {
        let numbers: [Int64] = [
            0, -1, 127, -128, 128, -129, 32767, -32768, 32768, 2_147_483_647, -2_147_483_648,
            2_147_483_648, .max, .min,
        ]
        for number in numbers {
            let text = Array("\(number)".utf8)
            let asText = encode { put("k", text, RDBAttributes(), &$0, &$1) }
            let asNumber = encode { encoder, buffer in
                encoder.entry(ByteView("k"), .integer(number), into: &buffer)
            }
            // Beyond eleven characters Redis does not look at the text.
            if text.count <= 11 { #expect(asText == asNumber) }
            for file in [asText, asNumber] {
                let decoded = decode(file)
                #expect(decoded.events.first?.value == text && decoded.error == nil)
            }
            if let short = Int32(exactly: number) {
                let width = Int8(exactly: short) != nil ? 1 : Int16(exactly: short) != nil ? 2 : 4
                #expect(asNumber.count == 9 + 3 + 1 + width + 9)
            }
        }
    }

    @Test func lengthsAreWrittenAsRedisWritesThem() {
        func head(_ length: Int) -> [UInt8] {
            let value = [UInt8](repeating: 120, count: length)
            let file = encode(compresses: false) { put("k", value, RDBAttributes(), &$0, &$1) }
            return Array(file[12..<file.count - 9 - length])
        }
        #expect(head(63) == [63])
        #expect(head(64) == [0x40, 64])
        #expect(head(16383) == [0x7f, 0xff])
        #expect(head(16384) == [0x80, 0, 0, 0x40, 0])
    }

    @Test func compressionIsTriedBeyondTwentyBytesAndOnlyIfItGains() {
        let twenty = [UInt8](repeating: 97, count: 20)
        let more = [UInt8](repeating: 97, count: 21)
        #expect(encode { put("k", twenty, RDBAttributes(), &$0, &$1) }[12] == 20)
        #expect(encode { put("k", more, RDBAttributes(), &$0, &$1) }[12] == 0xc3)
        let plain = encode(compresses: false) { put("k", more, RDBAttributes(), &$0, &$1) }
        #expect(plain[12] == 21)
        var random = RandomGenerator(seed: 3)
        let noise = (0..<60).map { _ in UInt8(random.below(256)) }
        #expect(encode { put("k", noise, RDBAttributes(), &$0, &$1) }[12] == 60)
    }

    @Test func whatIsWrittenIsReadBackThroughAnyCut() {
        var random = RandomGenerator(seed: 5)
        for round in 0..<40 {
            var expected: [Seen] = []
            let file = encode(compresses: round % 2 == 0, checks: round % 3 != 0) {
                encoder, buffer in
                for database in 0..<3 {
                    encoder.select(database, into: &buffer)
                    encoder.resize(keys: 20, expires: 1, into: &buffer)
                    expected += [.select(database), .resize(20, 1)]
                    for _ in 0..<random.below(20) {
                        let key = random.hex(random.below(40))
                        let letters = random.below(2) == 0 ? 2 : 256
                        let value = (0..<random.below(600)).map { _ in UInt8(random.below(letters))
                        }
                        var attributes = RDBAttributes()
                        if random.below(2) == 0 { attributes.expiry = Int64(random.below(1 << 40)) }
                        if random.below(3) == 0 { attributes.idle = random.below(100_000) }
                        if random.below(3) == 0 { attributes.frequency = UInt8(random.below(256)) }
                        put(key, value, attributes, &encoder, &buffer)
                        expected.append(
                            .entry(
                                key: Array(key.utf8), value: value, wasInteger: false, attributes))
                    }
                }
            }
            expected.append(.end(round % 3 != 0 ? .verified : .disabled))
            let decoded = decode(file, piece: { 1 + random.below(200) })
            #expect(decoded.error == nil)
            #expect(decoded.events == expected)
        }
    }

    @Test func theStreamPositionAndFunctionsAreWritten() {
        let id = String(repeating: "ab", count: 20)
        let file = encode { encoder, buffer in
            encoder.information(
                RDBInformation(
                    version: "7.0.15", createdAt: 1, usedMemory: 2,
                    stream: RDBInformation.Stream(database: 3, id: id, offset: 40),
                    isLogBase: true),
                into: &buffer)
            encoder.function(ByteView("#!lua name=x\n"), into: &buffer)
        }
        #expect(
            decode(file).events == [
                .aux("redis-ver", "7.0.15"), .aux("redis-bits", "64"), .aux("ctime", "1"),
                .aux("used-mem", "2"), .aux("repl-stream-db", "3"), .aux("repl-id", id),
                .aux("repl-offset", "40"), .aux("aof-base", "1"), .function("#!lua name=x\n"),
                .end(.verified),
            ])
    }
}

@Suite struct DumpPayloadTests {
    private func dump(_ value: [UInt8]) -> [UInt8] {
        let heap = Heap()
        var buffer = ByteBuffer(heap: heap)
        value.withView { DumpPayload.append(.string($0), heap: heap, to: &buffer) }
        return buffer.readable.bytes
    }

    private func restore(_ payload: [UInt8]) throws(RDBError) -> [UInt8] {
        var scratch = ByteBuffer(heap: Heap())
        return try payload.withView { view throws(RDBError) in
            switch try DumpPayload.value(of: view, scratch: &scratch) {
            case .string(let bytes): bytes.bytes
            case .integer(let number): Array("\(number)".utf8)
            }
        }
    }

    private func isIntact(_ payload: [UInt8]) -> Bool {
        payload.withView { DumpPayload.isIntact($0) }
    }

    @Test func thePayloadOfRedisIsGivenAndTaken() throws {
        // `SET k 10`, `DUMP k` of redis-server 7.0.15.
        let payload: [UInt8] = [
            0x00, 0xc0, 0x0a, 0x0a, 0x00, 0x6e, 0x9f, 0x57, 0x45, 0x0e, 0xae, 0x63, 0xbb,
        ]
        #expect(dump(Array("10".utf8)) == payload)
        #expect(isIntact(payload))
        #expect(try restore(payload) == Array("10".utf8))
    }

    @Test func valuesComeBack() throws {
        for value in [[], Array("text".utf8), [UInt8](repeating: 9, count: 5000)] {
            let payload = dump(value)
            #expect(isIntact(payload))
            #expect(try restore(payload) == value)
        }
    }

    @Test func anyDamageIsNoticed() {
        let payload = dump(Array("some text".utf8))
        for index in payload.indices {
            var damaged = payload
            damaged[index] ^= 4
            #expect(!isIntact(damaged))
            #expect(!isIntact(Array(payload[0..<index])))
        }
    }

    @Test func aWrongBodyUnderARightChecksumIsAnError() {
        #expect(throws: RDBError(offset: 1, .unsupportedType("list"))) {
            try restore([1, 0] + [UInt8](repeating: 0, count: 10))
        }
        #expect(throws: RDBError(offset: 2, .trailingBytes)) {
            try restore([0, 0, 7] + [UInt8](repeating: 0, count: 10))
        }
        #expect(throws: RDBError(offset: 2, .truncated)) {
            try restore([0, 5] + [UInt8](repeating: 0, count: 10))
        }
        #expect(throws: RDBError(offset: 0, .truncated)) { try restore([1, 2]) }
    }
}
