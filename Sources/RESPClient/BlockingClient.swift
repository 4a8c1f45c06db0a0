import Memory
import Platform
import RESP

/// Why a request of a `BlockingClient` has no reply.
package enum ClientError: Error, Equatable, Sendable, CustomStringConvertible {
    case unresolved(String)
    case connecting(String)
    case refused(String)
    case timeout
    case closed
    case failed(String)
    case notRESP(String)

    package var description: String {
        switch self {
        case .unresolved(let reason): reason
        case .connecting(let reason): "cannot connect: \(reason)"
        case .refused(let reason): "refused us: \(reason)"
        case .timeout: "does not answer"
        case .closed: "closed the connection"
        case .failed(let reason): reason
        case .notRESP(let reason): "does not speak the Redis protocol: \(reason)"
        }
    }
}

/// A connection that sends a request and waits for the reply: for programs whose whole work that
/// is. Every wait is bounded.
package struct BlockingClient: ~Copyable {
    private let socket: Descriptor
    private var pipeline = ClientPipeline<Int>()
    private var input: ByteBuffer
    private let timeout: Int64
    /// Push data that came while a reply was awaited; the oldest are dropped beyond 1000.
    package private(set) var pushes: [[RESPValue]] = []

    private init(_ socket: Descriptor, _ timeout: Int64) {
        self.socket = socket
        self.timeout = timeout
        input = ByteBuffer(heap: Heap())
    }

    deinit { socket.close() }

    /// Connects to a host name, an address or the path of a unix socket, and says who we are.
    /// The timeout (µs) holds for each step.
    package static func connect(
        host: String, port: Int, identity: ClientIdentity = ClientIdentity(),
        timeout: Int64 = 2_000_000
    ) throws(ClientError) -> BlockingClient {
        var client = BlockingClient(try open(host, port, timeout), timeout)
        try client.greet(identity)
        return client
    }

    /// Sends one request and waits for its reply, which may be an error of the peer.
    package mutating func send(_ arguments: [String]) throws(ClientError) -> RESPValue {
        try send([arguments])[0]
    }

    /// Sends requests together and waits for all replies.
    package mutating func send(_ requests: [[String]]) throws(ClientError) -> [RESPValue] {
        try write(requests)
        return try replies(requests.count)
    }

    /// Sends requests without waiting for their replies.
    package mutating func write(_ requests: [[String]]) throws(ClientError) {
        let now = Clock.monotonicMicroseconds()
        for index in requests.indices where !pipeline.send(index, at: now) {
            throw .failed("too many requests without a reply")
        }
        do throws(SystemError) {
            try socket.writeAll(requests.flatMap { RequestWriter.bytes($0) })
        } catch {
            throw .failed("\(error)")
        }
    }

    /// The next `count` replies.
    package mutating func replies(_ count: Int) throws(ClientError) -> [RESPValue] {
        var replies: [RESPValue] = []
        let deadline = Clock.monotonicMicroseconds() + timeout
        while replies.count < count {
            switch try event(deadline) {
            case .reply(_, let value): replies.append(value)
            case .push(let items):
                if pushes.count >= 1000 { pushes.removeFirst() }
                pushes.append(items)
            case .unexpected: throw .notRESP("a reply without a request")
            }
        }
        return replies
    }

    private mutating func event(
        _ deadline: Int64
    ) throws(ClientError) -> ClientPipeline<Int>.Event {
        while true {
            do throws(RESPError) {
                if let (event, end) = try pipeline.next(input.readable, at: 0) {
                    input.consume(end)
                    return event
                }
            } catch {
                throw .notRESP(error.message)
            }
            do throws(SystemError) {
                let left = deadline - Clock.monotonicMicroseconds()
                guard left > 0,
                    try socket.wait(for: .read, milliseconds: Int32(clamping: left / 1000 + 1))
                else { throw SystemError("wait", 0) }
                let bytes = try socket.readSome(64 * 1024)
                if bytes.isEmpty { throw SystemError("read", 0) }
                input.append(bytes)
            } catch {
                if error.errno != 0 { throw .failed("\(error)") }
                throw error.operation.description == "wait" ? .timeout : .closed
            }
        }
    }

    private mutating func greet(_ identity: ClientIdentity) throws(ClientError) {
        var handshake = ClientHandshake(identity)
        var action = handshake.start()
        while true {
            switch action {
            case .ready: return
            case .failed(let reason): throw .refused(reason)
            case .send(let requests):
                try write(requests)
                action = .wait
            case .wait: action = handshake.received(try replies(1)[0])
            }
        }
    }

    private static func open(
        _ host: String, _ port: Int, _ timeout: Int64
    ) throws(ClientError) -> Descriptor {
        var addresses: [SocketAddress] = []
        if host.hasPrefix("/") {
            addresses = SocketAddress(unixPath: host).map { [$0] } ?? []
        } else {
            do throws(ResolutionError) {
                addresses = try NameResolution.resolve(host, port: port)
            } catch {
                throw .unresolved("\(error)")
            }
        }
        var reason = "no address"
        for address in addresses {
            do throws(SystemError) {
                let socket = try Sockets.connect(to: address)
                let wait = Int32(clamping: timeout / 1000)
                let isReady = (try? socket.wait(for: .write, milliseconds: wait)) ?? false
                let number = isReady ? Sockets.error(of: socket) : 0
                if isReady && number == 0 {
                    Sockets.setNoDelay(socket)
                    return socket
                }
                socket.close()
                reason = isReady ? SystemError.reason(number) : "no answer"
            } catch {
                reason = error.reason
            }
        }
        throw .connecting(reason)
    }
}
