import Glibc
import Platform
import Testing

@Suite struct SocketTests {
    static func listener(_ host: String = "127.0.0.1") throws -> (Descriptor, SocketAddress) {
        let address = try #require(SocketAddress(numeric: host, port: 0))
        let listener = try Sockets.listen(on: address, backlog: 16)
        return (listener, try #require(Sockets.localAddress(of: listener)))
    }

    @Test func `numeric addresses are read and written back`() throws {
        let four = try #require(SocketAddress(numeric: "192.168.0.1", port: 6379))
        #expect(four.description == "192.168.0.1:6379")
        #expect(!four.isIPv6 && !four.isLoopback && !four.isUnix)
        let six = try #require(SocketAddress(numeric: "::1", port: 26379))
        #expect(six.description == "[::1]:26379")
        #expect(six.isIPv6 && six.isLoopback)
        #expect(SocketAddress(numeric: "127.0.0.9", port: 1)?.isLoopback == true)
        #expect(SocketAddress(numeric: "localhost", port: 1) == nil)
        #expect(SocketAddress(numeric: "1.2.3.4", port: 70000) == nil)
        #expect(SocketAddress(numeric: "", port: 1) == nil)
    }

    @Test func `unix paths have a bound`() {
        #expect(SocketAddress(unixPath: "/tmp/x.sock")?.description == "/tmp/x.sock:0")
        #expect(SocketAddress(unixPath: String(repeating: "p", count: 200)) == nil)
    }

    @Test func `a connection carries bytes both ways`() throws {
        let (listener, address) = try SocketTests.listener()
        defer { listener.close() }
        let client = try Sockets.connect(to: address)
        defer { client.close() }
        try listener.wait(for: .read, milliseconds: 5000)
        let (server, peer) = try #require(try Sockets.accept(listener))
        defer { server.close() }
        #expect(peer.port == Sockets.localAddress(of: client)?.port)
        try client.wait(for: .write, milliseconds: 5000)
        #expect(Sockets.error(of: client) == 0)
        try client.writeAll(Array("ping".utf8))
        #expect(try server.readSome(100) == Array("ping".utf8))
        try server.writeAll(Array("pong".utf8))
        #expect(try client.readSome(100) == Array("pong".utf8))
        #expect(try Sockets.accept(listener) == nil)
    }

    @Test func `a refused connection says so`() throws {
        let (listener, address) = try SocketTests.listener()
        listener.close()
        do {
            let client = try Sockets.connect(to: address)
            defer { client.close() }
            try client.wait(for: .write, milliseconds: 5000)
            #expect(Sockets.error(of: client) == ECONNREFUSED)
        } catch {
            #expect(error.errno == ECONNREFUSED)
        }
    }

    @Test func `a port in use is an error with its words`() throws {
        let (listener, address) = try SocketTests.listener()
        defer { listener.close() }
        let error = #expect(throws: SystemError.self) {
            try Sockets.listen(on: address, backlog: 1)
        }
        #expect(error?.description == "bind: Address already in use")
    }

    @Test func `a unix listener replaces a dead socket and sets permissions`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/s.sock"
        try Sockets.listen(unixPath: path, permissions: 0o700, backlog: 1).close()
        let listener = try Sockets.listen(unixPath: path, permissions: 0o700, backlog: 1)
        defer { listener.close() }
        var status = stat()
        #expect(unsafe stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)
        let client = try Sockets.connect(to: try #require(SocketAddress(unixPath: path)))
        defer { client.close() }
        let server = try #require(try Sockets.accept(listener)?.socket)
        defer { server.close() }
        try client.writeAll([1, 2, 3])
        #expect(try server.readSome(8) == [1, 2, 3])
    }

    @Test func `a socket that would block says so, and a gone peer too`() throws {
        let (a, b) = try Sockets.pair()
        defer { a.close() }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 1)
        defer { unsafe buffer.deallocate() }
        let nothing = unsafe a.read(into: buffer)
        #expect(nothing == .wouldBlock)
        b.close()
        let gone = unsafe a.read(into: buffer)
        #expect(gone == .closed)
    }

    @Test func `several pieces leave in one write`() throws {
        let (a, b) = try Sockets.pair()
        defer { a.close() }
        defer { b.close() }
        let (x, y): ([UInt8], [UInt8]) = ([1, 2], [3, 4, 5])
        let sent = unsafe x.withUnsafeBytes { x in
            unsafe y.withUnsafeBytes { y in unsafe a.write(pieces: [x, y]) }
        }
        #expect(sent == .done(5))
        #expect(try b.readSome(16) == [1, 2, 3, 4, 5])
    }

    @Test func `numbers resolve without asking anybody, nonsense does not`() throws {
        let found = try NameResolution.resolve("127.0.0.1", port: 80)
        #expect(found.map(\.description) == ["127.0.0.1:80"])
        #expect(throws: ResolutionError.self) { try NameResolution.resolve("", port: 80) }
        #expect(throws: ResolutionError.self) { try NameResolution.resolve("a\0b", port: 80) }
    }
}
