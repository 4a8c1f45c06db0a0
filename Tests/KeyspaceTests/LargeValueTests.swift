import Digests
import Keyspace
import Memory
import Testing

@Suite("Large collections") struct LargeValueTests {
    /// Databases in which collections are large from a few elements on.
    private func twins(_ seed: Int) -> Twins {
        var twins = Twins(seed: UInt64(seed))
        twins.keyspace.encodings.hashEntries = 6
        twins.keyspace.encodings.zsetEntries = 6
        twins.keyspace.encodings.setIntsetEntries = 40
        twins.keyPool = 14
        return twins
    }

    private let bounds = CollectionBounds(
        pool: 900, longest: 1200, most: 500, batch: 120)

    @Test("They hold the same after any operations", arguments: 0..<24)
    func operations(seed: Int) {
        var twins = twins(seed + 900)
        let atStart = twins.heap.used
        if seed % 4 == 1 { twins.keyspace.digestEnabled = true }
        for step in 0..<600 {
            twins.anyCollectionOperation(bounds)
            if step % 50 == 49 { twins.checkAll() }
        }
        twins.flush(nil)
        while twins.keyspace.maintain(budget: 100) {}
        #expect(twins.heap.used == atStart)
        let digest = twins.keyspace.digest()
        #expect(digest == KeyspaceDigest())
    }

    @Test("A snapshot equals a deep copy at its start while they change", arguments: 0..<40)
    func deepCopy(seed: Int) {
        var twins = twins(seed + 1000)
        let atStart = twins.heap.used
        if seed % 8 == 0 { twins.keyspace.digestEnabled = true }
        for _ in 0..<80 { twins.anyCollectionOperation(bounds) }
        for round in 0..<6 {
            var reader = SnapshotReader(&twins)
            let pace = 1 + twins.random.below(8)
            let limit = [1, 10_000, 100_000][twins.random.below(3)]
            let isGivenUp = round % 3 == 1
            var slices = 0
            while !reader.slice(&twins, limit: limit) {
                repeat {
                    for _ in 0..<pace { twins.anyCollectionOperation(bounds) }
                    for _ in 0..<twins.random.below(6) { reader.readOn(1000) }
                    let faults = twins.keyspace.checkInvariants()
                    check(faults.isEmpty, faults.joined(separator: ", "))
                } while reader.hasMore && twins.random.below(8) > 0
                slices += 1
                if isGivenUp, slices == 5 { break }
            }
            if isGivenUp {
                twins.keyspace.endSnapshot(reader.id)
            } else {
                reader.finish(&twins)
            }
            let side = twins.keyspace.snapshotSideBytes
            #expect(side == 0)
            twins.checkAll()
        }
        twins.flush(nil)
        while twins.keyspace.maintain(budget: 100) {}
        twins.checkAll()
        #expect(twins.heap.used == atStart)
    }
}
