import Memory

/// A handle to the buckets of a dict: a power of two of them in one block, and beside them how
/// many elements are marked, in all and in each group of buckets. The dict owns and frees it.
@safe @frozen @usableFromInline
struct DictTable {
    /// Address of the first bucket; 0 for no table.
    @usableFromInline var base: UInt
    /// Number of buckets less one.
    @usableFromInline var mask: UInt64
    /// Marked elements in all buckets.
    @usableFromInline var marked = 0
    /// Marked elements in each 64 buckets, then in each 4096; nil for tables of 64 buckets.
    @usableFromInline var groups: UnsafeMutablePointer<UInt32>?
    /// Bytes at the front that were already given back to the kernel.
    @usableFromInline var released = 0

    /// No table.
    @inlinable
    init() {
        base = 0
        mask = 0
        unsafe groups = nil
    }

    /// Tables from this size on are made of pages of their own, so that neither getting nor
    /// giving back one of 1 GB takes longer than for one of 4 MB.
    static let pagesFrom = 2 * Heap.pageRun

    /// `buckets` empty buckets.
    @usableFromInline
    init(buckets: Int, heap: Heap) {
        let bytes = buckets * DictBucket.size
        let block =
            unsafe bytes >= DictTable.pagesFrom
            ? heap.allocatePages(bytes) : heap.allocateZeroed(bytes)
        base = UInt(bitPattern: block)
        mask = UInt64(buckets - 1)
        unsafe groups = nil
        let bytesOfGroups = DictTable.groupBytes(buckets)
        if bytesOfGroups > 0 {
            unsafe groups = heap.allocateZeroed(bytesOfGroups).assumingMemoryBound(to: UInt32.self)
        }
    }

    /// Bytes of the counters of a table with that many buckets.
    static func groupBytes(_ buckets: Int) -> Int {
        buckets <= 64 ? 0 : 4 * (buckets / 64 + (buckets + 4095) / 4096)
    }

    @inlinable
    var exists: Bool { @inline(__always) get { base != 0 } }

    @inlinable
    var buckets: Int { @inline(__always) get { Int(mask &+ 1) } }

    /// Bytes of the buckets.
    var bytes: Int { buckets * DictBucket.size }

    @inlinable @inline(__always)
    func index(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash & mask) }

    /// The bucket `index`, which the caller has masked.
    @inlinable @inline(__always)
    func bucket(_ index: Int) -> DictBucket {
        DictBucket(address: base &+ UInt(bitPattern: index &* DictBucket.size))
    }

    /// Counts an element of the chain at `index` as marked, or no longer.
    @inlinable @inline(__always)
    mutating func countMark(_ index: Int, _ change: Int) {
        marked &+= change
        guard let groups = unsafe groups else { return }
        let step = UInt32(truncatingIfNeeded: change)
        unsafe groups[index &>> 6] &+= step
        unsafe groups[buckets &>> 6 &+ index &>> 12] &+= step
    }

    /// Marked elements in buckets `64 * group ..< 64 * (group + 1)`.
    @inlinable
    func markedInGroup(_ group: Int) -> Int {
        guard let groups = unsafe groups else { return marked }
        return unsafe Int(groups[group])
    }

    /// Marked elements in buckets `4096 * group ..< 4096 * (group + 1)`.
    @inlinable
    func markedInSuperGroup(_ group: Int) -> Int {
        guard let groups = unsafe groups else { return marked }
        return unsafe Int(groups[buckets >> 6 + group])
    }

    /// Gives back to the kernel what lies before bucket `index`, in whole page runs.
    @usableFromInline
    mutating func release(before index: Int, heap: Heap) {
        guard bytes >= DictTable.pagesFrom else { return }
        let end = index * DictBucket.size & ~(Heap.pageRun - 1)
        guard end > released else { return }
        let start = unsafe UnsafeMutableRawPointer(bitPattern: base).unsafelyUnwrapped + released
        unsafe heap.freePages(start, end - released)
        released = end
    }

    /// Tells the kernel that all buckets are in use by now.
    @usableFromInline
    func settle(heap: Heap) {
        guard bytes >= DictTable.pagesFrom else { return }
        unsafe heap.gatherPages(
            UnsafeMutableRawPointer(bitPattern: base).unsafelyUnwrapped, bytes)
    }

    /// Frees the block. No copy of the handle may be used afterwards.
    @usableFromInline
    func free(heap: Heap) {
        guard exists else { return }
        let block = unsafe UnsafeMutableRawPointer(bitPattern: base).unsafelyUnwrapped
        if bytes >= DictTable.pagesFrom {
            unsafe heap.freePages(block + released, bytes - released)
        } else {
            unsafe heap.free(block, bytes)
        }
        if let groups = unsafe groups { unsafe heap.free(groups, DictTable.groupBytes(buckets)) }
    }
}
