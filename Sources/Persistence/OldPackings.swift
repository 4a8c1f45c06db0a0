import DataStructures
import Memory

/// Redis's ziplist, until 7.0 what the listpack is now: its length in 4 bytes, the place of its
/// last item in 4, the number of items in 2, then items with the length of the one before in
/// front, then an end mark.
enum Ziplist {
    private static let headLength = 10
    private static let endMark: UInt8 = 0xff
    private static let manyItems = 0xffff
    /// First byte of a length that takes four more.
    private static let longLength: UInt8 = 0xfe

    /// Where the first item of a whole ziplist begins.
    static func begin(_ bytes: ByteView) throws(RDBFlaw) -> Int {
        guard bytes.count > headLength, bytes.littleEndian(0, 4) == UInt64(bytes.count) else {
            throw RDBFlaw(.length, at: 0)
        }
        guard bytes[bytes.count - 1] == endMark else {
            throw RDBFlaw(.end, at: bytes.count - 1)
        }
        guard bytes.littleEndian(4, 4) < UInt64(bytes.count) else { throw RDBFlaw(.tail, at: 4) }
        return headLength
    }

    /// Whether the head has the right number of items and the right place of the last.
    static func end(_ bytes: ByteView, count: Int, last: Int) throws(RDBFlaw) {
        let told = Int(bytes.littleEndian(8, 2))
        guard told == manyItems || told == count else { throw RDBFlaw(.count, at: 8) }
        guard count == 0 || bytes.littleEndian(4, 4) == UInt64(last) else {
            throw RDBFlaw(.tail, at: 4)
        }
    }

    /// The item at `offset`, which moves behind it; nil at the end mark. `before`: bytes of the
    /// item before, nil if it is not to be looked at.
    static func item(
        _ bytes: ByteView, _ offset: inout Int, before: Int?
    ) throws(RDBFlaw) -> RDBItem? {
        let (start, limit) = (offset, bytes.count - 1)
        guard start <= limit else { throw RDBFlaw(.item, at: start) }
        if bytes[start] == endMark {
            guard start == limit else { throw RDBFlaw(.end, at: start) }
            return nil
        }
        let code = start + (bytes[start] == longLength ? 5 : 1)
        guard code < limit else { throw RDBFlaw(.item, at: start) }
        let told = code - start == 1 ? UInt64(bytes[start]) : bytes.littleEndian(start + 1, 4)
        if let before, told != UInt64(before) { throw RDBFlaw(.link, at: start) }
        let text = code + codeLength(bytes[code])
        guard text > code, text <= limit else { throw RDBFlaw(.item, at: code) }
        let count = textLength(bytes, code)
        guard limit - text >= count else { throw RDBFlaw(.item, at: code) }
        offset = text + count
        switch bytes[code] {
        case 0xf1...0xfd: return .integer(Int64(bytes[code] & 0xf) - 1)
        case 0xc0...: return .integer(bytes.signed(text, count))
        default: return PackedItem(text: bytes[text..<offset])
        }
    }

    /// Bytes that tell what an item is; 0 for a code that there is not.
    private static func codeLength(_ code: UInt8) -> Int {
        switch code {
        case 0..<0x40: 1
        case 0x40..<0x80: 2
        case 0x80..<0xc0: 5
        case 0xc0, 0xd0, 0xe0, 0xf0...0xfe: 1
        default: 0
        }
    }

    /// Bytes of the string or the integer behind the code.
    private static func textLength(_ bytes: ByteView, _ code: Int) -> Int {
        switch bytes[code] {
        case 0..<0x40: Int(bytes[code])
        case 0x40..<0x80: Int(bytes[code] & 0x3f) << 8 | Int(bytes[code + 1])
        case 0x80..<0xc0: Int(bytes.bigEndian(code + 1, 4))
        case 0xc0: 2
        case 0xd0: 4
        case 0xe0: 8
        case 0xf0: 3
        case 0xfe: 1
        default: 0
        }
    }
}

/// Redis's intset: bytes of an integer in 4 bytes, their number in 4, the integers in order.
enum Intset {
    static let headLength = 8

    /// Where the first integer of a whole intset begins.
    static func begin(_ bytes: ByteView) throws(RDBFlaw) -> Int {
        guard bytes.count >= headLength else { throw RDBFlaw(.length, at: 0) }
        let width = bytes.littleEndian(0, 4)
        guard width == 2 || width == 4 || width == 8 else { throw RDBFlaw(.form, at: 0) }
        let count = bytes.littleEndian(4, 4)
        guard UInt64(headLength) + width * count == UInt64(bytes.count) else {
            throw RDBFlaw(.length, at: 4)
        }
        guard count > 0 else { throw RDBFlaw(.empty, at: 4) }
        return headLength
    }

    /// The integer at `offset`, which moves behind it; nil behind the last.
    static func item(
        _ bytes: ByteView, _ offset: inout Int, above lowest: Int64?
    ) throws(RDBFlaw) -> Int64? {
        guard offset < bytes.count else { return nil }
        let width = Int(bytes.littleEndian(0, 4))
        let integer = bytes.signed(offset, width)
        if let lowest, integer <= lowest { throw RDBFlaw(.order, at: offset) }
        offset += width
        return integer
    }
}

/// Redis's zipmap, until 2.4 what small hashes were: the number of fields in a byte, then fields
/// and values with their lengths, values with some room behind them, then an end mark.
enum Zipmap {
    private static let endMark: UInt8 = 0xff
    private static let longLength: UInt8 = 0xfe
    private static let manyFields: UInt8 = 0xfe

    /// Where the first field of a whole zipmap begins.
    static func begin(_ bytes: ByteView) throws(RDBFlaw) -> Int {
        guard bytes.count >= 2 else { throw RDBFlaw(.length, at: 0) }
        guard bytes[bytes.count - 1] == endMark else {
            throw RDBFlaw(.end, at: bytes.count - 1)
        }
        return 1
    }

    /// Whether the number of fields is right.
    static func end(_ bytes: ByteView, count: Int) throws(RDBFlaw) {
        guard count > 0 else { throw RDBFlaw(.empty, at: 0) }
        guard bytes[0] == manyFields || Int(bytes[0]) * 2 == count else {
            throw RDBFlaw(.count, at: 0)
        }
    }

    /// The field or value at `offset`, which moves behind it; nil at the end mark.
    static func item(
        _ bytes: ByteView, _ offset: inout Int, isValue: Bool
    ) throws(RDBFlaw) -> RDBItem? {
        let (start, limit) = (offset, bytes.count - 1)
        guard start <= limit else { throw RDBFlaw(.item, at: start) }
        if bytes[start] == endMark {
            guard start == limit, !isValue else { throw RDBFlaw(.end, at: start) }
            return nil
        }
        let isLong = bytes[start] == longLength
        var text = start + (isLong ? 5 : 1)
        if isValue { text += 1 }
        guard text <= limit else { throw RDBFlaw(.item, at: start) }
        let count = isLong ? Int(bytes.littleEndian(start + 1, 4)) : Int(bytes[start])
        let room = isValue ? Int(bytes[text - 1]) : 0
        guard limit - text >= count + room else { throw RDBFlaw(.item, at: start) }
        offset = text + count + room
        return PackedItem(text: bytes[text..<text + count])
    }
}
