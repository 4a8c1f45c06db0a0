import Memory
import RESP
import RESPClient
import Testing

@Suite("Pipeline of an outgoing connection")
struct PipelineTests {
    private typealias Pipeline = ClientPipeline<String>

    /// The events in `text`, arriving cut behind the bytes `cuts`.
    private func events(
        _ pipeline: inout Pipeline, _ text: String, cuts: [Int] = []
    ) throws -> [Pipeline.Event] {
        let stream = Array(text.utf8)
        var events: [Pipeline.Event] = []
        var start = 0
        for end in cuts + [stream.count] {
            let piece = Array(stream[start..<end])
            start += try piece.withView { view in
                var position = 0
                while let (event, end) = try pipeline.next(view, at: position) {
                    events.append(event)
                    position = end
                }
                return position
            }
        }
        return events
    }

    @Test("Replies come back in order with the tokens of their requests")
    func order() throws {
        var pipeline = Pipeline()
        for token in ["a", "b", "c"] { _ = pipeline.send(token, at: 0) }
        #expect(pipeline.count == 3)
        let text = "+OK\r\n:1\r\n"
        #expect(
            try events(&pipeline, text, cuts: Array(1..<text.utf8.count))
                == [.reply("a", .simple("OK")), .reply("b", .integer(1))])
        #expect(pipeline.count == 1)
        #expect(try events(&pipeline, "-ERR x\r\n") == [.reply("c", .error("ERR x"))])
        #expect(pipeline.count == 0)
    }

    @Test("Push data does not count as a reply")
    func push() throws {
        var pipeline = Pipeline()
        _ = pipeline.send("a", at: 0)
        #expect(
            try events(&pipeline, ">2\r\n+message\r\n:1\r\n+OK\r\n")
                == [.push([.simple("message"), .integer(1)]), .reply("a", .simple("OK"))])
    }

    @Test("Messages of a RESP2 subscription are push data, other replies are not")
    func subscription() throws {
        var pipeline = Pipeline()
        pipeline.isSubscribed = true
        _ = pipeline.send("ping", at: 0)
        let message = "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n"
        #expect(
            try events(&pipeline, message + "*2\r\n$4\r\npong\r\n$0\r\n\r\n")
                == [
                    .push([.text("message"), .text("c"), .text("m")]),
                    .reply("ping", .array([.text("pong"), .text("")])),
                ])
        pipeline.isSubscribed = false
        _ = pipeline.send("lrange", at: 0)
        #expect(
            try events(&pipeline, message).first
                == .reply(
                    "lrange",
                    .array([
                        .text("message"), .text("c"), .text("m"),
                    ])))
    }

    @Test("A reply nobody waits for is told apart, and so is what is no reply")
    func unexpected() throws {
        var pipeline = Pipeline()
        #expect(try events(&pipeline, "+OK\r\n") == [.unexpected(.simple("OK"))])
        #expect(throws: RESPError.unknownReplyType(72)) {
            try events(&pipeline, "HTTP/1.1 400\r\n")
        }
    }

    @Test("The oldest request without a reply decides what is overdue")
    func overdue() throws {
        var pipeline = Pipeline()
        #expect(!pipeline.isOverdue(at: 1_000_000, timeout: 0))
        _ = pipeline.send("a", at: 100)
        _ = pipeline.send("b", at: 200)
        #expect(!pipeline.isOverdue(at: 150, timeout: 50))
        #expect(pipeline.isOverdue(at: 151, timeout: 50))
        _ = try events(&pipeline, "+OK\r\n")
        #expect(pipeline.oldestSent == 200)
        #expect(!pipeline.isOverdue(at: 250, timeout: 50))
    }

    @Test("Closing gives the requests without a reply and forgets half a reply")
    func close() throws {
        var pipeline = Pipeline()
        for token in ["a", "b", "c"] { _ = pipeline.send(token, at: 0) }
        _ = try events(&pipeline, "+OK\r\n*2\r\n:1\r\n")
        #expect(pipeline.close() == ["b", "c"])
        #expect(pipeline == Pipeline())
    }

    @Test("The number of waiting requests is bounded")
    func bounded() throws {
        var pipeline = Pipeline(capacity: 2)
        let accepted = ["a", "b", "c"].map { pipeline.send($0, at: 0) }
        #expect(accepted == [true, true, false])
        _ = try events(&pipeline, "+OK\r\n")
        let isAccepted = pipeline.send("c", at: 0)
        #expect(isAccepted)
    }

    @Test("Thousands of replies keep their order")
    func many() throws {
        var pipeline = ClientPipeline<Int>()
        for round in 0..<5 {
            for token in 0..<2000 { _ = pipeline.send(round * 2000 + token, at: 0) }
            for token in 0..<2000 {
                let event = pipeline.received(.integer(Int64(token)))
                #expect(event == .reply(round * 2000 + token, .integer(Int64(token))))
            }
        }
        #expect(pipeline.count == 0)
    }
}

@Suite("Reconnecting")
struct ReconnectTests {
    @Test("Delays double up to the longest, and chance takes at most a quarter off")
    func growing() {
        for random in [UInt64(0), 12_345_678, .max] {
            var schedule = ReconnectSchedule(first: 100, longest: 1000)
            #expect(schedule.isDue(at: 0))
            for delay in [100, 200, 400, 800, 1000, 1000] as [Int64] {
                let due = schedule.failed(at: 5000, random: random)
                #expect((5000 + delay - delay / 4...5000 + delay).contains(due))
                #expect(!schedule.isDue(at: due - 1))
                #expect(schedule.isDue(at: due))
            }
            schedule.succeeded()
            #expect(schedule == ReconnectSchedule(first: 100, longest: 1000))
        }
    }

    @Test("Any number of failures leaves a finite delay")
    func manyFailures() {
        var schedule = ReconnectSchedule(first: 1, longest: .max / 4)
        for _ in 0..<200 { _ = schedule.failed(at: 0, random: 0) }
        #expect(schedule.nextTry == .max / 4)
    }
}
