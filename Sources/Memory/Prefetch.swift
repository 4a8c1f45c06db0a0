import CShims

/// Asks the processor to bring the cache line at `address` nearer. Any address will do: one that
/// is not mapped is ignored.
@inlinable @inline(__always)
package func prefetch(address: UInt) {
    unsafe tandem_prefetch(UnsafeRawPointer(bitPattern: address))
}
