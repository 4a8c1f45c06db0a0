/// Cursors of walks over tables that grow and shrink between steps: places in the space of all
/// hashes, counted up from the highest bit of a bucket's index (Pieter Noordhuis's algorithm). The
/// buckets into which one splits or with which it merges share the low bits, so in this order
/// they cover one stretch, and what was visited stays behind the cursor in a table of any size.
@usableFromInline
enum HashOrder {
    /// The first place behind the bucket that has the bits of `cursor` under `mask`; 0 at the end.
    @inlinable
    static func advance(_ cursor: UInt64, mask: UInt64) -> UInt64 {
        reversed(reversed(cursor | ~mask) &+ 1)
    }

    @inlinable
    static func reversed(_ word: UInt64) -> UInt64 {
        var word = word.byteSwapped
        word = word &>> 4 & 0x0f0f_0f0f_0f0f_0f0f | (word & 0x0f0f_0f0f_0f0f_0f0f) &<< 4
        word = word &>> 2 & 0x3333_3333_3333_3333 | (word & 0x3333_3333_3333_3333) &<< 2
        return word &>> 1 & 0x5555_5555_5555_5555 | (word & 0x5555_5555_5555_5555) &<< 1
    }
}
