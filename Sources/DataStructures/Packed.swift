import Memory

/// One item of a packed sequence, lent where it lies: a string, or an integer whose canonical
/// spelling a string was.
@frozen @usableFromInline
package enum PackedItem {
    case bytes(ByteView)
    case integer(Int64)

    /// What `text` is stored as: an integer if it spells one as Redis would print it.
    @inlinable @inline(__always)
    package init(text: ByteView) {
        if text.count <= 20, let integer = text.integer {
            self = .integer(integer)
        } else {
            self = .bytes(text)
        }
    }

    /// Bytes it takes in a packed sequence.
    @inlinable
    package var encodedCount: Int {
        switch self {
        case .bytes(let bytes):
            return bytes.count &+ (bytes.count < 64 ? 1 : bytes.count < 4096 ? 2 : 5)
        case .integer(let value):
            if value >= 0, value < 128 { return 1 }
            if value >= -4096, value < 4096 { return 2 }
            if Int64(Int16(truncatingIfNeeded: value)) == value { return 3 }
            if value >= -1 << 23, value < 1 << 23 { return 4 }
            return Int64(Int32(truncatingIfNeeded: value)) == value ? 5 : 9
        }
    }

    /// Characters of its text.
    @inlinable
    package var textCount: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .integer(let value): decimalCount(value)
        }
    }

    /// Whether its text is `other`.
    @inlinable
    package func equals(_ other: ByteView) -> Bool {
        switch self {
        case .bytes(let bytes): bytes == other
        case .integer(let value): other.integer == value
        }
    }

    /// Whether both have the same text.
    @inlinable
    package static func == (left: PackedItem, right: PackedItem) -> Bool {
        switch (left, right) {
        case (.integer(let first), .integer(let second)): first == second
        case (.bytes(let first), .bytes(let second)): first == second
        // Whatever spells an integer is stored as one.
        default: false
        }
    }

    /// Its text; an integer is spelt in `scratch`.
    @inlinable
    package func text(_ scratch: inout DecimalScratch) -> ByteView {
        switch self {
        case .bytes(let bytes): bytes
        case .integer(let value): scratch.text(value)
        }
    }

    /// Lends its text while `body` runs.
    package func withText<Result>(_ body: (ByteView) -> Result) -> Result {
        switch self {
        case .bytes(let bytes): body(bytes)
        case .integer(let value): withDecimal(value, body)
        }
    }

    /// Appends its text.
    package func appendText(to buffer: inout ByteBuffer) {
        switch self {
        case .bytes(let bytes): buffer.append(bytes)
        case .integer(let value): buffer.append(decimal: Int(value))
        }
    }

    /// Appends it as it is packed.
    @inlinable
    package func append(to buffer: inout ByteBuffer) {
        let count = encodedCount
        let room = unsafe buffer.writable(count)
        unsafe write(to: room.baseAddress.unsafelyUnwrapped)
        buffer.commit(count)
    }

    /// Writes it at `place`, which has room for `encodedCount` bytes.
    @unsafe @inlinable
    package func write(to place: UnsafeMutableRawPointer) {
        switch self {
        case .bytes(let bytes):
            var start = 1
            if bytes.count < 64 {
                unsafe place.storeBytes(of: 0x80 | UInt8(bytes.count), as: UInt8.self)
            } else if bytes.count < 4096 {
                let head = 0xe0 | UInt16(bytes.count >> 8) | UInt16(bytes.count & 0xff) << 8
                unsafe place.storeBytes(of: head, as: UInt16.self)
                start = 2
            } else {
                unsafe place.storeBytes(of: Packed.string32, as: UInt8.self)
                unsafe place.storeBytes(
                    of: UInt32(bytes.count), toByteOffset: 1, as: UInt32.self)
                start = 5
            }
            unsafe (place + start).copyMemory(from: bytes.base, byteCount: bytes.count)
        case .integer(let value):
            unsafe write(integer: value, to: place)
        }
    }

    @unsafe @inlinable
    func write(integer value: Int64, to place: UnsafeMutableRawPointer) {
        switch encodedCount {
        case 1:
            unsafe place.storeBytes(of: UInt8(value), as: UInt8.self)
        case 2:
            let bits = UInt16(truncatingIfNeeded: value) & 0x1fff
            unsafe place.storeBytes(of: 0xc0 | bits >> 8 | bits << 8, as: UInt16.self)
        case let count:
            unsafe place.storeBytes(of: Packed.integerCode(bytes: count - 1), as: UInt8.self)
            let bits = UInt64(bitPattern: value)
            for index in 0..<count - 1 {
                unsafe place.storeBytes(
                    of: UInt8(truncatingIfNeeded: bits >> UInt64(8 * index)),
                    toByteOffset: 1 + index, as: UInt8.self)
            }
        }
    }
}

