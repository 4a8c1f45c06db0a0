import Memory

/// One cache line of a dict: a control word and seven words. Byte `i` of the control word is the
/// tag of the element in word `i`, eight bits of its hash that are never zero; zero marks a free
/// word. Bit 56 says that the seventh word is the address of another bucket, which continues
/// this one. The lowest bit of an element's word is its mark.
@safe @frozen @usableFromInline
struct DictBucket {
    @usableFromInline let base: UnsafeMutablePointer<UInt64>

    @inlinable static var size: Int { 64 }
    @inlinable static var slots: Int { 7 }
    @inlinable static var chained: UInt64 { 1 << 56 }
    @inlinable static var tagBits: UInt64 { 0x0080_8080_8080_8080 }
    @inlinable static var mark: UInt64 { 1 }

    @inlinable @inline(__always)
    init(address: UInt) {
        unsafe base = UnsafeMutablePointer(bitPattern: address).unsafelyUnwrapped
    }

    /// An empty bucket of its own, to continue another.
    init(heap: Heap) {
        unsafe base = heap.allocateZeroed(DictBucket.size).assumingMemoryBound(to: UInt64.self)
    }

    @usableFromInline
    func free(heap: Heap) { unsafe heap.free(base, DictBucket.size) }

    @inlinable
    var address: UInt { @inline(__always) get { unsafe UInt(bitPattern: base) } }

    @inlinable
    var control: UInt64 {
        @inline(__always) get { unsafe base[0] }
        @inline(__always) nonmutating set { unsafe base[0] = newValue }
    }

    /// Address and mark of the element in `slot`; the callers keep slots in `0..<7`.
    @inlinable
    subscript(slot: Int) -> UInt64 {
        @inline(__always) get { unsafe base[slot &+ 1] }
        @inline(__always) nonmutating set { unsafe base[slot &+ 1] = newValue }
    }

    /// The tag of `hash` in all eight bytes. The bucket's index is made of the low bits, so that
    /// the two say different things about a key.
    @inlinable @inline(__always)
    static func pattern(_ hash: UInt64) -> UInt64 {
        let tag = hash &>> 56
        return (tag &+ (tag == 0 ? 1 : 0)) &* 0x0101_0101_0101_0101
    }

    /// 0x80 in each byte of `word` that is zero (exact, from "Hacker's Delight" §6-1).
    @inlinable @inline(__always)
    static func zeroBytes(_ word: UInt64) -> UInt64 {
        let low: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
        return ~(((word & low) &+ low) | word | low)
    }

    /// 0x80 in the byte of each element with the tag of `pattern`.
    @inlinable @inline(__always)
    func hits(_ pattern: UInt64) -> UInt64 {
        DictBucket.zeroBytes(control ^ pattern) & DictBucket.tagBits
    }

    /// 0x80 in the byte of each element.
    @inlinable
    var occupied: UInt64 {
        @inline(__always) get { ~DictBucket.zeroBytes(control) & DictBucket.tagBits }
    }

    /// Number of elements here, without those of continuations.
    @inlinable
    var count: Int { occupied.nonzeroBitCount }

    /// The bucket that continues this one.
    @inlinable
    var child: DictBucket? {
        @inline(__always) get {
            control & DictBucket.chained == 0
                ? nil : DictBucket(address: UInt(self[DictBucket.slots - 1]))
        }
    }

    /// A free slot.
    @inlinable
    var freeSlot: Int? {
        @inline(__always) get {
            var free = DictBucket.zeroBytes(control) & DictBucket.tagBits
            if control & DictBucket.chained != 0 { free &= 0x0000_8080_8080_8080 }
            return free == 0 ? nil : free.trailingZeroBitCount &>> 3
        }
    }

    /// The tag of `slot`, in the lowest byte.
    @inlinable @inline(__always)
    func tag(_ slot: Int) -> UInt64 { control &>> UInt64(slot &* 8) & 0xff }

    /// Puts an element into a free slot.
    @inlinable @inline(__always)
    func put(_ slot: Int, tag: UInt64, word: UInt64) {
        control |= tag &<< UInt64(slot &* 8)
        self[slot] = word
    }

    /// Empties a slot.
    @inlinable @inline(__always)
    func clear(_ slot: Int) {
        control &= ~(0xff &<< UInt64(slot &* 8))
        self[slot] = 0
    }

    /// Makes `child` continue this bucket: the last word, which must be free, leads to it.
    func link(_ child: DictBucket) {
        control |= DictBucket.chained
        self[DictBucket.slots - 1] = UInt64(child.address)
    }

    /// Ends the chain here.
    func unlink() {
        control &= ~DictBucket.chained
        self[DictBucket.slots - 1] = 0
    }
}
