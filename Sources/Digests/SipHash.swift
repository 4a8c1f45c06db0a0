import Memory

/// The secret of a keyed hash; two random words, so that clients cannot choose colliding keys.
@frozen @usableFromInline
package struct HashKey: Equatable, Sendable {
    @usableFromInline package let k0: UInt64
    @usableFromInline package let k1: UInt64

    @inlinable
    package init(k0: UInt64, k1: UInt64) {
        self.k0 = k0
        self.k1 = k1
    }
}

/// SipHash-1-2 (Aumasson and Bernstein): one round for every word and two at the end, the
/// variant Redis uses for its tables.
@frozen @usableFromInline
package struct SipHash {
    @usableFromInline var v0: UInt64
    @usableFromInline var v1: UInt64
    @usableFromInline var v2: UInt64
    @usableFromInline var v3: UInt64

    @inlinable @inline(__always)
    init(_ key: HashKey) {
        v0 = key.k0 ^ 0x736f_6d65_7073_6575
        v1 = key.k1 ^ 0x646f_7261_6e64_6f6d
        v2 = key.k0 ^ 0x6c79_6765_6e65_7261
        v3 = key.k1 ^ 0x7465_6462_7974_6573
    }

    @inlinable @inline(__always)
    mutating func round() {
        v0 &+= v1
        v1 = (v1 &<< 13) | (v1 &>> 51)
        v1 ^= v0
        v0 = (v0 &<< 32) | (v0 &>> 32)
        v2 &+= v3
        v3 = (v3 &<< 16) | (v3 &>> 48)
        v3 ^= v2
        v0 &+= v3
        v3 = (v3 &<< 21) | (v3 &>> 43)
        v3 ^= v0
        v2 &+= v1
        v1 = (v1 &<< 17) | (v1 &>> 47)
        v1 ^= v2
        v2 = (v2 &<< 32) | (v2 &>> 32)
    }

    @inlinable @inline(__always)
    mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        v0 ^= word
    }

    @inlinable @inline(__always)
    mutating func finish() -> UInt64 {
        v2 ^= 0xff
        round()
        round()
        return v0 ^ v1 ^ v2 ^ v3
    }

    /// The hash of `bytes` under `key`.
    @inlinable
    package static func hash(_ bytes: ByteView, key: HashKey) -> UInt64 {
        var state = SipHash(key)
        let count = bytes.count
        let whole = count & ~7
        var index = 0
        while index < whole {
            state.absorb(word(bytes, at: index))
            index &+= 8
        }
        state.absorb(UInt64(truncatingIfNeeded: count) &<< 56 | tail(bytes, from: whole))
        return state.finish()
    }

    /// Eight bytes in little-endian order.
    @inlinable @inline(__always)
    static func word(_ bytes: ByteView, at index: Int) -> UInt64 {
        unsafe UInt64(
            littleEndian: UnsafeRawPointer(bytes.base + index).loadUnaligned(as: UInt64.self))
    }

    /// The bytes behind the last whole word. With eight bytes or more the last eight are read in
    /// one go and shifted, which costs no branch for each byte.
    @inlinable @inline(__always)
    static func tail(_ bytes: ByteView, from whole: Int) -> UInt64 {
        let left = bytes.count &- whole
        if left == 0 { return 0 }
        if whole > 0 { return word(bytes, at: bytes.count &- 8) &>> UInt64(64 &- 8 &* left) }
        var rest: UInt64 = 0
        var index = bytes.count
        while index > whole {
            index &-= 1
            rest = unsafe rest &<< 8 | UInt64(bytes.base[index])
        }
        return rest
    }
}
