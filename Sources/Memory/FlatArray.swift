/// A fixed number of plain values in one block: tables that the hot path reads by index without
/// touching a reference count.
@safe @frozen @usableFromInline
package struct FlatArray<Element: BitwiseCopyable>: ~Copyable {
    @usableFromInline let base: UnsafeMutablePointer<Element>
    @usableFromInline package let count: Int

    /// `count` copies of `value`.
    @inlinable
    package init(repeating value: Element, count: Int) {
        unsafe base = .allocate(capacity: max(count, 1))
        unsafe base.initialize(repeating: value, count: count)
        self.count = count
    }

    deinit { unsafe base.deallocate() }

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
}
