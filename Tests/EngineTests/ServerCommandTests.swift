import Engine
import Memory
import RESP
import Sessions
import Testing

@Suite("Commands about the server")
struct ServerCommandTests {
    /// Fields of an INFO reply.
    private func fields(_ reply: String) -> [String: String] {
        var result: [String: String] = [:]
        for line in reply.split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
        }
        return result
    }

    @Test("INFO shows the sections asked for, in Redis's order")
    func sections() {
        let bench = ServerBench()
        let slot = bench.open()
        func titles(_ words: String...) -> [String] {
            bench.send(slot, ["INFO"] + words)
            return bench.take(slot).split(separator: "\r\n").filter { $0.hasPrefix("# ") }
                .map { String($0.dropFirst(2)) }
        }
        let usual = [
            "Server", "Clients", "Memory", "Persistence", "Stats", "Replication", "CPU", "Modules",
            "Errorstats", "Cluster", "Keyspace",
        ]
        #expect(titles() == usual)
        #expect(titles("default") == usual)
        let all = titles("everything")
        #expect(all.count == 13 && all.contains("Commandstats") && all.contains("Latencystats"))
        #expect(titles("all") == all)
        #expect(titles("KEYSPACE", "server") == ["Server", "Keyspace"])
        #expect(titles("nosuch") == [])
        _ = bench.ask(slot, "HELLO", "3")
        #expect(bench.ask(slot, "INFO", "cluster").hasPrefix("=34\r\ntxt:# Cluster\r\n"))
    }

    @Test("what INFO says is so")
    func truth() {
        let bench = ServerBench()
        let (slot, other) = (bench.open(), bench.open("5.6.7.8:9"))
        _ = bench.ask(slot, "SET", "a", "1")
        _ = bench.ask(slot, "SET", "b", "2", "EX", "100")
        _ = bench.ask(slot, "GET", "a")
        _ = bench.ask(slot, "GET", "nosuch")
        _ = bench.ask(slot, "NOSUCH")
        _ = bench.ask(slot, "CLIENT", "NOSUCH")
        _ = bench.ask(slot, "INCRBY", "a", "x")
        _ = bench.ask(other, "SUBSCRIBE", "news")
        _ = bench.ask(other, "PSUBSCRIBE", "n*", "m*")
        bench.pass(seconds: 90)
        let info = fields(bench.ask(slot, "INFO", "everything"))
        #expect(info["redis_version"] == "7.0.15")
        #expect(info["tandem_version"] != nil)
        #expect(info["run_id"]?.count == 40)
        #expect(info["uptime_in_seconds"] == "90")
        #expect(info["connected_clients"] == "2")
        #expect(info["db0"]?.hasPrefix("keys=2,expires=1,avg_ttl=") == true)
        #expect(info["keyspace_hits"] == "1")
        #expect(info["keyspace_misses"] == "1")
        #expect(info["pubsub_channels"] == "1")
        #expect(info["pubsub_patterns"] == "2")
        #expect(info["total_connections_received"] == "2")
        #expect(info["total_commands_processed"] == "9")
        #expect(info["total_error_replies"] == "3")
        #expect(info["errorstat_ERR"] == "count=3")
        #expect(info["rdb_changes_since_last_save"] == "2")
        #expect(info["total_forks"] == "0")
        #expect(info["loading"] == "0")
        #expect(info["role"] == "master")
        #expect(
            info["cmdstat_set"]
                == "calls=2,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0")
        #expect(info["cmdstat_incrby"]?.hasSuffix("rejected_calls=0,failed_calls=1") == true)
        #expect(info["cmdstat_client"] == nil)
        #expect(info["used_memory"].flatMap { Int($0) } ?? 0 > 1000)
    }

    @Test("CONFIG RESETSTAT starts the counters again")
    func resetStatistics() {
        let bench = ServerBench()
        let slot = bench.open()
        _ = bench.ask(slot, "GET", "a")
        _ = bench.ask(slot, "NOSUCH")
        #expect(bench.ask(slot, "CONFIG", "RESETSTAT") == "+OK\r\n")
        let info = fields(bench.ask(slot, "INFO", "everything"))
        #expect(info["keyspace_misses"] == "0")
        #expect(info["total_error_replies"] == "0")
        #expect(info["errorstat_ERR"] == nil)
        #expect(info["cmdstat_get"] == nil)
    }

    @Test("MONITOR shows what was executed, without secrets and without administration")
    func monitor() {
        let bench = ServerBench()
        let (watcher, slot) = (bench.open("9.9.9.9:9"), bench.open())
        #expect(bench.ask(watcher, "MONITOR") == "+OK\r\n")
        _ = bench.ask(slot, "SET", "a\n\"", "\u{1}é")
        _ = bench.ask(slot, "AUTH", "default", "hunter2")
        _ = bench.ask(slot, "CONFIG", "GET", "port")
        _ = bench.ask(slot, "MULTI")
        _ = bench.ask(slot, "SELECT", "3")
        _ = bench.ask(slot, "EXEC")
        let prefix = "+1700000000.000000 "
        #expect(
            bench.take(watcher)
                == "\(prefix)[0 1.2.3.4:5] \"SET\" \"a\\n\\\"\" \"\\x01\\xc3\\xa9\"\r\n"
                + "\(prefix)[0 1.2.3.4:5] \"AUTH\" \"(redacted)\" \"(redacted)\"\r\n"
                + "\(prefix)[0 1.2.3.4:5] \"MULTI\"\r\n\(prefix)[3 1.2.3.4:5] \"SELECT\" \"3\"\r\n"
                + "\(prefix)[3 1.2.3.4:5] \"EXEC\"\r\n")
        #expect(bench.ask(watcher, "RESET") == "+RESET\r\n")
        _ = bench.ask(slot, "PING")
        #expect(bench.take(watcher) == "")
        let isMonitored = bench.engine.value.gates.contains(.monitored)
        #expect(!isMonitored)
    }

    @Test("RESET makes a connection new, also in the middle of a transaction")
    func reset() {
        let bench = ServerBench()
        let slot = bench.open()
        _ = bench.ask(slot, "HELLO", "3", "SETNAME", "me")
        _ = bench.ask(slot, "SELECT", "4")
        _ = bench.ask(slot, "SUBSCRIBE", "a")
        _ = bench.ask(slot, "MULTI")
        #expect(bench.ask(slot, "RESET") == "+RESET\r\n")
        #expect(bench.ask(slot, "CLIENT", "GETNAME") == "$-1\r\n")
        #expect(bench.ask(slot, "EXEC") == "-ERR EXEC without MULTI\r\n")
        #expect(slot.value.database == 0)
        #expect(bench.engine.value.frontend.pubsub.channels.isEmpty)
    }

    @Test("a subscriber of RESP2 may only subscribe, ping, quit and reset")
    func subscribed() {
        let bench = ServerBench()
        let slot = bench.open()
        _ = bench.ask(slot, "SUBSCRIBE", "a")
        #expect(
            bench.ask(slot, "GET", "a")
                == "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT "
                + "/ RESET are allowed in this context\r\n")
        #expect(bench.ask(slot, "SSUBSCRIBE", "s").hasPrefix("*3\r\n$10\r\nssubscribe\r\n"))
        #expect(bench.ask(slot, "QUIT") == "+OK\r\n")
        #expect(slot.value.flags.contains(.closeAfterReply))
    }

    @Test("CLIENT REPLY silences replies, but no pushes and not itself")
    func silence() {
        let bench = ServerBench()
        let slot = bench.open()
        #expect(bench.ask(slot, "CLIENT", "REPLY", "SKIP") == "")
        #expect(bench.ask(slot, "NOSUCH") == "")
        #expect(bench.ask(slot, "PING") == "+PONG\r\n")
        _ = bench.ask(slot, "CLIENT", "REPLY", "SKIP")
        #expect(bench.ask(slot, "CLIENT", "REPLY", "SKIP") == "")
        #expect(bench.ask(slot, "PING") == "")
        #expect(bench.ask(slot, "PING") == "+PONG\r\n")
        _ = bench.ask(slot, "CLIENT", "REPLY", "SKIP")
        #expect(bench.ask(slot, "CLIENT", "REPLY", "ON") == "+OK\r\n")
        _ = bench.ask(slot, "HELLO", "3")
        #expect(bench.ask(slot, "CLIENT", "REPLY", "OFF") == "")
        #expect(bench.ask(slot, "PING") == "")
        #expect(
            bench.ask(slot, "SUBSCRIBE", "a") == ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n")
        _ = bench.ask(bench.open(), "PUBLISH", "a", "b")
        #expect(bench.take(slot) == ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n")
        #expect(bench.ask(slot, "CLIENT", "REPLY", "ON") == "+OK\r\n")
    }

    @Test("a write pause holds writes and lets reads through; the requests are not lost")
    func pause() {
        let bench = ServerBench()
        let (slot, other) = (bench.open(), bench.open())
        #expect(bench.ask(slot, "CLIENT", "PAUSE", "1000", "WRITE") == "+OK\r\n")
        #expect(bench.ask(other, "SET", "a", "1") == "")
        #expect(bench.ask(slot, "GET", "a") == "$-1\r\n")
        // What a sentinel says comes through, or it would not get its PING answered.
        #expect(bench.ask(slot, "PUBLISH", "__sentinel__:hello", "x") == ":0\r\n")
        #expect(bench.ask(slot, "PING") == "+PONG\r\n")
        #expect(bench.ask(slot, "CLIENT", "UNPAUSE") == "+OK\r\n")
        bench.engine.value.process([])
        #expect(bench.take(other) == "+OK\r\n")
        // A shorter or weaker pause does not shorten or weaken the one in force.
        _ = bench.ask(slot, "CLIENT", "PAUSE", "2000", "ALL")
        _ = bench.ask(slot, "CLIENT", "PAUSE", "1", "WRITE")
        #expect(bench.ask(other, "PING") == "")
        bench.pass(seconds: 1)
        bench.engine.value.process([])
        #expect(bench.take(other) == "")
        bench.pass(seconds: 2)
        bench.engine.value.process([])
        #expect(bench.take(other) == "+PONG\r\n")
    }

    @Test("idle clients are closed, subscribers and monitors are not")
    func timeout() {
        let bench = ServerBench { $0.frontend.timeout = 3 }
        let slots = (0..<4).map { bench.open("1.1.1.1:\($0)") }
        _ = bench.ask(slots[1], "SUBSCRIBE", "a")
        _ = bench.ask(slots[2], "MONITOR")
        bench.pass(seconds: 2)
        _ = bench.ask(slots[3], "PING")
        bench.pass(seconds: 3)
        let closed = slots.filter { $0.value.flags.contains(.closing) }.map { $0.value.id }
        #expect(closed == [slots[0].value.id])
    }

    @Test("an idle session gives its blocks back")
    func idleBlocks() {
        let bench = ServerBench()
        let slot = bench.open()
        _ = bench.ask(slot, "PING")
        #expect(slot.value.reply.buffer.capacity > 0)
        bench.pass(seconds: 4)
        #expect(slot.value.reply.buffer.capacity == 0)
    }

    @Test(
        "DEBUG is for whom the setting says",
        arguments: [
            (LocalAccess.no, "127.0.0.1:1", false), (.local, "127.0.0.1:1", true),
            (.local, "[::1]:1", true), (.local, "10.0.0.1:1", false), (.yes, "10.0.0.1:1", true),
        ] as [(LocalAccess, String, Bool)])
    func debugAccess(access: LocalAccess, peer: String, allowed: Bool) {
        let bench = ServerBench { $0.enableDebugCommand = access }
        let slot = bench.open(peer)
        let reply = bench.ask(slot, "DEBUG", "LOG", "hello")
        #expect(reply.hasPrefix(allowed ? "+OK" : "-ERR DEBUG command not allowed."))
        #expect(bench.requests.contains(.log(.warning, "DEBUG LOG: hello")) == allowed)
    }

    @Test("DEBUG DIGEST is Redis's, and sees database, type, value and expiry")
    func digest() {
        let bench = ServerBench { $0.enableDebugCommand = .yes }
        let slot = bench.open()
        func digest() -> String { bench.ask(slot, "DEBUG", "DIGEST") }
        let empty = "+" + String(repeating: "0", count: 40) + "\r\n"
        #expect(digest() == empty)
        // Taken from redis-server 7.0.15.
        _ = bench.ask(slot, "DEBUG", "POPULATE", "2", "pre", "10")
        #expect(digest() == "+2de8d2057316d8c6bd424b047c422fd3c6276354\r\n")
        let first = digest()
        _ = bench.ask(slot, "EXPIRE", "pre:0", "100")
        #expect(digest() != first)
        _ = bench.ask(slot, "PERSIST", "pre:0")
        #expect(digest() == first)
        _ = bench.ask(slot, "SWAPDB", "0", "1")
        #expect(digest() != first)
        #expect(
            bench.ask(slot, "DEBUG", "DIGEST-VALUE", "nosuch")
                == "*1\r\n+0000000000000000000000000000000000000000\r\n")
    }

    @Test("what must crash or sleep is asked of the host")
    func effects() {
        let bench = ServerBench { $0.enableDebugCommand = .yes }
        let slot = bench.open()
        #expect(bench.ask(slot, "DEBUG", "SLEEP", "0.25") == "+OK\r\n")
        #expect(bench.requests.last == .sleep(microseconds: 250_000))
        _ = bench.ask(slot, "DEBUG", "SEGFAULT")
        #expect(bench.requests.last == .crash("segfault"))
        // The slow log has the time slept.
        #expect(bench.ask(slot, "SLOWLOG", "GET").contains(":250000\r\n*3\r\n$5\r\nDEBUG\r\n"))
        #expect(bench.ask(slot, "SLOWLOG", "LEN") == ":1\r\n")
        #expect(bench.ask(slot, "SLOWLOG", "RESET") == "+OK\r\n")
        #expect(bench.ask(slot, "SLOWLOG", "GET", "-1") == "*0\r\n")
    }

    @Test(
        "SHUTDOWN is read as Redis reads it",
        arguments: [
            ["foo"], ["save", "nosave"], ["nosave", "save"], ["abort", "now"], ["abort", "save"],
        ])
    func shutdownSyntax(words: [String]) {
        let bench = ServerBench()
        let slot = bench.open()
        bench.send(slot, ["SHUTDOWN"] + words)
        #expect(bench.take(slot) == "-ERR syntax error\r\n")
        #expect(bench.ask(slot, "SHUTDOWN", "ABORT") == "-ERR No shutdown in progress.\r\n")
    }

    @Test("MEMORY USAGE counts a value, MEMORY STATS adds up")
    func memory() {
        let bench = ServerBench()
        let slot = bench.open()
        _ = bench.ask(slot, "SET", "a", String(repeating: "x", count: 10000))
        let usage = bench.ask(slot, "MEMORY", "USAGE", "a").dropFirst().prefix { $0.isNumber }
        #expect((Int(usage) ?? 0) >= 10000)
        #expect(bench.ask(slot, "MEMORY", "USAGE", "nosuch") == "$-1\r\n")
        #expect(bench.ask(slot, "MEMORY", "USAGE", "a", "SAMPLES", "-1") == "-ERR syntax error\r\n")
        #expect(bench.ask(slot, "MEMORY", "STATS").contains("$10\r\nkeys.count\r\n:1\r\n"))
        #expect(bench.ask(slot, "MEMORY", "DOCTOR").hasPrefix("$"))
        #expect(bench.ask(slot, "MEMORY", "PURGE") == "+OK\r\n")
    }

    @Test("INFO and MEMORY STATS show the allocator's figures as the host told them")
    func allocator() {
        let bench = ServerBench()
        let slot = bench.open()
        var usage = ProcessUsage()
        usage.residentBytes = 12 << 20
        usage.threadUserMicroseconds = 1_500_000
        usage.threadSystemMicroseconds = 250
        usage.allocatorAllocated = 4 << 20
        usage.allocatorActive = 6 << 20
        usage.allocatorResident = 8 << 20
        bench.engine.value.handle(.usage(usage))
        let info = bench.ask(slot, "INFO", "memory")
        let fields = [
            "used_memory_rss:12582912", "allocator_allocated:4194304", "allocator_active:6291456",
            "allocator_resident:8388608", "allocator_frag_ratio:1.50",
            "allocator_frag_bytes:2097152", "allocator_rss_ratio:1.33",
            "allocator_rss_bytes:2097152", "rss_overhead_ratio:1.50",
            "rss_overhead_bytes:4194304", "mem_allocator:\(Allocator.name)",
        ]
        for field in fields { #expect(info.contains("\r\n\(field)\r\n"), "\(field)") }
        let processor = bench.ask(slot, "INFO", "cpu")
        #expect(processor.contains("\r\nused_cpu_user_main_thread:1.500000\r\n"))
        #expect(processor.contains("\r\nused_cpu_sys_main_thread:0.000250\r\n"))
        let stats = bench.ask(slot, "MEMORY", "STATS")
        #expect(stats.contains("$18\r\nallocator.resident\r\n:8388608\r\n"))
        #expect(stats.contains("$19\r\nallocator-rss.bytes\r\n:2097152\r\n"))
        #expect(stats.contains("$18\r\nrss-overhead.ratio\r\n$3\r\n1.5\r\n"))
        #expect(bench.ask(slot, "MEMORY", "MALLOC-STATS").contains("allocated: 4194304\n"))
    }

    @Test("an allocator that does not tell counts as one that wastes nothing")
    func silentAllocator() {
        let bench = ServerBench()
        let slot = bench.open()
        var usage = ProcessUsage()
        usage.residentBytes = 12 << 20
        bench.engine.value.handle(.usage(usage))
        let used = bench.engine.value.heap.used
        let info = bench.ask(slot, "INFO", "memory")
        #expect(info.contains("allocator_active:12582912\r\nallocator_resident:12582912\r\n"))
        #expect(used > 0 && info.contains("rss_overhead_bytes:0\r\n"))
    }

    @Test("the allocator's figures follow what is allocated")
    func allocatorFigures() {
        let before = Allocator.figures()
        #expect(before.allocated > 0 && before.allocated <= before.active)
        #expect(before.active <= before.resident)
        let heap = Heap()
        var buffer = ByteBuffer(heap: heap)
        buffer.append(repeating: 120, count: 64 << 20)
        // Other tests allocate and free meanwhile, but not as much.
        #expect(Allocator.figures().allocated > before.allocated + (32 << 20))
        #expect(buffer.readable[1000] == 120)
        #expect(Allocator.purge())
        #expect(Allocator.name.hasPrefix("jemalloc-"))
    }
}
