import Digests
import Memory
import Persistence
import Testing

@Suite struct DecodingTests {
    @Test func everyStringEncodingOfRedisIsRead() {
        let decoded = decode(Fixture.plain.bytes)
        #expect(decoded.error == nil)
        var values: [String: String] = [:]
        for event in decoded.events {
            if let key = event.key, let value = event.value {
                values[key] = String(decoding: value, as: UTF8.self)
            }
        }
        #expect(values.count == 20)
        #expect(values["int8"] == "-5" && values["int8max"] == "127" && values["zero"] == "0")
        #expect(values["int16"] == "-300" && values["int32"] == "2000000000")
        #expect(values["int64"] == "9223372036854775807")
        #expect(values["min64"] == "-9223372036854775808")
        #expect(values["padded"] == "007" && values["float"] == "3.25" && values["empty"] == "")
        #expect(values[""] == "empty key" && values["12345"] == "integer key")
        #expect(values["repeat"] == String(repeating: "abcd", count: 200))
        #expect(decoded.events.first { $0.key == "binary" }?.value == Array(0...255))
        let long = (0..<20000).map { UInt8((($0 * 7919) >> 3) & 255) }
        let isLong = decoded.events.contains { $0.key == "long" && $0.value == long }
        #expect(isLong)
    }

    @Test func databasesExpiriesAndTheChecksumAreRead() {
        let events = decode(Fixture.plain.bytes).events
        #expect(events.contains(.select(0)) && events.contains(.resize(18, 1)))
        #expect(events.contains(.select(3)) && events.contains(.resize(2, 1)))
        #expect(events.first { $0.key == "soon" }?.expiry == 4_102_444_800_123)
        #expect(events.first { $0.key == "expiring" }?.expiry == 4_102_444_800_000)
        #expect(events.first { $0.key == "text" }?.expiry == nil)
        #expect(events.contains(.aux("redis-ver", "7.0.15")) && events.last == .end(.verified))
    }

