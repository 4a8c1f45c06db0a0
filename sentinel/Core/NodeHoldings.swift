import RESP

/// Comparing what two nodes hold by what they say of themselves.
extension NodeReport {
    /// How far the node has come in its history, in bytes of the stream.
    var position: Int64 { max(offset, historyOffset) }

    /// Whether the node holds nothing and has never held anything in this life.
    var isBlank: Bool { position <= 0 && !holdsKeys }

    /// Whether both go back to one history, so that their positions compare.
    private func sharesHistory(with other: NodeReport) -> Bool {
        let histories = [other.replicationID, other.replicationID2].filter { !Self.isNone($0) }
        return [replicationID, replicationID2].contains {
            !Self.isNone($0) && histories.contains($0)
        }
    }

    /// Whether the node holds everything the other holds. One of another history counts as newer
    /// if it holds anything, because it was served by a primary that we no longer know.
    func hasAtLeast(_ other: NodeReport) -> Bool {
        sharesHistory(with: other) ? position >= other.position : position > 0
    }

    /// Whether the node holds nothing although the other held something that it has not reached;
    /// of another that never told anything the worst is assumed.
    func lacksAll(of other: NodeReport) -> Bool {
        if holdsKeys { return false }
        if isBlank { return other.refreshedAt == nil || !other.isBlank }
        return other.holdsKeys && !hasReached(other)
    }

    private func hasReached(_ other: NodeReport) -> Bool {
        sharesHistory(with: other) && position >= other.position
    }

    private static func isNone(_ id: String) -> Bool {
        id.isEmpty || id.utf8.allSatisfy { $0 == UInt8(ascii: "0") }
    }
}
