import Digests
import Memory

/// One value by itself, as DUMP gives it and RESTORE takes it: its type, the value as in a file,
/// two bytes of version and eight of checksum. `DumpReader` reads them.
package enum DumpPayload {
    private static let footerLength = 10

    /// Appends the payload of a string.
    package static func append(
        _ value: RDBValue, compresses: Bool = true, heap: Heap, to buffer: inout ByteBuffer
    ) {
        append(.string, compresses: compresses, heap: heap, to: &buffer) { encoder, buffer in
            encoder.value(value, into: &buffer)
        }
    }

    /// Appends the payload of a value of `type`, whose parts `body` writes as they are written
    /// behind a key.
    package static func append(
        _ type: RDBValueType, compresses: Bool = true, heap: Heap, to buffer: inout ByteBuffer,
        _ body: (inout RDBEncoder, inout ByteBuffer) -> Void
    ) {
        let start = buffer.count
        var encoder = RDBEncoder(heap: heap, compresses: compresses, checks: false)
        buffer.append(type.rawValue)
        body(&encoder, &buffer)
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

    /// The type and the value.
    static func body(_ payload: ByteView) -> ByteView {
        payload[0..<max(0, payload.count - footerLength)]
    }

    /// The string of an intact payload; a view in it points into `payload` or `scratch`.
    package static func value(
        of payload: ByteView, scratch: inout ByteBuffer, stringLimit: Int = RDBFormat.stringLimit
    ) throws(RDBError) -> RDBValue {
        let body = body(payload)
        var cursor = RDBCursor(body, at: 0, stringLimit: stringLimit)
        guard let number = cursor.byte() else { throw cursor.error(.truncated) }
        let type = try RDBDecoder.type(number, cursor)
        guard type == .string else { throw cursor.error(.unsupportedType("\(type)")) }
        guard let text = try cursor.text() else { throw cursor.error(.truncated) }
        guard cursor.count == body.count else { throw cursor.error(.trailingBytes) }
        return try cursor.value(text, &scratch)
    }
}
