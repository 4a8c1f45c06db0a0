import CShims
import Glibc

#if canImport(CJemalloc)
    import CJemalloc
#endif

@usableFromInline
struct HeapCounters {
    @usableFromInline var used = 0
    @usableFromInline var peak = 0
}

/// The one door to memory: allocates and frees, and counts what this engine holds in bytes of
/// the allocator's size classes. Every engine has its own, so that many can live in one process.
///
/// The handle is copied freely; it owns nothing but the counters.
@safe @frozen @usableFromInline
package struct Heap {
    @usableFromInline let counters: UnsafeMutablePointer<HeapCounters>

    /// A heap with nothing allocated.
    package init() {
        unsafe counters = .allocate(capacity: 1)
        unsafe counters.initialize(to: HeapCounters())
    }

    /// Bytes in use, rounded up to size classes as the allocator rounds them.
    @inlinable
    package var used: Int { unsafe counters.pointee.used }

    /// The greatest `used` since the start or since `resetPeak`.
    package var peak: Int { unsafe max(counters.pointee.peak, counters.pointee.used) }

    /// Makes `peak` start again from `used`.
    package func resetPeak() { unsafe counters.pointee.peak = unsafe counters.pointee.used }

    /// Remembers the present use if it is the greatest so far. Called once a turn, not per block.
    package func samplePeak() {
        unsafe counters.pointee.peak = unsafe max(counters.pointee.peak, counters.pointee.used)
    }

    /// What a block of `size` bytes takes in the allocator (jemalloc's classes: multiples of 16 up
    /// to 128, then four steps to each doubling).
    @inlinable @inline(__always)
    package static func roundedSize(_ size: Int) -> Int {
        if size <= 8 { return 8 }
        if size <= 128 { return (size + 15) & ~15 }
        let shift = Int.bitWidth - (size - 1).leadingZeroBitCount - 3
        let step = 1 << shift
        return (size + step - 1) & ~(step - 1)
    }

    /// `size` uninitialised bytes. The caller gives the same size back to `free`.
    @unsafe @inlinable @inline(__always)
    package func allocate(_ size: Int) -> UnsafeMutableRawPointer {
        guard let block = unsafe malloc(size) else { Heap.exhausted(size) }
        unsafe counters.pointee.used &+= Heap.roundedSize(size)
        return unsafe block
    }

    /// `size` zero bytes; cheap for big blocks, whose pages the kernel zeroes when touched.
    @unsafe @inlinable
    package func allocateZeroed(_ size: Int) -> UnsafeMutableRawPointer {
        guard let block = unsafe calloc(1, size) else { Heap.exhausted(size) }
        unsafe counters.pointee.used &+= Heap.roundedSize(size)
        return unsafe block
    }

    /// Gives back a block of `size` bytes.
    @unsafe @inlinable @inline(__always)
    package func free(_ block: UnsafeMutableRawPointer, _ size: Int) {
        unsafe counters.pointee.used &-= Heap.roundedSize(size)
        #if canImport(CJemalloc)
            unsafe sdallocx(block, max(size, 1), 0)
        #else
            unsafe Glibc.free(block)
        #endif
    }

    /// Moves a block to another size, keeping the first bytes of both.
    @unsafe @inlinable
    package func reallocate(
        _ block: UnsafeMutableRawPointer, from old: Int, to new: Int
    ) -> UnsafeMutableRawPointer {
        guard let moved = unsafe realloc(block, new) else { Heap.exhausted(new) }
        unsafe counters.pointee.used &+= Heap.roundedSize(new) &- Heap.roundedSize(old)
        return unsafe moved
    }

    @usableFromInline @inline(never)
    static func exhausted(_ size: Int) -> Never {
        invariantFailed("out of memory allocating \(size) bytes")
    }
}
