import Memory
import RESP

/// Somebody at a terminal: connects, sends one request, reads the answer and leaves.
final class OperatorNode: Node {
    let index: Int
    var address: String { "10.0.8.\(index)" }
    let port = 0
    var isRunning: Bool { true }
    let target: (host: String, port: Int)
    let request: [String]
    private var connection: Connection?
    private var input = ByteBuffer(heap: Heap())
    private var parser = ReplyParser()
    private(set) var answer: RESPValue?

    init(index: Int, target: (host: String, port: Int), request: [String]) {
        self.index = index
        self.target = target
        self.request = request
    }

    func start(in world: World) {
        world.dial(from: index, token: 1, host: target.host, port: target.port)
    }

    func dialled(_ connection: Connection?, token: Int, in world: World) {
        self.connection = connection
        guard let connection else { return }
        var buffer = ByteBuffer(heap: Heap())
        RequestWriter.append(request, to: &buffer)
        world.send(buffer.readable.bytes, on: connection, from: index)
    }

    func received(_ bytes: [UInt8], on connection: Connection, in world: World) {
        input.append(bytes)
        guard case .value(let value, _) = parser.next(input.readable, at: 0) else { return }
        answer = value
        world.note("operator: \(request.joined(separator: " ")) -> \(value)")
        world.close(connection, from: index)
    }

    func accepted(_ connection: Connection, in world: World) {}
    func closed(_ connection: Connection, in world: World) {}
    func drained(_ connection: Connection, in world: World) {}
    func wake(in world: World) {}
    func diskDone(_ completion: DiskCompletion, in world: World) {}
}
