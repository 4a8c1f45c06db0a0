/// A fixed number of values side by side in one block, read and changed in place: tables that the
/// hot path reads by index without touching a reference count, and values that cannot be copied.
@safe @frozen @usableFromInline
package struct FlatArray<Element: ~Copyable>: ~Copyable {
    @usableFromInline let base: UnsafeMutablePointer<Element>
    @usableFromInline package let count: Int

    /// `count` values made by `make`, which is given the index of each.
    @inlinable
    package init(count: Int, _ make: (Int) -> Element) {
        unsafe base = .allocate(capacity: max(count, 1))
        self.count = count
        for index in 0..<count { unsafe (base + index).initialize(to: make(index)) }
    }

    deinit {
        unsafe base.deinitialize(count: count)
        unsafe base.deallocate()
    }

    /// The value at `index` in place.
    @inlinable
    package subscript(index: Int) -> Element {
        @inline(__always) unsafeAddress {
            invariant(UInt(bitPattern: index) < UInt(bitPattern: count), "index out of range")
            return unsafe UnsafePointer(base + index)
        }
        @inline(__always) unsafeMutableAddress {
            invariant(UInt(bitPattern: index) < UInt(bitPattern: count), "index out of range")
            return unsafe base + index
        }
    }

    /// Exchanges two values; their bytes move, whatever they point to stays.
    package mutating func swapAt(_ first: Int, _ second: Int) {
        invariant(first >= 0 && first < count, "index out of range")
        invariant(second >= 0 && second < count, "index out of range")
        guard first != second else { return }
        let held = unsafe (base + first).move()
        unsafe (base + first).moveInitialize(from: base + second, count: 1)
        unsafe (base + second).initialize(to: held)
    }

    /// Puts `value` at `index` and returns what was there.
    package mutating func exchange(_ index: Int, _ value: consuming Element) -> Element {
        invariant(index >= 0 && index < count, "index out of range")
        let held = unsafe (base + index).move()
        unsafe (base + index).initialize(to: value)
        return held
    }
}

extension FlatArray where Element: BitwiseCopyable {
    /// `count` copies of `value`.
    @inlinable
    package init(repeating value: Element, count: Int) {
        self.init(count: count) { _ in value }
    }
}
