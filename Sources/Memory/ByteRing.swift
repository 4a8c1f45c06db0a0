import Glibc

/// A byte log with absolute offsets, kept as a chain of blocks: written at the end, cut at the
/// front. The replication stream: the backlog and every replica's output are positions in it.
/// Blocks never move, so a view of one stays valid until the front is cut past it.
@safe @usableFromInline
package struct ByteRing: ~Copyable {
    /// Bytes of a block; the front is cut in whole blocks.
    package static let blockSize = 16 * 1024

    let heap: Heap
    var blocks: [UnsafeMutablePointer<UInt8>]
    var firstBlock = 0

    /// Offset of the first byte held.
    package private(set) var start: Int
    /// Offset behind the last byte held.
    package private(set) var end: Int
    /// Offset of the first byte of the first block.
    private var origin: Int

    /// An empty log whose next byte has offset `offset`.
    package init(heap: Heap, offset: Int) {
        self.heap = heap
        unsafe blocks = []
        start = offset
        end = offset
        origin = offset
    }

    deinit {
        for index in unsafe firstBlock..<blocks.count {
            unsafe heap.free(blocks[index], ByteRing.blockSize)
        }
    }

    /// Bytes held.
    package var count: Int { end - start }

    /// Bytes allocated for blocks.
    package var footprint: Int { unsafe (blocks.count - firstBlock) * ByteRing.blockSize }

    /// Adds bytes at the end.
    package mutating func append(_ view: ByteView) {
        var done = 0
        while done < view.count {
            let position = end - origin
            let index = firstBlock + position / ByteRing.blockSize
            if unsafe index == blocks.count {
                unsafe blocks.append(
                    heap.allocate(ByteRing.blockSize).assumingMemoryBound(to: UInt8.self))
            }
            let offset = position % ByteRing.blockSize
            let length = min(ByteRing.blockSize - offset, view.count - done)
            unsafe memcpy(blocks[index] + offset, view.base + done, length)
            done += length
            end += length
        }
    }

    /// The bytes from `offset` to the end of their block (or of the log); empty at the end.
    package func view(at offset: Int) -> ByteView {
        invariant(offset >= start && offset <= end, "offset outside the log")
        guard offset < end else { return .empty }
        let position = offset - origin
        let index = firstBlock + position / ByteRing.blockSize
        let inBlock = position % ByteRing.blockSize
        let length = min(ByteRing.blockSize - inBlock, end - offset)
        return unsafe ByteView(UnsafePointer(blocks[index] + inBlock), count: length)
    }

    /// Forgets what lies before `offset` and frees the blocks that hold nothing else.
    package mutating func cut(before offset: Int) {
        guard offset > start else { return }
        start = min(offset, end)
        while start - origin >= ByteRing.blockSize, unsafe firstBlock < blocks.count {
            unsafe heap.free(blocks[firstBlock], ByteRing.blockSize)
            firstBlock += 1
            origin += ByteRing.blockSize
        }
        if firstBlock > 1024, unsafe firstBlock * 2 > blocks.count {
            unsafe blocks.removeFirst(firstBlock)
            firstBlock = 0
        }
    }

    /// Forgets everything; the next byte gets `offset`.
    package mutating func reset(to offset: Int) {
        for index in unsafe firstBlock..<blocks.count {
            unsafe heap.free(blocks[index], ByteRing.blockSize)
        }
        unsafe blocks = []
        firstBlock = 0
        start = offset
        end = offset
        origin = offset
    }
}
