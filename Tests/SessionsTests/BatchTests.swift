import Memory
import RESP
import Sessions
import Testing

@Suite("Batches of requests")
struct BatchTests {
    @Test("requests cut anywhere get the same replies")
    func anyCut() {
        let text = "*2\r\n$4\r\nPING\r\n$2\r\nab\r\nPING cd\r\n\r\n*1\r\n$4\r\nPING\r\n"
        let expected = "$2\r\nab\r\n$2\r\ncd\r\n+PONG\r\n"
        for cut in 0...text.utf8.count {
            let bench = Bench()
            let slot = bench.open()
            bench.send(slot, String(text.prefix(cut)))
            bench.send(slot, String(text.dropFirst(cut)))
            #expect(bench.take(slot) == expected, "cut at \(cut)")
        }
    }

    @Test("an idle session owns no input block")
    func idle() {
        let bench = Bench()
        let slot = bench.open()
        bench.send(slot, "PING\r\nPI")
        #expect(slot.value.input.capacity > 0)
        bench.send(slot, "NG\r\n")
        #expect(slot.value.input.capacity == 0)
        #expect(bench.take(slot) == "+PONG\r\n+PONG\r\n")
    }

    @Test("more requests than a batch holds are answered in order", arguments: [31, 32, 33, 200])
    func pipelined(count: Int) {
        let bench = Bench()
        let slot = bench.open()
        bench.send(slot, (0..<count).map { "PING \($0)\r\n" }.joined())
        let expected = (0..<count).map { "$\(String($0).count)\r\n\($0)\r\n" }.joined()
        #expect(bench.take(slot) == expected)
    }

    @Test("sessions in one batch do not disturb each other")
    func severalSessions() {
        let bench = Bench()
        let slots = (0..<50).map { _ in bench.open() }
        for (number, slot) in slots.enumerated() {
            slot.value.input.append("PING a\(number)\r\nPING b\(number)\r\n")
            bench.frontend.value.enqueue(slot)
        }
        bench.serve()
        for (number, slot) in slots.enumerated() {
            let length = String(number).count + 1
            #expect(
                bench.take(slot) == "$\(length)\r\na\(number)\r\n$\(length)\r\nb\(number)\r\n")
        }
    }

    @Test("a protocol error is told after the replies to what came before it")
    func protocolError() {
        let bench = Bench()
        let slot = bench.open()
        bench.send(slot, "PING\r\nPING 1\r\n*x\r\nPING 2\r\n")
        #expect(
            bench.take(slot)
                == "+PONG\r\n$1\r\n1\r\n-ERR Protocol error: invalid multibulk length\r\n")
        #expect(slot.value.flags.contains(.closeAfterReply))
        #expect(bench.frontend.value.statistics.errors["ERR"] == 1)
    }

    @Test("a blocked session executes its later requests when it goes on")
    func blocked() {
        let bench = Bench()
        let slot = bench.open()
        bench.send(slot, "PING 1\r\nBLOCK\r\nPING 2\r\nPING 3\r\nPI")
        #expect(bench.take(slot) == "$1\r\n1\r\n")
        bench.send(slot, "NG 4\r\n")
        #expect(bench.take(slot) == "")
        slot.value.flags.remove(.blocked)
        bench.frontend.value.enqueue(slot)
        bench.serve()
        #expect(bench.take(slot) == "$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n")
    }

    @Test("a session that is to be closed executes nothing more")
    func closing() {
        let bench = Bench()
        let slot = bench.open()
        bench.send(slot, "PING 1\r\nCLIENT KILL ID \(slot.value.id) SKIPME no\r\nPING 2\r\n")
        #expect(bench.take(slot) == "$1\r\n1\r\n:1\r\n")
    }

    @Test("strangers may not announce much before they authenticate")
    func unauthenticated() {
        var settings = FrontendSettings()
        settings.requirePass = Array("secret".utf8)
        let bench = Bench(settings: settings)
        let stranger = bench.open()
        bench.send(stranger, "*1\r\n$16385\r\n")
        #expect(
            bench.take(stranger)
                == "-ERR Protocol error: unauthenticated bulk length\r\n")
        let friend = bench.open()
        let big = String(repeating: "x", count: 16385)
        bench.send(friend, "AUTH secret\r\n*2\r\n$4\r\nPING\r\n$16385\r\n\(big)\r\n")
        #expect(bench.take(friend) == "+OK\r\n$16385\r\n\(big)\r\n")
    }

    @Test("unexecuted input is bounded")
    func queryBuffer() {
        var settings = FrontendSettings()
        settings.queryBufferLimit = 1000
        let bench = Bench(settings: settings)
        let slot = bench.open()
        bench.send(slot, "*1\r\n$2000\r\n" + String(repeating: "x", count: 900))
        #expect(!slot.value.flags.contains(.closing))
        bench.send(slot, String(repeating: "x", count: 100))
        #expect(slot.value.flags.contains(.closing))
        #expect(bench.frontend.value.statistics.queryLimitDisconnections == 1)
    }

    @Test("a link never shares a batch with clients")
    func links() {
        let bench = Bench()
        let slot = bench.open()
        let link = bench.open(role: .link(3))
        slot.value.input.append("PING\r\n")
        link.value.input.append("+OK\r\n")
        bench.frontend.value.enqueue(slot)
        bench.frontend.value.enqueue(link)
        bench.serve()
        #expect(bench.links == [link])
        #expect(bench.take(slot) == "+PONG\r\n")
        #expect(link.value.input.readable.string == "+OK\r\n")
    }

    @Test("a dropped session is forgotten everywhere")
    func dropped() {
        let bench = Bench()
        let slot = bench.open()
        _ = bench.ask(slot, "SUBSCRIBE", "a")
        slot.value.input.append("PING\r\n")
        bench.frontend.value.enqueue(slot)
        bench.frontend.value.close(slot)
        bench.frontend.value.drop(slot)
        let isQueued = bench.frontend.value.hasQueuedSessions
        #expect(!isQueued)
        #expect(bench.frontend.value.closeList.isEmpty)
        #expect(bench.frontend.value.takeFlushList().isEmpty)
        #expect(bench.frontend.value.pubsub.channels.isEmpty)
        #expect(bench.frontend.value.sessions.isEmpty)
    }
}
