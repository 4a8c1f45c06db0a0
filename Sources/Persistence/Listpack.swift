import DataStructures
import Memory

/// Redis's listpack: its length in 4 bytes, the number of its items in 2, then items in the codes
/// of `Packed`, each with its own length behind it to be read backwards, then an end mark.
enum Listpack {
    static let headLength = 6
    static let endMark: UInt8 = 0xff
    /// In place of a count that 2 bytes do not hold.
    static let manyItems = 0xffff

    /// Where the first item of a whole listpack begins.
    static func begin(_ bytes: ByteView) throws(RDBFlaw) -> Int {
        guard bytes.count > headLength, bytes.littleEndian(0, 4) == UInt64(bytes.count) else {
            throw RDBFlaw(.length, at: 0)
        }
        guard bytes[bytes.count - 1] == endMark else {
            throw RDBFlaw(.end, at: bytes.count - 1)
        }
        return headLength
    }

    /// Whether the head's number of items is right.
    static func end(_ bytes: ByteView, count: Int) throws(RDBFlaw) {
        let told = Int(bytes.littleEndian(4, 2))
        guard told == manyItems || told == count else { throw RDBFlaw(.count, at: 4) }
    }

    /// The item at `offset`, which moves behind it; nil at the end mark.
    static func item(_ bytes: ByteView, _ offset: inout Int) throws(RDBFlaw) -> RDBItem? {
        let (start, limit) = (offset, bytes.count - 1)
        guard start <= limit else { throw RDBFlaw(.item, at: start) }
        let code = bytes[start]
        if code == endMark {
            guard start == limit else { throw RDBFlaw(.end, at: start) }
            return nil
        }
        let head = headLength(code)
        guard head > 0, limit - start >= head else { throw RDBFlaw(.item, at: start) }
        let size = head + textLength(bytes, start, code)
        let link = linkLength(size)
        guard limit - start >= size + link else { throw RDBFlaw(.item, at: start) }
        guard isLink(bytes, start + size, link, size) else {
            throw RDBFlaw(.link, at: start + size)
        }
        offset = start + size + link
        switch code {
        case 0x80...0xbf, 0xe0...0xef, 0xf0:
            return PackedItem(text: bytes[start + head..<start + size])
        case 0xc0...0xdf:
            let bits = UInt16(code & 0x1f) << 8 | UInt16(bytes[start + 1])
            return .integer(Int64(Int16(bitPattern: bits << 3) >> 3))
        case 0xf1...0xf4: return .integer(bytes.signed(start + 1, head - 1))
        default: return .integer(Int64(code))
        }
    }

    /// Bytes before the text of an item, or of a whole integer; 0 for a code that there is not.
    private static func headLength(_ code: UInt8) -> Int {
        switch code {
        case 0..<0xc0: 1
        case 0xc0...0xef: 2
        case 0xf0, 0xf3: 5
        case 0xf1: 3
        case 0xf2: 4
        case 0xf4: 9
        default: 0
        }
    }

    private static func textLength(_ bytes: ByteView, _ start: Int, _ code: UInt8) -> Int {
        switch code {
        case 0x80...0xbf: Int(code & 0x3f)
        case 0xe0...0xef: Int(code & 0xf) << 8 | Int(bytes[start + 1])
        case 0xf0: Int(bytes.littleEndian(start + 1, 4))
        default: 0
        }
    }

    /// Bytes of the link behind an item of `size` bytes. The bounds are those of Redis, which
    /// gives up the highest number of each length but the first.
    static func linkLength(_ size: Int) -> Int {
        if size <= 127 { return 1 }
        if size < 16383 { return 2 }
        if size < 2_097_151 { return 3 }
        return size < 268_435_455 ? 4 : 5
    }

    /// Whether the link at `start` says `size`: seven bits a byte, the lowest in the last, and
    /// all but the first marked.
    private static func isLink(
        _ bytes: ByteView, _ start: Int, _ length: Int, _ size: Int
    ) -> Bool {
        for index in 0..<length {
            let bits = UInt8(truncatingIfNeeded: size >> (7 * (length - 1 - index))) & 0x7f
            guard bytes[start + index] == (index == 0 ? bits : bits | 0x80) else { return false }
        }
        return true
    }

    /// Writes the link behind an item of `size` bytes.
    static func appendLink(_ size: Int, to buffer: inout ByteBuffer) {
        let length = linkLength(size)
        for index in 0..<length {
            let bits = UInt8(truncatingIfNeeded: size >> (7 * (length - 1 - index))) & 0x7f
            buffer.append(index == 0 ? bits : bits | 0x80)
        }
    }
}
