import Memory

/// Reads the parts of one element. Every read gives nil when the bytes end too early; then
/// `missing` says how many more are needed at least, and the element is read again from its
/// start when they have come. No read costs more than a few steps, however long a string is, so
/// that reading again is cheap.
struct RDBCursor {
    private let view: ByteView
    /// Position in the file of the view's first byte.
    private let base: Int
    private let stringLimit: Int
    /// Bytes read.
    private(set) var count = 0
    private(set) var missing = 0

    init(_ view: ByteView, at base: Int, stringLimit: Int) {
        self.view = view
        self.base = base
        // Far above any memory, and far below what sums could overflow.
        self.stringLimit = min(stringLimit, 1 << 40)
    }

    /// A string as it is stored.
    enum Text {
        case plain(ByteView)
        case integer(Int64)
        case compressed(ByteView, length: Int)
    }

    /// A length, or the mark of an encoded string.
    enum Length {
        case plain(UInt64)
        case encoded(UInt8)
    }

    /// Position in the file of the next byte.
    var offset: Int { base + count }

    func error(_ reason: RDBError.Reason) -> RDBError { RDBError(offset: offset, reason) }

    /// Gives back what was read, to be read again in the next step.
    mutating func rewind() { count = 0 }

    mutating func bytes(_ length: Int) -> ByteView? {
        guard view.count - count >= length else {
            missing = length - (view.count - count)
            return nil
        }
        defer { count += length }
        return view[count..<count + length]
    }

    mutating func byte() -> UInt8? { bytes(1).map { $0[0] } }

    /// An unsigned number of `length` bytes, the least significant first.
    mutating func littleEndian(_ length: Int) -> UInt64? {
        guard let bytes = bytes(length) else { return nil }
        var number: UInt64 = 0
        for index in (0..<length).reversed() { number = number << 8 | UInt64(bytes[index]) }
        return number
    }

    /// An unsigned number of `length` bytes, the most significant first.
    mutating func bigEndian(_ length: Int) -> UInt64? {
        guard let bytes = bytes(length) else { return nil }
        var number: UInt64 = 0
        for index in 0..<length { number = number << 8 | UInt64(bytes[index]) }
        return number
    }

    mutating func lengthOrEncoding() throws(RDBError) -> Length? {
        guard let first = byte() else { return nil }
        switch first >> 6 {
        case 0:
            return .plain(UInt64(first & 0x3f))
        case 1:
            guard let low = byte() else { return nil }
            return .plain(UInt64(first & 0x3f) << 8 | UInt64(low))
        case 3:
            return .encoded(first & 0x3f)
        default:
            switch first {
            case RDBFormat.Length.wide32: return bigEndian(4).map { .plain($0) }
            case RDBFormat.Length.wide64: return bigEndian(8).map { .plain($0) }
            default: throw error(.unknownLength(first))
            }
        }
    }

    /// A length or a number stored like one.
    mutating func number() throws(RDBError) -> UInt64? {
        switch try lengthOrEncoding() {
        case nil: return nil
        case .plain(let number): return number
        case .encoded: throw error(.misplacedEncoding)
        }
    }

    /// The length of a string that is to be kept, within the limit.
    private mutating func stringLength() throws(RDBError) -> Int? {
        guard let length = try number() else { return nil }
        guard length <= UInt64(stringLimit) else { throw error(.stringTooLong(length)) }
        return Int(length)
    }

    mutating func text() throws(RDBError) -> Text? {
        switch try lengthOrEncoding() {
        case nil:
            return nil
        case .plain(let length):
            guard length <= UInt64(stringLimit) else { throw error(.stringTooLong(length)) }
            return bytes(Int(length)).map { .plain($0) }
        case .encoded(RDBFormat.Encoding.int8):
            return littleEndian(1).map { .integer(Int64(Int8(truncatingIfNeeded: $0))) }
        case .encoded(RDBFormat.Encoding.int16):
            return littleEndian(2).map { .integer(Int64(Int16(truncatingIfNeeded: $0))) }
        case .encoded(RDBFormat.Encoding.int32):
            return littleEndian(4).map { .integer(Int64(Int32(truncatingIfNeeded: $0))) }
        case .encoded(RDBFormat.Encoding.lzf):
            guard let packed = try stringLength(), let length = try stringLength() else {
                return nil
            }
            // Three bytes of LZF stand for 264 at most: a claim beyond that is a lie that must
            // not cost an allocation.
            guard length <= 88 * packed + 264 else { throw error(.invalidLZF) }
            return bytes(packed).map { .compressed($0, length: length) }
        case .encoded(let encoding):
            throw error(.unknownEncoding(encoding))
        }
    }

    /// How many bytes to skip to pass a string of any length; nil when even that is not here.
    mutating func skippableText() throws(RDBError) -> UInt64? {
        switch try lengthOrEncoding() {
        case nil: return nil
        case .plain(let length): return length
        case .encoded(RDBFormat.Encoding.int8): return 1
        case .encoded(RDBFormat.Encoding.int16): return 2
        case .encoded(RDBFormat.Encoding.int32): return 4
        case .encoded(RDBFormat.Encoding.lzf):
            guard let packed = try number(), try number() != nil else { return nil }
            return packed
        case .encoded(let encoding): throw error(.unknownEncoding(encoding))
        }
    }
}
