/// One heap-allocated value that is not reference-counted: the owner frees it, everybody else
/// holds a copy of the handle. Sessions and engines live in slots so that reaching them costs a
/// load and never a retain.
@safe @frozen @usableFromInline
package struct Slot<Value: ~Copyable>: BitwiseCopyable {
    @usableFromInline let pointer: UnsafeMutablePointer<Value>

    /// Moves `value` to the heap.
    @inlinable
    package init(_ value: consuming Value) {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: value)
    }

    /// The slot whose `address` was taken before, on its way through a C function pointer.
    @inlinable @inline(__always)
    package init(address: UInt) {
        unsafe pointer = UnsafeMutablePointer(bitPattern: address).unsafelyUnwrapped
    }

    @inlinable @inline(__always)
    package var address: UInt { unsafe UInt(bitPattern: pointer) }

    /// The value in place.
    @inlinable
    package var value: Value {
        @inline(__always) unsafeAddress { unsafe UnsafePointer(pointer) }
        @inline(__always) nonmutating unsafeMutableAddress { unsafe pointer }
    }

    /// Destroys the value. No copy of the handle may be used afterwards.
    @inlinable
    package func free() {
        unsafe pointer.deinitialize(count: 1)
        unsafe pointer.deallocate()
    }
}

extension Slot: Equatable where Value: ~Copyable {
    @inlinable
    package static func == (left: Slot, right: Slot) -> Bool { left.address == right.address }
}

/// The address of `value` while `body` runs, for handing it through a C function pointer.
@inlinable @inline(__always)
package func withAddress<Value: ~Copyable, Result>(
    of value: inout Value, _ body: (UInt) -> Result
) -> Result {
    unsafe withUnsafeMutablePointer(to: &value) { body(UInt(bitPattern: $0)) }
}
