import Digests
import Engine
import Memory
import RESP
import Sessions
import Testing

/// Random changes while a snapshot is taken: what it holds is what was there when it began, and
/// with the stream on top it becomes what is there at the end.
@Suite struct SnapshotPropertyTests {
    /// Requests that change data in every way there is.
    private struct Changes {
        var random: RandomGenerator
        /// Whether keys may expire soon.
        var expires = true
        var flushesAll = true

        mutating func next() -> [String] {
            let key = "k\(random.below(400))"
            if random.below(8) == 0 { return nextLong() }
            switch random.below(100) {
            case 0..<35: return ["SET", key, value()]
            case 35..<45: return ["SET", key, value(), "PX", "\(life())"]
            case 45..<55: return ["APPEND", key, value()]
            case 55..<62: return ["SETRANGE", key, "\(random.below(9000))", value()]
            case 62..<75: return ["DEL", key, "k\(random.below(400))"]
            case 75..<80: return ["PEXPIRE", key, "\(life())"]
            case 80..<85: return ["RENAME", key, "k\(random.below(400))"]
            case 85..<88: return ["MOVE", key, "\(random.below(3))"]
            case 88..<91: return ["COPY", key, "k\(random.below(400))", "REPLACE"]
            case 91..<95: return ["SELECT", "\(random.below(3))"]
            case 95..<97: return ["SWAPDB", "\(random.below(3))", "\(random.below(3))"]
            case 97: return random.below(6) == 0 ? ["FLUSHDB"] : ["PERSIST", key]
            case 98: return flushesAll && random.below(8) == 0 ? ["FLUSHALL"] : ["INCR", "n"]
            default: return ["SETBIT", key, "\(random.below(70_000))", "1"]
            }
        }

        /// Changes to a few values of many pages, mostly in their middle.
        private mutating func nextLong() -> [String] {
            let key = "k\(random.below(6))"
            let length = [1, 30, 5000, 40_000][random.below(4)]
            let value = String(repeating: "\(random.below(10))", count: length)
            switch random.below(20) {
            case 0..<9: return ["SETRANGE", key, "\(random.below(200_000))", value]
            case 9..<12: return ["SETBIT", key, "\(random.below(1_600_000))", "1"]
            case 12..<15:
                let offset = "\(random.below(1_600_000))"
                return ["BITFIELD", key, "SET", "u16", offset, "7", "INCRBY", "i9", "100", "1"]
            case 15..<18: return ["APPEND", key, value]
            case 18: return ["COPY", key, "k\(random.below(6))", "REPLACE"]
            default: return ["SET", key, String(repeating: value, count: 60_000 / length)]
            }
        }

        private mutating func value() -> String {
            let lengths = [5, 40, 300, 4096, 4097, 20_000]
            let length = lengths[min(random.below(12), 5)]
            return String(repeating: "abcdefg\(random.below(10))", count: length / 8 + 1)
        }

        /// Milliseconds to live, some over before the snapshot is.
        private mutating func life() -> Int {
            expires && random.below(2) == 0 ? 1 + random.below(40) : 10_000_000
        }
    }

    private func fill(_ server: TestServer, _ changes: inout Changes) {
        for _ in 0..<600 { server.run(changes.next()) }
        // However little is left: enough for a walk that takes a while.
        server.run("SELECT", "0")
        for number in 0..<200 { server.run("SET", "base\(number)", "1") }
        server.run("CONFIG", "SET", "rdb-key-save-delay", "300")
    }

    @Test(arguments: 0..<12)
    func theFileHoldsWhatWasThereWhenItBegan(seed: Int) {
        let network = TestNetwork()
        let server = network.add("p")
        var changes = Changes(
            random: RandomGenerator(seed: UInt64(seed) + 1), expires: false, flushesAll: false)
        fill(server, &changes)
        let expected = server.digest
        #expect(server.run("BGSAVE").isError == false)
        var made = 0
        while server.info("rdb_bgsave_in_progress") == "1", made < 20_000 {
            server.run(changes.next())
            network.pass(milliseconds: 1, step: 1)
            made += 1
        }
        #expect(made > 20 && server.digest != expected)
        #expect(server.info("rdb_last_bgsave_status") == "ok")
        server.restart()
        #expect(network.wait { server.info("loading") == "0" })
        #expect(server.digest == expected)
    }

    @Test func howFarASnapshotIsCanBeSeen() {
        let network = TestNetwork()
        let server = network.add("p")
        for number in 0..<500 { server.run("SET", "k\(number)", "1") }
        func progress() -> [String] {
            ["processed", "total"].map { server.info("current_save_keys_\($0)") }
                + [server.info("current_fork_perc")]
        }
        #expect(progress() == ["0", "0", "0.00"])
        server.run("CONFIG", "SET", "rdb-key-save-delay", "300")
        server.run("BGSAVE")
        network.pass(milliseconds: 20, step: 1)
        let now = progress()
        let keys = Int(now[0]) ?? 0
        #expect(keys > 0 && keys < 500 && now[1] == "500")
        #expect(abs((Double(now[2]) ?? 0) - Double(keys) / 5) < 0.01)
        #expect(network.wait { server.info("rdb_bgsave_in_progress") == "0" })
        #expect(progress() == ["0", "0", "0.00"])
    }

    @Test(arguments: 0..<12)
    func withTheStreamOnTopAReplicaHasWhatIsThereAtTheEnd(seed: Int) {
        let network = TestNetwork()
        let primary = network.add("p")
        var changes = Changes(random: RandomGenerator(seed: UInt64(seed) + 50))
        fill(primary, &changes)
        if seed % 3 == 0 {
            // Every other write evicts something.
            primary.run("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
            primary.run("CONFIG", "SET", "maxmemory", primary.info("used_memory"))
        }
        if seed % 2 == 0 { network.chunk = 500 }
        let replica = network.add("r") {
            $0.replicaOf = PrimaryAddress(host: "p", port: 6379)
        }
        var made = 0
        while !replica.isLinkUp, made < 20_000 {
            primary.run(changes.next())
            network.pass(milliseconds: 1, step: 1)
            made += 1
        }
        #expect(made > 20 && replica.isLinkUp)
        for _ in 0..<200 { primary.run(changes.next()) }
        network.pass(milliseconds: 3000)
        #expect(replica.digest == primary.digest && replica.place == primary.place)
    }

    @Test func aFullDiskEndsTheSnapshotAndNothingElse() {
        let network = TestNetwork()
        let server = network.add("p")
        var changes = Changes(random: RandomGenerator(seed: 3))
        fill(server, &changes)
        server.run("CONFIG", "SET", "rdb-key-save-delay", "0")
        server.disk.isDiskFull = true
        server.run("BGSAVE")
        #expect(network.wait { server.info("rdb_last_bgsave_status") == "err" })
        #expect(server.logged("No space left on device"))
        #expect(server.run("SET", "still", "served") == .simple("OK"))
        #expect(server.disk.contents.isEmpty && server.info("rdb_bgsave_in_progress") == "0")
        server.disk.isDiskFull = false
        #expect(server.run("SAVE") == .simple("OK"))
        #expect(server.info("rdb_last_bgsave_status") == "ok" && server.disk.contents.count == 1)
    }
}
