import Digests
import Memory
import RESP
import Testing

@Suite("Request parser")
struct RequestParserTests {
    @Test("Pipelined arrays of bulk strings are found one after the other")
    func pipeline() {
        let parsed = parse("*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPI")
        #expect(parsed.requests == [words("GET", "a"), words("PING")])
        #expect(parsed.rest == 10)
        #expect(parsed.failure == nil)
    }

    @Test("Arguments hold any bytes, line ends and zero bytes included")
    func binary() {
        let parsed = parse("*2\r\n$4\r\na\r\nb\r\n$2\r\n\0\0\r\n")
        #expect(parsed.requests == [words("a\r\nb", "\0\0")])
    }

    @Test("Empty and negative arrays and empty lines are skipped")
    func skipped() {
        let parsed = parse("*0\r\n*-1\r\n*-10\r\n\r\n\n  \r\nPING\r\n")
        #expect(parsed.skipped == 6)
        #expect(parsed.requests == [words("PING")])
    }

    @Test(
        "What is not RESP is refused with Redis's text",
        arguments: [
            ("*20000000000\r\n", RESPError.invalidMultibulkLength, "invalid multibulk length"),
            ("*\r\n", .invalidMultibulkLength, "invalid multibulk length"),
            ("*1x\r\n", .invalidMultibulkLength, "invalid multibulk length"),
            ("*01\r\n", .invalidMultibulkLength, "invalid multibulk length"),
            ("*1\r\n$-10\r\n", .invalidBulkLength, "invalid bulk length"),
            ("*1\r\n$\r\n", .invalidBulkLength, "invalid bulk length"),
            ("*1\r\n$blabla\r\n", .invalidBulkLength, "invalid bulk length"),
            ("*1\r\n$2000000000\r\n", .invalidBulkLength, "invalid bulk length"),
            (
                "*1\r\n$99999999999999999999\r\n", .invalidBulkLength, "invalid bulk length"
            ),
            (
                "*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n", .expectedDollar(102),
                "expected '$', got 'f'"
            ),
            ("*1\r\n\r\n\r\n", .expectedDollar(13), "expected '$', got '\r'"),
            ("foo \"bar\r\n", .unbalancedQuotes, "unbalanced quotes in request"),
            ("foo 'bar'baz\r\n", .unbalancedQuotes, "unbalanced quotes in request"),
        ])
    func refused(_ text: String, _ error: RESPError, _ message: String) {
        #expect(parse(text).failure == error)
        #expect(error.message == "Protocol error: " + message)
    }

    @Test(
        "A line without an end is refused at 64 KiB",
        arguments: [
            ("", RESPError.tooBigInline, "too big inline request"),
            ("*", .tooBigCountString, "too big mbulk count string"),
            ("*1\r\n$", .tooBigBulkCount, "too big bulk count string"),
        ])
    func longLine(_ head: String, _ error: RESPError, _ message: String) {
        let fits = Array(head.utf8) + [UInt8](repeating: 49, count: 64 * 1024 - 1)
        #expect(parse(fits).parsed.failure == nil)
        #expect(parse(fits + [49, 49]).parsed.failure == error)
        #expect(error.message == "Protocol error: " + message)
    }

