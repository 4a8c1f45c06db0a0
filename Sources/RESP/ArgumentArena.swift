import Memory

/// Flat reusable store of argument views; a request is a range in it. The first 512 live in one
/// block that is never reallocated, which is what a turn's batch of ordinary requests needs; more
/// go to an array that is given back when it was made large by one request.
///
/// It also owns the bytes of inline arguments that had quotes, which are in no input buffer.
/// Bounded by what the input buffers of a turn hold.
@frozen @usableFromInline
package struct ArgumentArena: ~Copyable {
    @usableFromInline typealias Page = InlineArray<512, ByteView>

    @usableFromInline let heap: Heap
    @usableFromInline let page: Slot<Page>
    @usableFromInline var overflow: [ByteView] = []
    @usableFromInline var decoded: [Slot<ByteBuffer>] = []
    @usableFromInline package private(set) var count = 0
    @usableFromInline let passing = PassedByAddress()

    /// An empty arena whose decoded inline arguments are counted in `heap`.
    package init(heap: Heap = Heap()) {
        self.heap = heap
        page = Slot(Page(repeating: .empty))
    }

    deinit {
        for buffer in decoded { buffer.free() }
        page.free()
    }

    /// Adds an argument.
    @inlinable @inline(__always)
    package mutating func append(_ view: ByteView) {
        if _fastPath(count < 512) {
            page.value[count] = view
        } else {
            appendOverflow(view)
        }
        count &+= 1
    }

    /// Argument `index`, valid until the arena or the input it was parsed from changes.
    @inlinable
    package subscript(index: Int) -> ByteView {
        @inline(__always) get {
            invariant(index >= 0 && index < count, "argument index out of range")
            return _fastPath(index < 512) ? page.value[index] : overflowing(index)
        }
    }

    /// Forgets all arguments.
    @inlinable @inline(__always)
    package mutating func removeAll() {
        if _slowPath(count > 512 || !decoded.isEmpty) { release() }
        count = 0
    }

    /// Keeps the first `count` arguments.
    @inlinable
    package mutating func truncate(to count: Int) {
        invariant(count >= 0 && count <= self.count, "truncated to more than there is")
        if _slowPath(self.count > 512) { overflow.removeLast(self.count - max(count, 512)) }
        self.count = count
    }

    @usableFromInline @inline(never)
    mutating func appendOverflow(_ view: ByteView) { overflow.append(view) }

    @usableFromInline @inline(never)
    func overflowing(_ index: Int) -> ByteView { overflow[index - 512] }

    @usableFromInline @inline(never)
    mutating func release() {
        if overflow.capacity > 16 * 1024 {
            overflow = []
        } else {
            overflow.removeAll(keepingCapacity: true)
        }
        for buffer in decoded { buffer.free() }
        decoded = []
    }

    /// A buffer with room for `size` more bytes that do not move before the next `removeAll`.
    mutating func scratch(_ size: Int) -> Slot<ByteBuffer> {
        if let last = decoded.last {
            let used = last.value.count
            if last.value.capacity - used >= size { return last }
        }
        let slot = Slot(ByteBuffer(heap: heap))
        slot.value.reserve(max(size, 1024))
        decoded.append(slot)
        return slot
    }
}
