import Digests
import Memory

/// A handle to one key with its value: a single block, or two when the value is long.
///
///     0  kind: type in the low half, encoding in the high one
///     1  flags: wide, expiring, external
///     2  stamp of the snapshot that last saw it
///     3  access clock, 24 bits
///     6  key length    7  value length    (unused when wide)
///     8  wide: key length and value length, 32 bits each
///     …  expiring: when, in milliseconds since 1970
///     …  the key, then the value: bytes, an Int64, or the address of a `ValueBlock`
///
/// Nothing below the key is aligned. Whoever holds the last copy of the handle frees it.
@safe @frozen @usableFromInline
package struct Record: DictElement {
    @usableFromInline let base: UnsafeMutableRawPointer

    @inlinable static var wide: UInt8 { 1 }
    @inlinable static var expiring: UInt8 { 2 }
    @inlinable static var external: UInt8 { 4 }

    @inlinable @inline(__always)
    package init(address: UInt) {
        unsafe base = UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped
    }

    @inlinable
    package var address: UInt { @inline(__always) get { unsafe UInt(bitPattern: base) } }

    /// A new record with everything set but the value.
    @inlinable @inline(__always)
    package init(
        heap: Heap, shape: RecordShape, kind: UInt8, stamp: UInt8, clock: UInt32, expiry: Int64?,
        key: ByteView
    ) {
        // The whole class, because the value may grow in place to its end.
        unsafe base = heap.allocate(shape.sizeClass)
        let head = UInt64(kind) | UInt64(stamp) &<< 16 | UInt64(clock & 0xff_ffff) &<< 24
        unsafe base.storeBytes(of: head.littleEndian, as: UInt64.self)
        setShape(shape)
        if let expiry { setExpiry(expiry) }
        unsafe (base + Record.keyOffset(flags)).copyMemory(from: key.base, byteCount: key.count)
    }

    @inlinable @inline(__always)
    func load<Word: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _: Word.Type) -> Word {
        unsafe base.loadUnaligned(fromByteOffset: offset, as: Word.self)
    }

    @inlinable @inline(__always)
    func store<Word: FixedWidthInteger & BitwiseCopyable>(_ word: Word, _ offset: Int) {
        unsafe base.storeBytes(of: word, toByteOffset: offset, as: Word.self)
    }

    // MARK: Layout

    @inlinable
    var flags: UInt8 { @inline(__always) get { load(1, UInt8.self) } }

    @inlinable @inline(__always)
    static func keyOffset(_ flags: UInt8) -> Int {
        8 &+ Int(flags & wide) &<< 3 &+ Int(flags & expiring) &<< 2
    }

    @inlinable
    package var keyCount: Int {
        @inline(__always) get {
            flags & Record.wide == 0 ? Int(load(6, UInt8.self)) : Int(load(8, UInt32.self))
        }
    }

    /// Bytes of the value, wherever it lies; 8 for an integer.
    @inlinable
    package var valueCount: Int {
        @inline(__always) get {
            flags & Record.wide == 0 ? Int(load(7, UInt8.self)) : Int(load(12, UInt32.self))
        }
    }

    @inlinable
    package var isExternal: Bool { @inline(__always) get { flags & Record.external != 0 } }

    @inlinable
    package var expires: Bool { @inline(__always) get { flags & Record.expiring != 0 } }

    @inlinable
    package var shape: RecordShape {
        @inline(__always) get {
            RecordShape(keyCount: keyCount, valueCount: valueCount, expires: expires)
        }
    }

    @inlinable
    var valueOffset: Int {
        @inline(__always) get { Record.keyOffset(flags) &+ keyCount }
    }

    /// Writes flags and lengths; key and value stay where they are.
    @inlinable @inline(__always)
    package func setShape(_ shape: RecordShape) {
        let flags = shape.flags
        store(flags, 1)
        if flags & Record.wide == 0 {
            store(UInt8(truncatingIfNeeded: shape.keyCount), 6)
            store(UInt8(truncatingIfNeeded: shape.valueCount), 7)
        } else {
            invariant((shape.keyCount | shape.valueCount) >> 32 == 0, "too long for a record")
            store(UInt32(truncatingIfNeeded: shape.keyCount), 8)
            store(UInt32(truncatingIfNeeded: shape.valueCount), 12)
        }
    }

    /// Gives the record another layout of the same size class, keeping its key, and its expiry if
    /// it still has room for one. What remains of a value in the record is `kept` bytes of it.
    package func reshape(_ shape: RecordShape, kept: Int = 0) {
        let expiry = self.expiry
        let from = Record.keyOffset(flags)
        let to = Record.keyOffset(shape.flags)
        if from != to {
            unsafe (base + to).copyMemory(from: base + from, byteCount: keyCount + kept)
        }
        setShape(shape)
        if let expiry, shape.expires { setExpiry(expiry) }
    }

    // MARK: Key, kind, stamp, clock, expiry

    @inlinable
    package var key: ByteView {
        @inline(__always) get {
            let start = unsafe base + Record.keyOffset(flags)
            return unsafe ByteView(
                UnsafePointer(start.assumingMemoryBound(to: UInt8.self)), count: keyCount)
        }
    }

    @inlinable @inline(__always)
    package func hash(_ key: HashKey) -> UInt64 { SipHash.hash(self.key, key: key) }

    @inlinable @inline(__always)
    package func hasKey(_ key: ByteView) -> Bool { self.key == key }

    /// Type in the low half, encoding in the high one.
    @inlinable
    package var kind: UInt8 {
        @inline(__always) get { load(0, UInt8.self) }
        @inline(__always) nonmutating set { store(newValue, 0) }
    }

    @inlinable
    package var stamp: UInt8 {
        @inline(__always) get { load(2, UInt8.self) }
        @inline(__always) nonmutating set { store(newValue, 2) }
    }

    /// 24 bits.
    @inlinable
    package var clock: UInt32 {
        @inline(__always) get {
            UInt32(load(3, UInt16.self)) | UInt32(load(5, UInt8.self)) &<< 16
        }
        @inline(__always) nonmutating set {
            store(UInt16(truncatingIfNeeded: newValue), 3)
            store(UInt8(truncatingIfNeeded: newValue &>> 16), 5)
        }
    }

    /// When it expires, in milliseconds since 1970.
    @inlinable
    package var expiry: Int64? {
        @inline(__always) get {
            guard expires else { return nil }
            return load(8 &+ Int(flags & Record.wide) &<< 3, Int64.self)
        }
    }

    /// Overwrites the expiry of a record that has one.
    @inlinable @inline(__always)
    package func setExpiry(_ expiry: Int64) {
        invariant(expires, "no room for an expiry")
        store(expiry, 8 &+ Int(flags & Record.wide) &<< 3)
    }
}
