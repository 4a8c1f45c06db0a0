import Memory
import RESP
import Sessions
import Testing

@Suite("The slow log")
struct SlowlogTests {
    /// Adds a request of `words` and gives the entry.
    private func logged(
        _ words: [String], _ command: CommandIdentity = .other
    ) -> [String] {
        let bench = Bench()
        let slot = bench.open()
        let arena = bench.frontend.value.arena
        let bytes = words.map { Array($0.utf8) }
        let buffer = Slot(ByteBuffer(heap: Heap()))
        defer { buffer.free() }
        buffer.value.reserve(bytes.reduce(0) { $0 + $1.count })
        for word in bytes {
            let start = buffer.value.count
            buffer.value.append(word)
            arena.value.append(buffer.value.readable[start..<buffer.value.count])
        }
        let call = Call(
            session: slot, arena: arena, first: 0, count: words.count, command: 0)
        var log = Slowlog()
        log.add(call, command, microseconds: 5, wallSeconds: 6, maxLength: 10)
        arena.value.removeAll()
        return log.entries[0].arguments.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("long arguments and long requests are cut")
    func cut() {
        let long = logged(["SET", "a", String(repeating: "x", count: 200)])
        #expect(long[2] == String(repeating: "x", count: 128) + "... (72 more bytes)")
        let many = logged(["MSET"] + (0..<40).map { "a\($0)" })
        #expect(many.count == 32)
        #expect(many[30] == "a29")
        #expect(many[31] == "... (10 more arguments)")
    }

    @Test(
        "passwords are never shown",
        arguments: [
            (["auth", "*"], .auth), (["x", "*", "*"], .auth), (["auth"], .auth),
            (["hello", "3", "auth", "*", "*", "setname", "x"], .hello), (["hello"], .hello),
            (
                ["config", "set", "maxmemory", "1", "REQUIREPASS", "*", "timeout", "2"],
                .configSet
            ),
            (["config", "set", "masterauth", "*"], .configSet), (["config"], .configSet),
            (["acl", "setuser", "*", "*"], .aclSetUser), (["acl"], .aclDeleteUser),
            (["migrate", "h", "1", "k", "0", "5", "AUTH2", "*", "*", "KEYS", "a"], .migrate),
            (["auth", "x"], .other),
        ] as [([String], CommandIdentity)])
    func secrets(words: [String], command: CommandIdentity) {
        let shown = logged(words.map { $0 == "*" ? "hunter2" : $0 }, command)
        #expect(shown == words.map { $0 == "*" ? "(redacted)" : $0 })
    }

    @Test("the newest entries are kept and come first")
    func bounded() {
        let bench = Bench()
        let slot = bench.open()
        bench.send(slot, "PING\r\n")
        var log = Slowlog()
        bench.frontend.value.arena.value.append(ByteView("PING"))
        let call = Call(
            session: slot, arena: bench.frontend.value.arena, first: 0, count: 1, command: 0)
        for number in 0..<10 {
            log.add(call, .ping, microseconds: Int64(number), wallSeconds: 0, maxLength: 3)
        }
        #expect(log.entries.map(\.id) == [9, 8, 7])
        log.trim(to: 1)
        #expect(log.entries.map(\.id) == [9])
        log.trim(to: -1)
        #expect(log.entries.isEmpty)
        bench.frontend.value.arena.value.removeAll()
    }
}

@Suite("What is noticed of a command's time")
struct NoticeableTests {
    @Test(
        "the log and the monitor are asked for together",
        arguments: [
            (10000, 0, 10000), (-1, 0, .max), (0, 0, 0), (0, 5, 0), (-1, 5, 5000),
            (10000, 3, 3000), (10000, 11, 10000), (.max, .max, .max), (-1, .max, .max),
        ] as [(Int, Int, Int64)])
    func together(slow: Int, delay: Int, wanted: Int64) {
        var settings = FrontendSettings()
        settings.slowlogSlowerThan = slow
        settings.latencyMonitorThreshold = delay
        #expect(settings.noticeable == wanted)
    }
}
