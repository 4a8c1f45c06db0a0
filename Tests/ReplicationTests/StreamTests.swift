import Digests
import Memory
import Replication
import Testing

/// A stream with a reader that has everything that was written.
struct RecordedStream: ~Copyable {
    var stream: ReplicationStream
    var text = ""
    private var position: Int

    init(limit: Int = 1 << 20, at offset: Int = 0) {
        stream = ReplicationStream(heap: Heap(), limit: limit)
        stream.reset(to: offset)
        stream.activate()
        position = offset
    }

    mutating func command(_ database: Int, _ words: String...) {
        stream.begin(database, arguments: words.count)
        for word in words { Array(word.utf8).withView { stream.argument($0) } }
    }

    /// What was written since the last call, with `|` for line ends.
    mutating func read() -> String {
        stream.settle()
        var bytes: [UInt8] = []
        while position < stream.offset {
            let view = stream.view(at: position)
            bytes += view.bytes
            position += view.count
        }
        return String(decoding: bytes, as: UTF8.self)
            .split(separator: "\r\n", omittingEmptySubsequences: false).joined(separator: "|")
    }
}

@Suite struct StreamTests {
    private let set = "*3|$3|SET|$1|a|$1|1|"
    private let del = "*2|$3|DEL|$1|a|"

    @Test func aDatabaseIsSelectedOnceUntilAnotherIsNeeded() {
        var log = RecordedStream()
        log.command(0, "SET", "a", "1")
        #expect(log.read() == "*2|$6|SELECT|$1|0|" + set)
        log.command(0, "DEL", "a")
        #expect(log.read() == del)
        log.command(12, "DEL", "a")
        #expect(log.read() == "*2|$6|SELECT|$2|12|" + del)
        log.stream.forgetDatabase()
        log.command(12, "DEL", "a")
        #expect(log.read() == "*2|$6|SELECT|$2|12|" + del)
    }

    @Test func aUnitOfSeveralCommandsIsATransactionAndOfOneIsNot() {
        var log = RecordedStream()
        log.stream.beginUnit()
        log.command(0, "SET", "a", "1")
        log.stream.endUnit()
        #expect(log.read() == "*2|$6|SELECT|$1|0|" + set)
        log.stream.beginUnit()
        log.stream.endUnit()
        #expect(log.read() == "")
        log.stream.beginUnit()
        log.command(3, "SET", "a", "1")
        log.command(3, "DEL", "a")
        log.command(4, "DEL", "a")
        log.stream.endUnit()
        let expected =
            "*2|$6|SELECT|$1|3|*1|$5|MULTI|" + set + del + "*2|$6|SELECT|$1|4|" + del
            + "*1|$4|EXEC|"
        #expect(log.read() == expected)
    }

    @Test func aTransactionStartsBehindWhatTheTurnWroteBefore() {
        var log = RecordedStream()
        log.command(0, "DEL", "a")
        log.stream.beginUnit()
        log.command(0, "SET", "a", "1")
        log.command(0, "DEL", "a")
        log.stream.endUnit()
        log.command(0, "DEL", "a")
        let expected =
            "*2|$6|SELECT|$1|0|" + del + "*1|$5|MULTI|" + set + del + "*1|$4|EXEC|" + del
        #expect(log.read() == expected)
    }

    @Test func longArgumentsAndNumbersAreEncodedLikeShortOnes() {
        var log = RecordedStream()
        let long = String(repeating: "x", count: 100_000)
        for isUnit in [false, true] {
            if isUnit { log.stream.beginUnit() }
            log.command(0, "SET", "a", long)
            log.command(0, "SET", "a", long)
            if isUnit { log.stream.endUnit() }
        }
        let one = "*3|$3|SET|$1|a|$100000|\(long)|"
        let expected = "*2|$6|SELECT|$1|0|" + one + one + "*1|$5|MULTI|" + one + one + "*1|$4|EXEC|"
        let isEqual = log.read() == expected
        #expect(isEqual)
        for number in [0, 9, 10, -1, -10, 4_102_444_800_123, Int.max, Int.min] {
            log.stream.begin(0, arguments: 1)
            log.stream.argument(decimal: number)
            #expect(log.read() == "*1|$\("\(number)".count)|\(number)|")
        }
    }

