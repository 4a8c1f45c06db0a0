import Memory
import RESP
import Sessions

/// A frontend with the shared commands and a few for tests, driven without a host. Time stands
/// still unless a test moves it.
final class Bench {
    let frontend: Slot<Frontend>
    /// Sessions of links that `fillBatch` gave, in order.
    private(set) var links: [Slot<Session>] = []

    init(isSentinel: Bool = false, settings: FrontendSettings = FrontendSettings()) {
        let rows = CommandRows.connection + CommandRows.pubsub + Bench.rows
        frontend = Slot(
            Frontend(
                heap: Heap(), commands: rows, seed: 1, isSentinel: isSentinel, clock: { 0 }))
        frontend.value.time = TurnTime(monotonic: 1_000_000, wall: 1_700_000_000_000_000)
        frontend.value.settings = settings
    }

    deinit { frontend.free() }

    /// Commands that do what tests need: BLOCK the session, answer BIG, count keys.
    private static let rows: [Command] = [
        Command("block", arity: 1, group: .server) { _, _, call in
            Slot<Call>(address: call).value.session.value.flags.insert(.blocked)
            return Propagation.suspended.rawValue
        },
        Command("big", arity: 2, group: .server) { _, _, call in
            let call = Slot<Call>(address: call).value
            let count = Int(call[1].integer ?? 0)
            call.reply.bulk([UInt8](repeating: 120, count: count))
            return Propagation.none.rawValue
        },
        Command(
            "touch", arity: -2, flags: [.readonly, .fast], keys: .all, group: .generic,
            keyAccess: "RO"
        ) { _, _, _ in 0 },
        Command(
            "merge", arity: -3, flags: [.write], group: .sortedSet,
            keySpecs: [
                KeySpec("OW update", .index(1), .range(last: 0, step: 1, limit: 0)),
                KeySpec("RO access", .index(2), .count(at: 0, first: 1, step: 1)),
            ]
        ) { _, _, _ in 0 },
        Command(
            "follow", arity: -4, flags: [.readonly], group: .stream,
            keySpecs: [
                KeySpec(
                    "RO access", .keyword("STREAMS", startFrom: 1),
                    .range(last: -1, step: 1, limit: 2))
            ]
        ) { _, _, _ in 0 },
    ]

    func open(role: SessionRole = .client, peer: String = "1.2.3.4:5") -> Slot<Session> {
        frontend.value.open(role: role, connection: 7, peer: peer, local: "127.0.0.1:6379")
    }

    /// Gives bytes to the session and serves everybody.
    func send(_ slot: Slot<Session>, _ text: String) {
        slot.value.input.append(text)
        frontend.value.enqueue(slot)
        serve()
    }

    /// Serves until nobody waits.
    func serve() {
        while frontend.value.hasQueuedSessions {
            var links: [Slot<Session>] = []
            guard frontend.value.fillBatch(link: { links.append($0) }) else { break }
            self.links += links
            for index in 0..<frontend.value.batchCount { run(frontend.value.batch[index]) }
            frontend.value.settleBatch()
        }
    }

    private func run(_ item: BatchedRequest) {
        let slot = Slot<Session>(address: item.session)
        let stop: SessionFlags = [.blocked, .closing, .closeAfterReply]
        guard slot.value.flags.isDisjoint(with: stop) else { return }
        var call = Call(
            session: slot, arena: frontend.value.arena, first: Int(item.first),
            count: Int(item.count), command: Int(item.command))
        frontend.value.finish(slot, upTo: item.end)
        frontend.value.noteOutput(slot)
        guard call.command >= 0 else { return slot.value.reply.error("ERR unknown command") }
        if frontend.value.table.isContainer(call.command), call.count > 1 {
            call = Call(
                session: slot, arena: frontend.value.arena, first: Int(item.first),
                count: Int(item.count), command: frontend.value.table.executed(call))
        }
        let entry = frontend.value.table[call.command]
        guard entry.accepts(arguments: call.count) else {
            return slot.value.reply.error("ERR wrong number of arguments")
        }
        slot.value.lastCommand = call.command
        _ = withAddress(of: &call) { entry.thunk(0, frontend.address, $0) }
    }

    /// What may be sent to the session, which is then sent.
    func take(_ slot: Slot<Session>) -> String {
        let view = frontend.value.sendable(slot)
        let text = view.string
        frontend.value.sent(slot, view.count)
        return text
    }

    /// One request of `words` and its reply.
    func ask(_ slot: Slot<Session>, _ words: String...) -> String {
        var text = "*\(words.count)\r\n"
        for word in words { text += "$\(word.utf8.count)\r\n\(word)\r\n" }
        send(slot, text)
        return take(slot)
    }
}