    @Test("Before authentication only small requests are read")
    func unauthenticated() {
        let limits = RequestLimits(isAuthenticated: false)
        let ten = "*10\r\n" + String(repeating: "$1\r\nx\r\n", count: 10)
        #expect(parse(ten, limits: limits).requests.count == 1)
        #expect(parse("*11\r\n", limits: limits).failure == .unauthenticatedMultibulk)
        let big = String(repeating: "x", count: 16384)
        #expect(parse("*1\r\n$16384\r\n\(big)\r\n", limits: limits).requests.count == 1)
        #expect(parse("*1\r\n$16385\r\n", limits: limits).failure == .unauthenticatedBulk)
        #expect(
            RESPError.unauthenticatedBulk.message
                == "Protocol error: unauthenticated bulk length")
        #expect(
            RESPError.unauthenticatedMultibulk.message
                == "Protocol error: unauthenticated multibulk length")
    }

    @Test(
        "Inline requests are split as in a shell",
        arguments: [
            ("SET  a\tb\r\n", words("SET", "a", "b")),
            ("  PING  \n", words("PING")),
            ("a \"b c\" 'd e'\r\n", words("a", "b c", "d e")),
            ("a \"\\x41\\n\\r\\t\\b\\a\\q\\\"\" x\r\n", words("a", "A\n\r\t\u{8}\u{7}q\"", "x")),
            ("a '\\x41\\n\\'' x\r\n", words("a", "\\x41\\n'", "x")),
            ("a\"b\" ''\r\n", words("ab", "")),
            ("a \"\\xzz\"\r\n", words("a", "xzz")),
            ("a\0b\r\n", words("a\0b")),
            ("\u{b}a\u{b}b c\r\n", words("a\u{b}b", "c")),
        ])
    func inline(_ text: String, _ expected: [[UInt8]]) {
        #expect(parse(text).requests == [expected])
    }

    @Test("Decoded inline arguments stay in place while more requests of the turn are parsed")
    func inlineStorage() {
        let line = "SET \"key\\x20\" '\(String(repeating: "v", count: 700))'\r\n"
        let parsed = parse(String(repeating: line, count: 100))
        let expected = words("SET", "key ", String(repeating: "v", count: 700))
        #expect(parsed.requests == Array(repeating: expected, count: 100))
    }

    @Test("The bytes a half-received argument still needs are known")
    func expectedBytes() {
        var parser = RequestParser()
        var arena = ArgumentArena()
        Array("*2\r\n$3\r\nSET\r\n$100000\r\nabc".utf8).withView { view in
            _ = parser.next(view, at: 0, limits: RequestLimits(), into: &arena)
        }
        #expect(parser.expectedBytes == 100_000 - 3 + 2)
    }

    @Test("A request of many arguments arrives in pieces without its arguments being kept twice")
    func manyArguments() {
        let count = 3000
        let body = (0..<count).map { "$\(String($0).count)\r\n\($0)\r\n" }.joined()
        let stream = Array("*\(count)\r\n\(body)".utf8)
        let cuts = Array(stride(from: 100, to: stream.count, by: 100))
        let parsed = parse(stream, cuts: cuts).parsed
        #expect(parsed.requests == [(0..<count).map { Array(String($0).utf8) }])
    }

    @Test("Any cut of a stream gives the same requests", arguments: 0..<300)
    func anyCut(_ seed: Int) {
        var random = RandomGenerator(seed: UInt64(seed))
        var stream: [UInt8] = []
        var expected: [[[UInt8]]] = []
        for _ in 0..<random.below(6) {
            let arguments = (0..<1 + random.below(5)).map { _ in random.bytes(30) }
            var buffer = ByteBuffer(heap: Heap())
            RequestWriter.append(arguments, to: &buffer)
            stream += buffer.readable.bytes
            expected.append(arguments)
        }
        let whole = parse(stream).parsed
        #expect(whole.requests == expected)
        #expect(whole.rest == 0)
        #expect(parse(stream, cuts: random.cuts(stream.count)).parsed == whole)
        #expect(parse(stream, cuts: Array(1..<max(1, stream.count))).parsed == whole)
    }

    @Test("Any cut of damaged bytes gives the same requests and the same error", arguments: 0..<300)
    func anyCutOfDamage(_ seed: Int) {
        var random = RandomGenerator(seed: UInt64(seed) + 1000)
        var stream = Array("*2\r\n$3\r\nGET\r\n$1\r\na\r\nSET \"x y\" 1\r\n*0\r\n".utf8)
        stream += stream
        for _ in 0..<1 + random.below(3) {
            stream[random.below(stream.count)] = random.bytes(1).first ?? 0
        }
        let whole = parse(stream).parsed
        #expect(parse(stream, cuts: random.cuts(stream.count)).parsed == whole)
        #expect(parse(stream, cuts: Array(1..<stream.count)).parsed == whole)
    }

    @Test(
        "Half-sent requests cost work linear in their bytes",
        arguments: ["a", "*2\r\n$3\r\nGET\r\n$9000\r\n", "*1000\r\n", "*", "*1\r\n$"])
    func linearWork(_ head: String) {
        var stream = Array(head.utf8)
        if head.hasPrefix("*1000") {
            for _ in 0..<999 { stream += Array("$1\r\nx\r\n".utf8) }
        } else {
            stream += [UInt8](repeating: 49, count: 9000)
        }
        let result = parse(stream, cuts: Array(1..<stream.count))
        #expect(result.parsed.requests.isEmpty)
        #expect(result.examined <= 3 * stream.count)
    }

    @Test("A refused request tells where the mistake is")
    func failureOffset() {
        var parser = RequestParser()
        var arena = ArgumentArena()
        Array("*2\r\n$3\r\nGET\r\n!1\r\n".utf8).withView { view in
            _ = parser.next(view, at: 0, limits: RequestLimits(), into: &arena)
        }
        #expect(parser.failureOffset == 13)
    }
}

@Suite("Argument arena")
struct ArgumentArenaTests {
    @Test("Arguments beyond the first block are kept, cut and forgotten")
    func overflow() {
        var arena = ArgumentArena()
        let bytes = (0..<2000).map { UInt8(truncatingIfNeeded: $0) }
        bytes.withView { view in
            for index in 0..<2000 { arena.append(view[index..<index + 1]) }
            let last = arena[1999][0]
            let edges = [arena[511][0], arena[512][0]]
            #expect(last == bytes[1999])
            #expect(edges == [bytes[511], bytes[512]])
            arena.truncate(to: 600)
            arena.append(view[7..<8])
            let appended = arena[600][0]
            #expect(appended == 7)
            arena.truncate(to: 3)
            arena.append(view[9..<10])
            let replaced = arena[3][0]
            #expect(replaced == 9)
            arena.removeAll()
            for index in 0..<513 { arena.append(view[index + 1..<index + 2]) }
            let again = arena[512][0]
            #expect(again == bytes[513])
        }
    }
}
