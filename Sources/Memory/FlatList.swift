/// A growing list of plain values in one block: no reference count, no test for uniqueness. For
/// lists that every turn fills and empties; the block is kept.
@safe @frozen @usableFromInline
package struct FlatList<Element: BitwiseCopyable>: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<Element>
    @usableFromInline package private(set) var count = 0
    @usableFromInline var capacity: Int

    /// An empty list with room for `capacity` values.
    @inlinable
    package init(capacity: Int = 8) {
        self.capacity = max(capacity, 1)
        unsafe base = .allocate(capacity: self.capacity)
    }

    deinit { unsafe base.deallocate() }

    @inlinable @inline(__always)
    package var isEmpty: Bool { count == 0 }

    /// The value at `index`.
    @inlinable
    package subscript(index: Int) -> Element {
        @inline(__always) get {
            invariant(UInt(bitPattern: index) < UInt(bitPattern: count), "index out of range")
            return unsafe base[index]
        }
        @inline(__always) unsafeMutableAddress {
            invariant(UInt(bitPattern: index) < UInt(bitPattern: count), "index out of range")
            return unsafe base + index
        }
    }

    /// Adds a value at the end.
    @inlinable @inline(__always)
    package mutating func append(_ value: Element) {
        if _slowPath(count == capacity) { grow() }
        unsafe base[count] = value
        count &+= 1
    }

    @usableFromInline @inline(never)
    mutating func grow() {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
        unsafe larger.initialize(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = unsafe larger
        capacity *= 2
    }

    /// Drops all values and keeps the block.
    @inlinable @inline(__always)
    package mutating func removeAll() { count = 0 }

    /// Drops the first `number` values.
    @inlinable
    package mutating func removeFirst(_ number: Int) {
        invariant(number >= 0 && number <= count, "removed more than there is")
        unsafe base.update(from: base + number, count: count - number)
        count &-= number
    }

    /// Drops the values for which `isUnwanted` holds; the others keep their order.
    package mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        var kept = 0
        for index in 0..<count {
            let value = unsafe base[index]
            if isUnwanted(value) { continue }
            unsafe base[kept] = value
            kept += 1
        }
        count = kept
    }

    /// The values as an array.
    package var array: [Element] {
        unsafe Array(UnsafeBufferPointer(start: base, count: count))
    }
}
