/// A client's mistake as the text of the error reply, code first. Throwing one allocates nothing.
@frozen @usableFromInline
package struct ReplyError: Error {
    @usableFromInline package let text: StaticString
    @inlinable package init(_ text: StaticString) { self.text = text }

    /// The handler wrote the error reply itself, because its text is not static.
    @inlinable package var isWritten: Bool { text.utf8CodeUnitCount == 0 }
    @inlinable package static var written: ReplyError { ReplyError("") }

    @inlinable package static var syntax: ReplyError { ReplyError("ERR syntax error") }
    @inlinable package static var notInteger: ReplyError {
        ReplyError("ERR value is not an integer or out of range")
    }
    @inlinable package static var notFloat: ReplyError {
        ReplyError("ERR value is not a valid float")
    }
    @inlinable package static var wrongType: ReplyError {
        ReplyError("WRONGTYPE Operation against a key holding the wrong kind of value")
    }
    @inlinable package static var outOfRange: ReplyError { ReplyError("ERR index out of range") }
    @inlinable package static var noSuchKey: ReplyError { ReplyError("ERR no such key") }
    @inlinable package static var databaseIndex: ReplyError {
        ReplyError("ERR DB index is out of range")
    }
    @inlinable package static var stringTooLong: ReplyError {
        ReplyError("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
    }
    @inlinable package static var overflow: ReplyError {
        ReplyError("ERR increment or decrement would overflow")
    }
}

/// What a handler wants sent to replicas and recorded: nothing, the request as it came, or what
/// it wrote with `rewrite`.
@frozen @usableFromInline
package enum Propagation: Int32, Sendable {
    case none = 0
    case verbatim = 1
    case rewritten = 2
    /// An error reply was written.
    case failed = 3
    /// The reply comes later: the session is blocked.
    case suspended = 4
}
