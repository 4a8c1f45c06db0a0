import Engine
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

@Suite("A turn ends in time")
struct TurnTests {
    private static let length = 4 << 20

    /// An engine that holds one long value.
    private static func loaded() -> Slot<DataEngine> {
        var settings = ServerSettings()
        settings.savePoints = []
        settings.replDisklessSyncDelay = 0
        let engine = Slot(
            DataEngine(settings: settings, seed: 1, clock: { BusyClock.current.look() }))
        turn(engine)
        engine.value.start(configurationPath: nil, configurationText: [])
        for _ in 0..<3 { turn(engine) }
        ask(engine, open(engine), "SETRANGE", "long", "\(length - 1)", "x")
        return engine
    }

    private static func open(_ engine: Slot<DataEngine>) -> Slot<Session> {
        engine.value.frontend.open(connection: 1, peer: "1.2.3.4:5", local: "1.2.3.4:6")
    }

    private static func ask(
        _ engine: Slot<DataEngine>, _ slot: Slot<Session>, _ words: String...
    ) {
        RequestWriter.append(words.map { Array($0.utf8) }, to: &slot.value.input)
        engine.value.process([slot])
        turn(engine)
    }

    /// One turn, in which every file is written at once.
    private static func turn(_ engine: Slot<DataEngine>) {
        let clock = BusyClock.current
        clock.now += 10_000
        engine.value.beginTurn(TurnTime(monotonic: clock.now, wall: clock.now))
        engine.value.process()
        _ = engine.value.tick()
        while let request = engine.value.nextRequest() {
            switch request {
            case .readFile(let id, _):
                engine.value.handle(
                    .fileFailed(id: id, operation: "open", errno: 2, reason: "No such file"))
            case .appendFile(let id, let bytes):
                engine.value.handle(.fileProgress(id: id, written: bytes.count))
            case .commitFile(let id, _), .replaceFile(let id, _, _):
                engine.value.handle(.fileDone(id: id))
            default: break
            }
        }
    }

    // Every look takes longer than a turn may, so each turn does the one slice that it always does.
    @Test("a long value goes to the disk in slices", arguments: [(0, 1...20), (1000, 64...80)])
    func disk(perLook: Int64, wanted: ClosedRange<Int>) {
        BusyClock.$current.withValue(BusyClock()) {
            let engine = TurnTests.loaded()
            defer { engine.free() }
            BusyClock.current.perLook = perLook
            TurnTests.ask(engine, TurnTests.open(engine), "BGSAVE")
            var turns = 1
            while engine.value.isSaving, turns < 1000 {
                TurnTests.turn(engine)
                turns += 1
            }
            #expect(wanted.contains(turns))
        }
    }

    @Test("a long value goes to a replica in slices", arguments: [0, 1000])
    func replica(perLook: Int64) {
        BusyClock.$current.withValue(BusyClock()) {
            let engine = TurnTests.loaded()
            defer { engine.free() }
            let slot = TurnTests.open(engine)
            TurnTests.ask(engine, slot, "REPLCONF", "capa", "eof", "capa", "psync2")
            _ = TurnTests.take(engine, slot)
            TurnTests.ask(engine, slot, "PSYNC", "?", "-1")
            BusyClock.current.perLook = perLook
            var (total, most) = (0, 0)
            for _ in 0..<200 {
                let count = TurnTests.take(engine, slot)
                total += count
                most = max(most, count)
                TurnTests.turn(engine)
            }
            #expect(total > TurnTests.length)
            #expect(perLook == 0 ? most > 1 << 18 : most < 1 << 17)
        }
    }

    /// Takes what a turn has for the session; the number of bytes.
    private static func take(_ engine: Slot<DataEngine>, _ slot: Slot<Session>) -> Int {
        var count = 0
        while true {
            let piece = engine.value.nextOutput(slot)
            if piece.isEmpty { return count }
            count += piece.count
            engine.value.outputSent(slot, piece.count)
        }
    }
}
