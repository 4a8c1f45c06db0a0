import Configuration
import Memory
import RESP
import Sessions
import Testing

@Suite("Output of sessions")
struct OutputTests {
    @Test("held replies leave in order, when what they tell is safe")
    func held() {
        let bench = Bench()
        let slot = bench.open()
        slot.value.reply.simple("A")
        let second = slot.value.reply.buffer.count
        slot.value.reply.simple("B")
        slot.value.hold(from: second, tag: 10)
        let third = slot.value.reply.buffer.count
        slot.value.reply.simple("C")
        slot.value.hold(from: third, tag: 20)
        #expect(bench.take(slot) == "+A\r\n")
        #expect(bench.take(slot) == "")
        var released = slot.value.release(upTo: 9)
        #expect(!released)
        released = slot.value.release(upTo: 10)
        #expect(released)
        #expect(bench.take(slot) == "+B\r\n")
        _ = slot.value.release(upTo: 30)
        #expect(bench.take(slot) == "+C\r\n")
    }

    @Test("a reply behind a held one waits for it")
    func behindHeld() {
        let bench = Bench()
        let slot = bench.open()
        slot.value.reply.simple("A")
        slot.value.hold(from: 0, tag: 10)
        let second = slot.value.reply.buffer.count
        slot.value.reply.simple("B")
        // It depends on less, but replies keep their order.
        slot.value.hold(from: second, tag: 5)
        #expect(slot.value.held.count == 1)
        #expect(bench.take(slot) == "")
        _ = slot.value.release(upTo: 10)
        #expect(bench.take(slot) == "+A\r\n+B\r\n")
    }

    @Test("positions of held replies survive partial writes")
    func partialWrites() {
        let bench = Bench()
        let slot = bench.open()
        slot.value.reply.simple("ABCDEF")
        let start = slot.value.reply.buffer.count
        slot.value.reply.simple("X")
        slot.value.hold(from: start, tag: 1)
        bench.frontend.value.sent(slot, 3)
        #expect(bench.take(slot) == "CDEF\r\n")
        #expect(bench.take(slot) == "")
        _ = slot.value.release(upTo: 1)
        #expect(bench.take(slot) == "+X\r\n")
    }

    @Test("the hard limit of a class closes at once")
    func hardLimit() {
        var settings = FrontendSettings()
        settings.outputLimits[ClientClass.normal.rawValue].hardBytes = 100
        let bench = Bench(settings: settings)
        let slot = bench.open()
        bench.send(slot, "BIG 80\r\n")
        bench.frontend.value.enforceOutputLimit(slot)
        #expect(!slot.value.flags.contains(.closing))
        bench.send(slot, "BIG 80\r\n")
        bench.frontend.value.enforceOutputLimit(slot)
        #expect(slot.value.flags.contains(.closing))
        #expect(bench.frontend.value.closeList == [slot])
        #expect(bench.frontend.value.statistics.outputLimitDisconnections == 1)
    }

    @Test("the soft limit closes when it lasts")
    func softLimit() {
        var settings = FrontendSettings()
        settings.outputLimits[ClientClass.normal.rawValue] = OutputBufferLimit(
            hardBytes: 0, softBytes: 50, softSeconds: 10)
        let bench = Bench(settings: settings)
        let slot = bench.open()
        bench.send(slot, "BIG 80\r\n")
        bench.frontend.value.enforceOutputLimit(slot)
        bench.frontend.value.time.monotonic += 9_000_000
        bench.frontend.value.enforceOutputLimit(slot)
        #expect(!slot.value.flags.contains(.closing))
        // Below the limit for a moment: the time starts again.
        let all = bench.take(slot)
        #expect(all.utf8.count == 87)
        bench.frontend.value.enforceOutputLimit(slot)
        bench.send(slot, "BIG 80\r\n")
        bench.frontend.value.time.monotonic += 9_000_000
        bench.frontend.value.enforceOutputLimit(slot)
        #expect(!slot.value.flags.contains(.closing))
        bench.frontend.value.time.monotonic += 11_000_000
        bench.frontend.value.enforceOutputLimit(slot)
        #expect(slot.value.flags.contains(.closing))
    }

    @Test("a subscriber that does not read is closed by its own class's limit")
    func slowSubscriber() {
        var settings = FrontendSettings()
        settings.outputLimits[ClientClass.pubsub.rawValue].hardBytes = 1000
        let bench = Bench(settings: settings)
        let slot = bench.open()
        _ = bench.ask(slot, "SUBSCRIBE", "news")
        let message = [UInt8](repeating: 120, count: 400)
        for _ in 0..<3 {
            message.withView { _ = bench.frontend.value.publish(ByteView("news"), $0) }
        }
        #expect(slot.value.flags.contains(.closing))
    }

    @Test("sessions to flush are listed once")
    func flushList() {
        let bench = Bench()
        let slot = bench.open()
        bench.send(slot, "PING\r\nPING\r\n")
        #expect(bench.frontend.value.takeFlushList() == [slot])
        #expect(bench.frontend.value.takeFlushList().isEmpty)
        bench.send(slot, "PING\r\n")
        #expect(bench.frontend.value.takeFlushList() == [slot])
    }
}
