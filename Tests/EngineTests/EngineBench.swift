import Engine
import Memory
import RESP
import Sessions
import Testing

extension DataEngine {
    /// The output of a session since it was last taken, as a host writes it whose sockets take all.
    mutating func takeOutput(_ session: Slot<Session>) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = nextOutput(session)
            if piece.isEmpty { return bytes }
            bytes += piece.bytes
            outputSent(session, piece.count)
        }
    }
}

/// An engine in process: requests in, replies out, on a clock that moves only when told.
final class EngineBench {
    let engine: Slot<DataEngine>
    /// Milliseconds since 1970 when a bench begins.
    static let epoch: Int64 = 1_700_000_000_000
    /// Milliseconds since the bench began.
    private(set) var elapsed: Int64 = 0
    private var sessions: [Character: Slot<Session>] = [:]
    private var replica: Slot<Session>?
    private var host = TestFiles()

    init(_ change: (inout ServerSettings) -> Void = { _ in }) {
        var settings = ServerSettings()
        settings.savePoints = []
        settings.replDisklessSyncDelay = 0
        change(&settings)
        engine = Slot(DataEngine(settings: settings, seed: 1, clock: { 0 }))
        begin()
        engine.value.start(configurationPath: nil, configurationText: [])
        turn([])
    }

    deinit { engine.free() }

    private func begin() {
        engine.value.beginTurn(
            TurnTime(
                monotonic: 1_000_000 + elapsed * 1000, wall: (EngineBench.epoch + elapsed) * 1000))
    }

    /// Lets time pass without running timers.
    func wait(_ milliseconds: Int64) {
        elapsed += milliseconds
        begin()
    }

    /// Lets time pass in steps of a timer's length, running timers.
    func pass(_ milliseconds: Int64) {
        for _ in 0..<(milliseconds / 10) {
            wait(10)
            _ = engine.value.tick()
            perform()
        }
    }

    private func turn(_ ready: [Slot<Session>]) {
        engine.value.process(ready)
        while engine.value.hasPendingWork {
            engine.value.process([])
            perform()
            _ = engine.value.tick()
        }
        perform()
    }

    private func perform() {
        while let request = engine.value.nextRequest() {
            guard case .done(let event?) = host.answer(request) else { continue }
            engine.value.handle(event)
        }
    }

    /// The session of that name, opened when it is first used.
    func session(_ name: Character = "1") -> Slot<Session> {
        if let known = sessions[name] { return known }
        let slot = engine.value.frontend.open(
            connection: sessions.count + 1, peer: "127.0.0.1:1", local: "127.0.0.1:2")
        sessions[name] = slot
        return slot
    }

    /// Sends bytes and returns the replies.
    func send(_ bytes: [UInt8], to slot: Slot<Session>) -> [UInt8] {
        slot.value.input.append(bytes)
        turn([slot])
        return engine.value.takeOutput(slot)
    }

    /// The reply to an inline request, as `readable` shows it.
    @discardableResult
    func run(_ line: String, on name: Character = "1") -> String {
        EngineBench.readable(send(Array(line.utf8) + [13, 10], to: session(name)))
    }

    /// Bytes with line ends as `|`, except the last, and what cannot be printed as `\xHH`.
    static func readable(_ bytes: [UInt8]) -> String {
        var bytes = bytes
        if bytes.suffix(2) == [13, 10] { bytes.removeLast(2) }
        var text = ""
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 13, index + 1 < bytes.count, bytes[index + 1] == 10 {
                text += "|"
                index += 1
            } else if byte >= 32, byte < 127, byte != UInt8(ascii: "\\") {
                text.append(Character(Unicode.Scalar(byte)))
            } else {
                let digits = String(byte, radix: 16)
                text += "\\x" + (digits.count < 2 ? "0" : "") + digits
            }
            index += 1
        }
        return text
    }

    // MARK: The stream

    /// Attaches a replica, from which `stream` learns what is propagated from now on.
    func attachReplica() {
        let slot = session("r")
        _ = run("REPLCONF capa eof capa psync2", on: "r")
        var received = send(Array("PSYNC ? -1\r\n".utf8), to: slot)
        // The snapshot ends with the forty bytes that its head announces.
        for _ in 0..<1000 where !EngineBench.isWholeSnapshot(received) {
            pass(10)
            received += engine.value.takeOutput(slot)
        }
        _ = send(Array("REPLCONF ACK 0\r\n".utf8), to: slot)
        replica = slot
        // The stream begins with SELECT.
        run("SET attached 1")
        run("DEL attached")
        _ = stream()
    }

    private static func isWholeSnapshot(_ bytes: [UInt8]) -> Bool {
        let head = Array("$EOF:".utf8)
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: head) }),
            start + 45 < bytes.count
        else { return false }
        let mark = bytes[start + 5..<start + 45]
        return bytes.count > start + 87 && bytes.suffix(40).elementsEqual(mark)
    }

    /// The requests propagated since the last call.
    func stream() -> [[String]] {
        guard let replica else { return [] }
        _ = engine.value.tick()
        let bytes = engine.value.takeOutput(replica)
        var parser = RequestParser()
        var arena = ArgumentArena()
        var requests: [[String]] = []
        bytes.withView { view in
            var position = 0
            while case .request(let first, let count, let end) = parser.next(
                view, at: position, limits: RequestLimits(), into: &arena)
            {
                requests.append(
                    (first..<first + count).map { EngineBench.readable(arena[$0].bytes) })
                position = end
            }
        }
        return requests.filter { $0 != ["PING"] && $0.first != "REPLCONF" }
    }
}

/// Plays lines on a bench: `request => reply`, as `EngineBench.readable` shows replies. `2> ` in
/// front sends as another client, `@50` lets 50 ms pass, `~ a; b` says that exactly the requests a
/// and b were propagated since the last such line.
func play(
    _ text: String, on bench: EngineBench = EngineBench(),
    _ location: SourceLocation = #_sourceLocation
) {
    for line in text.split(separator: "\n") {
        if line.hasPrefix("@") {
            bench.wait(Int64(line.dropFirst()) ?? 0)
        } else if line.hasPrefix("~") {
            let wanted = line.dropFirst().split(separator: ";").map {
                $0.split(separator: " ").map { $0 == "\"\"" ? "" : String($0) }
            }
            let seen = bench.stream()
            #expect(seen == wanted, "\(line)", sourceLocation: location)
        } else {
            let isNamed = line.dropFirst().hasPrefix("> ")
            let name = isNamed ? line[line.startIndex] : "1"
            let parts = line.dropFirst(isNamed ? 3 : 0).split(separator: " => ", maxSplits: 1)
            let reply = bench.run(String(parts[0]), on: name)
            // A request without a reply is one that waits.
            let wanted = parts.count > 1 ? String(parts[1]) : ""
            #expect(reply == wanted, "\(line)", sourceLocation: location)
        }
    }
}