/// Packed sequences: items one behind the other, with nothing before, between or behind them.
/// The first byte of an item tells what it is, with the codes of Redis's listpack, so that one of
/// those is made by adding the links backwards.
///
///     0xxxxxxx                integer 0…127
///     10xxxxxx                string of up to 63 bytes, which follow
///     110xxxxx + 1 byte       integer of 13 bits with sign, high bits first
///     1110xxxx + 1 byte       string of up to 4095 bytes, which follow, high bits first
///     f0 + 4 bytes            string of so many bytes, which follow
///     f1, f2, f3, f4          integer of 2, 3, 4, 8 bytes with sign
///     f5 + 8 + 4 bytes        long string: address of its node, and its length
///
/// What has no order of its own above is little-endian.
@usableFromInline
package enum Packed {
    @inlinable static var string32: UInt8 { 0xf0 }
    @inlinable static var long: UInt8 { 0xf5 }
    /// Bytes of an item that refers to a long string.
    @inlinable package static var longCount: Int { 13 }

    @inlinable
    static func integerCode(bytes: Int) -> UInt8 {
        switch bytes {
        case 2: 0xf1
        case 3: 0xf2
        case 4: 0xf3
        default: 0xf4
        }
    }

    /// Lends the packed form of `score` while `body` runs: an integer where that is exact, else a
    /// string of the eight bytes of the number.
    @inlinable
    package static func withScore<Result>(
        _ score: Double, _ body: (PackedItem) -> Result
    ) -> Result {
        if let integer = integer(of: score) { return body(.integer(integer)) }
        return unsafe withUnsafeBytes(of: score.bitPattern.littleEndian) { raw in
            let base = unsafe raw.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
            return unsafe body(.bytes(ByteView(base, count: 8)))
        }
    }

    /// The integer that stands for `score`, if one does: not for minus zero.
    @inlinable
    static func integer(of score: Double) -> Int64? {
        guard score > -0x1p53, score < 0x1p53 else { return nil }
        let integer = Int64(score)
        guard Double(integer) == score, integer != 0 || score.sign == .plus else { return nil }
        return integer
    }
}

extension PackedItem {
    /// The score that `withScore` packed.
    @inlinable
    package var score: Double {
        switch self {
        case .integer(let value): return Double(value)
        case .bytes(let bytes):
            invariant(bytes.count == 8, "a score of a wrong size")
            let bits = unsafe UnsafeRawPointer(bytes.base).loadUnaligned(as: UInt64.self)
            return Double(bitPattern: UInt64(littleEndian: bits))
        }
    }
}

