import Engine
import Memory
import RESP
import Sessions
import Testing

/// An engine whose replicas want to be told the length of a snapshot first, on a host that reads
/// its files a hundred bytes at a time.
private final class FileBench {
    static let path = "dump.rdb"

    let engine: Slot<DataEngine>
    private var now: Int64 = 1_000_000
    private var host = TestFiles()
    /// Every snapshot that was written.
    private(set) var files: [[UInt8]] = []
    /// How many files are being read.
    var readCount: Int { host.readCount }

    init(pieceSize: Int = 100) {
        host.pieceSize = pieceSize
        var settings = ServerSettings()
        settings.savePoints = []
        settings.replDisklessSync = false
        settings.rdbCompression = false
        engine = Slot(DataEngine(settings: settings, seed: 1, clock: { 0 }))
        turn()
        engine.value.start(configurationPath: nil, configurationText: [])
        for _ in 0..<3 { turn() }
        ask(open(), "SET", "first", String(repeating: "1", count: 1000))
    }

    deinit { engine.free() }

    func open() -> Slot<Session> {
        engine.value.frontend.open(connection: 1, peer: "1.2.3.4:5", local: "1.2.3.4:6")
    }

    func ask(_ slot: Slot<Session>, _ words: String...) { ask([slot], words) }

    /// The same request of several sessions in one turn.
    private func ask(_ slots: [Slot<Session>], _ words: [String]) {
        for slot in slots {
            RequestWriter.append(words.map { Array($0.utf8) }, to: &slot.value.input)
        }
        turn(slots)
    }

    /// Replicas at the start of a snapshot that they share, of which they have read nothing.
    func replicas(_ count: Int) -> [Slot<Session>] {
        let slots = (0..<count).map { _ in open() }
        let before = files.count
        ask(slots, ["REPLCONF", "capa", "psync2"])
        for slot in slots { _ = engine.value.takeOutput(slot) }
        ask(slots, ["PSYNC", "?", "-1"])
        for _ in 0..<100 where files.count == before { turn() }
        for _ in 0..<3 { turn() }
        #expect(files.count == before + 1)
        return slots
    }

    func turn(_ ready: [Slot<Session>] = []) {
        now += 10_000
        engine.value.beginTurn(TurnTime(monotonic: now, wall: now))
        engine.value.process(ready)
        _ = engine.value.tick()
        while let request = engine.value.nextRequest() {
            guard case .done(let event) = host.answer(request) else { continue }
            if case .commitFile = request, let file = host.contents[Self.path] {
                files.append(file)
            }
            if let event { engine.value.handle(event) }
        }
    }

    /// All that the replicas are sent while all of them read.
    func readAll(_ replicas: [Slot<Session>]) -> [[UInt8]] {
        var received = [[UInt8]](repeating: [], count: replicas.count)
        var quiet = 0
        while quiet < 10 {
            quiet += 1
            for (index, slot) in replicas.enumerated() {
                let output = engine.value.takeOutput(slot)
                if !output.isEmpty { quiet = 0 }
                received[index] += output
            }
            turn()
        }
        return received
    }

    /// The snapshot in what a replica was sent, and the length that it was told.
    static func snapshot(_ received: [UInt8]) -> (told: Int?, bytes: [UInt8]) {
        guard let sign = received.firstIndex(of: UInt8(ascii: "$")),
            let end = received[sign...].firstIndex(of: 10)
        else { return (nil, []) }
        let digits = String(decoding: received[(sign + 1)..<(end - 1)], as: UTF8.self)
        return (Int(digits), Array(received[(end + 1)...]))
    }
}

@Suite("Snapshots with the length first") struct FileTransferTests {
    @Test(
        "A replica that comes while another reads gets its own file, and the other no piece of it")
    func twoFiles() {
        let bench = FileBench()
        let first = bench.replicas(1)[0]
        bench.ask(bench.open(), "SET", "second", String(repeating: "2", count: 2000))
        let second = bench.replicas(1)[0]
        let received = bench.readAll([first, second]).map { FileBench.snapshot($0) }
        #expect(bench.files.count == 2 && bench.files[0].count < bench.files[1].count)
        for (snapshot, file) in zip(received, bench.files) {
            #expect(snapshot.told == file.count)
            // Behind it comes the stream.
            #expect(snapshot.bytes.prefix(file.count).elementsEqual(file))
        }
    }

    @Test("The stream follows a snapshot whose length is a multiple of the pieces that are read")
    func emptyLastPiece() {
        // Behind the last byte there is a piece without any.
        let bench = FileBench(pieceSize: 1)
        let replica = bench.replicas(1)[0]
        let received = bench.readAll([replica])[0]
        #expect(FileBench.snapshot(received).bytes.starts(with: bench.files[0]))
        #expect(bench.readCount == 0)
        bench.ask(bench.open(), "SET", "later", "3")
        let stream = bench.readAll([replica])[0]
        #expect(String(decoding: stream, as: UTF8.self).hasSuffix("$5\r\nlater\r\n$1\r\n3\r\n"))
    }

    @Test("A reader that goes away is not waited for")
    func oneLeaves() {
        let bench = FileBench()
        let replicas = bench.replicas(2)
        #expect(bench.readCount == 1)
        // It has read all there is and waits for the other.
        let begun = bench.engine.value.takeOutput(replicas[0])
        bench.engine.value.disconnected(replicas[1])
        let snapshot = FileBench.snapshot(begun + bench.readAll([replicas[0]])[0])
        #expect(snapshot.told == bench.files[0].count && snapshot.bytes == bench.files[0])
    }

    @Test("A file that nobody reads any more is closed")
    func allLeave() {
        let bench = FileBench()
        let replica = bench.replicas(1)[0]
        #expect(bench.readCount == 1)
        bench.engine.value.disconnected(replica)
        bench.turn()
        #expect(bench.readCount == 0)
    }
}
