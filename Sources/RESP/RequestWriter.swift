import Memory

/// Encodes requests: `*N`, then `$length` and bytes of every argument.
@usableFromInline
package enum RequestWriter {
    /// The head of a request of `count` arguments, which the caller appends next.
    @inlinable
    package static func head(_ count: Int, to buffer: inout ByteBuffer) {
        buffer.append(UInt8(ascii: "*"))
        buffer.append(decimal: count)
        buffer.append("\r\n")
    }

    /// One argument.
    @inlinable
    package static func argument(_ view: ByteView, to buffer: inout ByteBuffer) {
        buffer.append(framed: view)
    }

    /// A whole request.
    package static func append(_ arguments: [String], to buffer: inout ByteBuffer) {
        append(arguments.map { Array($0.utf8) }, to: &buffer)
    }

    /// A whole request.
    package static func append(_ arguments: [[UInt8]], to buffer: inout ByteBuffer) {
        head(arguments.count, to: &buffer)
        for bytes in arguments { bytes.withView { argument($0, to: &buffer) } }
    }

    /// A whole request as bytes of its own.
    package static func bytes(_ arguments: [String]) -> [UInt8] {
        var bytes = Array("*\(arguments.count)\r\n".utf8)
        for argument in arguments {
            bytes += Array("$\(argument.utf8.count)\r\n\(argument)\r\n".utf8)
        }
        return bytes
    }
}