/// Reads a packed sequence, which must be sound, from front to end.
@frozen @usableFromInline
package struct PackedReader {
    @usableFromInline let bytes: ByteView
    /// Where the next item begins.
    @usableFromInline package var offset: Int

    /// The items of `bytes` from `offset` on.
    @inlinable @inline(__always)
    package init(_ bytes: ByteView, at offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    @inlinable @inline(__always)
    package var isAtEnd: Bool { offset >= bytes.count }

    /// What has not been read.
    package var rest: ByteView { bytes[offset..<bytes.count] }

    /// The next item; nil behind the last.
    @inlinable
    package mutating func next() -> PackedItem? {
        guard offset < bytes.count else { return nil }
        let code = unsafe bytes.base[offset]
        if code & 0xc0 == 0x80 { return .bytes(string(1, Int(code & 0x3f))) }
        if code < 0x80 {
            offset &+= 1
            return .integer(Int64(code))
        }
        return rare(code)
    }

    @usableFromInline
    mutating func rare(_ code: UInt8) -> PackedItem {
        if code & 0xe0 == 0xc0 {
            let bits = UInt16(code & 0x1f) << 8 | UInt16(bytes[offset + 1])
            offset += 2
            return .integer(Int64(Int16(bitPattern: bits << 3) >> 3))
        }
        if code & 0xf0 == 0xe0 {
            return .bytes(string(2, Int(code & 15) << 8 | Int(bytes[offset + 1])))
        }
        switch code {
        case 0xf0: return .bytes(string(5, Int(word(1, 4))))
        case 0xf1: return number(2)
        case 0xf2: return number(3)
        case 0xf3: return number(4)
        case 0xf4: return number(8)
        default:
            invariant(code == Packed.long, "no such item in a packed sequence")
            let node = Node(address: UInt(word(1, 8)))
            let count = Int(word(9, 4))
            offset += Packed.longCount
            return .bytes(node.payload(count))
        }
    }

    @inlinable @inline(__always)
    mutating func string(_ head: Int, _ count: Int) -> ByteView {
        let start = offset &+ head
        offset = start &+ count
        invariant(offset <= bytes.count, "an item beyond its packed sequence")
        return unsafe ByteView(bytes.base + start, count: count)
    }

    @usableFromInline
    func word(_ at: Int, _ count: Int) -> UInt64 {
        var bits: UInt64 = 0
        for index in 0..<count { bits |= UInt64(bytes[offset + at + index]) << UInt64(8 * index) }
        return bits
    }

    @usableFromInline
    mutating func number(_ count: Int) -> PackedItem {
        let unused = UInt64(64 - 8 * count)
        let value = Int64(bitPattern: word(1, count) << unused) >> Int64(unused)
        offset += 1 + count
        return .integer(value)
    }

    /// Passes over an item; false behind the last.
    @inlinable @discardableResult
    package mutating func skip() -> Bool {
        guard offset < bytes.count else { return false }
        offset &+= size(unsafe bytes.base[offset])
        invariant(offset <= bytes.count, "an item beyond its packed sequence")
        return true
    }

    /// Passes over `count` items; false if there were fewer.
    @inlinable @discardableResult
    package mutating func skip(_ count: Int) -> Bool {
        for _ in 0..<count { guard skip() else { return false } }
        return true
    }

    /// Bytes of the next item, which begins with `code`.
    @inlinable @inline(__always)
    func size(_ code: UInt8) -> Int {
        if code & 0xc0 == 0x80 { return 1 &+ Int(code & 0x3f) }
        if code < 0x80 { return 1 }
        return rareSize(code)
    }

    @usableFromInline
    func rareSize(_ code: UInt8) -> Int {
        if code & 0xe0 == 0xc0 { return 2 }
        if code & 0xf0 == 0xe0 { return 2 + Int(code & 15) << 8 + Int(bytes[offset + 1]) }
        switch code {
        case 0xf0: return 5 + Int(word(1, 4))
        case 0xf1: return 3
        case 0xf2: return 4
        case 0xf3: return 5
        case 0xf4: return 9
        default:
            invariant(code == Packed.long, "no such item in a packed sequence")
            return Packed.longCount
        }
    }

    /// The node of the next item if that is a long string.
    package var longNode: Node? {
        guard offset < bytes.count, bytes[offset] == Packed.long else { return nil }
        return Node(address: UInt(word(1, 8)))
    }
}
