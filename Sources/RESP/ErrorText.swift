import Memory

/// The text of an error reply, code first, that quotes what a client sent. It is made of bytes,
/// because arguments need not be UTF-8; a NUL ends a quoted argument, as it does for Redis.
package struct ErrorText: ExpressibleByStringInterpolation, Sendable {
    package var bytes: [UInt8]

    package init(stringLiteral text: String) { bytes = Array(text.utf8) }

    package init(_ text: String) { bytes = Array(text.utf8) }

    package init(stringInterpolation parts: StringInterpolation) { bytes = parts.bytes }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var bytes: [UInt8] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            bytes.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        package mutating func appendLiteral(_ text: String) { bytes += text.utf8 }

        package mutating func appendInterpolation(_ text: String) { bytes += text.utf8 }

        package mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            bytes += value.description.utf8
        }

        /// An argument of a client.
        package mutating func appendInterpolation(_ argument: ByteView) {
            bytes += argument[0..<(argument.firstIndex(of: 0) ?? argument.count)].bytes
        }

        /// The first bytes of an argument.
        package mutating func appendInterpolation(_ argument: ByteView, upTo limit: Int) {
            appendInterpolation(argument[0..<min(argument.count, limit)])
        }
    }

    /// The text without the code ERR; a telling code stays.
    package var withoutPlainCode: ErrorText {
        var result = self
        if bytes.starts(with: "ERR ".utf8) { result.bytes.removeFirst(4) }
        return result
    }

    package static func + (left: ErrorText, right: ErrorText) -> ErrorText {
        var result = left
        result.bytes += right.bytes
        return result
    }
}

extension ReplyWriter {
    /// An error; `text` starts with its code. CR and LF become spaces, and at the end nothing.
    package mutating func error(quoting text: ErrorText) {
        buffer.append(UInt8(ascii: "-"))
        let end = text.bytes.lastIndex { $0 != 10 && $0 != 13 } ?? -1
        for byte in text.bytes[...end] { buffer.append(byte == 10 || byte == 13 ? 32 : byte) }
        buffer.append("\r\n")
    }
}
