import Engine
import Memory
import Sessions
import Testing

@Suite struct ActiveExpiryTests {
    @Test func keysThatNobodyAsksForDie() {
        let bench = EngineBench()
        for index in 0..<2000 { bench.run("SET k\(index) v PX \(100 + index % 7)") }
        bench.run("SET stays v")
        bench.run("SET later v EX 100")
        bench.pass(50)
        #expect(bench.run("DBSIZE") == ":2002")
        bench.pass(1000)
        #expect(bench.run("DBSIZE") == ":2")
        #expect(bench.engine.value.statistics.expiredKeys == 2000)
    }

    @Test func oneSliceIsBoundedAndTheNextComesSoon() {
        let bench = EngineBench()
        for index in 0..<20_000 { bench.run("SET k\(index) v PX 100") }
        bench.wait(200)
        let next = bench.engine.value.activeExpireCycle()
        let expired = bench.engine.value.statistics.expiredKeys
        #expect(expired > 0 && expired < 20_000)
        #expect(next - bench.engine.value.frontend.time.monotonic < 10_000)
    }

    @Test func deletionsArePropagatedOneByOne() {
        let bench = EngineBench()
        bench.attachReplica()
        bench.run("SET a v PX 20")
        bench.run("SET b v PX 20")
        _ = bench.stream()
        bench.pass(500)
        let sent = bench.stream()
        #expect(Set(sent) == [["DEL", "a"], ["DEL", "b"]] && sent.count == 2)
    }

    @Test func itCanBeTurnedOff() {
        let bench = EngineBench { $0.activeExpire = false }
        bench.run("SET a v PX 20")
        bench.pass(1000)
        #expect(bench.run("DBSIZE") == ":1")
        #expect(bench.run("GET a") == "$-1")
        #expect(bench.run("DBSIZE") == ":0")
    }

    @Test func watchersOfADeadKeyAreTripped() {
        let bench = EngineBench()
        bench.run("SET a v PX 20")
        bench.run("WATCH a")
        bench.pass(500)
        bench.run("MULTI")
        #expect(bench.run("EXEC") == "*-1")
    }
}

@Suite struct EvictionTests {
    /// A bench with a limit that `keys` values of 100 bytes are over.
    private func full(
        _ policy: EvictionPolicy, keys: Int = 2000, _ options: (Int) -> String = { _ in "" }
    ) -> EngineBench {
        let bench = EngineBench {
            $0.maxmemoryPolicy = policy
            $0.hz = 10
        }
        let value = String(repeating: "x", count: 100)
        for index in 0..<keys {
            if index % 100 == 0 { bench.wait(1000) }
            bench.run("SET k\(index) \(value)\(options(index))")
        }
        bench.engine.value.settings.maxmemory = bench.engine.value.countedMemory * 3 / 4
        bench.engine.value.applyMemorySettings()
        return bench
    }

