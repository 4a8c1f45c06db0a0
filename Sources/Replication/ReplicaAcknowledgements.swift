/// Clients blocked in WAIT or WAITAOF. Bounded by the number of clients: one entry each.
package struct ReplicaAcknowledgements: Equatable, Sendable {
    /// One client and what it waits for.
    package struct Waiter: Equatable, Sendable {
        package let client: Int
        /// End of the client's last write in the stream.
        package let offset: Int
        /// How many replicas must have it.
        package let replicas: Int
        /// They must have it in a file of their own (WAITAOF).
        package let isPersistent: Bool
        /// When it stops waiting (monotonic µs); nil for never.
        package let deadline: Int64?

        package init(
            client: Int, offset: Int, replicas: Int, isPersistent: Bool = false, deadline: Int64?
        ) {
            self.client = client
            self.offset = offset
            self.replicas = replicas
            self.isPersistent = isPersistent
            self.deadline = deadline
        }

        /// How many replicas have it.
        package func count(_ replicas: AttachedReplicas) -> Int {
            isPersistent ? replicas.persisted(upTo: offset) : replicas.acknowledged(upTo: offset)
        }
    }

    /// A client that no longer waits, and the number it gets as its reply.
    package struct Release: Equatable, Sendable {
        package let client: Int
        package let replicas: Int
        package var isPersistent = false
    }

    package private(set) var waiters: [Waiter] = []

    package init() {}

    package var isEmpty: Bool { waiters.isEmpty }

    /// The earliest deadline; nil if nobody's wait ends by itself.
    package var nextDeadline: Int64? { waiters.lazy.compactMap(\.deadline).min() }

    /// Lets a client wait, unless enough replicas have its write already: then returns how many.
    /// One that waits needs `REPLCONF GETACK` in the stream.
    package mutating func wait(_ waiter: Waiter, for replicas: AttachedReplicas) -> Int? {
        let have = waiter.count(replicas)
        if have >= waiter.replicas { return have }
        waiters.append(waiter)
        return nil
    }

    /// Whoever has enough acknowledgements, or has waited long enough, in order of arrival.
    package mutating func release(_ replicas: AttachedReplicas, at now: Int64) -> [Release] {
        var released: [Release] = []
        waiters.removeAll { waiter in
            let have = waiter.count(replicas)
            guard have >= waiter.replicas || waiter.deadline.map({ $0 <= now }) == true else {
                return false
            }
            released.append(
                Release(
                    client: waiter.client, replicas: have, isPersistent: waiter.isPersistent))
            return true
        }
        return released
    }

    /// Forgets a client that is gone or was unblocked by other means; what it waited for.
    @discardableResult
    package mutating func remove(client: Int) -> Waiter? {
        guard let index = waiters.firstIndex(where: { $0.client == client }) else { return nil }
        return waiters.remove(at: index)
    }

    /// Forgets everybody, because the node is no longer a primary; returns who waited.
    package mutating func removeAll() -> [Int] {
        defer { waiters = [] }
        return waiters.map(\.client)
    }
}
