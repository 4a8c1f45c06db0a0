import Digests
import Memory
import Sessions

/// Everything the engine holds for replication: its role, the stream, its replicas, its link.

package struct ReplicationControl: ~Copyable {
    /// Whether this server follows a primary.
    package var isReplica = false
    /// Sessions blocked in WAIT.
    package var waiters: [Int] = []

    package init(heap: Heap, random: inout RandomGenerator) {}
}

extension Engine {
    /// Offset behind the last byte of the stream.
    package var streamEnd: Int { 0 }

    /// Moves the unit's commands to the stream.
    mutating func feedStream() {}

    /// Puts replicas that lag behind the stream on the list of sessions to flush.
    mutating func feedReplicas() {}

    /// Answers sessions in WAIT whose condition holds or whose time is over.
    mutating func answerWaiters() {}

    /// Bytes arrived on a connection that we opened.
    mutating func receive(on link: Slot<Session>) {}
}