    @Test func idleTimesAreReadAndAMissingChecksumIsTold() {
        let events = decode(Fixture.recency.bytes).events
        let timed = RDBAttributes(expiry: 4_102_444_800_000, idle: 0)
        #expect(
            events.contains(
                .entry(key: Array("t".utf8), value: [49], wasInteger: true, timed)))
        #expect(
            events.contains(
                .entry(
                    key: Array("c".utf8), value: Array(repeating: 100, count: 30),
                    wasInteger: false, RDBAttributes(idle: 0))))
        #expect(events.last == .end(.disabled))
    }

    @Test func frequenciesFunctionsAndTheStreamPositionAreRead() {
        let events = decode(Fixture.frequency.bytes).events
        #expect(
            events.contains(
                .entry(
                    key: Array("z".utf8), value: [57], wasInteger: true,
                    RDBAttributes(frequency: 5))))
        #expect(events.contains(.aux("repl-stream-db", "2")))
        #expect(events.contains(.aux("repl-id", "4d8a5c74d75d9667bb5f3b5c5755c7a96588f756")))
        #expect(events.contains(.aux("repl-offset", "50")))
        let code = "#!lua name=lib\nredis.register_function(\"f\",function() return 1 end)"
        #expect(events.contains(.function(code)))
    }

    @Test(arguments: Fixture.allCases)
    func anyCutGivesTheSameEvents(_ fixture: Fixture) {
        let whole = decode(fixture.bytes)
        #expect(decode(fixture.bytes, piece: { 1 }).events == whole.events)
        var random = RandomGenerator(seed: 7)
        for _ in 0..<60 {
            let cut = decode(fixture.bytes, piece: { 1 + random.below(40) })
            #expect(cut.events == whole.events && cut.error == nil)
        }
    }

    @Test(arguments: Fixture.allCases)
    func aFileCutShortAnywhereIsAnError(_ fixture: Fixture) {
        let bytes = fixture.bytes
        for length in stride(from: 0, to: bytes.count, by: bytes.count > 500 ? 7 : 1) {
            let decoded = decode(Array(bytes[0..<length]))
            #expect(decoded.error == RDBError(offset: length, .truncated))
        }
    }

    @Test(arguments: Fixture.allCases)
    func damagedFilesAreErrorsOrOtherDataButNeverACrash(_ fixture: Fixture) {
        var random = RandomGenerator(seed: 11)
        var refused = 0
        for _ in 0..<4000 {
            var bytes = fixture.bytes
            for _ in 0...random.below(4) {
                bytes[random.below(bytes.count)] = UInt8(random.below(256))
            }
            if random.below(4) == 0 { bytes.removeLast(random.below(bytes.count)) }
            let decoded = decode(bytes, verifies: false, piece: { 1 + random.below(4096) })
            if decoded.error != nil { refused += 1 }
            #expect(decoded.peak < 2 << 20)
        }
        #expect(refused > 100)
    }

    @Test func aFlippedBitIsFoundByTheChecksum() {
        var bytes = Fixture.plain.bytes
        let text = Array("hello".utf8)
        let at = bytes.indices.first { bytes[$0...].starts(with: text) }!
        bytes[at] ^= 1
        let decoded = decode(bytes)
        guard case .wrongChecksum = decoded.error?.reason else {
            Issue.record("no checksum error: \(decoded)")
            return
        }
        #expect(decode(bytes, verifies: false).events.last == .end(.unchecked))
    }

    @Test(arguments: [
        ("XEDIS0010", 0, RDBError.Reason.wrongSignature),
        ("REDIS00x0", 5, .wrongSignature),
        ("REDIS0000", 5, .unsupportedVersion(0)),
        ("REDIS0013", 5, .unsupportedVersion(13)),
    ])
    func aForeignHeaderIsRefused(_ text: String, _ offset: Int, _ reason: RDBError.Reason) {
        #expect(decode(Array(text.utf8)).error == RDBError(offset: offset, reason))
    }

    @Test(arguments: 1...12)
    func everyVersionUpToTwelveIsRead(_ version: Int) {
        let digits = String(version)
        let header = "REDIS" + String(repeating: "0", count: 4 - digits.count) + digits
        var file = Array(header.utf8) + [0, 1, 97, 1, 98, 255]
        if version >= 5 { file += [UInt8](repeating: 0, count: 8) }
        let decoded = decode(file)
        #expect(decoded.error == nil)
        #expect(decoded.events.last == .end(version >= 5 ? .disabled : .absent))
        #expect(decoded.events.first?.value == [98])
    }

    @Test func bytesBehindTheEndAreLeftAlone() {
        let heap = Heap()
        var decoder = RDBDecoder(heap: heap)
        (Fixture.frequency.bytes + Array("*1".utf8)).withView { decoder.feed($0) }
        while !decoder.isFinished { _ = try? decoder.next() }
        #expect(decoder.remainder.string == "*1")
        #expect(throws: RDBError(offset: 266, .trailingBytes)) { try decoder.finish() }
    }
}

/// Files made by hand, byte by byte.
@Suite struct HostileFileTests {
    static let header = Array("REDIS0010".utf8)

    private func error(_ body: [UInt8]) -> RDBError? { decode(Self.header + body).error }

    @Test func secondsOfExpiryAreReadAndMinusOneMeansNone() {
        let old = decode(Self.header + [253, 0, 0, 0, 0x80, 0, 1, 97, 0])
        #expect(old.events.first?.expiry == -2_147_483_648_000)
        let none = decode(
            Self.header + [252] + [UInt8](repeating: 255, count: 8) + [0, 1, 97, 0])
        #expect(none.events.count == 1 && none.events.first?.expiry == nil)
    }

