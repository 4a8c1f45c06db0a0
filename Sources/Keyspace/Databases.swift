import DataStructures
import Digests
import Memory

/// All databases with their keys, values and expiries; knows no protocol and no clock but `now`.
///
/// Every modification goes through here, because each must keep the digest, preserve what a
/// snapshot has not seen yet and count itself. Views given to a modification (keys, values) must
/// not point into the keyspace.
@usableFromInline
package struct Databases: ~Copyable {
    @usableFromInline package let heap: Heap
    @usableFromInline package let hashKey: HashKey
    @usableFromInline package var random: RandomGenerator
    @usableFromInline var databases: FlatArray<Database>

    /// Wall clock in milliseconds, set by the engine each turn. Decides what is expired and what
    /// access clocks are set to.
    @inlinable package var now: Int64 {
        @inline(__always) get { time }
        @inline(__always)
        set {
            // The wall clock may be set back.
            let isDue = newValue >= nextClocks || newValue < time
            time = newValue
            if _slowPath(isDue) { setClocks() }
        }
    }
    @usableFromInline var time: Int64 = 0
    /// Number of modifications so far; the engine may correct it for those that do not count.
    @usableFromInline package var changes = 0
    /// Whether access clocks are LFU counters instead of LRU times; counters that are there are
    /// not translated.
    package var usesLFU = false { didSet { setClocks() } }
    /// How fast LFU counters saturate (`lfu-log-factor`).
    package var lfuLogFactor = 10
    /// Minutes after which an LFU counter loses one (`lfu-decay-time`); 0 never.
    package var lfuDecayTime = 1

    /// When access clocks move on, in milliseconds.
    @usableFromInline var nextClocks: Int64 = 0
    /// The access clock of something used now, and of something new.
    @usableFromInline var clock: UInt32 = 0
    @usableFromInline var birthClock: UInt32 = 0
    @usableFromInline var keepsClock = false

    /// Whether digests are kept at every modification; set by `digestEnabled`.
    var keepsDigest = false
    /// Whether modifications must look after digest or snapshot.
    @usableFromInline var isTracked = false
    /// The stamp of new entries and of those the present or last snapshot has seen.
    @usableFromInline var stamp: UInt8 = 0
    var snapshot: SnapshotState

    /// Databases that nobody needs any more, being freed.
    @usableFromInline var discarded: [Slot<Database>] = []
    /// What snapshots that were not finished had, and long and large values, pages and nodes that
    /// nobody needs any more, being freed.
    @usableFromInline var discardedRecords: ChunkQueue<SideRecord>
    @usableFromInline var discardedPieces: ChunkQueue<DiscardedPiece>
    /// The database whose turn it is in `expireSlice` and `maintain`.
    var expireTurn = 0
    var maintainTurn = 0
    var restamp = RestampState()
    /// From where on collections change their encoding.
    package var encodings = EncodingLimits()
    private let passing = PassedByAddress()

    /// `databaseCount` empty databases.
    package init(heap: Heap, databaseCount: Int, hashKey: HashKey, random: RandomGenerator) {
        self.heap = heap
        self.hashKey = hashKey
        self.random = random
        databases = FlatArray(count: databaseCount) { _ in Database(heap: heap, hashKey: hashKey) }
        snapshot = SnapshotState(heap: heap)
        discardedRecords = ChunkQueue(heap: heap)
        discardedPieces = ChunkQueue(heap: heap)
        setClocks()
    }

    deinit {
        discarded.forEach { $0.free() }
        discardedRecords.forEach { Record(address: $0.address).freeWhole(heap: heap) }
        discardedPieces.forEach { $0.freeAll(heap: heap) }
    }

    /// No key or string can be longer, in bytes; whoever changes strings checks that before.
    package static let longestString = RecordShape.longest

    @inlinable
    package var databaseCount: Int { databases.count }

    // MARK: Finding

    /// The hash of `key` that all others ask for.
    @inlinable @inline(__always)
    package func hash(_ key: ByteView) -> UInt64 { SipHash.hash(key, key: hashKey) }

    /// Starts loading the bucket of a key; the first step for each key of a batch.
    @inlinable @inline(__always)
    package func prefetchBucket(_ database: Int, _ hash: UInt64) {
        databases[database].dict.prefetchBucket(hash)
    }

    /// Starts loading the entry of a key, whose bucket was prefetched a while ago.
    @inlinable @inline(__always)
    package func prefetchEntry(_ database: Int, _ hash: UInt64) {
        databases[database].dict.prefetchElement(hash)
    }

    /// The entry of `key`, also when it is expired.
    @inlinable @inline(__always)
    package func find(_ database: Int, _ key: ByteView, _ hash: UInt64) -> Entry? {
        guard let record = databases[database].dict.find(hash, key) else { return nil }
        return Entry(record)
    }

    /// Number of keys, expired ones included.
    @inlinable
    package func size(_ database: Int) -> Int { databases[database].dict.count }

    /// Number of keys with an expiry.
    @inlinable
    package func expires(_ database: Int) -> Int { databases[database].dict.markedCount }

    /// Estimate of the remaining time to live of keys with an expiry, in milliseconds.
    package func averageTTL(_ database: Int) -> Int64 { databases[database].averageTTL }

    /// Bytes of the table of a database.
    package func tableBytes(_ database: Int) -> Int { databases[database].dict.tableBytes }

    /// Makes room for `keys` keys in one go, as loading does; at most for 2²⁷.
    package mutating func reserve(_ database: Int, _ keys: Int) {
        databases[database].dict.reserve(min(keys, 1 << 27))
    }

    // MARK: Digest

    /// Whether digests are kept at every modification, which costs hashing each value written.
    /// Turning it on computes them once.
    package var digestEnabled: Bool {
        get { keepsDigest }
        set {
            guard newValue != keepsDigest else { return }
            keepsDigest = newValue
            updateTracking()
            guard newValue else { return }
            for index in 0..<databases.count {
                databases[index].digest = Databases.digest(of: databases[index])
            }
        }
    }

    /// The digest of a database: kept, or computed on demand.
    package func digest(_ database: Int) -> KeyspaceDigest {
        keepsDigest ? databases[database].digest : Databases.digest(of: databases[database])
    }

    /// One digest of all databases.
    package func digest() -> KeyspaceDigest {
        var sum = KeyspaceDigest()
        for index in 0..<databases.count { sum.combine(digest(index), salt: UInt64(index)) }
        return sum
    }

    static func digest(of database: borrowing Database) -> KeyspaceDigest {
        var sum = KeyspaceDigest()
        database.dict.forEach { sum.add($0) }
        return sum
    }

    mutating func updateTracking() { isTracked = keepsDigest || snapshot.isActive }
}
