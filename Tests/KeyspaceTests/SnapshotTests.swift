import Digests
import Keyspace
import Memory
import Testing

@Suite("Snapshot") struct SnapshotTests {
    @Test("It equals a deep copy at its start, whatever happens meanwhile", arguments: 0..<60)
    func deepCopy(seed: Int) {
        var twins = Twins(seed: UInt64(seed) + 100)
        let atStart = twins.heap.used
        if seed % 3 == 0 { twins.keyspace.digestEnabled = true }
        for _ in 0..<8 {
            for _ in 0..<(seed % 4 * 150) { twins.anyOperation() }
            var reader = SnapshotReader(&twins)
            let pace = twins.random.below(40)
            let limit = [1, 500, 20_000][twins.random.below(3)]
            while !reader.slice(&twins, limit: limit) {
                for _ in 0..<pace { twins.anyOperation() }
            }
            reader.finish(&twins)
            twins.checkAll()
        }
        twins.flush(nil)
        while twins.keyspace.maintain(budget: 100) {}
        #expect(twins.heap.used == atStart)
    }

    @Test("It equals a deep copy when long values change in many places", arguments: 0..<16)
    func longValues(seed: Int) {
        var twins = Twins(seed: UInt64(seed) + 300)
        let atStart = twins.heap.used
        twins.keyPool = 10
        for _ in 0..<40 { twins.anyLongOperation() }
        for round in 0..<5 {
            var reader = SnapshotReader(&twins)
            let pace = 1 + twins.random.below(12)
            let limit = [1, 30_000, 300_000][twins.random.below(3)]
            let isGivenUp = round % 4 == 1
            var slices = 0
            while !reader.slice(&twins, limit: limit) {
                repeat {
                    for _ in 0..<pace { twins.anyLongOperation() }
                    reader.readOn(1 + twins.random.below(50_000))
                } while reader.hasMore && twins.random.below(20) > 0
                let faults = twins.keyspace.checkInvariants()
                check(faults.isEmpty, faults.joined(separator: ", "))
                slices += 1
                if isGivenUp, slices == 4 { break }
            }
            if isGivenUp {
                twins.keyspace.endSnapshot(reader.id)
            } else {
                reader.finish(&twins)
            }
            twins.checkAll()
        }
        twins.flush(nil)
        while twins.keyspace.maintain(budget: 100) {}
        twins.checkAll()
        #expect(twins.heap.used == atStart)
    }

    @Test("It holds while tables grow and shrink by much", arguments: [true, false])
    func resizing(grows: Bool) {
        var twins = Twins(seed: 9, databases: 1)
        let initial = grows ? 300 : 20_000
        for number in 0..<initial { twins.set(0, Twins.key(number), [7]) }
        var reader = SnapshotReader(&twins)
        var next = grows ? initial : 0
        while !reader.slice(&twins, limit: 2000) {
            for _ in 0..<600 where next < (grows ? 30_000 : 19_900) {
                if grows {
                    twins.set(0, Twins.key(next), [8])
                } else {
                    twins.delete(0, Twins.key(next))
                }
                next += 1
            }
            twins.keyspace.maintain(budget: 5)
        }
        reader.finish(&twins)
        twins.checkAll()
    }

    @Test("Flushing, swapping and moving between databases do not disturb it")
    func upheaval() {
        for seed in 0..<20 {
            var twins = Twins(seed: UInt64(seed), databases: 4)
            for database in 0..<4 {
                for number in 0..<60 { twins.set(database, Twins.key(number), twins.anyValue()) }
            }
            var reader = SnapshotReader(&twins)
            while !reader.slice(&twins, limit: 3000) {
                let (first, second) = (twins.random.below(4), twins.random.below(4))
                twins.swap(first, second)
                twins.move(first, second, twins.anyKey())
                if twins.random.below(4) == 0 { twins.flush(twins.random.below(4)) }
                twins.set(second, twins.anyKey(), twins.anyValue())
            }
            reader.finish(&twins)
            twins.checkAll()
        }
    }

    @Test("Stamps may come round again, also when no snapshot is ever finished")
    func stamps() {
        var twins = Twins(seed: 4, databases: 2)
        for number in 0..<400 { twins.set(number % 2, Twins.key(number), [UInt8(number % 250)]) }
        for round in 0..<1200 {
            var reader = SnapshotReader(&twins)
            _ = reader.slice(&twins, limit: 1 + twins.random.below(5000))
            twins.set(0, Twins.key(twins.random.below(400)), [1])
            // In some stretches there is no time to renew the stamps ahead.
            if round / 400 != 1 { twins.keyspace.maintain(budget: 3) }
            if round % 3 == 0 { twins.swap(0, 1) }
            twins.keyspace.endSnapshot(reader.id)
            if round % 240 == 239 {
                var whole = SnapshotReader(&twins)
                while !whole.slice(&twins, limit: 300) {}
                if round < 600 {
                    whole.finish(&twins)
                } else {
                    twins.keyspace.endSnapshot(whole.id)
                }
            }
        }
        var reader = SnapshotReader(&twins)
        while !reader.slice(&twins, limit: 300) {}
        reader.finish(&twins)
    }

    @Test("Entries that no snapshot reached for very long are in the next one all the same")
    func oldStamps() {
        for aborted in [254, 255, 256, 600] {
            var twins = Twins(seed: 10, databases: 2)
            for number in 0..<50 { twins.set(number % 2, Twins.key(number), [1]) }
            for _ in 0..<aborted { abort(&twins) }
            var reader = SnapshotReader(&twins)
            while !reader.slice(&twins, limit: 300) {}
            reader.finish(&twins)
        }
    }

    @Test("Renewing stamps ahead reaches databases that are swapped meanwhile")
    func renewal() {
        for budget in 1..<40 {
            var twins = Twins(seed: 11, databases: 2)
            for number in 0..<100 { twins.set(number % 2, Twins.key(number), [1]) }
            for _ in 0..<100 { abort(&twins) }
            twins.keyspace.maintain(budget: budget)
            twins.swap(0, 1)
            while twins.keyspace.maintain(budget: 100) {}
            for _ in 0..<155 { abort(&twins) }
            var reader = SnapshotReader(&twins)
            while !reader.slice(&twins, limit: 300) {}
            reader.finish(&twins)
        }
    }

    /// Begins a snapshot and gives it up before anything is visited.
    private func abort(_ twins: inout Twins) {
        let id = twins.keyspace.beginSnapshot()
        twins.keyspace.endSnapshot(id)
    }

    @Test("What is kept for it is counted, and let go at its end")
    func sideBytes() {
        var twins = Twins(seed: 5, databases: 1)
        for number in 0..<500 { twins.set(0, Twins.key(number), [UInt8](repeating: 1, count: 100)) }
        let before = twins.keyspace.snapshotSideBytes
        let id = twins.keyspace.beginSnapshot()
        for number in 0..<500 { twins.set(0, Twins.key(number), [UInt8](repeating: 2, count: 100)) }
        let kept = twins.keyspace.snapshotSideBytes
        for number in 0..<500 { twins.set(0, Twins.key(number), [UInt8](repeating: 3, count: 100)) }
        let keptLater = twins.keyspace.snapshotSideBytes
        twins.keyspace.endSnapshot(id)
        let after = twins.keyspace.snapshotSideBytes
        #expect(before == 0 && after == 0)
        #expect(kept > 500 * 110 && kept < 500 * 160 && keptLater == kept)
        while twins.keyspace.maintain(budget: 10) {}
        twins.checkAll()
    }
}
