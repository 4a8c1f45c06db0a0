import DataStructures
import Digests
import Keyspace
import Memory
import Testing

/// What large collections cost a snapshot, and whoever gives them up.
@Suite("The price of large collections") struct LargeCostTests {
    private static let count = 60_000
    private static let types: [ValueType] = [.hash, .set, .list, .sortedSet]
    private let key = Array("big".utf8)
    /// What an empty keyspace holds.
    private let atStart = Twins(seed: 7, databases: 1).heap.used

    /// One database with one large collection, whose elements are numbers.
    private func twins(_ type: ValueType) -> Twins {
        var twins = Twins(seed: 7, databases: 1)
        change(&twins, key, type) { keyspace, place in
            for number in 0..<LargeCostTests.count { add(&keyspace, &place, type, number) }
        }
        return twins
    }

    private func change(
        _ twins: inout Twins, _ key: [UInt8], _ type: ValueType,
        _ body: (inout Databases, inout Place) -> Void
    ) {
        key.withView { view in
            var place = twins.keyspace.place(0, view, twins.keyspace.hash(view))
            twins.keyspace.open(&place, type)
            body(&twins.keyspace, &place)
            twins.keyspace.close(&place, changes: 1)
        }
    }

    private func add(
        _ keyspace: inout Databases, _ place: inout Place, _ type: ValueType, _ number: Int
    ) {
        withDecimal(Int64(number)) { text in
            switch type {
            case .hash: keyspace.hashSet(&place, field: text, value: text)
            case .set: keyspace.setAdd(&place, member: text)
            case .list: keyspace.listPush(&place, text, atFront: false)
            default:
                keyspace.sortedSetPut(&place, member: text, score: Double(number * 31 % 5000))
            }
        }
    }

    /// Frees everything step by step. Returns the greatest step.
    private func greatestStep(_ twins: inout Twins) -> Int {
        var (left, most) = (twins.heap.used, 0)
        while twins.keyspace.maintain(budget: 50) {
            most = max(most, left - twins.heap.used)
            left = twins.heap.used
        }
        return most
    }

    @Test("Giving one up takes many steps, and no time at first", arguments: types)
    func freed(type: ValueType) {
        for way in 0..<4 {
            var twins = twins(type)
            let before = twins.heap.used
            switch way {
            case 0: key.withView { _ = twins.keyspace.delete(0, $0, twins.keyspace.hash($0)) }
            case 1: twins.keyspace.flush(0)
            case 2:
                key.withView { key in
                    [1].withView { value in
                        _ = twins.keyspace.set(0, key, twins.keyspace.hash(key), string: value)
                    }
                }
            default:
                let id = twins.keyspace.beginSnapshot()
                change(&twins, key, type) { add(&$0, &$1, type, -1) }
                key.withView { _ = twins.keyspace.delete(0, $0, twins.keyspace.hash($0)) }
                twins.keyspace.endSnapshot(id)
            }
            let hasGarbage = twins.keyspace.hasGarbage
            #expect(before - twins.heap.used < 200_000 && hasGarbage)
            let most = greatestStep(&twins)
            #expect(most > 10_000 && most < 200_000)
            twins.keyspace.flush(nil)
            while twins.keyspace.maintain(budget: 50) {}
            #expect(twins.heap.used == atStart)
        }
    }

    @Test("A snapshot of one costs what is changed", arguments: types)
    func changed(type: ValueType) {
        var twins = twins(type)
        let whole = twins.heap.used
        let id = twins.keyspace.beginSnapshot()
        change(&twins, key, type) { add(&$0, &$1, type, -1) }
        let one = twins.keyspace.snapshotSideBytes
        #expect(one > 100 && one < 40_000)
        #expect(twins.heap.used - whole < 50_000)
        let used = twins.heap.used
        change(&twins, key, type) { add(&$0, &$1, type, -2) }
        #expect(twins.heap.used - used < 40_000)
        key.withView { key in
            Array("other".utf8).withView { other in
                let (hash, newHash) = (twins.keyspace.hash(key), twins.keyspace.hash(other))
                _ = twins.keyspace.rename(0, from: key, hash, to: other, newHash)
            }
        }
        twins.model[0][Array("other".utf8)] = ModelValue(bytes: [], encoding: .raw)
        #expect(twins.heap.used - used < 50_000)
        // From now on the snapshot alone has the old value.
        twins.delete(0, Array("other".utf8))
        while twins.keyspace.maintain(budget: 50) {}
        let side = twins.keyspace.snapshotSideBytes
        #expect(twins.heap.used - used < 50_000 && side > whole / 2)
        let faults = twins.keyspace.checkInvariants()
        #expect(faults == [])
        var elements = 0
        while !twins.keyspace.snapshotSlice(id, limit: 1, { elements += self.count($1, type) }) {}
        #expect(elements == LargeCostTests.count)
        twins.keyspace.endSnapshot(id)
        while twins.keyspace.maintain(budget: 50) {}
        #expect(twins.heap.used < 5000)
    }

    /// Number of elements that are read.
    private func count(_ entry: SnapshotEntry, _ type: ValueType) -> Int {
        var count = 0
        switch type {
        case .hash:
            var rest = entry.hash
            while !rest.isEmpty { rest.next { _, _ in count += 1 } }
        case .set:
            var rest = entry.set
            while !rest.isEmpty { rest.next { _ in count += 1 } }
        case .list:
            var rest = entry.list
            while !rest.isEmpty { rest.next { _ in count += 1 } }
        default:
            var rest = entry.sortedSet
            while !rest.isEmpty { rest.next { _, _ in count += 1 } }
        }
        return count
    }

    @Test("What the consumer reads is copied only while it reads", arguments: types)
    func lent(type: ValueType) {
        var twins = twins(type)
        let id = twins.keyspace.beginSnapshot()
        var isThere = false
        while !isThere { _ = twins.keyspace.snapshotSlice(id, limit: 1) { _, _ in isThere = true } }
        let before = twins.keyspace.snapshotSideBytes
        change(&twins, key, type) { add(&$0, &$1, type, -1) }
        let during = (twins.keyspace.snapshotSideBytes, twins.keyspace.snapshotLentBytes)
        #expect(before == 0 && during.0 > 100 && during.0 == during.1)
        while !twins.keyspace.snapshotSlice(id, limit: 1, { _, _ in }) {}
        change(&twins, key, type) { add(&$0, &$1, type, -2) }
        let after = twins.keyspace.snapshotSideBytes
        #expect(after == 0)
        twins.keyspace.endSnapshot(id)
        twins.keyspace.flush(nil)
        while twins.keyspace.maintain(budget: 50) {}
        #expect(twins.heap.used == atStart)
    }
}
