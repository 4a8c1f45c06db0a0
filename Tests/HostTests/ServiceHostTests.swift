import Host
import Memory
import Platform
import Sessions
import Testing

/// A host with a `PongService` on a thread of its own, and a listener on a free port.
final class RunningHost: @unchecked Sendable {
    let address: SocketAddress
    private let status = Mailbox<Int32>()
    private var thread: Thread?

    init(maxClients: Int = 100) throws {
        let any = try #require(SocketAddress(numeric: "127.0.0.1", port: 0))
        let listener = try Sockets.listen(on: any, backlog: 64)
        address = try #require(Sockets.localAddress(of: listener))
        let status = status
        thread = try Thread.start(name: "host") {
            let service = Slot(PongService())
            service.value.frontend.settings.maxClients = maxClients
            var program = HostedProgram<PongService>(
                settings: { _ in
                    var settings = HostSettings()
                    settings.logLevel = .warning
                    return settings
                }, role: { _ in "M" })
            program.inherited = [listener]
            program.catchesSignals = false
            guard let log = try? Log(path: "/dev/null", level: .warning) else { return }
            do throws(HostError) {
                var host = try ServiceHost(service, program: program, log: log)
                status.post(try host.run())
            } catch {
                status.post(-1)
            }
        }
    }

    /// A new connection.
    func connect() throws -> TestClient { try TestClient(address) }

    /// Asks the host to stop and returns its exit status.
    func stop() throws -> Int32 {
        let client = try connect()
        client.send("STOP")
        defer { client.socket.close() }
        thread?.join()
        thread = nil
        return status.takeAll().first ?? -2
    }
}

/// A client that waits for its answers.
final class TestClient {
    let socket: Descriptor

    init(_ address: SocketAddress) throws {
        socket = try Sockets.connect(to: address)
        try socket.wait(for: .write, milliseconds: 5000)
    }

    func send(_ text: String) { try? socket.writeAll(Array("\(text)\r\n".utf8)) }

    /// Reads `count` bytes, fewer if the other end closes.
    func receive(_ count: Int) -> String {
        var bytes: [UInt8] = []
        while bytes.count < count {
            guard let piece = try? socket.readSome(count - bytes.count), !piece.isEmpty else {
                break
            }
            bytes += piece
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads to the end of a line, or to the end.
    func line() -> String {
        var text = ""
        while !text.hasSuffix("\r\n") {
            let next = receive(1)
            if next.isEmpty { break }
            text += next
        }
        return text.hasSuffix("\r\n") ? String(text.dropLast()) : text
    }
}

@Suite struct ServiceHostTests {
    @Test func `a client gets its answer and the host stops with the asked status`() throws {
        let host = try RunningHost()
        let client = try host.connect()
        client.send("PING")
        #expect(client.line() == "+PONG")
        client.socket.close()
        #expect(try host.stop() == 7)
    }

    @Test func `a pipeline is answered in full and in order`() throws {
        let host = try RunningHost()
        let client = try host.connect()
        client.send(Array(repeating: "PING", count: 1000).joined(separator: "\r\n"))
        #expect(client.receive(7000) == String(repeating: "+PONG\r\n", count: 1000))
        client.send("QUIT")
        #expect(client.line() == "+OK")
        #expect(client.receive(1) == "")
        client.socket.close()
        #expect(try host.stop() == 7)
    }

    @Test func `output the socket cannot take waits for the reader while others are served`()
        throws
    {
        let host = try RunningHost()
        let slow = try host.connect()
        slow.send("BIG")
        let quick = try host.connect()
        quick.send("PING")
        #expect(quick.line() == "+PONG")
        #expect(slow.line() == "$8388608")
        let body = slow.receive(8 << 20)
        #expect(body.utf8.count == 8 << 20 && body.utf8.allSatisfy { $0 == UInt8(ascii: "x") })
        slow.socket.close()
        quick.socket.close()
        #expect(try host.stop() == 7)
    }

    @Test func `clients over the limit hear why and are closed`() throws {
        let host = try RunningHost(maxClients: 1)
        let first = try host.connect()
        first.send("PING")
        #expect(first.line() == "+PONG")
        let second = try host.connect()
        #expect(second.line() == "-ERR max number of clients reached")
        #expect(second.receive(1) == "")
        second.socket.close()
        first.send("STOP")
        #expect(first.line() == "+OK")
        first.socket.close()
    }

    @Test func `a session the service wants gone is closed at once`() throws {
        let host = try RunningHost()
        let client = try host.connect()
        client.send("KILL")
        #expect(client.receive(1) == "")
        client.socket.close()
        #expect(try host.stop() == 7)
    }

    @Test func `an outgoing connection becomes a session of its own`() throws {
        let host = try RunningHost()
        let any = try #require(SocketAddress(numeric: "127.0.0.1", port: 0))
        let listener = try Sockets.listen(on: any, backlog: 1)
        let port = try #require(Sockets.localAddress(of: listener)).port
        let client = try host.connect()
        client.send("CONNECT 127.0.0.1 \(port)")
        try listener.wait(for: .read, milliseconds: 5000)
        let peer = try #require(try Sockets.accept(listener)?.socket)
        let greeting = Array("+hello from 127.0.0.1\r\n".utf8)
        #expect(try peer.readSome(100) == greeting)
        try peer.writeAll(Array("welcome".utf8))
        #expect(client.line() == "+link got welcome")
        #expect(try peer.readSome(1).isEmpty)
        peer.close()
        listener.close()
        client.send("CONNECT 127.0.0.1 \(port)")
        #expect(client.line() == "+link failed: Connection refused")
        client.send("CONNECT no.such.host.invalid 1")
        #expect(client.line().hasPrefix("+link failed: "))
        client.socket.close()
        #expect(try host.stop() == 7)
    }

    @Test func `files are written by a worker, and its failures have words`() throws {
        let host = try RunningHost()
        let path = FileJobTests.path("save")
        defer { try? Files.remove(path) }
        let client = try host.connect()
        client.send("SAVE \(path)")
        #expect(client.line() == "+saved")
        #expect(try Files.read(path) == [1])
        client.send("SAVE /nonexistent/x")
        #expect(client.line() == "+open: No such file or directory")
        client.socket.close()
        #expect(try host.stop() == 7)
    }
}
