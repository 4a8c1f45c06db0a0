import Memory

/// The value of a record; whether it is an integer is for the caller to know (from `kind`).
extension Record {
    /// The value as bytes, in the record or in its block.
    @inlinable
    package var bytes: ByteView {
        @inline(__always) get {
            if _slowPath(isExternal) { return block.bytes(valueCount) }
            let start = unsafe (base + valueOffset).assumingMemoryBound(to: UInt8.self)
            return unsafe ByteView(UnsafePointer(start), count: valueCount)
        }
    }

    @inlinable
    package var integer: Int64 {
        @inline(__always) get { load(valueOffset, Int64.self) }
        @inline(__always) nonmutating set { store(newValue, valueOffset) }
    }

    /// The block of a long value.
    @inlinable
    package var block: ValueBlock {
        get {
            invariant(isExternal, "a short value has no block")
            return ValueBlock(address: UInt(load(valueOffset, UInt64.self)))
        }
        nonmutating set { store(UInt64(newValue.address), valueOffset) }
    }

    /// Writes bytes of a value in the record, which has room for them.
    @inlinable @inline(__always)
    package func setBytes(_ bytes: ByteView, at offset: Int = 0) {
        invariant(offset &+ bytes.count <= valueCount && !isExternal, "value beyond its record")
        unsafe (base + valueOffset + offset).copyMemory(
            from: bytes.base, byteCount: bytes.count)
    }

    /// Zeroes bytes of a value in the record.
    package func clearBytes(_ range: Range<Int>) {
        invariant(range.upperBound <= valueCount && !isExternal, "value beyond its record")
        unsafe (base + valueOffset + range.lowerBound).initializeMemory(
            as: UInt8.self, repeating: 0, count: range.count)
    }

    /// A record with the same value and clock under another key or expiry. A block is shared, of
    /// whatever kind it is.
    package func clone(heap: Heap, key: ByteView, expiry: Int64?, stamp: UInt8) -> Record {
        let shape = RecordShape(
            keyCount: key.count, valueCount: valueCount, expires: expiry != nil)
        let copy = Record(
            heap: heap, shape: shape, kind: kind, stamp: stamp, clock: clock, expiry: expiry,
            key: key)
        if isExternal {
            // The holders of a `LargeBlock` are counted in the same place.
            block.hold()
            copy.block = block
        } else {
            copy.setBytes(bytes)
        }
        return copy
    }

    /// Bytes the allocator holds for the record, without its block.
    @inlinable
    package var footprint: Int { shape.sizeClass }

    /// Bytes the allocator holds for the record and the block of a string.
    package var fullFootprint: Int { footprint + (isExternal ? block.footprint : 0) }

    /// Frees the record and leaves its block alone.
    @inlinable @inline(__always)
    package func free(heap: Heap) { unsafe heap.free(base, shape.sizeClass) }

    /// Frees the record and gives up its block, which is that of a string.
    package func freeAll(heap: Heap) {
        if isExternal, block.release() { block.free(heap: heap) }
        free(heap: heap)
    }

    /// Starts loading what a lookup reads of the record behind its first line.
    @inlinable @inline(__always)
    package func prefetchValue() { prefetch(address: address &+ 64) }
}

/// Room for the decimal text of one integer, so that a value stored as a number can be lent as
/// bytes. A view of it is valid until the next number is written.
@safe @usableFromInline
package struct DecimalScratch: ~Copyable {
    @usableFromInline static var size: Int { 32 }
    @usableFromInline let heap: Heap
    @usableFromInline let base: UnsafeMutablePointer<UInt8>

    package init(heap: Heap) {
        self.heap = heap
        unsafe base = heap.allocate(DecimalScratch.size).assumingMemoryBound(to: UInt8.self)
    }

    deinit { unsafe heap.free(base, DecimalScratch.size) }

    /// The decimal text of `value`.
    @inlinable
    package mutating func text(_ value: Int64) -> ByteView {
        unsafe ByteView(base, count: writeDecimal(Int(value), to: base))
    }
}

/// Lends the decimal text of `value` while `body` runs.
package func withDecimal<Result>(_ value: Int64, _ body: (ByteView) -> Result) -> Result {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { buffer in
        let base = unsafe buffer.baseAddress.unsafelyUnwrapped
        return unsafe body(ByteView(base, count: writeDecimal(Int(value), to: base)))
    }
}

/// Length of the decimal text of `value`.
@inlinable
package func decimalCount(_ value: Int64) -> Int {
    var count = value < 0 ? 2 : 1
    var rest = value.magnitude
    while rest >= 10 {
        rest /= 10
        count &+= 1
    }
    return count
}
