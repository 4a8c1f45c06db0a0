import Digests

/// One thing that goes wrong, or that an operator does.
enum Fault: Equatable {
    case killPrimary(silently: Bool, restartAfter: Int64)
    case killReplica(silently: Bool, restartAfter: Int64)
    case killSentinel(restartAfter: Int64)
    /// Somebody stops the primary in order, as a service manager does, and starts it again.
    case stopPrimary(restartAfter: Int64)
    case stopReplica(restartAfter: Int64)
    /// The node dies between its next write to the disk and the end of it.
    case killAtWrite(node: Int, restartAfter: Int64)
    /// The process dies with its data directory, and starts with an empty one: a container, a new
    /// machine at the old address.
    case losePrimaryDisk(restartAfter: Int64)
    case loseReplicaDisk(restartAfter: Int64)
    /// A replica stands still while the primary dies, comes back, serves on and dies again: when
    /// both are back its history is two before the primary's.
    case ageReplica(for: Int64)
    /// A supervisor restarts the primary faster than anybody can notice.
    case bouncePrimary(after: Int64)
    case pausePrimary(for: Int64)
    case pauseReplica(for: Int64)
    case pauseSentinel(for: Int64)
    case isolatePrimary(for: Int64)
    /// The nodes fall into two parts that cannot reach each other.
    case split(for: Int64)
    case cutOneWay(from: Int, to: Int, for: Int64)
    case partitionSentinel(for: Int64)
    case slowPath(from: Int, to: Int, by: Int64, for: Int64)
    /// `node` stops reading what comes from `sender`, which fills its window and has to wait.
    case slowReader(node: Int, sender: Int, for: Int64)
    /// A replica stops reading what the primary sends.
    case slowReplica(for: Int64)
    case resetConnections(node: Int)
    /// What is between the two forgets their connections: neither side is told.
    case halfOpen(node: Int, peer: Int)
    case diskFails(node: Int, for: Int64)
    case diskSlow(node: Int, for: Int64)
    case clockJump(node: Int, by: Int64)
    case plannedFailover
    /// The whole site loses power and comes back.
    case powerCut(for: Int64)
}
