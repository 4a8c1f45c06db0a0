import Digests
import Foundation
import Memory
import RESP
import Testing

/// `value` as bytes.
private func encode(_ value: RESPValue, _ version: RESPVersion) -> [UInt8] {
    var writer = ReplyWriter(heap: Heap())
    writer.version = version
    writer.value(value)
    return writer.buffer.readable.bytes
}

/// What `body` writes, as text.
private func written(_ version: RESPVersion, _ body: (inout ReplyWriter) -> Void) -> String {
    var writer = ReplyWriter(heap: Heap())
    writer.version = version
    body(&writer)
    return writer.buffer.readable.string
}

/// The replies in `stream` as it arrives cut behind the bytes `cuts`.
private func decode(
    _ stream: [UInt8], cuts: [Int] = [], limits: ReplyLimits = ReplyLimits()
) -> (values: [RESPValue], failure: RESPError?, parser: ReplyParser) {
    var parser = ReplyParser(limits: limits)
    var values: [RESPValue] = []
    var start = 0
    for end in cuts + [stream.count] {
        var failure: RESPError?
        Array(stream[start..<end]).withView { view in
            var position = 0
            loop: while true {
                switch parser.next(view, at: position) {
                case .incomplete: break loop
                case .value(let value, let end):
                    values.append(value)
                    position = end
                case .failure(let error):
                    failure = error
                    break loop
                }
            }
            start += position
        }
        if let failure { return (values, failure, parser) }
    }
    return (values, nil, parser)
}

/// What RESP2 can say of `value`.
private func inRESP2(_ value: RESPValue) -> RESPValue {
    switch value {
    case .array(let items), .map(let items), .set(let items), .push(let items):
        .array(items.map(inRESP2))
    case .double(let number): .bulk(DoubleText.format(number))
    case .boolean(let flag): .integer(flag ? 1 : 0)
    case .verbatim(_, let bytes): .bulk(bytes)
    case .bigNumber(let text): .text(text)
    default: value
    }
}

/// A null array is a plain null in RESP3.
private func inRESP3(_ value: RESPValue) -> RESPValue {
    switch value {
    case .nullArray: .null
    case .array(let items): .array(items.map(inRESP3))
    case .map(let items): .map(items.map(inRESP3))
    case .set(let items): .set(items.map(inRESP3))
    case .push(let items): .push(items.map(inRESP3))
    default: value
    }
}

extension RandomGenerator {
    fileprivate mutating func value(depth: Int) -> RESPValue {
        let text = String(next())
        switch below(depth > 0 ? 14 : 10) {
        case 0: return .simple(text)
        case 1: return .error("ERR " + text)
        case 2: return .integer(Int64(bitPattern: next()))
        case 3: return .bulk(bytes(20))
        case 4: return .null
        case 5: return .nullArray
        case 6:
            let number = Double(bitPattern: next())
            return .double(number.isNaN ? -.infinity : number)
        case 7: return .boolean(below(2) == 0)
        case 8: return .verbatim("txt", bytes(20))
        case 9: return .bigNumber("-123" + text)
        case 10: return .array((0..<below(4)).map { _ in value(depth: depth - 1) })
        case 11: return .map((0..<2 * below(4)).map { _ in value(depth: depth - 1) })
        case 12: return .set((0..<below(4)).map { _ in value(depth: depth - 1) })
        default: return .push((0..<below(4)).map { _ in value(depth: depth - 1) })
        }
    }
}

@Suite("Replies")
struct ReplyTests {
    @Test("Every value survives writing and parsing, in both versions", arguments: 0..<300)
    func roundTrip(_ seed: Int) {
        var random = RandomGenerator(seed: UInt64(seed))
        let value = random.value(depth: 4)
        let two = encode(value, .two)
        #expect(decode(two).values == [inRESP2(value)])
        let three = encode(value, .three)
        #expect(decode(three).values == [inRESP3(value)])
        #expect(decode(three, cuts: random.cuts(three.count)).values == [inRESP3(value)])
        #expect(decode(three, cuts: Array(1..<three.count)).values == [inRESP3(value)])
    }

