import Digests
import Memory

/// What a `Dict` holds: a handle to a block of memory that starts on an even multiple of 8 and
/// knows its key. The dict stores its address and nothing else about it.
@usableFromInline
package protocol DictElement {
    init(address: UInt)
    var address: UInt { get }
    /// The hash of its key, as `find` and `insert` are given it.
    func hash(_ key: HashKey) -> UInt64
    func hasKey(_ key: ByteView) -> Bool
}

/// Where an element lies in a `Dict`; valid until the next insertion, removal or rehash step.
@frozen @usableFromInline
package struct DictPosition {
    @usableFromInline let bucket: DictBucket
    @usableFromInline let slot: Int
    /// Index of the bucket at the head of the chain.
    @usableFromInline let index: Int
    @usableFromInline let inNext: Bool

    @inlinable @inline(__always)
    init(bucket: DictBucket, slot: Int, index: Int, inNext: Bool) {
        self.bucket = bucket
        self.slot = slot
        self.index = index
        self.inNext = inNext
    }
}
