import Memory

/// A replica's account of the stream it gets: what has come, what has been applied, and which
/// bytes its own replicas may have. The offset moves with whole commands only, and inside
/// MULTI … EXEC not before EXEC, so that what is acknowledged and what is handed on is always a
/// state the primary was in.
package struct StreamApplier: Equatable, Sendable {
    /// Bytes of stream applied: `slave_repl_offset`, and what acknowledgements carry.
    package private(set) var applied: Int
    /// Bytes of stream read from commands that are held back by an open transaction.
    package private(set) var pending = 0
    /// Whether a MULTI has come without its EXEC.
    package private(set) var isInTransaction = false

    /// A stream that goes on behind `offset`.
    package init(offset: Int) {
        applied = offset
    }

    /// A command of `length` bytes has been executed (or queued, inside a transaction). Returns
    /// how many bytes of stream, ending with this command, are now applied and go to
    /// sub-replicas and into the backlog; 0 inside a transaction.
    package mutating func executed(length: Int, _ kind: CommandKind) -> Int {
        pending += length
        switch kind {
        case .multi: isInTransaction = true
        case .exec, .discard: isInTransaction = false
        case .other: break
        }
        if isInTransaction { return 0 }
        let count = pending
        applied += count
        pending = 0
        return count
    }

    /// The link is gone: what was received and not applied will be sent again.
    package mutating func disconnect() {
        pending = 0
        isInTransaction = false
    }

    /// What matters of a command here.
    package enum CommandKind: Equatable, Sendable {
        case multi, exec, discard, other

        /// Of the command called `name`.
        package init(_ name: ByteView) {
            if name.equalsIgnoringCase("multi") {
                self = .multi
            } else if name.equalsIgnoringCase("exec") {
                self = .exec
            } else if name.equalsIgnoringCase("discard") {
                self = .discard
            } else {
                self = .other
            }
        }
    }
}
