import Digests
import Keyspace
import Memory
import Testing

@Suite("Keyspace against plain dictionaries") struct ModelTests {
    @Test("Both hold the same after any operations, with and without digests", arguments: 0..<30)
    func operations(seed: Int) {
        var twins = Twins(seed: UInt64(seed))
        let atStart = twins.heap.used
        if seed % 2 == 1 { twins.keyspace.digestEnabled = true }
        for step in 0..<4000 {
            let before = twins.keyspace.changes
            twins.anyOperation()
            let after = twins.keyspace.changes
            check(after >= before)
            if step % 500 == 499 { twins.checkAll() }
        }
        twins.flush(nil)
        while twins.keyspace.maintain(budget: 100) {}
        #expect(twins.heap.used == atStart)
        let digest = twins.keyspace.digest()
        #expect(digest == KeyspaceDigest())
    }

    @Test("A keyspace that goes away leaves nothing behind, whatever was under way")
    func goneAway() {
        for seed in 0..<6 {
            let heap: Heap
            do {
                var twins = Twins(seed: UInt64(seed))
                heap = twins.heap
                for _ in 0..<300 { twins.anyOperation() }
                let id = twins.keyspace.beginSnapshot()
                for _ in 0..<100 { twins.anyOperation() }
                _ = twins.keyspace.snapshotSlice(id, limit: 20_000) { _, _ in }
                for _ in 0..<100 { twins.anyOperation() }
                if seed % 2 == 0 { twins.keyspace.endSnapshot(id) }
                twins.flush(1)
                twins.keyspace.freeSlice(budget: 3)
            }
            #expect(heap.used == 0)
        }
    }

    @Test("Deleting every key one by one gives all the memory back")
    func deletion() {
        var twins = Twins(seed: 77, databases: 1)
        let atStart = twins.heap.used
        for number in 0..<3000 {
            let value = number % 100 == 0 ? [UInt8](repeating: 1, count: 9000) : twins.anyValue()
            twins.set(0, Twins.key(number), value)
        }
        for number in 0..<3000 { twins.delete(0, Twins.key(number), lazily: number % 2 == 0) }
        while twins.keyspace.maintain(budget: 10) {}
        #expect(twins.heap.used == atStart)
    }

    @Test("A scan meets whatever is there all the time while everything else changes")
    func scan() {
        var twins = Twins(seed: 3, databases: 1)
        twins.keyPool = 5000
        for number in 0..<300 { twins.set(0, Array("stable:\(number)".utf8), [1]) }
        var seen: Set<[UInt8]> = []
        var cursor: UInt64 = 0
        repeat {
            var visited = 0
            cursor = twins.keyspace.scan(0, cursor: cursor, count: 10) {
                seen.insert($0.key.bytes)
                visited += 1
            }
            #expect(visited >= 10 || cursor == 0)
            for _ in 0..<60 { twins.set(0, twins.anyKey(), [2]) }
        } while cursor != 0
        let stable = seen.filter { $0.starts(with: "stable".utf8) }
        #expect(stable.count == 300)
    }
}
