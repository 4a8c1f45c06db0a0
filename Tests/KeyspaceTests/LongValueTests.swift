import Digests
import Keyspace
import Memory
import Testing

/// What a snapshot costs where long values change.
@Suite("Long values in a snapshot") struct LongValueTests {
    private let key = Array("big".utf8)
    private let page = 14_336

    /// One database with one long value, not longer than its block.
    private func twins(_ count: Int) -> Twins {
        var twins = Twins(seed: 6, databases: 1)
        twins.set(0, key, [UInt8](repeating: 65, count: count))
        twins.append(0, key, [66])
        return twins
    }

    @Test("A change in the middle costs its pages, once; an addition costs nothing")
    func pages() {
        var twins = twins(300_000)
        var reader = SnapshotReader(&twins)
        let before = twins.heap.used
        for _ in 0..<100 { twins.append(0, key, [67, 68]) }
        let grown = twins.heap.used - before
        #expect(grown < 8192)
        twins.setRange(0, key, 5, [69])
        let one = twins.keyspace.snapshotSideBytes
        #expect(one > page && one < page + 1000)
        for offset in 0..<200 { twins.setRange(0, key, offset, [70]) }
        let again = twins.keyspace.snapshotSideBytes
        #expect(again == one)
        twins.setRange(0, key, 5 * page - 1, [71, 72])
        let three = twins.keyspace.snapshotSideBytes
        #expect(three == one + 2 * page)
        let used = twins.heap.used - before
        #expect(used < three + 8192)
        // From now on the snapshot alone has the old value.
        twins.delete(0, key)
        let whole = twins.keyspace.snapshotSideBytes
        #expect(whole > three + 300_000)
        while !reader.slice(&twins, limit: 100) {}
        reader.finish(&twins)
        let after = twins.keyspace.snapshotSideBytes
        #expect(after == 0)
        while twins.keyspace.maintain(budget: 100) {}
        twins.checkAll()
    }

    @Test("Pages that the consumer has read are not kept")
    func read() {
        var twins = twins(640_000)
        var reader = SnapshotReader(&twins)
        while !reader.hasMore { _ = reader.slice(&twins, limit: 1) }
        let before = twins.keyspace.snapshotSideBytes
        reader.readOn(200_000)
        for offset in stride(from: 0, to: 180_000, by: 1000) { twins.setRange(0, key, offset, [1]) }
        let behind = twins.keyspace.snapshotSideBytes
        twins.setRange(0, key, 400_000, [2])
        let ahead = twins.keyspace.snapshotSideBytes
        #expect(before == 0 && behind == 0 && ahead > page && ahead < page + 1000)
        reader.readAll(&twins)
        twins.checkAll()
    }

    @Test("What the consumer is reading is told apart from what waits for it")
    func lent() {
        var twins = twins(640_000)
        let other = Array("other".utf8)
        twins.set(0, other, [UInt8](repeating: 65, count: 100_000))
        var reader = SnapshotReader(&twins)
        twins.setRange(0, key, 5, [1])
        twins.delete(0, other)
        let waiting = (twins.keyspace.snapshotSideBytes, twins.keyspace.snapshotLentBytes)
        #expect(waiting.0 > 100_000 && waiting.1 == 0)
        while !reader.hasMore { _ = reader.slice(&twins, limit: 1) }
        twins.setRange(0, key, 300_000, [2])
        twins.delete(0, key)
        let lent = twins.keyspace.snapshotLentBytes
        let rest = twins.keyspace.snapshotSideBytes - lent
        #expect(lent > 640_000 && rest > 100_000 && rest < 120_000)
        while !reader.slice(&twins, limit: 1) {}
        let after = twins.keyspace.snapshotLentBytes
        #expect(after == 0)
        reader.finish(&twins)
    }

    @Test("Another key with the same value gets one of its own when it changes")
    func copies() {
        var twins = twins(100_000)
        let other = Array("other".utf8)
        twins.copy(0, key, 0, other)
        var reader = SnapshotReader(&twins)
        twins.setRange(0, key, 50_000, [1])
        twins.setRange(0, other, 50_001, [2])
        twins.setRange(0, key, 50_002, [3])
        twins.rename(0, other, Array("third".utf8))
        twins.setRange(0, Array("third".utf8), 70_000, [4])
        twins.checkAll()
        reader.readAll(&twins)
        twins.checkAll()
    }

    @Test("The zeros of a gap do not show in what a longer key had in the same place")
    func gap() {
        var twins = twins(700_000)
        let longer = Array("longer".utf8)
        twins.copy(0, key, 0, longer)
        twins.append(0, longer, [UInt8](repeating: 67, count: 50_000))
        var reader = SnapshotReader(&twins)
        twins.delete(0, longer)
        twins.setRange(0, key, 740_000, [1])
        twins.checkAll()
        reader.readAll(&twins)
    }

