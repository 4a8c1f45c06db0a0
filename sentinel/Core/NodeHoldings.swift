import Memory
import RESP

/// Comparing what two nodes hold by what they say of themselves.
extension NodeReport {
    /// How far the node has come in its history, in bytes of the stream.
    var position: Int64 { max(offset, historyOffset) }

    /// Whether the node holds nothing and has never held anything in this life.
    var isBlank: Bool { position <= 0 && !holdsKeys }

    /// Whether both go back to one history, so that their positions compare.
    func sharesHistory(with other: NodeReport) -> Bool {
        let histories = [other.replicationID, other.replicationID2, other.history]
        return [replicationID, replicationID2, history].contains {
            !Self.isNone($0) && histories.contains($0)
        }
    }

    /// Whether the node holds everything the other holds. In one history positions tell. Else the
    /// data are older whose history the other's went through before it came to its own: positions
    /// of different histories do not compare, and those of the older may well be the greater.
    /// What neither knows was served by a primary that we no longer know, and counts as newer.
    func hasAtLeast(_ other: NodeReport) -> Bool {
        if sharesHistory(with: other) { return hasReached(other) }
        if let isLater = isLater(than: other), !Mutation.ancientReplicaPromoted.isActive {
            return isLater
        }
        return position > 0
    }

    /// Whether the node holds something that the other lacks, and lacks nothing of the other's.
    func hasMore(than other: NodeReport) -> Bool {
        other.lacksAll(of: self) || hasAtLeast(other) && !other.hasAtLeast(self)
    }

    /// Whether the other holds data of a history of which the node has never heard.
    func isStranger(to other: NodeReport) -> Bool {
        other.holdsKeys && !sharesHistory(with: other)
            && !histories.contains(other.currentHistory[...])
    }

    /// Whether the data are known to belong to an earlier history than the other's: one of the two
    /// remembers both.
    func isEarlier(than other: NodeReport) -> Bool {
        for memory in [other.histories, histories] {
            guard let theirs = memory.lastIndex(of: other.currentHistory[...]),
                let own = memory.lastIndex(of: currentHistory[...])
            else { continue }
            return own < theirs
        }
        return false
    }

    /// Whether the data are known to be older than the other's: of an earlier history, or less of
    /// the same one.
    func isOlder(than other: NodeReport) -> Bool {
        currentHistory == other.currentHistory
            ? other.hasMore(than: self) : isEarlier(than: other)
    }

    /// Whether the data belong to a later history than the other's, as far as one of the two
    /// remembers both. A history that is not remembered, as after a promotion that came late and
    /// of which nobody knows, counts as the one from which it went off.
    private func isLater(than other: NodeReport) -> Bool? {
        let foreign = other.currentHistory
        guard !Self.isNone(foreign) else { return nil }
        let own = [currentHistory, replicationID2].filter { !Self.isNone($0) }
        for memory in [other.histories, histories] {
            guard let second = memory.lastIndex(of: foreign[...]),
                let first = own.lazy.compactMap({ memory.lastIndex(of: $0[...]) }).first
            else { continue }
            return first > second
        }
        // A memory that is full has forgotten the oldest.
        let isFull = other.histories.count == NodeReport.historyLimit
        let isStranger = !histories.isEmpty && !histories.contains { other.histories.contains($0) }
        return isFull && isStranger ? false : nil
    }

    /// The history to which the data belong.
    private var currentHistory: String { history.isEmpty ? replicationID : history }

    /// Whether the node holds nothing although the other held something that it has not reached;
    /// of another that never told anything the worst is assumed.
    func lacksAll(of other: NodeReport) -> Bool {
        if holdsKeys { return false }
        if isBlank { return other.refreshedAt == nil || !other.isBlank }
        return other.holdsKeys && !hasReached(other)
    }

    /// Whether it has come at least as far as the other in a history of both.
    private func hasReached(_ other: NodeReport) -> Bool {
        guard sharesHistory(with: other) else { return false }
        for shared in [other.replicationID, other.replicationID2] where !Self.isNone(shared) {
            if let own = extent(in: shared), let end = other.extent(in: shared) {
                return own >= end
            }
        }
        return position >= other.position
    }

    /// How far the node came in a history; what it wrote since, as a restarted server does about
    /// keys that have expired, is in another one.
    private func extent(in history: String) -> Int64? {
        if history == replicationID { return position }
        guard history == replicationID2 else { return nil }
        return secondOffset.map { min(position, max($0, 1) - 1) } ?? position
    }

    private static func isNone(_ id: String) -> Bool {
        id.isEmpty || id.utf8.allSatisfy { $0 == UInt8(ascii: "0") }
    }
}
