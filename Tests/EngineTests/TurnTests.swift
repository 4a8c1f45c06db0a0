import Engine
import Keyspace
import Memory
import RESP
import Sessions
import Testing

/// A clock on which every look takes some time. Each test has its own, which is its task's: an
/// engine's clock is a function without a context.
private final class BusyClock: @unchecked Sendable {
    @TaskLocal static var current = BusyClock()

    var now: Int64 = 1_000_000
    var perLook: Int64 = 0

    func look() -> Int64 {
        now += perLook
        return now
    }
}

/// An engine that holds one long value, whose host writes every file at once.
private final class TurnBench {
    static let length = 4 << 20
    static let value = [UInt8](repeating: 0, count: length - 1) + [UInt8(ascii: "x")]

    let engine: Slot<DataEngine>
    private var host = TestFiles()
    /// The snapshot, when it is whole.
    var file: [UInt8]? { host.contents["dump.rdb"] }

    init(bufferLimit: Int = 0, databases: Int = 16) {
        var settings = ServerSettings()
        settings.databases = databases
        settings.savePoints = []
        settings.replDisklessSyncDelay = 0
        settings.snapshotBufferLimit = bufferLimit
        engine = Slot(
            DataEngine(settings: settings, seed: 1, clock: { BusyClock.current.look() }))
        turn()
        engine.value.start(configurationPath: nil, configurationText: [])
        for _ in 0..<3 { turn() }
        ask(open(), "SETRANGE", "long", "\(TurnBench.length - 1)", "x")
    }

    deinit { engine.free() }

    func open() -> Slot<Session> {
        engine.value.frontend.open(connection: 1, peer: "1.2.3.4:5", local: "1.2.3.4:6")
    }

    func ask(_ slot: Slot<Session>, _ words: String...) {
        RequestWriter.append(words.map { Array($0.utf8) }, to: &slot.value.input)
        engine.value.process([slot])
        turn()
    }

    func turn() {
        BusyClock.current.now += 10_000
        let now = BusyClock.current.now
        engine.value.beginTurn(TurnTime(monotonic: now, wall: now))
        engine.value.process()
        _ = engine.value.tick()
        while let request = engine.value.nextRequest() {
            guard case .done(let event?) = host.answer(request) else { continue }
            engine.value.handle(event)
        }
    }

    /// Runs the timers, and sleeps as long as the engine then says that there is nothing to do.
    func sleep() {
        let start = BusyClock.current.now
        engine.value.beginTurn(TurnTime(monotonic: start, wall: start))
        BusyClock.current.now = max(BusyClock.current.now, engine.value.tick())
        while engine.value.nextRequest() != nil {}
    }

    /// Whether the snapshot ends with the value; behind it are its end and the checksum.
    static func endsWithValue(_ snapshot: some Sequence<UInt8>) -> Bool {
        Array(snapshot).dropLast(9).suffix(length).elementsEqual(value)
    }

    /// Turns until the snapshot is in its file; `each` is called before every one.
    func save(_ each: (Int) -> Void = { _ in }) -> Int {
        ask(open(), "BGSAVE")
        var turns = 1
        while engine.value.isSaving, turns < 1000 {
            each(turns)
            turn()
            turns += 1
        }
        #expect(file != nil)
        return turns
    }
}

// Where every look takes longer than a turn may, each turn does the one slice that it always does.
@Suite("A turn ends in time")
struct TurnTests {
    @Test("a long value goes to the disk in slices", arguments: [(0, 1...20), (1000, 60...80)])
    func disk(perLook: Int64, wanted: ClosedRange<Int>) {
        BusyClock.$current.withValue(BusyClock()) {
            let bench = TurnBench()
            BusyClock.current.perLook = perLook
            #expect(wanted.contains(bench.save()))
            #expect(TurnBench.endsWithValue(bench.file ?? []))
        }
    }

