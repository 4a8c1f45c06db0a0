import Foundation
import Glibc
import Testing

/// Peers that lie, hold back or never read: bounded memory, a clear end, everyone else served.
@Suite("Hostile peers")
struct HostileTests {
    /// Resident memory of the server in bytes.
    private func memory(of server: RunningServer) throws -> Int {
        let text = try String(
            contentsOfFile: "/proc/\(server.processIdentifier)/statm", encoding: .utf8)
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * 4096
    }

    @Test("announced bytes that never come cost nothing")
    func emptyPromises() throws {
        let server = try RunningServer(ServerProgram.tandem)
        let before = try memory(of: server)
        var clients: [WireClient] = []
        for _ in 0..<50 {
            let client = try server.connect()
            try client.send(Array("*1000000\r\n$3\r\nSET\r\n$500000000\r\nx".utf8))
            clients.append(client)
        }
        let (reply, after) = try withExtendedLifetime(clients) {
            (try server.connect().command("PING"), try memory(of: server))
        }
        #expect(reply == "+PONG\r\n")
        #expect(after - before < 100 << 20)
    }

    @Test("random bytes never end the server", arguments: 0..<8)
    func noise(seed: Int) throws {
        let server = try RunningServer(ServerProgram.tandem)
        var state = UInt64(seed) &+ 1
        for _ in 0..<40 {
            let client = try server.connect()
            var bytes: [UInt8] = []
            for _ in 0..<Int(state % 3000) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let byte = UInt8(truncatingIfNeeded: state >> 33)
                bytes.append(
                    state >> 60 < 6 ? Array("*$\r\n1-3GETSab \"".utf8)[Int(byte) % 15] : byte)
            }
            try? client.send(bytes)
        }
        #expect(try server.connect().command("PING") == "+PONG\r\n")
    }

    @Test("a client that does not read is dropped at its limit, others are served")
    func slowReader() throws {
        let server = try RunningServer(
            ServerProgram.tandem, ["client-output-buffer-limit normal 4mb 0 0"])
        let writer = try server.connect()
        let value = [UInt8](repeating: 120, count: 1 << 20)
        _ = try writer.command([Array("SET".utf8), Array("big".utf8), value])
        let slow = try server.connect()
        let request = WireClient.request([Array("GET".utf8), Array("big".utf8)])
        for _ in 0..<64 { try? slow.send(request) }
        #expect(try writer.command("PING") == "+PONG\r\n")
        let received = (try? slow.untilClosed().count) ?? 0
        #expect(received < 64 << 20)
        #expect(try writer.command("PING") == "+PONG\r\n")
    }

    @Test("a query that outgrows its buffer ends its connection")
    func queryBuffer() throws {
        let server = try RunningServer(
            ServerProgram.tandem, ["client-query-buffer-limit 1mb"])
        let client = try server.connect()
        let flood = [UInt8](repeating: 97, count: 200_000)
        try client.send(Array("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$9000000\r\n".utf8))
        for _ in 0..<20 where (try? client.send(flood)) == nil { break }
        _ = try? client.untilClosed()
        #expect(try server.connect().command("EXISTS", "k") == ":0\r\n")
    }

    @Test("an unauthenticated peer may announce little")
    func unauthenticated() throws {
        let server = try RunningServer(
            ServerProgram.tandem, ["requirepass secret"], answers: false)
        let many = try server.connectWhenReady()
        try many.send(Array("*100\r\n".utf8))
        let saidMany = String(decoding: try many.untilClosed(), as: UTF8.self)
        #expect(saidMany == "-ERR Protocol error: unauthenticated multibulk length\r\n")
        let long = try server.connect()
        try long.send(Array("*2\r\n$100000\r\n".utf8))
        let saidLong = String(decoding: try long.untilClosed(), as: UTF8.self)
        #expect(saidLong == "-ERR Protocol error: unauthenticated bulk length\r\n")
    }

    @Test("a primary that is not Redis at all is reported, and the server serves on")
    func strangePrimary() throws {
        let other = try RunningServer(ServerProgram.tandem, ["requirepass other"], answers: false)
        let replica = try RunningServer(
            ServerProgram.tandem, ["replicaof 127.0.0.1 \(other.port)"])
        let client = try replica.connect()
        #expect(try client.command("PING") == "+PONG\r\n")
        #expect(try client.command("INFO", "replication").contains("master_link_status:down"))
    }
}
