import Digests

/// One direction of a connection: bytes arrive in the order in which they were sent, late perhaps.
struct Pipe {
    var inFlight: [(at: Int64, bytes: [UInt8])] = []
    var lastArrival: Int64 = 0
    /// Bytes sent and not yet taken by the receiver.
    var outstanding = 0
    /// The sender closed; the receiver learns it after the last byte.
    var isFinished = false
}

/// A TCP connection between two nodes. Side 0 dialled, side 1 accepted.
final class Connection {
    let id: Int
    let nodes: [Int]
    var pipes = [Pipe(), Pipe()]
    /// Whether each side still has it open.
    var isOpen = [true, true]
    /// Address of the dialling side, for the accepting side.
    let peer: String

    init(id: Int, dialler: Int, listener: Int, peer: String) {
        self.id = id
        nodes = [dialler, listener]
        self.peer = peer
    }

    func side(of node: Int) -> Int { nodes[0] == node ? 0 : 1 }
}

/// What may be wrong with the way from one node to another.
struct PathState: Equatable {
    /// Nothing arrives; what was sent waits (TCP retransmits) until the cut is over.
    var isCut = false
    /// The receiver does not read: what was sent fills the window.
    var isUnread = false
    /// Added to each delivery, microseconds.
    var extraDelay: Int64 = 0
}

/// Paths between nodes. TCP semantics: within a connection nothing is lost or reordered, only late.
struct Network {
    /// Most bytes in flight in one direction of a connection: the window of a slow reader.
    static let window = 64 * 1024

    /// Added to what goes from one site to the other, microseconds. Nodes with even numbers are at
    /// one site, those with odd numbers at the other.
    var siteDelay: Int64 = 0

    private(set) var paths: [PathKey: PathState] = [:]
    struct PathKey: Hashable {
        var from: Int
        var to: Int
    }

    func path(_ from: Int, _ to: Int) -> PathState {
        paths[PathKey(from: from, to: to)] ?? PathState()
    }

    mutating func set(_ from: Int, _ to: Int, _ change: (inout PathState) -> Void) {
        change(&paths[PathKey(from: from, to: to), default: PathState()])
    }

    /// What the way from one node to another takes more than usual.
    func extraDelay(_ from: Int, _ to: Int) -> Int64 {
        path(from, to).extraDelay + ((from ^ to) & 1 == 1 ? siteDelay : 0)
    }

    /// All paths are good again.
    mutating func heal() { paths = [:] }

    /// Time a delivery takes now, without faults: 50–300 µs, sometimes some milliseconds.
    func latency(_ random: inout RandomGenerator) -> Int64 {
        let base = 50 + Int64(random.below(250))
        return random.below(200) == 0 ? base + Int64(random.below(20_000)) : base
    }
}
