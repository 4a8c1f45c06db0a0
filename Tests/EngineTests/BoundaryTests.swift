import Engine
import Memory
import Sessions
import Testing

/// What lies at the edge: settings as large as can be, input of those who leave, logs of what was
/// no call.
@Suite("Edges of settings, input and logs")
struct BoundaryTests {
    @Test(
        "the largest numbers that CONFIG SET takes end nothing",
        arguments: [
            ["latency-monitor-threshold", "9223372036854775807"],
            ["slowlog-log-slower-than", "9223372036854775807"],
            ["maxmemory", "9223372036854775807", "maxmemory-clients", "100%"],
            ["client-output-buffer-limit", "normal 0 1 2147483647"],
        ])
    func largestNumbers(words: [String]) {
        let bench = ServerBench()
        let slot = bench.open()
        bench.send(slot, ["CONFIG", "SET"] + words)
        #expect(bench.take(slot) == "+OK\r\n")
        for _ in 0..<3 {
            #expect(bench.ask(slot, "ECHO", "hello") == "$5\r\nhello\r\n")
            bench.engine.value.frontend.enforceOutputLimit(slot, extra: 100)
            bench.pass(seconds: 1)
        }
        #expect(!slot.value.flags.contains(.closing))
    }

    @Test("seconds of an output limit that Redis refuses are refused")
    func seconds() {
        let bench = ServerBench()
        let reply = bench.ask(
            bench.open(), "CONFIG", "SET", "client-output-buffer-limit", "normal 0 1 2147483648")
        #expect(reply.contains("Error in hard, soft or soft_seconds setting"))
    }

    @Test("a percentage of maxmemory is exact")
    func percentage() {
        let bench = ServerBench()
        let (control, slot) = (bench.open(), bench.open())
        _ = bench.ask(
            control, "CONFIG", "SET", "maxmemory", "9223372036854775807", "maxmemory-clients", "1%")
        slot.value.input.append("*2\r\n$4000000\r\n" + String(repeating: "v", count: 3_000_000))
        bench.engine.value.process([slot])
        bench.engine.value.outputsWritten()
        #expect(bench.engine.value.statistics.evictedClients == 0)
    }

    @Test("a long argument counts once, however it comes")
    func longArgument() {
        let bench = ServerBench()
        let (control, slot) = (bench.open(), bench.open())
        _ = bench.ask(control, "CONFIG", "SET", "maxmemory-clients", "1mb")
        slot.value.input.append("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$700000\r\n")
        for piece in 0..<7 {
            if piece > 0 { #expect(bench.take(slot) == "") }
            slot.value.input.append(String(repeating: "v", count: 100_000))
            bench.engine.value.process([slot])
            bench.engine.value.outputsWritten()
        }
        slot.value.input.append("\r\n")
        bench.engine.value.process([slot])
        #expect(bench.take(slot) == "+OK\r\n")
        #expect(bench.engine.value.statistics.evictedClients == 0)
    }

    @Test("what a client sends after it was told goodbye is dropped")
    func afterGoodbye() {
        let bench = ServerBench()
        let slot = bench.open()
        slot.value.input.append("PING\r\nQUIT\r\nPING\r\n")
        bench.engine.value.process([slot])
        for _ in 0..<3 {
            slot.value.input.append(String(repeating: "x", count: 1 << 20))
            bench.engine.value.process([slot])
            #expect(slot.value.input.capacity == 0)
        }
        #expect(bench.take(slot) == "+PONG\r\n+OK\r\n")
    }

    private func slowlogLength(_ bench: ServerBench) -> Int {
        bench.engine.value.frontend.slowlog.entries.count
    }

    @Test("the slow log has each call once, and nothing that was queued or refused")
    func slowlog() {
        let bench = ServerBench()
        let slot = bench.open()
        _ = bench.ask(slot, "CONFIG", "SET", "slowlog-log-slower-than", "0")
        #expect(slowlogLength(bench) == 1)
        _ = bench.ask(slot, "KEYS", "*")
        #expect(slowlogLength(bench) == 2)
        _ = bench.ask(slot, "GET", "k")
        #expect(slowlogLength(bench) == 3)
        _ = bench.ask(slot, "KEYS")
        _ = bench.ask(slot, "GET")
        _ = bench.ask(slot, "NOSUCH")
        #expect(slowlogLength(bench) == 3)
        _ = bench.ask(slot, "MULTI")
        let before = slowlogLength(bench)
        _ = bench.ask(slot, "KEYS", "*")
        _ = bench.ask(slot, "GET", "k")
        #expect(slowlogLength(bench) == before)
    }

    @Test("keyspace events of DEBUG POPULATE and of a BITFIELD that sets nothing, as in Redis")
    func events() {
        let bench = ServerBench {
            $0.notifyKeyspaceEvents = [.keyevent, .string, .new]
            $0.enableDebugCommand = .yes
        }
        let (slot, listener) = (bench.open(), bench.open())
        _ = bench.ask(listener, "PSUBSCRIBE", "*")
        _ = bench.ask(slot, "DEBUG", "POPULATE", "1")
        let populated = bench.take(listener)
        #expect(populated.contains("@0__:new") && !populated.contains("@0__:set"))
        _ = bench.ask(
            slot, "BITFIELD", "bits", "OVERFLOW", "FAIL", "INCRBY", "u2", "100", "5")
        #expect(!bench.take(listener).contains("setbit"))
        _ = bench.ask(slot, "BITFIELD", "more", "SET", "u2", "100", "0")
        #expect(bench.take(listener).contains("setbit"))
    }
}
