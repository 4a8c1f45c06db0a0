import Digests
import Sessions

/// Something that lives at an address of the simulated network.
protocol Node: AnyObject {
    var index: Int { get }
    var address: String { get }
    var port: Int { get }
    /// Whether the process runs (a paused one does).
    var isRunning: Bool { get }
    func accepted(_ connection: Connection, in world: World)
    func dialled(_ connection: Connection?, token: Int, in world: World)
    func received(_ bytes: [UInt8], on connection: Connection, in world: World)
    /// The peer closed or the connection was reset.
    func closed(_ connection: Connection, in world: World)
    /// Bytes sent before were taken by the peer: there is room again.
    func drained(_ connection: Connection, in world: World)
    func wake(in world: World)
    func diskDone(_ completion: DiskCompletion, in world: World)
}

/// The end of a disk operation.
struct DiskCompletion {
    enum Kind {
        case replaced, progressed(Int), committed(String), read([UInt8], isLast: Bool)
        case failed(operation: String, errno: Int32, reason: String)
    }
    var id: Int
    var kind: Kind
}

/// What happens at a moment of virtual time.
enum WorldEvent {
    case deliver(connection: Int, toSide: Int)
    case close(connection: Int, side: Int)
    case drained(connection: Int, side: Int)
    case connect(from: Int, life: Int, token: Int, host: String, port: Int)
    case refuse(node: Int, life: Int, token: Int)
    case wake(node: Int, life: Int, serial: Int)
    case disk(node: Int, life: Int, DiskCompletion)
    case act(() -> Void)
}

/// A virtual clock, network and set of nodes, driven by one seed.
final class World {
    private(set) var now: Int64 = 0
    var random: RandomGenerator
    var network = Network()
    private(set) var nodes: [any Node] = []
    /// Counts lives of each node, so that events for a dead process are dropped.
    var lives: [Int] = []
    /// Nodes that are stopped as by SIGSTOP until a time.
    var pausedUntil: [Int: Int64] = [:]
    private var timeline = Timeline<WorldEvent>()
    private(set) var connections: [Int: Connection] = [:]
    private var nextConnection = 1
    /// Lines of the run, for people; kept when `isTracing`.
    var isTracing = false
    private(set) var trace: [String] = []
    private(set) var steps = 0
    /// More steps than this in a tenth of a second are a storm that feeds on itself: some hundred
    /// are usual.
    static let stormLimit = 50_000
    private(set) var isStorming = false

    init(seed: UInt64) { random = RandomGenerator(seed: seed) }

    func add(_ node: any Node) {
        nodes.append(node)
        lives.append(0)
    }

    /// Forgets everybody and everything.
    func clear() {
        timeline = Timeline()
        connections = [:]
        nodes = []
    }

    func note(_ text: @autoclosure () -> String) {
        guard isTracing else { return }
        let milliseconds = Double(now) / 1000
        trace.append("\(milliseconds) \(text())")
    }

    func schedule(_ event: WorldEvent, after delay: Int64) {
        timeline.schedule(event, at: now + max(delay, 0))
    }

    func after(_ delay: Int64, _ body: @escaping () -> Void) {
        schedule(.act(body), after: delay)
    }

    /// Runs until the virtual time `end`.
    func run(until end: Int64) {
        timeline.schedule(.act({}), at: end)
        let limit = steps + World.stormLimit * max(1, Int((end - now) / 100_000))
        while now < end, !isStorming, let (time, event) = timeline.next() {
            now = max(now, time)
            steps += 1
            isStorming = steps > limit
            handle(event)
        }
    }

    private func handle(_ event: WorldEvent) {
        switch event {
        case .deliver(let id, let side): deliver(id, side)
        case .close(let id, let side): finish(id, side)
        case .drained(let id, let side):
            if let connection = connections[id], connection.isOpen[side] {
                whenAwake(connection.nodes[side], event) {
                    nodes[connection.nodes[side]].drained(connection, in: self)
                }
            }
        case .connect(let from, let life, let token, let host, let port):
            connect(from, life, token, host, port)
        case .refuse(let node, let life, let token):
            guard lives[node] == life else { return }
            whenAwake(node, event) { nodes[node].dialled(nil, token: token, in: self) }
        case .wake(let node, let life, let serial):
            guard lives[node] == life else { return }
            _ = serial
            whenAwake(node, event) { nodes[node].wake(in: self) }
        case .disk(let node, let life, let completion):
            guard lives[node] == life else { return }
            whenAwake(node, event) { nodes[node].diskDone(completion, in: self) }
        case .act(let body): body()
        }
    }

    /// Runs `body` now, or puts `event` off until the node is no longer stopped.
    private func whenAwake(_ node: Int, _ event: WorldEvent, _ body: () -> Void) {
        if let until = pausedUntil[node], until > now {
            timeline.schedule(event, at: until)
        } else {
            body()
        }
    }

    // MARK: Connections

    /// Asks for a connection; the node hears of the outcome by `dialled`.
    func dial(from node: Int, token: Int, host: String, port: Int) {
        schedule(
            .connect(from: node, life: lives[node], token: token, host: host, port: port),
            after: network.latency(&random))
    }

