/// All replicas of a node in the order in which they attached, by the number of their session.
/// Bounded by the number of clients; every question is a walk over a handful of entries.
package struct AttachedReplicas: Equatable, Sendable {
    /// One replica and its session's number.
    package struct Member: Equatable, Sendable {
        package let id: Int
        package var link: ReplicaLink
    }

    /// Replicas that can share one snapshot.
    package struct SnapshotGroup: Equatable, Sendable {
        /// Sessions, in the order of their arrival.
        package var members: [Int]
        /// Whether all of them can tell the end by a mark.
        package var understandsMarks: Bool
        package var wantsKeys: Bool
        package var wantsFunctions: Bool
    }

    /// How long to wait for more replicas before a snapshot starts.
    package struct SnapshotPolicy: Equatable, Sendable {
        /// `repl-diskless-sync`.
        package var isDiskless: Bool
        /// `repl-diskless-sync-delay` in µs.
        package var delay: Int64
        /// `repl-diskless-sync-max-replicas`: as many do not wait; 0 for no such number.
        package var enough: Int

        package init(isDiskless: Bool, delay: Int64, enough: Int) {
            self.isDiskless = isDiskless
            self.delay = delay
            self.enough = enough
        }
    }

    package private(set) var members: [Member] = []

    package init() {}

    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }

    /// Adds a replica that asked to be synchronised.
    package mutating func attach(_ link: ReplicaLink, id: Int) {
        members.append(Member(id: id, link: link))
    }

    /// Forgets a replica whose link is gone; false if it was none.
    @discardableResult
    package mutating func detach(_ id: Int) -> Bool {
        guard let index = members.firstIndex(where: { $0.id == id }) else { return false }
        members.remove(at: index)
        return true
    }

    package subscript(id: Int) -> ReplicaLink? { members.first { $0.id == id }?.link }

    /// Changes a replica in place; nil if there is no such replica.
    package mutating func update<Result>(
        _ id: Int, _ body: (inout ReplicaLink) -> Result
    ) -> Result? {
        guard let index = members.firstIndex(where: { $0.id == id }) else { return nil }
        return body(&members[index].link)
    }

    /// How many replicas have acknowledged the stream up to `offset`.
    package func acknowledged(upTo offset: Int) -> Int {
        members.count { $0.link.state == .online && $0.link.acknowledged >= offset }
    }

    /// How many replicas have written the stream up to `offset` to a file of their own.
    package func persisted(upTo offset: Int) -> Int {
        members.count { $0.link.state == .online && ($0.link.persisted ?? -1) >= offset }
    }

    /// How many replicas acknowledged within `maximumLag` whole seconds: what
    /// `min-replicas-to-write` asks for.
    package func good(maximumLag: Int, at now: Int64) -> Int {
        members.count { $0.link.state == .online && $0.link.lag(at: now) <= maximumLag }
    }

    /// The least stream position that must still be held; nil when none is needed.
    package var slowestPosition: Int? {
        members.lazy.filter { $0.link.holdsStream }.map { $0.link.position }.min()
    }

    /// The replica known by this address and port.
    package func find(host: String, port: Int) -> Member? {
        members.first {
            $0.link.listeningPort == port && $0.link.address.lowercased() == host.lowercased()
        }
    }

    /// Sessions of replicas that have been silent for longer than `timeout` µs.
    package func timedOut(at now: Int64, timeout: Int64) -> [Int] {
        members.filter { $0.link.isTimedOut(at: now, timeout: timeout) }.map(\.id)
    }

    /// The replicas a snapshot should now be started for; nil if none waits or more may come.
    /// Replicas that want different parts of the data cannot share one: the first decides.
    package func snapshotDue(_ policy: SnapshotPolicy, at now: Int64) -> SnapshotGroup? {
        let waiting = members.filter { $0.link.state == .waitingForSnapshot }
        guard let first = waiting.first?.link else { return nil }
        let group = waiting.filter {
            $0.link.wantsKeys == first.wantsKeys && $0.link.wantsFunctions == first.wantsFunctions
        }
        let oldest = group.map { $0.link.since }.min() ?? now
        let marks = group.allSatisfy { $0.link.understandsMarks }
        let isEnough = policy.enough > 0 && group.count >= policy.enough
        guard !policy.isDiskless || isEnough || now - oldest >= policy.delay || !marks else {
            return nil
        }
        return SnapshotGroup(
            members: group.map(\.id), understandsMarks: marks,
            wantsKeys: first.wantsKeys, wantsFunctions: first.wantsFunctions)
    }
}
