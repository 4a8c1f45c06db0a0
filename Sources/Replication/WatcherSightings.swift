/// When each sentinel that watches a server was last heard, since the process started. It is not
/// in the node-state file: after a start every sentinel in it is given its time again.
///
/// Sentinels that are taken away tell their servers so (TANDEM UNWATCH). One that died instead, or
/// could not reach a server then, is remembered by it until its place is needed.
package struct WatcherSightings: Equatable, Sendable {
    /// By ID; those of watchers only.
    private var heardAt: [String: Int64] = [:]

    /// A sentinel that was silent for longer than this makes room for a new one; µs.
    package static let patience: Int64 = 86_400_000_000

    package init() {}

    package mutating func heard(_ watcher: NodeState.Watcher, at now: Int64) {
        heardAt[watcher.id] = now
    }

    package mutating func forget(id: String) { heardAt[id.lowercased()] = nil }

    /// The sentinel that makes room: of those that were silent for too long, the one that was
    /// silent for longest. One not heard yet counts as heard at `start`.
    package func stalest(
        of watchers: [NodeState.Watcher], since start: Int64, at now: Int64
    ) -> NodeState.Watcher? {
        func lastHeard(_ watcher: NodeState.Watcher) -> Int64 { heardAt[watcher.id] ?? start }
        guard let oldest = watchers.min(by: { lastHeard($0) < lastHeard($1) }),
            now - lastHeard(oldest) > WatcherSightings.patience
        else { return nil }
        return oldest
    }
}
