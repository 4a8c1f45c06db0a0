import Memory

/// What decides the layout of a record, and so its size: see `Record`.
@frozen @usableFromInline
package struct RecordShape: Equatable {
    @usableFromInline package var keyCount: Int
    /// Bytes of the value: 8 for an integer, also when they are in a block of their own.
    @usableFromInline package var valueCount: Int
    @usableFromInline package var expires: Bool

    @inlinable @inline(__always)
    package init(keyCount: Int, valueCount: Int, expires: Bool) {
        self.keyCount = keyCount
        self.valueCount = valueCount
        self.expires = expires
    }

    /// Values up to this many bytes lie in the record, longer ones in a block.
    @inlinable package static var inlineLimit: Int { 4096 }

    /// What stands for the length of a value that is made of nodes, which is external as well.
    @inlinable package static var largeCount: Int { inlineLimit + 1 }

    /// No key or value can be longer.
    @inlinable package static var longest: Int { Int(UInt32.max) - 4096 }

    /// Whether the value has a block of its own.
    @inlinable
    package var isExternal: Bool {
        @inline(__always) get { valueCount > RecordShape.inlineLimit }
    }

    @inlinable
    var isWide: Bool { @inline(__always) get { (keyCount | valueCount) > 255 } }

    /// The flags that stand for it in a record.
    @inlinable
    package var flags: UInt8 {
        @inline(__always) get {
            (isWide ? Record.wide : 0) | (expires ? Record.expiring : 0)
                | (isExternal ? Record.external : 0)
        }
    }

    /// Bytes of the record.
    @inlinable
    package var size: Int {
        @inline(__always) get {
            Record.keyOffset(flags) &+ keyCount &+ (isExternal ? 8 : valueCount)
        }
    }

    /// Bytes the allocator takes for it.
    @inlinable
    package var sizeClass: Int { @inline(__always) get { Heap.roundedSize(size) } }
}
