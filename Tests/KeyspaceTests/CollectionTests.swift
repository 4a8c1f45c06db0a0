import Digests
import Keyspace
import Memory
import Testing

@Suite("Collections against plain Swift") struct CollectionTests {
    @Test("Compact ones hold the same after any operations", arguments: 0..<30)
    func compact(seed: Int) {
        var twins = Twins(seed: UInt64(seed))
        twins.keyPool = 30
        let atStart = twins.heap.used
        if seed % 2 == 1 { twins.keyspace.digestEnabled = true }
        let bounds = CollectionBounds(pool: 60, longest: 30, most: 18)
        for step in 0..<4000 {
            twins.anyCollectionOperation(bounds)
            if step % 250 == 249 { twins.checkAll() }
        }
        twins.flush(nil)
        while twins.keyspace.maintain(budget: 100) {}
        #expect(twins.heap.used == atStart)
        let digest = twins.keyspace.digest()
        #expect(digest == KeyspaceDigest())
    }
}
