import CShims
import Glibc

/// Big blocks straight from the kernel: zero when touched first, and given back piece by piece,
/// so that neither getting nor freeing one takes time in proportion to its size.
extension Heap {
    /// Sizes and alignment of such blocks are multiples of this, the size of a huge page; it is
    /// also the piece in which they are given back.
    package static let pageRun = 2 << 20

    /// `size` zero bytes, a multiple of `pageRun`. They begin on small pages: the kernel zeroes a
    /// huge one at the first touch, which was measured to hold up an insertion for 4.5 ms.
    @unsafe package func allocatePages(_ size: Int) -> UnsafeMutableRawPointer {
        invariant(size > 0 && size % Heap.pageRun == 0, "page block of an odd size")
        let protection = PROT_READ | PROT_WRITE
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        let mapped = size + Heap.pageRun
        guard let base = unsafe mmap(nil, mapped, protection, flags, -1, 0),
            unsafe base != MAP_FAILED
        else { Heap.exhausted(size) }
        // Only what lies between the first and last multiple of a huge page is kept.
        let before = -Int(bitPattern: base) & (Heap.pageRun - 1)
        let block = unsafe base + before
        if before > 0 { unsafe munmap(base, before) }
        if before < Heap.pageRun { unsafe munmap(block + size, Heap.pageRun - before) }
        unsafe counters.pointee.used &+= size
        return unsafe block
    }

    /// Lets the kernel gather the pages of such a block into huge ones, in a thread of its own;
    /// for when the whole block has been touched.
    @unsafe package func gatherPages(_ block: UnsafeMutableRawPointer, _ size: Int) {
        unsafe madvise(block, size, MADV_HUGEPAGE)
    }

    /// Makes such a block longer, by zero bytes, at another place: its pages are entered there
    /// instead of being copied.
    @unsafe package func growPages(
        _ block: UnsafeMutableRawPointer, from old: Int, to new: Int
    ) -> UnsafeMutableRawPointer {
        invariant(new > old && old % Heap.pageRun == 0, "a page block that does not grow")
        // Where it fits, which the kernel is told to put it in place of.
        let target = unsafe allocatePages(new)
        let failure = unsafe tandem_move_pages(block, old, new, target)
        guard failure == 0 else { Heap.exhausted(new) }
        unsafe counters.pointee.used &-= old
        return unsafe target
    }

    /// Gives back `size` bytes of such a block, a multiple of `pageRun` from a multiple of it.
    @unsafe package func freePages(_ block: UnsafeMutableRawPointer, _ size: Int) {
        invariant(size % Heap.pageRun == 0, "freed a part of a page")
        guard size > 0 else { return }
        unsafe munmap(block, size)
        unsafe counters.pointee.used &-= size
    }
}