    @Test func encodedCommandsAreTakenAsTheyAre() {
        var log = RecordedStream()
        let command = Array("*2\r\n$3\r\nDEL\r\n$1\r\na\r\n".utf8)
        let long = String(repeating: "x", count: 20_000)
        let big = Array("*2\r\n$3\r\nDEL\r\n$20000\r\n\(long)\r\n".utf8)
        log.stream.beginUnit()
        command.withView { log.stream.append(7, encoded: $0) }
        big.withView { log.stream.append(7, encoded: $0) }
        log.stream.endUnit()
        big.withView { log.stream.append(7, encoded: $0) }
        let bigText = "*2|$3|DEL|$20000|\(long)|"
        let expected =
            "*2|$6|SELECT|$1|7|*1|$5|MULTI|" + del + bigText + "*1|$4|EXEC|" + bigText
        let isEqual = log.read() == expected
        #expect(isEqual)
    }

    @Test func pingsAndRequestsForAcknowledgementsCountButSelectNothing() {
        var log = RecordedStream()
        log.stream.ping()
        log.stream.requestAcknowledgements()
        #expect(log.read() == "*1|$4|PING|*3|$8|REPLCONF|$6|GETACK|$1|*|")
        #expect(log.stream.offset == 14 + 37)
        log.command(0, "DEL", "a")
        #expect(log.read().hasPrefix("*2|$6|SELECT|"))
    }

    @Test func withoutABacklogNothingIsWritten() {
        var stream = ReplicationStream(heap: Heap(), limit: 0)
        stream.begin(0, arguments: 1)
        stream.argument("PING")
        stream.ping()
        stream.requestAcknowledgements()
        ByteView("bytes").bytes.withView { stream.relay($0) }
        #expect(stream.offset == 0 && stream.held == nil && stream.historyLength == 0)
        #expect(stream.firstByteOffset == 0)
    }

    @Test func theOffsetOutlivesTheBacklog() {
        var log = RecordedStream(at: 500)
        log.command(0, "DEL", "a")
        let end = log.stream.offset
        #expect(end == 500 + 23 + 20)
        #expect(log.stream.held == 500..<end && log.stream.firstByteOffset == 501)
        log.stream.deactivate()
        #expect(log.stream.offset == end && log.stream.held == nil)
        log.stream.activate()
        #expect(log.stream.held == end..<end)
        #expect(log.stream.historyLength == 0 && log.stream.firstByteOffset == end + 1)
    }

    @Test func relayedBytesAreKeptAsTheyCame() {
        var log = RecordedStream()
        for _ in 0..<3 { Array("*1\r\n$4\r\nPING\r\n".utf8).withView { log.stream.relay($0) } }
        #expect(log.read() == "*1|$4|PING|*1|$4|PING|*1|$4|PING|")
    }

    @Test func historyIsCutToItsLimitButNeverBeforeTheSlowestReader() {
        let heap = Heap()
        var stream = ReplicationStream(heap: heap, limit: 1)
        stream.activate()
        #expect(stream.limit == 16 * 1024)
        let line = [UInt8](repeating: 65, count: 1000)
        for _ in 0..<200 { line.withView { stream.relay($0) } }
        stream.trim(slowest: 5_000)
        #expect(stream.held == 5_000..<200_000)
        stream.trim(slowest: 199_000)
        #expect(stream.historyLength == 16 * 1024)
        stream.resize(limit: 100_000)
        for _ in 0..<200 { line.withView { stream.relay($0) } }
        stream.trim(slowest: nil)
        #expect(stream.held == 300_000..<400_000)
        #expect(stream.footprint < 120_000)
        stream.deactivate()
        #expect(stream.footprint == 0)
    }

    @Test func aViewStaysValidWhileTheStreamGrows() {
        var log = RecordedStream()
        log.command(0, "DEL", "a")
        log.stream.settle()
        let view = log.stream.view(at: 0)
        let before = view.bytes
        for _ in 0..<5000 { log.command(0, "SET", "a", "1") }
        log.stream.settle()
        #expect(view.bytes == before)
    }
}