    @Test("Each kind of reply has its form in each version")
    func forms() {
        func both(_ body: (inout ReplyWriter) -> Void) -> [String] {
            [written(.two, body), written(.three, body)]
        }
        #expect(both { $0.ok() } == ["+OK\r\n", "+OK\r\n"])
        #expect(both { $0.simple("QUEUED") } == ["+QUEUED\r\n", "+QUEUED\r\n"])
        #expect(both { $0.integer(-42) } == [":-42\r\n", ":-42\r\n"])
        #expect(both { $0.bulk("abc") } == ["$3\r\nabc\r\n", "$3\r\nabc\r\n"])
        #expect(both { $0.bulk(ByteView.empty) } == ["$0\r\n\r\n", "$0\r\n\r\n"])
        #expect(both { $0.bulk(decimal: Int.min) }[0] == "$20\r\n-9223372036854775808\r\n")
        #expect(both { $0.bulk(decimal: 10) }[0] == "$2\r\n10\r\n")
        #expect(both { $0.bulk(text: "é") }[0] == "$2\r\né\r\n")
        #expect(both { $0.null() } == ["$-1\r\n", "_\r\n"])
        #expect(both { $0.nullArray() } == ["*-1\r\n", "_\r\n"])
        #expect(both { $0.emptyArray() } == ["*0\r\n", "*0\r\n"])
        #expect(both { $0.map(3) } == ["*6\r\n", "%3\r\n"])
        #expect(both { $0.set(3) } == ["*3\r\n", "~3\r\n"])
        #expect(both { $0.push(3) } == ["*3\r\n", ">3\r\n"])
        #expect(
            both { $0.double(0.1) } == [
                "$19\r\n0.10000000000000001\r\n", ",0.10000000000000001\r\n",
            ])
        #expect(both { $0.double(.infinity) } == ["$3\r\ninf\r\n", ",inf\r\n"])
        #expect(both { $0.boolean(true) } == [":1\r\n", "#t\r\n"])
        #expect(both { $0.boolean(false) } == [":0\r\n", "#f\r\n"])
        #expect(
            both { $0.verbatim("txt", ByteView("ab")) } == ["$2\r\nab\r\n", "=6\r\ntxt:ab\r\n"])
        #expect(both { $0.bigNumber("12") } == ["$2\r\n12\r\n", "(12\r\n"])
        #expect(written(.three) { $0.attribute(1) } == "|1\r\n")
    }

    @Test("Line ends in errors and simple strings become spaces")
    func sanitised() {
        #expect(written(.two) { $0.error("ERR syntax error") } == "-ERR syntax error\r\n")
        #expect(written(.two) { $0.error(text: "ERR a\r\nb") } == "-ERR a  b\r\n")
        #expect(written(.two) { $0.simple(text: "a\nb") } == "+a b\r\n")
    }

    @Test("Lengths known later are put in front", arguments: [0, 1, 9, 10, 12, 100, 1234])
    func deferred(_ count: Int) {
        let text = written(.three) { writer in
            writer.ok()
            let map = writer.deferredMap()
            for key in 0..<count {
                writer.integer(key)
                let inner = writer.deferredArray()
                for element in 0..<key % 12 { writer.integer(element) }
                writer.finishArray(at: inner, count: key % 12)
            }
            writer.finishMap(at: map, pairs: count)
            writer.finishArray(at: writer.deferredSet(), count: 0)
        }
        let items = (0..<count).flatMap { key -> [RESPValue] in
            [.integer(Int64(key)), .array((0..<key % 12).map { .integer(Int64($0)) })]
        }
        #expect(decode(Array(text.utf8)).values == [.simple("OK"), .map(items), .set([])])
    }

    @Test("Doubles are printed as C prints them with %.17g")
    func doubles() {
        var random = RandomGenerator(seed: 7)
        var numbers: [Double] = [
            0, -0.0, 1, -1, 0.1, 1e16, 1e17, 123_456_789_012_345_680, 1e-4, 1e-5, 9.5e-5,
            .greatestFiniteMagnitude, .leastNonzeroMagnitude, .leastNormalMagnitude, 2.5, 1e22,
            0.5, 1e17 + 16, 1.0 / 3, 1 - 1e-16,
        ]
        for _ in 0..<2000 { numbers.append(Double(bitPattern: random.next())) }
        for _ in 0..<2000 { numbers.append(Double(random.below(1 << 40)) / 1000) }
        for number in numbers where number.isFinite {
            let text = String(decoding: DoubleText.format(number), as: UTF8.self)
            #expect(text == String(format: "%.17g", number))
        }
        #expect(DoubleText.format(.infinity) == Array("inf".utf8))
        #expect(DoubleText.format(-.infinity) == Array("-inf".utf8))
        #expect(DoubleText.format(.nan) == Array("nan".utf8))
    }

    @Test("Attributes before replies and elements are dropped")
    func attributes() {
        let text = "|1\r\n+ttl\r\n:3600\r\n*2\r\n:1\r\n|1\r\n+a\r\n*1\r\n:9\r\n:2\r\n|0\r\n+x\r\n"
        let result = decode(Array(text.utf8))
        #expect(result.values == [.array([.integer(1), .integer(2)]), .simple("x")])
    }

    @Test(
        "What is no reply is refused",
        arguments: [
            ("?\r\n", RESPError.unknownReplyType(63)), ("\r\n", .invalidReplyLine),
            (":x\r\n", .invalidReplyNumber), (":\r\n", .invalidReplyNumber),
            ("$-2\r\n", .invalidReplyLength), ("$1\r\nabc", .invalidReplyLine),
            ("+a\rb\r\n", .invalidReplyLine), ("*-2\r\n", .invalidReplyLength),
            ("%-1\r\n", .invalidReplyLength), ("$99999999999\r\n", .invalidReplyLength),
            ("*99999999\r\n", .replyTooBig), ("%600000\r\n", .replyTooBig),
            ("%4611686018427387905\r\n", .replyTooBig),
            ("#x\r\n", .invalidReplyLine), (",x\r\n", .invalidReplyNumber),
            ("(1x\r\n", .invalidReplyNumber), ("_x\r\n", .invalidReplyLine),
            ("=2\r\nab\r\n", .invalidReplyLine), ("=-1\r\n", .invalidReplyLength),
            ("=6\r\nüt:ab\r\n", .invalidReplyLine),
        ])
    func refused(_ text: String, _ error: RESPError) {
        #expect(decode(Array(text.utf8)).failure == error)
        let cuts = Array(1..<text.utf8.count)
        #expect(decode(Array(text.utf8), cuts: cuts).failure == error)
    }

    @Test("Nesting is bounded")
    func nesting() {
        let deepest = String(repeating: "*1\r\n", count: 32)
        #expect(decode(Array((deepest + ":1\r\n").utf8)).values.count == 1)
        #expect(decode(Array((deepest + "*1\r\n").utf8)).failure == .replyTooDeep)
    }

    @Test("Many small arrays in one reply are bounded together")
    func elements() {
        var limits = ReplyLimits()
        limits.elements = 10
        let text = "*3\r\n*3\r\n:1\r\n:1\r\n:1\r\n*3\r\n:1\r\n:1\r\n:1\r\n*2\r\n"
        let result = decode(Array(text.utf8), limits: limits)
        #expect(result.failure == .replyTooBig)
        #expect(result.parser.failureOffset == 36)
    }

    @Test("The strings of one reply are bounded together")
    func total() {
        var limits = ReplyLimits()
        limits.bulk = 100
        limits.total = 1000
        let string = Array("$100\r\n".utf8) + [UInt8](repeating: 65, count: 100) + [13, 10]
        let nine = Array("*9\r\n".utf8) + Array(repeatElement(string, count: 9).joined())
        #expect(decode(nine + nine, limits: limits).values.count == 2)
        // Refused before the string that is too much has come.
        let ten = Array("*10\r\n".utf8) + nine.dropFirst(4) + Array("$100\r\n".utf8)
        #expect(decode(ten, limits: limits).failure == .replyTooBig)
        #expect(decode(ten, cuts: Array(1..<ten.count), limits: limits).failure == .replyTooBig)
        let lines =
            Array("*100\r\n".utf8)
            + Array(repeatElement(Array("+abcdefgh\r\n".utf8), count: 95).joined())
        #expect(decode(lines, limits: limits).failure == .replyTooBig)
    }

    @Test("A line without an end is refused at its limit")
    func longLine() {
        let line = Array("+".utf8) + [UInt8](repeating: 65, count: 64 * 1024)
        #expect(decode(line).failure == .invalidReplyLine)
        #expect(decode(Array(line.dropLast())).failure == nil)
    }

    @Test("Half-received replies cost work linear in their bytes")
    func linearWork() {
        var stream = Array("*1000\r\n".utf8)
        for _ in 0..<999 { stream += Array("*1\r\n$3\r\nabc\r\n".utf8) }
        stream += Array("+".utf8) + [UInt8](repeating: 65, count: 9000)
        let result = decode(stream, cuts: Array(1..<stream.count))
        #expect(result.values.isEmpty)
        #expect(result.parser.examined <= 4 * stream.count)
    }
}

@Suite("Request writer")
struct RequestWriterTests {
    @Test("A request is an array of bulk strings")
    func encoding() {
        var buffer = ByteBuffer(heap: Heap())
        RequestWriter.append(["SET", "é", ""], to: &buffer)
        let text = buffer.readable.string
        #expect(text == "*3\r\n$3\r\nSET\r\n$2\r\né\r\n$0\r\n\r\n")
        #expect(RequestWriter.bytes(["SET", "é", ""]) == Array(text.utf8))
    }
}
