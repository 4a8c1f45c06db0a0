import Foundation
import Testing

/// The same conversations with our server and with redis-server, compared byte for byte.
@Suite("Transcripts beside redis-server")
struct TranscriptTests {
    /// The names of the transcripts.
    static let names: [String] = {
        let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        return (files ?? []).filter { $0.hasSuffix(".txt") }.sorted()
    }()

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Transcripts")

    @Test(
        "every reply is the one Redis 7.0.15 gives", .enabled(if: ServerProgram.redis != nil),
        arguments: names, [2, 3])
    func replies(name: String, version: Int) throws {
        let text = try String(
            contentsOf: TranscriptTests.folder.appendingPathComponent(name), encoding: .utf8)
        let transcript = try Transcript(name: name, text: text)
        let differences = try Differences.load()
        let reference = try #require(ServerProgram.redis)
        let settings = ["enable-debug-command yes"]
        let expected = try transcript.play(
            on: RunningServer(reference, settings), resp: version)
        let actual = try transcript.play(
            on: RunningServer(ServerProgram.tandem, settings), resp: version)
        for (index, step) in transcript.steps.enumerated() where !differences.excuse(step.text) {
            let isSame = Transcript.agree(expected[index], actual[index], step.comparison)
            let wanted = Transcript.view(expected[index], step.comparison)
            let got = Transcript.view(actual[index], step.comparison)
            #expect(isSame, "\(name):\(step.line): \(step.text)\n\(contrast(wanted, got))")
        }
    }

    /// Both replies from shortly before the place where they part.
    private func contrast(_ wanted: String, _ got: String) -> String {
        let common = zip(wanted, got).prefix { $0 == $1 }.count
        let part = { (text: String) in String(text.dropFirst(max(common - 80, 0)).prefix(240)) }
        return "redis:  \(part(wanted).debugDescription)\ntandem: \(part(got).debugDescription)"
    }

    @Test("there are transcripts to play") func present() {
        #expect(TranscriptTests.names.count > 5)
    }

    @Test("a line is read as redis-cli reads it") func words() throws {
        let words = try Transcript.split("SET \"a b\" \"\\x00\\n\" c")
        #expect(words == [Array("SET".utf8), Array("a b".utf8), [0, 10], Array("c".utf8)])
        #expect(throws: Transcript.Malformed.self) { try Transcript.split("\"open") }
    }

    @Test("steps tell connection, comparison and action") func steps() throws {
        let transcript = try Transcript(name: "t", text: "#! note\n2: ~ KEYS *\n<\nclose \"x\"\n")
        #expect(transcript.steps.map(\.connection) == [2, 1, 1])
        #expect(transcript.steps.map(\.comparison) == [.anyOrder, .exact, .exact])
        #expect(transcript.steps[1].action == .next)
        #expect(transcript.steps[2].action == .untilClosed([120]))
        let waiting = try Transcript(name: "t", text: "3: later raw \"x\" y\nlater PING\n")
        #expect(waiting.steps[0].action == .later(Array("xy".utf8)))
        #expect(waiting.steps[1].action == .later(Array("*1\r\n$4\r\nPING\r\n".utf8)))
    }

    @Test("replies are told apart by what matters, and only that") func views() {
        let one = Array("*2\r\n$1\r\na\r\n$1\r\nb\r\n".utf8)
        let two = Array("*2\r\n$1\r\nb\r\n$1\r\na\r\n".utf8)
        #expect(Transcript.view(one, .exact) != Transcript.view(two, .exact))
        #expect(Transcript.view(one, .anyOrder) == Transcript.view(two, .anyOrder))
        #expect(Transcript.view(Array(":1\r\n".utf8), .masked) == ":N\r\n")
        #expect(Transcript.view(Array("-ERR a b\r\n".utf8), .kind) == "-ERR")
        let near = { (one: Int, two: Int) in
            Transcript.agree(Array(":\(one)\r\n".utf8), Array(":\(two)\r\n".utf8), .near)
        }
        #expect(near(100, 99) && near(-1, -1))
        #expect(!near(100, 98) && !near(-1, -2) && !Transcript.agree(one, two, .near))
    }

    @Test("a reply ends where its frame ends") func frames() throws {
        let replies = [
            "+OK\r\n", "$-1\r\n", "$0\r\n\r\n", "*-1\r\n", "*2\r\n*0\r\n$1\r\nx\r\n", "_\r\n",
            "%1\r\n+a\r\n:1\r\n", ">2\r\n+a\r\n+b\r\n", "=5\r\ntxt:a\r\n",
            "|1\r\n+a\r\n:1\r\n+OK\r\n",
        ]
        for reply in replies {
            let bytes = Array(reply.utf8)
            #expect(try ReplyFrame.length(of: (bytes + [43])[...]) == bytes.count)
            for cut in 0..<bytes.count {
                #expect(try ReplyFrame.length(of: bytes[..<cut]) == nil)
            }
        }
        #expect(throws: WireClient.Failure.self) {
            try ReplyFrame.length(of: Array("x\r\n".utf8)[...])
        }
    }

    @Test("a difference excuses the commands it names") func differences() {
        let table = Differences(table: "# c\nreply\tDEBUG SLEEP*\ta\tb\twhy\ninfo\tx\ta\tb\twhy\n")
        #expect(table.excuse("debug sleep 0"))
        #expect(!table.excuse("DEBUG"))
        #expect(!table.excuse("x"))
    }
}
