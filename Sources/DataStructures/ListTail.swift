import Memory

/// Where the last items of the last leaf of a list begin, as far as that is known: items have no
/// links backwards, and a leaf is not to be read whole for every element that is taken off its end.
@frozen @usableFromInline
struct ListTail: BitwiseCopyable {
    static var most: Int { 64 }

    @usableFromInline var offsets: InlineArray<64, UInt16>
    /// Where the next one goes; indices count on beyond the end of the array.
    @usableFromInline var next: UInt32
    @usableFromInline var count: Int

    @inlinable
    init() {
        offsets = InlineArray(repeating: 0)
        next = 0
        count = 0
    }

    private static func slot(_ index: UInt32) -> Int { Int(index & UInt32(most - 1)) }

    /// An item was added, or found, behind those that are known.
    @inline(__always)
    mutating func append(_ offset: Int) {
        offsets[ListTail.slot(next)] = UInt16(truncatingIfNeeded: offset)
        next &+= 1
        if count < ListTail.most { count += 1 }
    }

    /// Nothing is known any more.
    @inline(__always)
    mutating func forget() { count = 0 }

    /// The leaf has but `items` items.
    @inline(__always)
    mutating func limit(to items: Int) { count = min(count, items) }

    /// Where the last item of the leaf begins.
    @inline(__always)
    mutating func last(of leaf: ListLeaf) -> Int {
        if _slowPath(count == 0) { read(leaf) }
        return Int(offsets[ListTail.slot(next &- 1)])
    }

    mutating func removeLast() {
        next &-= 1
        count -= 1
    }

    @inline(never)
    private mutating func read(_ leaf: ListLeaf) {
        var reader = leaf.reader(at: leaf.start)
        while !reader.isAtEnd {
            append(reader.offset)
            reader.skip()
        }
        invariant(count > 0, "a leaf without items")
    }

    /// Whether what it knows is so.
    func isRight(about leaf: ListLeaf) -> Bool {
        var right = ListTail()
        right.read(leaf)
        guard count <= right.count else { return false }
        for back in 0..<UInt32(count) {
            let known = offsets[ListTail.slot(next &- 1 &- back)]
            if known != right.offsets[ListTail.slot(right.next &- 1 &- back)] { return false }
        }
        return true
    }
}