    @Test func howLongMemoryIsAboveTheLimitCanBeSeen() {
        let bench = full(.noEviction)
        func shown() -> [Substring] {
            bench.engine.value.info([.stats]).split(separator: "\r\n")
                .filter { $0.contains("eviction_exceeded_time") }
        }
        bench.run("PING")
        bench.wait(1500)
        #expect(
            shown() == [
                "total_eviction_exceeded_time:1500", "current_eviction_exceeded_time:1500",
            ])
        bench.run("FLUSHALL")
        settle(bench)
        bench.wait(1000)
        #expect(
            shown() == ["total_eviction_exceeded_time:1500", "current_eviction_exceeded_time:0"])
    }

    private func settle(_ bench: EngineBench) {
        for _ in 0..<10 { bench.run("PING") }
    }

    private func isBelowLimit(_ bench: EngineBench) -> Bool {
        bench.engine.value.countedMemory <= bench.engine.value.settings.maxmemory
    }

    @Test(arguments: [EvictionPolicy.allKeysLRU, .allKeysLFU, .allKeysRandom])
    func anyKeyMayGo(_ policy: EvictionPolicy) {
        let bench = full(policy)
        #expect(bench.run("SET new v") == "+OK")
        settle(bench)
        #expect(isBelowLimit(bench))
        #expect(bench.engine.value.statistics.evictedKeys > 100)
        #expect(bench.run("GET new") == "$1|v")
    }

    @Test(arguments: [EvictionPolicy.volatileLRU, .volatileLFU, .volatileRandom, .volatileTTL])
    func onlyKeysThatExpireMayGo(_ policy: EvictionPolicy) {
        let bench = full(policy) { $0 % 2 == 0 ? " EX \(10_000 + $0)" : "" }
        settle(bench)
        #expect(isBelowLimit(bench))
        for index in stride(from: 1, to: 2000, by: 2) {
            #expect(bench.run("EXISTS k\(index)") == ":1")
        }
    }

    @Test(arguments: [EvictionPolicy.volatileLRU, .noEviction])
    func whereNothingMayGoWritesAreRefused(_ policy: EvictionPolicy) {
        let bench = full(policy)
        let refusal = "-OOM command not allowed when used memory > 'maxmemory'."
        #expect(bench.run("SET new v") == refusal)
        #expect(bench.run("GET k0").hasPrefix("$100|"))
        #expect(bench.run("DEL k0") == ":1")
        bench.run("MULTI")
        #expect(bench.run("SET new v") == refusal)
        #expect(bench.run("EXEC").hasPrefix("-EXECABORT"))
        #expect(bench.run("DBSIZE") == ":1999")
    }

    @Test func theLeastRecentlyUsedGoFirst() {
        let bench = full(.allKeysLRU)
        bench.engine.value.settings.maxmemory = 0
        bench.engine.value.applyMemorySettings()
        bench.wait(100_000)
        for index in 0..<200 { bench.run("GET k\(index)") }
        bench.engine.value.settings.maxmemory = bench.engine.value.countedMemory * 3 / 4
        bench.engine.value.applyMemorySettings()
        settle(bench)
        let kept = (0..<200).filter { bench.run("EXISTS k\($0)") == ":1" }.count
        #expect(kept >= 198, "\(kept) of 200 recently used keys kept")
    }

    @Test func whatExpiresFirstGoesFirst() {
        let bench = full(.volatileTTL) { " EX \($0 < 200 ? 1_000_000 : 10_000 + $0)" }
        settle(bench)
        let kept = (0..<200).filter { bench.run("EXISTS k\($0)") == ":1" }.count
        #expect(kept >= 198, "\(kept) of 200 long-lived keys kept")
    }

    @Test func evictionsArePropagatedOneByOneBeforeTheCommand() {
        let bench = full(.allKeysRandom, keys: 200)
        bench.engine.value.settings.maxmemory = 0
        bench.engine.value.applyMemorySettings()
        bench.attachReplica()
        bench.engine.value.settings.maxmemory = bench.engine.value.countedMemory - 1000
        bench.engine.value.applyMemorySettings()
        #expect(bench.run("SET new v") == "+OK")
        let sent = bench.stream()
        #expect(sent.count > 1 && sent.last == ["SET", "new", "v"])
        #expect(sent.dropLast().allSatisfy { $0.count == 2 && $0[0] == "DEL" })
    }

    @Test func bigValuesGiveTheirRoomBackAtOnce() {
        let bench = EngineBench { $0.maxmemoryPolicy = .allKeysLRU }
        for index in 0..<4 { bench.run("SETRANGE big\(index) 4000000 x") }
        bench.engine.value.settings.maxmemory = 10_000_000
        bench.engine.value.applyMemorySettings()
        #expect(bench.run("SET new v") == "+OK")
        settle(bench)
        #expect(isBelowLimit(bench) && bench.engine.value.statistics.evictedKeys <= 3)
    }
}