    @Test("also one that is changed meanwhile, and is offered in many pieces")
    func changed() {
        BusyClock.$current.withValue(BusyClock()) {
            let bench = TurnBench()
            let writer = bench.open()
            BusyClock.current.perLook = 1000
            let turns = bench.save { turn in
                guard turn == 1 else { return }
                // One byte of every fifth page. Each request is a turn of its own.
                BusyClock.current.perLook = 0
                for place in stride(from: TurnBench.length - 70_000, to: 600_000, by: -70_000) {
                    RequestWriter.append(
                        ["SETRANGE", "long", "\(place)", "y"].map { Array($0.utf8) },
                        to: &writer.value.input)
                }
                bench.engine.value.process([writer])
                BusyClock.current.perLook = 1000
            }
            #expect((55...130).contains(turns))
            #expect(TurnBench.endsWithValue(bench.file ?? []))
        }
    }

    @Test(
        "a snapshot whose old values take too much goes on whatever the time",
        arguments: [(0, 100...400), (1, 1...40)])
    func pressed(limit: Int, wanted: ClosedRange<Int>) {
        BusyClock.$current.withValue(BusyClock()) {
            let bench = TurnBench(bufferLimit: limit)
            let writer = bench.open()
            let text = String(repeating: "v", count: 4000)
            for key in 0..<250 { bench.ask(writer, "SET", "short:\(key)", text) }
            BusyClock.current.perLook = 1000
            let turns = bench.save { turn in
                guard turn == 1 else { return }
                for key in 0..<250 {
                    RequestWriter.append(
                        ["SET", "short:\(key)", "w"].map { Array($0.utf8) },
                        to: &writer.value.input)
                }
                BusyClock.current.perLook = 0
                bench.engine.value.process([writer])
                BusyClock.current.perLook = 1000
            }
            #expect(wanted.contains(turns))
        }
    }

    @Test("a long value goes to a replica in slices", arguments: [0, 1000])
    func replica(perLook: Int64) throws {
        try BusyClock.$current.withValue(BusyClock()) {
            let bench = TurnBench()
            let slot = bench.open()
            bench.ask(slot, "REPLCONF", "capa", "eof", "capa", "psync2")
            _ = bench.engine.value.takeOutput(slot)
            bench.ask(slot, "PSYNC", "?", "-1")
            BusyClock.current.perLook = perLook
            var (all, most): ([UInt8], Int) = ([], 0)
            for _ in 0..<200 {
                let bytes = bench.engine.value.takeOutput(slot)
                all += bytes
                most = max(most, bytes.count)
                bench.turn()
            }
            #expect(perLook == 0 ? most > 1 << 18 : most < 3 << 16)
            let head = Array("$EOF:".utf8)
            let start = try #require(all.indices.first { all[$0...].starts(with: head) })
            let mark = all[start + 5..<start + 45]
            let payload = all[(start + 47)...]
            let end = try #require(
                payload.indices.dropLast(39).first { payload[$0...].starts(with: mark) })
            let body = payload[..<end]
            #expect(body.starts(with: Array("REDIS".utf8)))
            #expect(TurnBench.endsWithValue(body))
        }
    }

    @Test("A table that grows is moved at the same pace among many databases", arguments: [16, 64])
    func manyDatabases(count: Int) {
        let bench = EngineBench { $0.databases = count }
        bench.run("SELECT 5")
        // One more than what 1024 buckets take.
        for key in 0...5120 { bench.run("SET \(key) v") }
        let both = bench.engine.value.keyspace.tableBytes(5)
        bench.pass(300)
        let moved = bench.engine.value.keyspace.tableBytes(5)
        #expect(both > 3000 * 64 && moved < 2100 * 64, "\(both) then \(moved)")
    }

    @Test("The host of an engine with very many databases and nothing to do sleeps")
    func idleDatabases() {
        BusyClock.$current.withValue(BusyClock()) {
            let bench = TurnBench(databases: 50_000)
            // The databases of the start, before a file was looked for, are freed first.
            while bench.engine.value.hasPendingWork { bench.turn() }
            // Looking at all of them takes a dozen turns; who begins anew in each never sleeps.
            BusyClock.current.perLook = 2
            let end = BusyClock.current.now + 1_000_000
            var wakes = 0
            while BusyClock.current.now < end {
                bench.sleep()
                wakes += 1
            }
            #expect(wakes < 300)
        }
    }
}