    private func connect(_ from: Int, _ life: Int, _ token: Int, _ host: String, _ port: Int) {
        guard lives[from] == life else { return }
        let target = nodes.first { $0.address == host && $0.port == port }
        let path = target.map { network.path(from, $0.index) } ?? PathState()
        let back = target.map { network.path($0.index, from) } ?? PathState()
        if path.isCut || back.isCut {
            // SYNs are lost and sent again, until the dialler gives up.
            return schedule(
                .connect(from: from, life: life, token: token, host: host, port: port),
                after: 1_000_000)
        }
        guard let target, target.isRunning else {
            return schedule(.refuse(node: from, life: life, token: token), after: 100)
        }
        let connection = Connection(
            id: nextConnection, dialler: from, listener: target.index,
            peer: "\(nodes[from].address):\(40000 + nextConnection % 20000)")
        nextConnection += 1
        connections[connection.id] = connection
        whenAwake(from, .act({})) {}
        target.accepted(connection, in: self)
        nodes[from].dialled(connection, token: token, in: self)
    }

    /// Sends bytes; false (and nothing sent) when the window is full.
    func room(_ connection: Connection, from node: Int) -> Int {
        let side = connection.side(of: node)
        return Network.window - connection.pipes[side].outstanding
    }

    func send(_ bytes: [UInt8], on connection: Connection, from node: Int) {
        let side = connection.side(of: node)
        guard connection.isOpen[side] else { return }
        connection.pipes[side].outstanding += bytes.count
        // What is sent at once may arrive in pieces.
        let isCut = bytes.count > 1 && random.below(8) == 0
        let first = isCut ? 1 + random.below(bytes.count - 1) : bytes.count
        transmit(Array(bytes[..<first]), on: connection, side)
        if isCut { transmit(Array(bytes[first...]), on: connection, side) }
    }

    private func transmit(_ bytes: [UInt8], on connection: Connection, _ side: Int) {
        let delay =
            network.latency(&random)
            + network.extraDelay(connection.nodes[side], connection.nodes[1 - side])
        let arrival = max(now + delay, connection.pipes[side].lastArrival)
        connection.pipes[side].lastArrival = arrival
        connection.pipes[side].inFlight.append((arrival, bytes))
        timeline.schedule(.deliver(connection: connection.id, toSide: 1 - side), at: arrival)
    }

    private func deliver(_ id: Int, _ side: Int) {
        guard let connection = connections[id] else { return }
        let (from, to) = (connection.nodes[1 - side], connection.nodes[side])
        let path = network.path(from, to)
        if path.isCut || path.isUnread {
            timeline.schedule(.deliver(connection: id, toSide: side), at: now + 200_000)
            return
        }
        guard !connection.pipes[1 - side].inFlight.isEmpty else { return }
        if let until = pausedUntil[to], until > now {
            timeline.schedule(.deliver(connection: id, toSide: side), at: until)
            return
        }
        let (_, bytes) = connection.pipes[1 - side].inFlight.removeFirst()
        connection.pipes[1 - side].outstanding -= bytes.count
        guard connection.isOpen[side] else { return }
        schedule(.drained(connection: id, side: 1 - side), after: 50)
        nodes[to].received(bytes, on: connection, in: self)
    }

    /// One side closes; the other learns it behind the last byte.
    func close(_ connection: Connection, from node: Int) {
        let side = connection.side(of: node)
        guard connection.isOpen[side] else { return }
        connection.isOpen[side] = false
        let arrival = max(now + network.latency(&random), connection.pipes[side].lastArrival)
        timeline.schedule(.close(connection: connection.id, side: 1 - side), at: arrival + 1)
    }

    private func finish(_ id: Int, _ side: Int) {
        guard let connection = connections[id] else { return }
        let (from, to) = (connection.nodes[1 - side], connection.nodes[side])
        let unread = !connection.pipes[1 - side].inFlight.isEmpty
        if network.path(from, to).isCut || unread {
            timeline.schedule(.close(connection: id, side: side), at: now + 200_000)
            return
        }
        if let until = pausedUntil[to], until > now {
            timeline.schedule(.close(connection: id, side: side), at: until)
            return
        }
        connections[id] = nil
        guard connection.isOpen[side] else { return }
        connection.isOpen[side] = false
        nodes[to].closed(connection, in: self)
    }

    /// The connection breaks for both at once (RST).
    func reset(_ connection: Connection) {
        connections[connection.id] = nil
        for side in 0..<2 where connection.isOpen[side] {
            connection.isOpen[side] = false
            if nodes[connection.nodes[side]].isRunning {
                nodes[connection.nodes[side]].closed(connection, in: self)
            }
        }
    }

    /// The connection is gone and nobody learns it but by silence.
    func forget(_ connection: Connection) { connections[connection.id] = nil }

    /// Connections of a node, in the order of their age.
    func connections(of node: Int) -> [Connection] {
        connections.values.filter { $0.nodes.contains(node) }.sorted { $0.id < $1.id }
    }

    /// A process died. With its host alive the peers see resets; else they see nothing.
    func processDied(_ node: Int, silently: Bool) {
        lives[node] += 1
        for connection in connections(of: node) {
            let side = connection.side(of: node)
            connection.isOpen[side] = false
            if silently {
                // Half-open: the other side finds out by its own timeouts.
                connections[connection.id] = nil
            } else {
                schedule(.close(connection: connection.id, side: 1 - side), after: 200)
            }
        }
    }
}
