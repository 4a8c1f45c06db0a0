import Engine
import Memory
import Sessions
import Testing

@Suite("maxmemory-clients")
struct ClientEvictionTests {
    /// Fields of a line of CLIENT LIST.
    private func fields(_ bench: ServerBench, _ slot: Slot<Session>) -> [String: String] {
        var result: [String: String] = [:]
        for field in bench.ask(slot, "CLIENT", "INFO").split(separator: " ") {
            let parts = field.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
        }
        return result
    }

    /// Half a request whose argument is `size` bytes long.
    private func sendHalf(_ bench: ServerBench, _ slot: Slot<Session>, _ size: Int) {
        slot.value.input.append("*2\r\n$\(size)\r\n" + String(repeating: "v", count: size))
        bench.engine.value.process([slot])
        bench.engine.value.outputsWritten()
    }

    private func evicted(_ bench: ServerBench) -> Int {
        bench.engine.value.statistics.evictedClients
    }

    @Test("the client that holds most is closed first, and only as many as must be")
    func biggestFirst() {
        let bench = ServerBench()
        let control = bench.open()
        let slots = (1...4).map { bench.open("1.2.3.4:\($0)") }
        for (index, slot) in slots.enumerated() { sendHalf(bench, slot, (index + 1) << 20) }
        #expect(evicted(bench) == 0)
        #expect(bench.ask(control, "CONFIG", "SET", "maxmemory-clients", "8mb") == "+OK\r\n")
        bench.engine.value.outputsWritten()
        #expect(slots.map { $0.value.flags.contains(.closing) } == [false, false, false, true])
        #expect(evicted(bench) == 1)
        #expect(bench.ask(control, "INFO", "stats").contains("evicted_clients:1\r\n"))
        _ = bench.ask(control, "CONFIG", "SET", "maxmemory-clients", "2mb")
        bench.engine.value.outputsWritten()
        #expect(slots.map { $0.value.flags.contains(.closing) } == [false, true, true, true])
    }

    @Test("a percentage is one of maxmemory, and nothing without it")
    func percentage() {
        let bench = ServerBench()
        let (control, slot) = (bench.open(), bench.open())
        #expect(bench.ask(control, "CONFIG", "SET", "maxmemory-clients", "10%") == "+OK\r\n")
        #expect(bench.setting(control, "maxmemory-clients") == "10%")
        sendHalf(bench, slot, 4 << 20)
        #expect(evicted(bench) == 0)
        _ = bench.ask(control, "CONFIG", "SET", "maxmemory", "100mb")
        bench.engine.value.outputsWritten()
        #expect(evicted(bench) == 0)
        _ = bench.ask(control, "CONFIG", "SET", "maxmemory", "20mb")
        bench.engine.value.outputsWritten()
        #expect(evicted(bench) == 1 && slot.value.flags.contains(.closing))
    }

    @Test("CLIENT NO-EVICT protects, and no longer when it is off")
    func protected() {
        let bench = ServerBench()
        let control = bench.open()
        let slot = bench.open()
        _ = bench.ask(slot, "CLIENT", "NO-EVICT", "ON")
        _ = bench.ask(control, "CONFIG", "SET", "maxmemory-clients", "1mb")
        _ = bench.ask(slot, "APPEND", "k", String(repeating: "v", count: 2 << 20))
        _ = bench.ask(slot, "MULTI")
        _ = bench.ask(slot, "SET", "k", String(repeating: "v", count: 2 << 20))
        bench.engine.value.outputsWritten()
        #expect(evicted(bench) == 0)
        #expect(Int(fields(bench, slot)["tot-mem"] ?? "").map { $0 > 2 << 20 } == nil)
        _ = bench.ask(slot, "DISCARD")
        _ = bench.ask(slot, "CLIENT", "NO-EVICT", "OFF")
        sendHalf(bench, slot, 2 << 20)
        #expect(evicted(bench) == 1)
    }

    @Test("names that are watched or subscribed to are counted")
    func names() {
        let bench = ServerBench()
        let slot = bench.open()
        let before = Int(fields(bench, slot)["tot-mem"] ?? "") ?? 0
        _ = bench.ask(slot, "WATCH", String(repeating: "w", count: 5000))
        let watching = Int(fields(bench, slot)["tot-mem"] ?? "") ?? 0
        #expect(watching >= before + 5000)
        _ = bench.ask(slot, "UNWATCH")
        _ = bench.ask(slot, "HELLO", "3")
        _ = bench.ask(slot, "SUBSCRIBE", String(repeating: "c", count: 9000))
        let listening = Int(fields(bench, slot)["tot-mem"] ?? "") ?? 0
        #expect(listening >= before + 9000)
        _ = bench.ask(slot, "UNSUBSCRIBE")
        #expect(slot.value.heldNames == 0)
    }

    @Test("a client that is gone no longer counts")
    func gone() {
        let bench = ServerBench()
        let (control, slot, other) = (bench.open(), bench.open(), bench.open())
        _ = bench.ask(control, "CONFIG", "SET", "maxmemory-clients", "3mb")
        sendHalf(bench, slot, 2 << 20)
        bench.engine.value.disconnected(slot)
        sendHalf(bench, other, 2 << 20)
        #expect(evicted(bench) == 0)
    }
}
