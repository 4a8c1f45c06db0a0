import Glibc

/// Growable bytes with a read position: appended at the end, consumed at the front. Input of a
/// session, replies on their way out, files being built. Owns its block, unless it was lent one
/// for a while; an empty buffer has none.
@safe @frozen @usableFromInline
package struct ByteBuffer: ~Copyable {
    @usableFromInline package let heap: Heap
    @usableFromInline var base: UnsafeMutablePointer<UInt8>?
    @usableFromInline package private(set) var capacity = 0
    @usableFromInline var readIndex = 0
    @usableFromInline var writeIndex = 0

    /// An empty buffer that counts its block in `heap`.
    @inlinable
    package init(heap: Heap) {
        self.heap = heap
        unsafe base = nil
    }

    deinit {
        if capacity > 0, let base = unsafe base { unsafe heap.free(base, capacity) }
    }

    /// Shows `count` bytes that belong to somebody else, until `own` makes them ours: input that
    /// is eaten at once is never copied. The buffer must have no block.
    @unsafe @inlinable
    package mutating func borrow(_ bytes: UnsafeMutablePointer<UInt8>, count: Int) {
        invariant(unsafe base == nil, "a buffer with a block cannot borrow one")
        unsafe base = unsafe bytes
        readIndex = 0
        writeIndex = count
    }

    /// Whether there is no block, owned or lent.
    @inlinable @inline(__always)
    package var hasNoBlock: Bool { unsafe base == nil }

    /// Copies what is left of a lent block, or drops it.
    @inlinable @inline(__always)
    package mutating func own() {
        guard capacity == 0, unsafe base != nil else { return }
        if isEmpty {
            unsafe base = nil
            removeAll()
        } else {
            grow(0)
        }
    }

    /// Bytes that can be read.
    @inlinable @inline(__always)
    package var count: Int { writeIndex &- readIndex }

    @inlinable @inline(__always)
    package var isEmpty: Bool { writeIndex == readIndex }

    /// What can be read; valid until the buffer is next changed.
    @inlinable
    package var readable: ByteView {
        @inline(__always) get {
            guard let base = unsafe base else { return .empty }
            return unsafe ByteView(UnsafePointer(base + readIndex), count: count)
        }
    }

    /// Drops `count` bytes from the front.
    @inlinable @inline(__always)
    package mutating func consume(_ count: Int) {
        invariant(count >= 0 && count <= self.count, "consumed more than there is")
        readIndex &+= count
        if readIndex == writeIndex {
            readIndex = 0
            writeIndex = 0
        }
    }

    /// Drops the last bytes so that `count` remain.
    @inlinable
    package mutating func truncate(to count: Int) {
        invariant(count >= 0 && count <= self.count, "truncated to more than there is")
        writeIndex = readIndex + count
    }

    /// Drops everything and keeps the block.
    @inlinable
    package mutating func removeAll() {
        readIndex = 0
        writeIndex = 0
    }

    /// Gives the block back if nothing is in it.
    @inlinable
    package mutating func releaseIfEmpty() {
        guard isEmpty, let block = unsafe base else { return }
        if capacity > 0 { unsafe heap.free(block, capacity) }
        unsafe base = nil
        capacity = 0
        removeAll()
    }

    /// Makes room for `extra` more bytes at the end.
    @inlinable @inline(__always)
    package mutating func reserve(_ extra: Int) {
        if _slowPath(capacity &- writeIndex < extra) { grow(extra) }
    }

    /// Makes room for `extra` more bytes at the end, and not for more to come.
    package mutating func reserveExactly(_ extra: Int) {
        if capacity &- writeIndex < extra { grow(extra, atLeast: 0) }
    }

    @usableFromInline @inline(never)
    mutating func grow(_ extra: Int) {
        grow(extra, atLeast: max(min(capacity * 2, capacity + (64 << 20)), 64))
    }

    private mutating func grow(_ extra: Int, atLeast least: Int) {
        let held = count
        if readIndex > 0, let base = unsafe base, capacity - held >= extra, readIndex >= held {
            unsafe memmove(base, base + readIndex, held)
        } else {
            let size = Heap.roundedSize(max(held + extra, least))
            let block = unsafe heap.allocate(size).assumingMemoryBound(to: UInt8.self)
            if let base = unsafe base {
                unsafe memcpy(block, base + readIndex, held)
                if capacity > 0 { unsafe heap.free(base, capacity) }
            }
            unsafe base = unsafe block
            capacity = size
        }
        readIndex = 0
        writeIndex = held
    }

    /// Room for at least `minimum` bytes behind the last; what was written there is added by
    /// `commit`.
    @unsafe @inlinable
    package mutating func writable(_ minimum: Int) -> UnsafeMutableRawBufferPointer {
        reserve(minimum)
        return unsafe UnsafeMutableRawBufferPointer(
            start: base.unsafelyUnwrapped + writeIndex, count: capacity - writeIndex)
    }

    /// Adds the first `count` bytes of what `writable` gave.
    @inlinable
    package mutating func commit(_ count: Int) {
        invariant(count >= 0 && writeIndex + count <= capacity, "committed more than there is")
        writeIndex &+= count
    }

    @inlinable @inline(__always)
    package mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe base.unsafelyUnwrapped[writeIndex] = byte
        writeIndex &+= 1
    }

    /// `count` copies of `byte`.
    @inlinable
    package mutating func append(repeating byte: UInt8, count: Int) {
        reserve(count)
        if count > 0 { unsafe memset(base.unsafelyUnwrapped + writeIndex, Int32(byte), count) }
        writeIndex &+= count
    }

    @inlinable @inline(__always)
    package mutating func append(_ view: ByteView) {
        reserve(view.count)
        if view.count > 0 {
            unsafe memcpy(base.unsafelyUnwrapped + writeIndex, view.base, view.count)
            writeIndex &+= view.count
        }
    }

    @inlinable @inline(__always)
    package mutating func append(_ text: StaticString) { append(ByteView(text)) }

    @inlinable
    package mutating func append(_ bytes: [UInt8]) { bytes.withView { append($0) } }

    /// Literals take the way of `StaticString`: a String, even a literal, is counted by references.
    @inlinable
    @_disfavoredOverload
    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            if let base = utf8.baseAddress { unsafe append(ByteView(base, count: utf8.count)) }
        }
    }

    /// `value` in decimal.
    @inlinable
    package mutating func append(decimal value: Int) {
        reserve(20)
        let start = unsafe base.unsafelyUnwrapped + writeIndex
        writeIndex &+= unsafe writeDecimal(value, to: start)
    }

    /// `$`, the length of `view` in decimal, a line end, `view` and a line end: how RESP frames
    /// strings. Nearly every reply and argument is one, so a short one needs no call.
    @inlinable
    package mutating func append(framed view: ByteView) {
        reserve(view.count &+ 32)
        let start = unsafe base.unsafelyUnwrapped + writeIndex
        var next: UnsafeMutablePointer<UInt8>
        if view.count < 10 {
            // "$0\r\n" with the digit added.
            let head = 0x0a0d_3024 &+ UInt32(truncatingIfNeeded: view.count) &<< 8
            unsafe UnsafeMutableRawPointer(start).storeBytes(of: head.littleEndian, as: UInt32.self)
            unsafe next = start + 4
        } else if view.count < 100 {
            // "$00\r\n" with the digits added; what is stored behind it is overwritten.
            let count = UInt64(truncatingIfNeeded: view.count)
            let tens = count / 10
            let head = 0x0a_0d30_3024 &+ tens &<< 8 &+ (count &- tens &* 10) &<< 16
            unsafe UnsafeMutableRawPointer(start).storeBytes(of: head.littleEndian, as: UInt64.self)
            unsafe next = start + 5
        } else {
            unsafe start[0] = UInt8(ascii: "$")
            unsafe next = start + 1
            unsafe next += writeDecimal(view.count, to: next)
            unsafe storeLineEnd(next)
            unsafe next += 2
        }
        if view.count <= 16 {
            unsafe copyShort(view, to: next)
        } else {
            unsafe memcpy(next, view.base, view.count)
        }
        unsafe next += view.count
        unsafe storeLineEnd(next)
        writeIndex &+= unsafe next - start &+ 2
    }

    /// Copies at most 16 bytes, by loads and stores that overlap.
    @unsafe @inlinable @inline(__always)
    func copyShort(_ view: ByteView, to place: UnsafeMutablePointer<UInt8>) {
        if view.count >= 8 {
            unsafe copyEnds(view, to: place, as: UInt64.self, from: view.count &- 8)
        } else if view.count >= 4 {
            unsafe copyEnds(view, to: place, as: UInt32.self, from: view.count &- 4)
        } else if view.count > 0 {
            let (middle, last) = (view.count &>> 1, view.count &- 1)
            unsafe place[0] = view.base[0]
            unsafe place[middle] = view.base[middle]
            unsafe place[last] = view.base[last]
        }
    }

    /// Copies the word at the start of `view` and the one at `last`.
    @unsafe @inlinable @inline(__always)
    func copyEnds<Word: BitwiseCopyable>(
        _ view: ByteView, to place: UnsafeMutablePointer<UInt8>, as type: Word.Type, from last: Int
    ) {
        let (source, target) = unsafe (UnsafeRawPointer(view.base), UnsafeMutableRawPointer(place))
        let head = unsafe source.loadUnaligned(as: type)
        let tail = unsafe source.loadUnaligned(fromByteOffset: last, as: type)
        unsafe target.storeBytes(of: head, as: type)
        unsafe target.storeBytes(of: tail, toByteOffset: last, as: type)
    }

    @unsafe @inlinable @inline(__always)
    func storeLineEnd(_ place: UnsafeMutablePointer<UInt8>) {
        unsafe place[0] = UInt8(ascii: "\r")
        unsafe place[1] = UInt8(ascii: "\n")
    }

    /// Overwrites bytes that are already in the buffer, `offset` counted from the front.
    @inlinable
    package mutating func replace(at offset: Int, with view: ByteView) {
        invariant(offset >= 0 && offset + view.count <= count, "replaced outside the buffer")
        guard view.count > 0 else { return }
        unsafe memmove(base.unsafelyUnwrapped + readIndex + offset, view.base, view.count)
    }
}

/// Writes `value` in decimal at `start`, which has room for 20 bytes, and returns the length.
@unsafe @inlinable
package func writeDecimal(_ value: Int, to start: UnsafeMutablePointer<UInt8>) -> Int {
    var magnitude = value.magnitude
    if magnitude < 100 && value >= 0 {
        let tens = magnitude / 10
        let ones = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: magnitude &- tens &* 10)
        if tens == 0 {
            unsafe start[0] = ones
            return 1
        }
        unsafe start[0] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: tens)
        unsafe start[1] = ones
        return 2
    }
    var length = value < 0 ? 1 : 0
    var rest = magnitude
    repeat {
        length &+= 1
        rest /= 10
    } while rest != 0
    var index = length
    repeat {
        index &-= 1
        unsafe start[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude % 10)
        magnitude /= 10
    } while magnitude != 0
    if value < 0 { unsafe start[0] = UInt8(ascii: "-") }
    return length
}
