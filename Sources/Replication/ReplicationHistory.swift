import Memory

/// A replica's wish to continue: `PSYNC <id> <offset>`.
package struct PartialResyncRequest: Equatable, Sendable {
    /// As sent, for the log.
    package let idText: String
    /// Nil when the text is no ID: `?`, or something foreign.
    package let id: ReplicationID?
    /// Number of the first byte wanted; the first byte of a history is number 1.
    package let offset: Int

    /// Nil when `offset` is not an integer.
    package init?(id: ByteView, offset: ByteView) {
        guard let number = offset.integer else { return nil }
        self.init(id: id.string, offset: Int(number))
    }

    package init(id: String, offset: Int) {
        idText = id
        self.id = ReplicationID(id)
        self.offset = offset
    }

    /// Whether the replica has nothing to continue from and asks for everything. Such a request
    /// does not count as a failed partial resync.
    package var wantsEverything: Bool { idText.utf8.first == UInt8(ascii: "?") }
}

/// Why a replica cannot continue and gets a whole snapshot.
package enum FullResyncReason: Equatable, Sendable {
    /// It asked for one (`PSYNC ? -1`, or `SYNC`).
    case requested
    /// It follows a history that is not ours.
    case otherHistory
    /// It follows our previous history, but went on in it after we left it at `limit`.
    case pastPreviousHistory(limit: Int)
    /// The bytes it lacks are no longer, or not yet, in the backlog.
    case outsideBacklog(aheadOfUs: Bool)
}

/// The answer to a request to continue.
package enum ResyncDecision: Equatable, Sendable {
    /// Continue with the byte at stream position `from`.
    case partial(from: Int)
    case full(FullResyncReason)
}

/// Which histories this node can speak for: its own, and the one it held before it was promoted,
/// up to the point where it left it.
package struct ReplicationHistory: Equatable, Sendable {
    package private(set) var id: ReplicationID
    /// `ReplicationID.none` when there is no previous history.
    package private(set) var previousID = ReplicationID.none
    /// Requests for the previous history are served up to this byte number, which is the first
    /// one not in it; -1 without one. INFO calls it `second_repl_offset`.
    package private(set) var previousEnd = -1

    /// A history nobody else knows.
    package init(id: ReplicationID) { self.id = id }

    /// A node that comes back as a primary: it never resumes the stored history, because it
    /// cannot know what it acknowledged after the stored offset. Secondaries that are not past
    /// that offset can still continue.
    package init(restartedFrom stored: ReplicationID, at offset: Int, newID: ReplicationID) {
        id = newID
        previousID = stored
        previousEnd = offset + 1
    }

    /// Starts anew with nothing before: the backlog was created, or freed, so that what was
    /// written without it can be mistaken for nothing else.
    package mutating func restart(as newID: ReplicationID) {
        self = ReplicationHistory(id: newID)
    }

    /// The node is promoted with `offset` bytes of stream behind it.
    package mutating func shift(at offset: Int, to newID: ReplicationID) {
        previousID = id
        previousEnd = offset + 1
        id = newID
    }

    /// A full resync ended: the primary's history is ours and we know of no other.
    package mutating func adopt(_ primary: ReplicationID) {
        self = ReplicationHistory(id: primary)
    }

    /// The primary let us continue under an ID of its own. Returns whether it is a new one:
    /// then sub-replicas have to be told, by closing their links.
    package mutating func continued(as primary: ReplicationID, at offset: Int) -> Bool {
        guard primary != id else { return false }
        shift(at: offset, to: primary)
        return true
    }

    /// Whether a replica may continue. `backlog` is the range of stream positions held (empty
    /// and at the stream's end when the backlog is new), nil without a backlog.
    package func decide(_ request: PartialResyncRequest, backlog: Range<Int>?) -> ResyncDecision {
        if request.wantsEverything { return .full(.requested) }
        if request.id != id {
            guard previousEnd >= 0, request.id == previousID else { return .full(.otherHistory) }
            if request.offset > previousEnd, !Mutation.partialResyncUnchecked.isActive {
                return .full(.pastPreviousHistory(limit: previousEnd))
            }
        }
        // Byte number n is at position n - 1; the byte behind the last may be asked for.
        let position = request.offset &- 1
        guard let backlog, position >= backlog.lowerBound, position <= backlog.upperBound else {
            let end = backlog?.upperBound ?? 0
            return .full(.outsideBacklog(aheadOfUs: request.offset > end))
        }
        return .partial(from: position)
    }

    /// What the log says about a refused request from `replica`.
    package func explain(
        _ reason: FullResyncReason, _ request: PartialResyncRequest, replica: String
    ) -> [LogLine] {
        switch reason {
        case .requested:
            return [.notice("Full resync requested by replica \(replica)")]
        case .otherHistory:
            return [
                .notice(
                    "Partial resynchronization not accepted: Replication ID mismatch (Replica "
                        + "asked for '\(request.idText)', my replication IDs are '\(id)' and "
                        + "'\(previousID)')")
            ]
        case .pastPreviousHistory(let limit):
            return [
                .notice(
                    "Partial resynchronization not accepted: Requested offset for second ID was "
                        + "\(request.offset), but I can reply up to \(limit)")
            ]
        case .outsideBacklog(let aheadOfUs):
            let line = LogLine.notice(
                "Unable to partial resync with replica \(replica) for lack of backlog (Replica "
                    + "request was: \(request.offset)).")
            guard aheadOfUs else { return [line] }
            return [
                line,
                .warning(ReplicationText.aheadOfUs(replica)),
            ]
        }
    }
}
