import Memory

/// Keeps a server that comes back as a primary from serving until its sentinels have decided that
/// it still is one. While it was down a secondary may have been promoted, or is just being so, and
/// after a crash a secondary may hold writes that this server acknowledged and lost.
///
/// Closed, the server neither reads nor writes nor answers PSYNC. The sentinels compare what it
/// and its secondaries hold; it opens on their word, or when it becomes a replica. After a clean
/// stop it has lost nothing, and opens by itself when nobody speaks for a while.
package struct Fence: Equatable, Sendable {
    package private(set) var isClosed = false
    private var nextReminder: Int64 = .max
    /// When it opens by itself, in monotonic µs.
    private var opensAt: Int64 = .max

    /// How long a server that stopped cleanly waits for its sentinels, in µs: longer than a
    /// failover takes that had begun when it came back.
    package static let cleanPatience: Int64 = 10_000_000
    /// How often the log is reminded, in µs.
    package static let reminderInterval: Int64 = 30_000_000

    /// An open fence.
    package init() {}

    /// A server starts with what `node` remembers; `isPrimary` is the role its configuration
    /// gives it now, which may be newer than the remembered one. `loaded` is where the data end
    /// that it found on disk: a clean stop vouches for those that were saved then, and for no
    /// others that came into their place.
    package init(
        _ node: NodeState, isPrimary: Bool, loaded: StreamPosition?, at now: Int64
    ) {
        let isVouchedFor = loaded.map { node.stop == .clean($0) } ?? false
        isClosed = isPrimary && !node.watchers.isEmpty
        if Mutation.fenceIgnored.isActive { isClosed = false }
        if isClosed { nextReminder = now }
        if isClosed, isVouchedFor { opensAt = now + Fence.cleanPatience }
    }

    /// Whether nobody has spoken in time, and the server may go on without.
    package func isOver(at now: Int64) -> Bool { isClosed && now >= opensAt }

    /// Lets the server serve.
    package mutating func open() { self = Fence() }

    /// Time passes: what the log says now and then while the fence is closed. `epoch` is the newest
    /// that the server was told.
    package mutating func tick(at now: Int64, epoch: Int) -> LogLine? {
        guard isClosed, now >= nextReminder else { return nil }
        nextReminder = now + Fence.reminderInterval
        return opensAt == .max
            ? .warning(ReplicationText.fenced(epoch: epoch)) : .notice(ReplicationText.awaitsWord)
    }
}
