import DataStructures
import Digests
import Memory

/// One database: its table and what walks over it remember. A database can be detached from its
/// number (FLUSHALL, SWAPDB) while a snapshot still reads it; all it needs goes with it.
@usableFromInline
struct Database: ~Copyable {
    @usableFromInline var dict: Dict<Record>
    /// Sum over all entries, kept when the keyspace keeps digests.
    @usableFromInline var digest = KeyspaceDigest()
    /// Where the search for expired keys goes on.
    @usableFromInline var sweep = DictSweep()
    /// Running average of the remaining time to live, in milliseconds.
    @usableFromInline var averageTTL: Int64 = 0
    /// The number it had when the present snapshot began; -1 if it was not there.
    @usableFromInline var snapshotIndex = -1
    /// Where the snapshot's walk goes on, and whether it is through.
    @usableFromInline var walkCursor: UInt64 = 0
    @usableFromInline var isWalked = true

    init(heap: Heap, hashKey: HashKey) { dict = Dict(heap: heap, hashKey: hashKey) }

    deinit { dict.forEach { $0.freeWhole(heap: dict.heap) } }
}
