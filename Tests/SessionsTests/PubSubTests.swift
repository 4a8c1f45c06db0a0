import Memory
import RESP
import Sessions
import Testing

@Suite("Subscriptions")
struct PubSubTests {
    @Test("SUBSCRIBE and its kin count channels and patterns together")
    func counts() {
        let bench = Bench()
        let slot = bench.open()
        #expect(
            bench.ask(slot, "SUBSCRIBE", "a", "b", "a")
                == "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
                + "*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n"
                + "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:2\r\n")
        #expect(
            bench.ask(slot, "PSUBSCRIBE", "*") == "*3\r\n$10\r\npsubscribe\r\n$1\r\n*\r\n:3\r\n")
        #expect(
            bench.ask(slot, "UNSUBSCRIBE")
                == "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:2\r\n"
                + "*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:1\r\n")
        #expect(slot.value.flags.contains(.subscribed))
        #expect(
            bench.ask(slot, "PUNSUBSCRIBE", "*")
                == "*3\r\n$12\r\npunsubscribe\r\n$1\r\n*\r\n:0\r\n")
        #expect(!slot.value.flags.contains(.subscribed))
        #expect(
            bench.ask(slot, "UNSUBSCRIBE") == "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n")
    }

    @Test("a message goes to channel and patterns in the order of subscription")
    func delivery() {
        let bench = Bench()
        let slot = bench.open()
        _ = bench.ask(slot, "PSUBSCRIBE", "n*", "*s", "x*")
        _ = bench.ask(slot, "SUBSCRIBE", "news")
        let receivers = bench.frontend.value.publish(ByteView("news"), ByteView("hi"))
        #expect(receivers == 3)
        #expect(
            bench.take(slot)
                == "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n"
                + "*4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$2\r\nhi\r\n"
                + "*4\r\n$8\r\npmessage\r\n$2\r\n*s\r\n$4\r\nnews\r\n$2\r\nhi\r\n")
    }

    @Test("in RESP3 messages are pushes, and other commands stay possible")
    func pushes() {
        let bench = Bench()
        let slot = bench.open()
        _ = bench.ask(slot, "HELLO", "3")
        #expect(
            bench.ask(slot, "SUBSCRIBE", "a") == ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n")
        #expect(bench.frontend.value.publish(ByteView("a"), ByteView("b")) == 1)
        #expect(bench.take(slot) == ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n")
        #expect(bench.ask(slot, "PING") == "+PONG\r\n")
    }

    @Test("PING of a RESP2 subscriber is answered as a message")
    func ping() {
        let bench = Bench()
        let slot = bench.open()
        _ = bench.ask(slot, "SUBSCRIBE", "a")
        #expect(bench.ask(slot, "PING") == "*2\r\n$4\r\npong\r\n$0\r\n\r\n")
        #expect(bench.ask(slot, "PING", "x") == "*2\r\n$4\r\npong\r\n$1\r\nx\r\n")
    }

    @Test("patterns are served in the order in which they came, also after others went")
    func patternOrder() {
        let bench = Bench()
        let slot = bench.open()
        let patterns = ["a*", "*b", "?b", "a?", "ab"]
        for pattern in patterns { _ = bench.ask(slot, "PSUBSCRIBE", pattern) }
        for gone in ["*b", "a*", "?b"] { _ = bench.ask(slot, "PUNSUBSCRIBE", gone) }
        _ = bench.ask(slot, "PSUBSCRIBE", "a*")
        #expect(
            bench.frontend.value.pubsub.patternOrder.places.compactMap { $0 }.map {
                String(decoding: $0, as: UTF8.self)
            } == ["a?", "ab", "a*"])
        #expect(bench.frontend.value.publish(ByteView("ab"), ByteView("m")) == 3)
    }

    /// Were the cost of each to grow with their number, this would take minutes.
    @Test("a session with many patterns goes quickly")
    func manyPatterns() {
        let bench = Bench()
        let slot = bench.open()
        for index in 0..<50_000 {
            _ = bench.frontend.value.pubsub.add(.pattern, Array("pattern:\(index)".utf8), slot)
        }
        bench.frontend.value.drop(slot)
        #expect(bench.frontend.value.pubsub.patternOrder.isEmpty)
    }

    @Test("what a session listened to is forgotten with it")
    func forgotten() {
        let bench = Bench()
        let (first, second) = (bench.open(), bench.open())
        for slot in [first, second] {
            _ = bench.ask(slot, "SUBSCRIBE", "a")
            _ = bench.ask(slot, "PSUBSCRIBE", "a*")
        }
        bench.frontend.value.drop(first)
        #expect(bench.frontend.value.publish(ByteView("a"), ByteView("b")) == 2)
        bench.frontend.value.drop(second)
        #expect(bench.frontend.value.publish(ByteView("a"), ByteView("b")) == 0)
        #expect(bench.frontend.value.pubsub.patternOrder.isEmpty)
        #expect(bench.frontend.value.pubsub.patterns.isEmpty)
    }
}
