import Host
import Memory
import Platform
import RESP
import Sessions

/// The smallest service: answers PONG to everything, except that a request's first word may ask
/// for what a test needs of the host. Replies of the host are pushed to the session that asked.
struct PongService: ~Copyable, Service {
    var frontend: Frontend
    private var asking: Int?
    private var nextID = 1
    /// Sent to whoever asks with BIG.
    private let bigReply = [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20)

    init() {
        let row = Command("ping", arity: -1, group: .connection) { _, _, _ in 0 }
        frontend = Frontend(
            heap: Heap(), commands: [row], seed: 1, isSentinel: false,
            clock: { Clock.monotonicMicroseconds() })
    }

    mutating func beginTurn(_ time: TurnTime) { frontend.beginTurn(time) }

    var hasPendingWork: Bool { frontend.hasQueuedSessions }

    mutating func process() {
        var links: [Slot<Session>] = []
        while frontend.hasQueuedSessions, frontend.fillBatch(link: { links.append($0) }) {
            for index in 0..<frontend.batchCount {
                let item = frontend.batch[index]
                let slot = Slot<Session>(address: item.session)
                let words = (0..<Int(item.count)).map {
                    frontend.arena.value[Int(item.first) + $0].string
                }
                answer(words, slot)
                frontend.finish(slot, upTo: item.end)
                frontend.noteOutput(slot)
            }
            frontend.settleBatch()
        }
        for link in links {
            tell("link got \(link.value.input.readable.string)")
            link.value.input.removeAll()
            frontend.close(link)
        }
    }

    private mutating func answer(_ words: [String], _ slot: Slot<Session>) {
        let id = nextID
        nextID += 1
        switch words[0] {
        case "BIG": slot.value.reply.bulk(text: String(decoding: bigReply, as: UTF8.self))
        case "QUIT":
            slot.value.reply.ok()
            frontend.close(slot, afterReply: true)
        case "KILL": frontend.close(slot)
        case "STOP":
            slot.value.reply.ok()
            frontend.requests.append(.stop(status: 7))
        case "CONNECT":
            asking = slot.value.id
            let port = Int(words[2]) ?? 0
            frontend.requests.append(.connect(link: id, host: words[1], port: port, source: nil))
        case "SAVE":
            asking = slot.value.id
            frontend.requests.append(.replaceFile(id: id, path: words[1], bytes: [1]))
        default: slot.value.reply.simple("PONG")
        }
    }

    /// Sends a line to the session that asked last.
    private mutating func tell(_ text: String) {
        guard let asking, let slot = frontend.sessions[asking] else { return }
        slot.value.reply.simple(text: text)
        frontend.noteOutput(slot)
    }

    mutating func tick() -> Int64 { frontend.time.monotonic + 1_000_000 }

    mutating func nextOutput(_ session: Slot<Session>) -> ByteView { frontend.sendable(session) }

    mutating func outputSent(_ session: Slot<Session>, _ count: Int) {
        frontend.sent(session, count)
    }

    mutating func disconnected(_ session: Slot<Session>) { frontend.drop(session) }

    mutating func nextRequest() -> HostRequest? {
        frontend.requests.isEmpty ? nil : frontend.requests.removeFirst()
    }

    mutating func handle(_ event: HostEvent) {
        switch event {
        case .linkOpened(_, let session, let localAddress):
            session.value.reply.simple(text: "hello from \(localAddress)")
            frontend.noteOutput(session)
        case .linkFailed(_, let reason): tell("link failed: \(reason)")
        case .fileDone: tell("saved")
        case .fileFailed(_, let operation, _, let reason): tell("\(operation): \(reason)")
        default: break
        }
    }
}
