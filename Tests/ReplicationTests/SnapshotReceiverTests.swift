import Digests
import Memory
import Replication
import Testing

/// What a receiver made of a link's bytes.
struct Received: Equatable {
    var payload: [UInt8] = []
    var keepAlives = 0
    var length: Int??
    var rest: [UInt8]?
    var failure: String?
    /// The most bytes that had to wait in the input while the payload was coming.
    var waiting = 0
}

/// Feeds `bytes` in pieces, as a link does: what is not used stays in the input.
func receive(_ bytes: [UInt8], piece: () -> Int) -> Received {
    var receiver = SnapshotReceiver()
    var received = Received()
    var input: [UInt8] = []
    var position = 0
    while position < bytes.count, received.rest == nil, received.failure == nil {
        let end = min(bytes.count, position + max(1, piece()))
        input += bytes[position..<end]
        position = end
        var used = 0
        input.withView { view in
            while received.rest == nil, received.failure == nil {
                switch receiver.next(view, at: used) {
                case .incomplete:
                    return
                case .keepAlive(let end):
                    received.keepAlives += 1
                    used = end
                case .header(let length, let end):
                    received.length = .some(length)
                    used = end
                case .payload(let range):
                    received.payload += view[range].bytes
                    used = range.upperBound
                case .finished(let end):
                    received.rest = view[end..<view.count].bytes + bytes[position...]
                case .failed(let text):
                    received.failure = text
                }
            }
        }
        input.removeFirst(used)
        if receiver.hasHeader, received.rest == nil {
            received.waiting = max(received.waiting, input.count)
        }
    }
    return received
}

@Suite struct SnapshotReceiverTests {
    /// Full of beginnings of itself; the last digit occurs once, so that no sequence of
    /// beginnings contains the whole.
    private let mark = Array("001001002001001002001001002001001002001f".utf8)

    @Test func aCountedSnapshotArrivesThroughAnyCut() {
        var random = RandomGenerator(seed: 1)
        for length in [0, 1, 39, 5000] {
            let payload = (0..<length).map { _ in UInt8(random.below(256)) }
            let bytes = Array("\n\n$\(length)\r\n".utf8) + payload + Array("*1".utf8)
            for size in [1, 2, 7, 10_000] {
                let received = receive(bytes, piece: { random.below(size) })
                #expect(received.payload == payload && received.length == .some(length))
                #expect(received.keepAlives == 2 && received.failure == nil)
                // An empty snapshot ends where its header does.
                if length > 0 { #expect(received.rest == Array("*1".utf8)) }
            }
        }
    }

    @Test func aMarkedSnapshotArrivesThroughAnyCut() {
        var random = RandomGenerator(seed: 2)
        for round in 0..<200 {
            // Payloads full of beginnings of the mark.
            var payload: [UInt8] = []
            for _ in 0..<random.below(60) {
                payload += mark.prefix(random.below(40))
                if random.below(2) == 0 { payload.append(UInt8(random.below(256))) }
            }
            let bytes = Array("\n$EOF:".utf8) + mark + [13, 10] + payload + mark + [42]
            let size = 1 + round % 50
            let received = receive(bytes, piece: { 1 + random.below(size) })
            let isEqual = received.payload == payload
            #expect(isEqual)
            #expect(received.rest == [42] && received.length == .some(nil))
            #expect(received.waiting < 40)
        }
    }

    @Test func progressIsCounted() {
        var receiver = SnapshotReceiver()
        #expect(receiver.totalBytes == -1 && !receiver.hasHeader)
        Array("$10\r\nabcd".utf8).withView {
            #expect(receiver.next($0, at: 0) == .header(length: 10, end: 5))
            #expect(receiver.next($0, at: 5) == .payload(5..<9))
            #expect(receiver.next($0, at: 9) == .incomplete)
        }
        #expect(receiver.totalBytes == 10 && receiver.readBytes == 4 && !receiver.isMarked)
    }

    @Test(arguments: [
        ("-ERR BGSAVE failed\r\n", "MASTER aborted replication with an error: ERR BGSAVE failed"),
        ("+OK\r\n", "(we received '+OK')"),
        ("$-5\r\n", "(we received '$-5')"),
        ("$\r\n", "(we received '$')"),
        ("$99999999999999999999\r\n", "(we received '$99999999999999999999')"),
        ("$EOF:short\r\n", "(we received '$EOF:short')"),
        ("HTTP/1.1 400 Bad Request\r\n", "are you sure the host and port are right?"),
        (String(repeating: "x", count: 2000), "(an endless line)"),
    ])
    func whateverIsNoSnapshotIsTold(_ text: String, _ expected: String) {
        let received = receive(Array(text.utf8), piece: { 3 })
        #expect(received.failure?.contains(expected) == true)
    }
}
