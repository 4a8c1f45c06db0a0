import Digests
import Keyspace
import Memory
import Testing

@Suite("Expiry and access clocks") struct ExpiryTests {
    @Test("Every expired key is found, in slices, and no other")
    func expired() {
        var twins = Twins(seed: 1)
        let now = twins.keyspace.now
        for number in 0..<3000 {
            let time = now + Int64(number % 10) - 5
            twins.set(number % 3, Twins.key(number), [1], number % 2 == 0 ? .at(time) : .clear)
        }
        var found: Set<[UInt8]> = []
        var slices = 0
        var rounds = 0
        while rounds < 3 {
            let slice = twins.keyspace.expireSlice(budget: 50) { database, key in
                #expect(twins.model[database][key.bytes] != nil)
                found.insert(key.bytes)
            }
            #expect(slice.examined < 70 && slice.expired <= slice.examined)
            slices += 1
            if slices % 30 == 0 { rounds += 1 }
        }
        let expected = (0..<3000).filter { $0 % 2 == 0 && $0 % 10 <= 5 }.map { Twins.key($0) }
        #expect(found == Set(expected))
    }

    @Test("Few keys with an expiry are found among many without, in few calls")
    func few() {
        var twins = Twins(seed: 2, databases: 1)
        for number in 0..<60_000 {
            let key = Array("k\(number)".utf8)
            key.withView { key in
                _ = twins.keyspace.set(
                    0, key, twins.keyspace.hash(key), integer: 1,
                    expiry: number % 10_000 == 0 ? .at(1) : .clear)
            }
        }
        var found = 0
        for _ in 0..<4 { twins.keyspace.expireSlice(budget: 20) { _, _ in found += 1 } }
        #expect(found >= 6)
        let nothing = twins.keyspace.expireSlice(budget: 0) { _, _ in }
        #expect(nothing.examined == 0)
    }

    @Test("The mean time to live is estimated and forgotten")
    func averageTTL() {
        var twins = Twins(seed: 3, databases: 1)
        let now = twins.keyspace.now
        for number in 0..<100 { twins.set(0, Twins.key(number), [1], .at(now + 10_000)) }
        let before = twins.keyspace.averageTTL(0)
        twins.keyspace.expireSlice(budget: 1000) { _, _ in }
        let mean = twins.keyspace.averageTTL(0)
        #expect(before == 0 && mean == 10_000)
        for number in 0..<100 { twins.delete(0, Twins.key(number)) }
        twins.keyspace.expireSlice(budget: 1000) { _, _ in }
        let after = twins.keyspace.averageTTL(0)
        #expect(after == 0)
    }

    @Test("An entry is expired from its time on")
    func boundary() {
        var twins = Twins(seed: 4, databases: 1)
        let key = ByteView("k")
        let entry = twins.keyspace.set(
            0, key, twins.keyspace.hash(key), integer: 1, expiry: .at(500))
        #expect(!entry.isExpired(at: 499) && entry.isExpired(at: 500) && entry.expiry == 500)
        let lasting = twins.keyspace.set(0, key, twins.keyspace.hash(key), integer: 1)
        #expect(!lasting.isExpired(at: .max) && lasting.expiry == nil)
    }

    @Test("Idle time counts whole seconds since the last use")
    func idle() {
        var twins = Twins(seed: 5, databases: 1)
        let key = ByteView("k")
        let entry = twins.keyspace.set(0, key, twins.keyspace.hash(key), integer: 1)
        twins.keyspace.now += 12_345
        let idle = twins.keyspace.idleSeconds(entry)
        #expect(idle == 12)
        twins.keyspace.touch(entry)
        let touched = twins.keyspace.idleSeconds(entry)
        #expect(touched == 0)
        twins.keyspace.setIdleSeconds(entry, 100)
        let set = twins.keyspace.idleSeconds(entry)
        #expect(set == 100)
        // The clock has 24 bits and starts again.
        twins.keyspace.now = (1 << 24) * 1000 - 2000
        twins.keyspace.touch(entry)
        twins.keyspace.now += 5000
        let wrapped = twins.keyspace.idleSeconds(entry)
        #expect(wrapped == 4)
    }

    @Test("LFU counters grow ever more slowly and fade by the minute")
    func frequency() {
        var twins = Twins(seed: 6, databases: 1)
        twins.keyspace.usesLFU = true
        let key = ByteView("k")
        let entry = twins.keyspace.set(0, key, twins.keyspace.hash(key), integer: 1)
        let atStart = twins.keyspace.frequency(entry)
        #expect(atStart == 5)
        for _ in 0..<100 { twins.keyspace.touch(entry) }
        let hundred = twins.keyspace.frequency(entry)
        #expect(hundred >= 8 && hundred <= 13)
        for _ in 0..<1_000_000 { twins.keyspace.touch(entry) }
        let million = twins.keyspace.frequency(entry)
        #expect(million == 255)
        twins.keyspace.set(0, key, twins.keyspace.hash(key), integer: 2)
        let rewritten = twins.keyspace.frequency(entry)
        #expect(rewritten == 255)
        twins.keyspace.now += 10 * 60_000
        let faded = twins.keyspace.frequency(entry)
        #expect(faded == 245)
        twins.keyspace.setFrequency(entry, 30)
        let set = twins.keyspace.frequency(entry)
        #expect(set == 30)
    }
}
