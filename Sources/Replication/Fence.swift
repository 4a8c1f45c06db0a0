import Memory

/// Keeps a server that comes back from a crash as a primary from serving until its sentinels have
/// decided that it still is one. While it was down a secondary may have been promoted, and even if
/// not, a secondary may hold writes that this server acknowledged and lost.
///
/// Closed, the server neither reads nor writes nor answers PSYNC. The sentinels compare what it
/// and its secondaries hold; it opens on their word, or when it becomes a replica.
package struct Fence: Equatable, Sendable {
    package private(set) var isClosed = false
    private var nextReminder: Int64 = .max

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
        isClosed = isPrimary && !isVouchedFor && !node.watchers.isEmpty
        if Mutation.fenceIgnored.isActive { isClosed = false }
        if isClosed { nextReminder = now }
    }

    /// Lets the server serve.
    package mutating func open() { self = Fence() }

    /// Time passes: what the log says now and then while the fence is closed. `epoch` is the newest
    /// that the server was told.
    package mutating func tick(at now: Int64, epoch: Int) -> LogLine? {
        guard isClosed, now >= nextReminder else { return nil }
        nextReminder = now + Fence.reminderInterval
        return .warning(ReplicationText.fenced(epoch: epoch))
    }
}
