import Foundation
import Platform
import RESP
import RESPClient
import Testing

/// A peer that accepts one connection and answers every piece of input with the next text; after
/// the last it closes.
private func serve(_ answers: [String]) throws -> Int {
    let address = try #require(SocketAddress(numeric: "127.0.0.1", port: 0))
    let listener = try Sockets.listen(on: address, backlog: 1)
    let port = try #require(Sockets.localAddress(of: listener)).port
    Thread.detachNewThread {
        defer { listener.close() }
        guard (try? listener.wait(for: .read, milliseconds: 10_000)) == true,
            let (socket, _) = try? Sockets.accept(listener)
        else { return }
        defer { socket.close() }
        for answer in answers {
            guard let bytes = try? socket.readSome(4096), !bytes.isEmpty else { return }
            try? socket.writeAll(Array(answer.utf8))
        }
        if answers.last == "" { _ = try? socket.readSome(4096) }
    }
    return port
}

@Suite("Blocking client")
struct BlockingClientTests {
    /// What a PING to a peer that gives these answers comes to.
    private func ping(
        _ answers: [String], identity: ClientIdentity = ClientIdentity(),
        timeout: Int64 = 10_000_000
    ) throws -> RESPValue {
        let port = try serve(answers)
        var client = try BlockingClient.connect(
            host: "127.0.0.1", port: port, identity: identity, timeout: timeout)
        return try client.send(["PING"])
    }

    @Test("A request gets its reply, errors of the peer included")
    func reply() throws {
        #expect(try ping(["+PONG\r\n"]) == .simple("PONG"))
        #expect(try ping(["-ERR no\r\n"]) == .error("ERR no"))
    }

    @Test("The password is sent first, and a wrong one is told")
    func password() throws {
        var identity = ClientIdentity()
        identity.password = "x"
        #expect(try ping(["+OK\r\n", "+PONG\r\n"], identity: identity) == .simple("PONG"))
        #expect(throws: ClientError.refused("WRONGPASS no")) {
            try ping(["-WRONGPASS no\r\n"], identity: identity)
        }
    }

    @Test("A peer that closes, is silent or is not Redis is told apart")
    func failures() throws {
        #expect(throws: ClientError.closed) { try ping(["+PO"]) }
        #expect(throws: ClientError.timeout) { try ping([""], timeout: 20_000) }
        #expect(throws: ClientError.notRESP("Protocol error: got byte 72 as reply type")) {
            try ping(["HTTP/1.1 400 Bad Request\r\n"])
        }
    }

    @Test("A port nobody listens at and a name without address are told")
    func connecting() throws {
        let address = try #require(SocketAddress(numeric: "127.0.0.1", port: 0))
        let listener = try Sockets.listen(on: address, backlog: 1)
        let port = try #require(Sockets.localAddress(of: listener)).port
        listener.close()
        #expect(throws: ClientError.connecting("Connection refused")) {
            var client = try BlockingClient.connect(host: "127.0.0.1", port: port)
            _ = try client.send(["PING"])
        }
        #expect(throws: ClientError.self) {
            var client = try BlockingClient.connect(host: "nosuch.invalid.", port: 1)
            _ = try client.send(["PING"])
        }
    }

    @Test("Push data between replies is kept apart")
    func push() throws {
        let port = try serve([">1\r\n+hello\r\n+PONG\r\n"])
        var client = try BlockingClient.connect(host: "127.0.0.1", port: port)
        let reply = try client.send(["PING"])
        let pushes = client.pushes
        #expect(reply == .simple("PONG"))
        #expect(pushes == [[.simple("hello")]])
    }
}