    @Test("It grows by moving, not by being copied, also while it is frozen and being read")
    func growth() {
        var twins = twins(5 << 20)
        var reader = SnapshotReader(&twins)
        let addition = [UInt8](repeating: 3, count: 3 << 20)
        for round in 0..<4 {
            let before = twins.heap.used
            twins.append(0, key, addition)
            // Not the old block and a new one.
            let more = twins.heap.used - before
            #expect(more < 6 << 20)
            twins.setRange(0, key, 1_000_000 * round + 30_000, [9, 8, 7])
            twins.setRange(0, key, 5_500_000, [5])
            twins.checkAll()
            guard round == 1 else { continue }
            while !reader.hasMore { _ = reader.slice(&twins, limit: 1) }
            reader.readOn(2_500_000)
        }
        reader.readAll(&twins)
        twins.checkAll()
    }

    @Test("What a snapshot that was given up has left does not show in the next one")
    func givenUp() {
        var twins = twins(100_000)
        for round in 0..<6 {
            let id = twins.keyspace.beginSnapshot()
            twins.setRange(0, key, 20_000 + round, [UInt8(round)])
            if round % 2 == 0 { twins.setRange(0, key, 0, [UInt8(round)]) }
            twins.keyspace.endSnapshot(id)
            let between = twins.keyspace.snapshotSideBytes
            #expect(between == 0)
            twins.setRange(0, key, 20_100, [UInt8(round)])
            var reader = SnapshotReader(&twins)
            if round % 3 != 2 { twins.setRange(0, key, 20_000, [99]) }
            if round == 3 { while twins.keyspace.maintain(budget: 1) {} }
            if round % 3 == 2 { while !reader.hasMore { _ = reader.slice(&twins, limit: 1) } }
            twins.setRange(0, key, 60_000, [98])
            while !reader.slice(&twins, limit: 1) {}
            reader.finish(&twins)
            twins.checkAll()
        }
    }

    @Test("Freeing what a snapshot that was given up had takes many steps")
    func givenUpWithMuch() {
        var twins = Twins(seed: 9, databases: 1)
        let names = (0..<20).map { Array("big\($0)".utf8) }
        for name in names { twins.set(0, name, [UInt8](repeating: 65, count: 600_000)) }
        let id = twins.keyspace.beginSnapshot()
        for name in names { twins.setRange(0, name, 0, [UInt8](repeating: 66, count: 600_000)) }
        twins.keyspace.endSnapshot(id)
        let before = twins.heap.used
        var (left, most) = (before, 0)
        while twins.keyspace.maintain(budget: 100) {
            most = max(most, left - twins.heap.used)
            left = twins.heap.used
        }
        #expect(most > 600_000 && most < 2_000_000)
        #expect(before - twins.heap.used > 11_000_000)
    }

    @Test("A value of 512 MB is changed in a hundred places, and none of it is copied")
    func biggest() {
        let size = 512 << 20
        var twins = Twins(seed: 8, databases: 1)
        let atStart = twins.heap.used
        write(&twins, size - 1, 1)
        write(&twins, 7, 1)
        let id = twins.keyspace.beginSnapshot()
        let before = twins.heap.used
        let places = (0..<100).map { _ in twins.random.below(size) } + [0, 7, size - 1]
        for place in places { write(&twins, place, 9) }
        let more = twins.heap.used - before
        #expect(more < 104 * page + 340_000)
        let side = twins.keyspace.snapshotSideBytes
        #expect(side > 90 * page && side <= more)
        var value: FrozenString?
        while !twins.keyspace.snapshotSlice(id, limit: 1, { value = $1.string }) {
            guard let rest = value else { continue }
            #expect(rest.count == size)
            check(rest, places)
            // It has all of it.
            for place in places { write(&twins, (place + size / 2) % size, 8) }
            let later = twins.keyspace.snapshotSideBytes
            #expect(later <= side)
            value = nil
        }
        twins.keyspace.endSnapshot(id)
        twins.keyspace.flush(nil)
        while twins.keyspace.maintain(budget: 100) {}
        #expect(twins.heap.used == atStart)
    }

    private func write(_ twins: inout Twins, _ offset: Int, _ byte: UInt8) {
        key.withView { key in
            [byte].withView {
                let hash = twins.keyspace.hash(key)
                _ = twins.keyspace.setRange(0, key, hash, offset, $0)
            }
        }
    }

    /// Whether the value is what it was at `places`: zeros but for two bytes.
    private func check(_ value: FrozenString, _ places: [Int]) {
        var (rest, position, wrong) = (value, 0, 0)
        var ordered = Set(places).sorted()[...]
        while !rest.isEmpty {
            let view = rest.next
            while let place = ordered.first, place < position + view.count {
                let expected: UInt8 = place == 7 || place == value.count - 1 ? 1 : 0
                if view[place - position] != expected { wrong += 1 }
                ordered.removeFirst()
            }
            position += view.count
            rest.consume(view.count)
        }
        #expect(wrong == 0 && position == value.count && ordered.isEmpty)
    }
}
