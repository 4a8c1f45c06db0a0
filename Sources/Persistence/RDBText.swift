import DataStructures
import Digests
import Memory

extension RDBCursor {
    /// The bytes of a string that was read last; integers and compressed ones are spelt out in
    /// `scratch`.
    func view(_ text: Text, _ scratch: inout ByteBuffer) throws(RDBError) -> ByteView {
        switch text {
        case .plain(let bytes): return bytes
        case .integer(let number):
            scratch.removeAll()
            scratch.append(decimal: Int(number))
            return scratch.readable
        case .compressed(let packed, let length):
            scratch.removeAll()
            if scratch.capacity > 64 * 1024 { scratch.releaseIfEmpty() }
            guard LZF.decompress(packed, to: length, into: &scratch) else {
                throw error(.invalidLZF)
            }
            return scratch.readable
        }
    }

    /// The same as a string value.
    func value(_ text: Text, _ scratch: inout ByteBuffer) throws(RDBError) -> RDBValue {
        if case .integer(let number) = text { return .integer(number) }
        return .string(try view(text, &scratch))
    }

    /// The same as an item.
    func item(_ text: Text, _ scratch: inout ByteBuffer) throws(RDBError) -> RDBItem {
        if case .integer(let number) = text { return .integer(number) }
        return PackedItem(text: try view(text, &scratch))
    }

    /// A flaw in `text`, which was read last. Positions in a compressed string are none in the
    /// file.
    func error(_ flaw: RDBFlaw, in part: RDBPart, of text: Text) -> RDBError {
        let position: Int
        if case .plain(let bytes) = text {
            position = offset - bytes.count + flaw.position
        } else {
            position = offset
        }
        return RDBError(offset: position, .damaged(part, flaw.damage))
    }

    /// An ID of 16 bytes.
    mutating func streamID() -> RDBStreamID? {
        guard let milliseconds = bigEndian(8), let sequence = bigEndian(8) else { return nil }
        return RDBStreamID(milliseconds, sequence)
    }

    /// An ID of two numbers.
    mutating func streamIDNumbers() throws(RDBError) -> RDBStreamID? {
        guard let milliseconds = try number(), let sequence = try number() else { return nil }
        return RDBStreamID(milliseconds, sequence)
    }

    /// A time in ms.
    mutating func time() -> Int64? { littleEndian(8).map { Int64(bitPattern: $0) } }
}