    @Test func anUnknownTypeIsNamedWithItsPlace() {
        #expect(error([8]) == RDBError(offset: 10, .unknownType(8)))
        #expect(error([200]) == RDBError(offset: 10, .unknownType(200)))
        #expect(error([26]) == RDBError(offset: 10, .unknownType(26)))
        #expect(error([7, 1, 97]) == RDBError(offset: 10, .unsupportedType("module value")))
        #expect(error([6])?.description.contains("'module value'") == true)
        #expect(error([246]) != nil)
    }

    @Test func lengthsThatMakeNoSenseAreRefused() {
        #expect(error([0, 0x82]) == RDBError(offset: 11, .unknownLength(0x82)))
        #expect(error([254, 0xc0]) == RDBError(offset: 11, .misplacedEncoding))
        #expect(error([0, 0xc4]) == RDBError(offset: 11, .unknownEncoding(4)))
        let huge: [UInt8] = [0x81] + [UInt8](repeating: 0xff, count: 8)
        #expect(error([0] + huge) == RDBError(offset: 19, .stringTooLong(.max)))
        #expect(error([254] + huge) == RDBError(offset: 19, .databaseOutOfRange(.max)))
        let resized = decode(Self.header + [251] + huge + huge)
        #expect(resized.events == [.resize(.max, .max)])
    }

    @Test func aLongStringThatNeverComesTakesNoMemory() {
        let claim: [UInt8] = [0, 1, 97, 0x80, 0x1f, 0xff, 0xff, 0xff]
        let decoded = decode(Self.header + claim + [UInt8](repeating: 1, count: 100))
        #expect(decoded.error?.reason == .truncated)
        #expect(decoded.peak < 4096)
    }

    @Test func aLongStringIsReadInPiecesWithRoomForItselfOnly() {
        let length = 3 << 20
        let value = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let head: [UInt8] = [0, 1, 97, 0x80, 0, 0x30, 0, 0]
        let decoded = decode(Self.header + head + value + [255], piece: { 64 * 1024 })
        #expect(decoded.events.first?.value == value)
        #expect(decoded.peak < 2 * length + (256 << 10))
    }

    @Test func compressionBombsAreRefusedBeforeTheyAreUnpacked() {
        // Four bytes that claim to be 512 MB.
        let lie: [UInt8] = [0, 1, 97, 0xc3, 4, 0x80, 0x20, 0, 0, 0, 1, 2, 3, 4]
        let decoded = decode(Self.header + lie)
        #expect(decoded.error?.reason == .invalidLZF)
        #expect(decoded.peak < 4096)
        // A length that is possible, but not what the bytes give.
        #expect(error([0, 1, 97, 0xc3, 2, 5, 0, 65])?.reason == .invalidLZF)
        #expect(error([0, 1, 97, 0xc3, 0, 0])?.reason == .invalidLZF)
    }

    @Test func aSmallerLimitIsKept() {
        let file = Self.header + [0, 1, 97, 5] + Array("hello".utf8)
        #expect(decode(file, stringLimit: 5).events.count == 1)
        #expect(decode(file, stringLimit: 4).error == RDBError(offset: 13, .stringTooLong(5)))
    }

    @Test func moduleDataAreSkippedAndNamed() {
        // A module's number packs nine letters of six bits: all A but the last, B.
        let id: [UInt8] = [0x81, 0, 0, 0, 0, 0, 0, 4, 0]
        let parts: [UInt8] = [
            1, 9, 3, 1, 2, 3, 4, 4, 1, 2, 3, 4, 5, 6, 7, 8, 5, 3, 65, 66, 67, 5, 0xc0, 1,
        ]
        let file = Self.header + [247] + id + [2, 1] + parts + [0, 0, 1, 97, 1, 98]
        for size in [1, 3, 100] {
            let decoded = decode(file, piece: { size })
            #expect(decoded.events.count == 2 && decoded.events.first == .moduleAux("AAAAAAAAB"))
        }
        #expect(error([247] + id + [1, 1])?.reason == .invalidModuleData)
        #expect(error([247] + id + [2, 1, 9])?.reason == .invalidModuleData)
    }
}
