import Engine
import Memory
import RESP
import Sessions

/// An engine that was never started, so that it serves at once, with what it asks of its host.
final class ServerBench {
    let engine: Slot<DataEngine>
    /// What the engine asked for, in order; files and lines of the log among it.
    private(set) var requests: [HostRequest] = []
    /// Answers `applySettings` with a failure when it is set.
    var settingsFailure: String?
    private var now = TurnTime(monotonic: 5_000_000, wall: 1_700_000_000_000_000)

    init(_ change: (inout ServerSettings) -> Void = { _ in }) {
        var settings = ServerSettings()
        settings.savePoints = []
        change(&settings)
        engine = Slot(DataEngine(settings: settings, seed: 1, clock: { 0 }))
        engine.value.beginTurn(now)
    }

    deinit { engine.free() }

    func open(_ peer: String = "1.2.3.4:5") -> Slot<Session> {
        engine.value.frontend.open(connection: 1, peer: peer, local: "127.0.0.1:6379")
    }

    /// Lets time pass in steps of 100 ms, with the engine's timers.
    func pass(seconds: Int) {
        for _ in 0..<seconds * 10 {
            now.monotonic += 100_000
            now.wall += 100_000
            engine.value.beginTurn(now)
            _ = engine.value.tick()
            serveRequests()
        }
    }

    /// Does what the host does at the end of a turn.
    func serveRequests() {
        while let request = engine.value.nextRequest() {
            requests.append(request)
            if case .applySettings = request, let reason = settingsFailure {
                engine.value.handle(.settingsFailed(reason: reason))
            }
        }
    }

    func send(_ slot: Slot<Session>, _ words: [String]) {
        send(slot, words.map { Array($0.utf8) })
    }

    func send(_ slot: Slot<Session>, _ words: [[UInt8]]) {
        RequestWriter.append(words, to: &slot.value.input)
        engine.value.process([slot])
        while engine.value.hasPendingWork { engine.value.process([]) }
        serveRequests()
    }

    /// The output of a session since it was last taken.
    func take(_ slot: Slot<Session>) -> String {
        String(decoding: engine.value.takeOutput(slot), as: UTF8.self)
    }

    /// One request and its reply.
    func ask(_ slot: Slot<Session>, _ words: String...) -> String { ask(slot, words) }

    func ask(_ slot: Slot<Session>, _ words: [String]) -> String {
        send(slot, words)
        return take(slot)
    }

    /// The bulk strings of a reply to CONFIG GET, as pairs.
    func setting(_ slot: Slot<Session>, _ name: String) -> String {
        let lines = ask(slot, "CONFIG", "GET", name).split(
            separator: "\r\n", omittingEmptySubsequences: false)
        return lines.count > 4 ? String(lines[4]) : "none"
    }
}
