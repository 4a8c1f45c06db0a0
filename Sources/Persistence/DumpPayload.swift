import Digests
import Memory

/// One value by itself, as DUMP gives it and RESTORE takes it: its type, the value as in a file,
/// two bytes of version and eight of checksum.
package enum DumpPayload {
    private static let footerLength = 10

    /// Appends the payload of `value`.
    package static func append(
        _ value: RDBValue, compresses: Bool = true, heap: Heap, to buffer: inout ByteBuffer
    ) {
        let start = buffer.count
        var encoder = RDBEncoder(heap: heap, compresses: compresses)
        buffer.append(RDBFormat.stringType)
        encoder.value(value, into: &buffer)
        RDBEncoder.littleEndian(UInt64(RDBFormat.version), 2, into: &buffer)
        let crc = CRC64.update(crc: 0, buffer.readable[start..<buffer.count])
        RDBEncoder.littleEndian(crc, 8, into: &buffer)
    }

    /// Whether the version can be read and the checksum is right.
    package static func isIntact(_ payload: ByteView) -> Bool {
        guard payload.count > footerLength else { return false }
        let body = payload[0..<payload.count - 8]
        var footer = RDBCursor(
            payload[payload.count - footerLength..<payload.count], at: 0, stringLimit: 0)
        guard let version = footer.littleEndian(2), let stored = footer.littleEndian(8) else {
            return false
        }
        return version <= UInt64(RDBFormat.readableVersions.upperBound)
            && stored == CRC64.update(crc: 0, body)
    }

    /// The value of an intact payload; a view in it points into `payload` or `scratch`.
    package static func value(
        of payload: ByteView, scratch: inout ByteBuffer, stringLimit: Int = RDBFormat.stringLimit
    ) throws(RDBError) -> RDBValue {
        let body = payload[0..<max(0, payload.count - footerLength)]
        var cursor = RDBCursor(body, at: 0, stringLimit: stringLimit)
        guard let type = cursor.byte() else { throw cursor.error(.truncated) }
        guard let name = RDBFormat.typeName(type) else { throw cursor.error(.unknownType(type)) }
        guard type == RDBFormat.stringType else { throw cursor.error(.unsupportedType(name)) }
        guard let text = try cursor.text() else { throw cursor.error(.truncated) }
        guard cursor.count == body.count else { throw cursor.error(.trailingBytes) }
        return try RDBDecoder.value(text, &scratch, cursor)
    }
}
