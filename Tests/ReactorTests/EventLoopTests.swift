import Memory
import Platform
import Reactor
import Testing

/// A transform that turns every bit around and lets only a few bytes through at a time, in both
/// directions: what a careless owner of the loop would get wrong shows at once.
final class FragmentingTransform: ByteTransform {
    private let piece: Int
    private var received: [UInt8] = []
    private var outgoing: ByteBuffer

    init(heap: Heap, piece: Int) {
        self.piece = piece
        outgoing = ByteBuffer(heap: heap)
    }

    func takeReceived(_ raw: ByteView) -> Bool {
        for byte in raw.bytes {
            if byte == 0 { return false }
            received.append(~byte)
        }
        return true
    }

    func giveReceived(into plain: inout ByteBuffer) -> Bool {
        let count = min(piece, received.count)
        plain.append(Array(received.prefix(count)))
        received.removeFirst(count)
        return !received.isEmpty
    }

    func takeToSend(_ plain: ByteView) -> Int {
        let count = min(piece, plain.count)
        for index in 0..<count { outgoing.append(~plain[index]) }
        return count
    }

    var toSend: ByteView { outgoing.readable[0..<min(piece, outgoing.count)] }
    func sent(_ count: Int) { outgoing.consume(count) }
}

@Suite struct EventLoopTests {
    /// Echoes on one end of a pair until `expected` bytes came back to the other, and returns
    /// them with the number of turns it took.
    static func echo(
        _ bytes: [UInt8], transform: (any ByteTransform)?, code: (UInt8) -> UInt8
    ) throws -> (bytes: [UInt8], turns: Int) {
        let heap = Heap()
        var loop = try EventLoop()
        let (server, client) = try Sockets.pair()
        defer { client.close() }
        let token = try loop.add(server, user: 42, transform: transform)
        var buffer = ByteBuffer(heap: heap)
        var (toSend, back, turns) = (bytes.map(code), [UInt8](), 0)
        while back.count < bytes.count, turns < 100_000 {
            turns += 1
            if !toSend.isEmpty {
                let sent = unsafe toSend.withUnsafeBytes { unsafe client.write($0) }
                if case .done(let count) = sent { toSend.removeFirst(count) }
            }
            let count = try loop.wait(timeout: 0)
            for index in 0..<count {
                guard let event = loop.event(index) else { continue }
                #expect(event.user == 42 && event.token == token)
                if event.isReadable { _ = loop.read(token, into: &buffer) }
            }
            writing: while !buffer.isEmpty {
                guard case .done(let count) = loop.write(token, buffer.readable) else {
                    loop.watchWrites(token, true)
                    break writing
                }
                buffer.consume(count)
            }
            if buffer.isEmpty { loop.watchWrites(token, false) }
            if try client.wait(for: .read, milliseconds: 0) {
                back += try client.readSome(65536)
            }
        }
        return (back.map(code), turns)
    }

    @Test func `a plain connection echoes what it gets`() throws {
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let result = try EventLoopTests.echo(bytes, transform: nil) { $0 }
        #expect(result.bytes == bytes)
    }

    @Test func `a transform that holds bytes back is served without epoll`() throws {
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 % 200) }
        let transform = FragmentingTransform(heap: Heap(), piece: 7)
        let result = try EventLoopTests.echo(bytes, transform: transform) { ~$0 }
        #expect(result.bytes == bytes)
        #expect(result.turns >= 5000 / 7)
    }

    @Test func `bytes that break the transform's protocol end the connection`() throws {
        var loop = try EventLoop()
        let (server, client) = try Sockets.pair()
        defer { client.close() }
        let transform = FragmentingTransform(heap: Heap(), piece: 7)
        let token = try loop.add(server, user: 0, transform: transform)
        try client.writeAll([0])
        let count = try loop.wait(timeout: 1_000_000)
        #expect(count == 1)
        var buffer = ByteBuffer(heap: Heap())
        let outcome = loop.read(token, into: &buffer)
        #expect(outcome == .protocolError)
    }

    @Test func `events of a closed connection are dropped and its token means nobody`() throws {
        var loop = try EventLoop()
        let (a, farA) = try Sockets.pair()
        let (b, farB) = try Sockets.pair()
        defer { farA.close() }
        defer { farB.close() }
        let first = try loop.add(a, user: 8)
        let second = try loop.add(b, user: 16)
        try farA.writeAll([1])
        try farB.writeAll([1])
        let count = try loop.wait(timeout: 1_000_000)
        #expect(count == 2)
        loop.close(first)
        loop.close(second)
        let (c, farC) = try Sockets.pair()
        defer { farC.close() }
        let third = try loop.add(c, user: 24)
        let left = (0..<count).filter { loop.event($0) != nil }
        #expect(left.isEmpty)
        #expect(third != first && third != second)
        let known = (loop.contains(first), loop.contains(third), loop.count)
        #expect(known == (false, true, 1))
        var buffer = ByteBuffer(heap: Heap())
        let outcome = loop.read(first, into: &buffer)
        #expect(outcome == .badDescriptor)
    }

    @Test func `the waker ends a wait and is no event`() throws {
        var loop = try EventLoop()
        loop.waker.signal()
        let count = try loop.wait(timeout: -1)
        let events = (0..<count).compactMap { loop.event($0) }
        #expect(events.isEmpty)
        let woken = loop.wasWoken
        #expect(woken)
        let again = try loop.wait(timeout: 0)
        #expect(again == 0)
        let wokenAgain = loop.wasWoken
        #expect(!wokenAgain)
    }

    @Test func `resting descriptors and watched writes say what was asked`() throws {
        var loop = try EventLoop()
        let (a, far) = try Sockets.pair()
        defer { far.close() }
        let token = try loop.add(a, user: 8)
        try far.writeAll([1])
        loop.watchReads(token, false)
        let resting = try loop.wait(timeout: 0)
        #expect(resting == 0)
        loop.watchWrites(token, true)
        let writable = try loop.wait(timeout: 1_000_000)
        #expect(writable == 1)
        let event = loop.event(0)
        #expect(event?.isWritable == true && event?.isReadable == false)
    }

    @Test func `a long value is read in place and pieces leave together`() throws {
        let heap = Heap()
        var loop = try EventLoop()
        let (a, far) = try Sockets.pair()
        defer { far.close() }
        let token = try loop.add(a, user: 8)
        try far.writeAll([UInt8](repeating: 5, count: 100_000))
        var buffer = ByteBuffer(heap: heap)
        let first = loop.read(token, into: &buffer, expecting: 500_000)
        let second = loop.read(token, into: &buffer, expecting: 400_000)
        #expect(first == .done(100_000) && second == .wouldBlock)
        // The more has come, the more is read at once.
        try far.writeAll([UInt8](repeating: 5, count: 90_000))
        let third = loop.read(token, into: &buffer, expecting: 300_000)
        #expect(third == .done(90_000))
        let sent = loop.write(token, pieces: [ByteView("ab"), .empty, ByteView("c")])
        #expect(sent == .done(3))
        #expect(try far.readSome(10) == Array("abc".utf8))
    }

    @Test func `a released descriptor stays open and outside`() throws {
        var loop = try EventLoop()
        let (a, far) = try Sockets.pair()
        defer { far.close() }
        let token = try loop.add(a, user: 8)
        let descriptor = loop.release(token)
        let released = try #require(descriptor)
        defer { released.close() }
        try far.writeAll([3])
        let count = try loop.wait(timeout: 0)
        #expect(count == 0)
        #expect(try released.readSome(4) == [3])
    }
}
