import Memory

/// Lines of the handshake and of a snapshot's header, which are read as lines and not as replies
/// because bare newlines may stand between them to keep the link alive.
package enum WireLine: Equatable, Sendable {
    /// The line has not ended yet.
    case incomplete
    /// A line without its end; `end` is where the next one starts. An empty one is a keep-alive.
    case line(String, end: Int)
    /// Longer than any line of the protocol: the peer is something else.
    case tooLong

    /// Bytes a line may have.
    package static let limit = 1024

    /// The line of `input` that starts at `position`.
    package static func next(_ input: ByteView, at position: Int) -> WireLine {
        guard let newline = input.firstIndex(of: UInt8(ascii: "\n"), from: position) else {
            return input.count - position > limit ? .tooLong : .incomplete
        }
        guard newline - position <= limit else { return .tooLong }
        var end = newline
        if end > position, input[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return .line(input[position..<end].string, end: newline + 1)
    }
}
