import Memory
import Replication
import Testing

/// One conversation as text: `<` what the primary sends, `>` requests, `=` the outcome.
struct Transcript {
    var machine: PrimaryHandshake
    var lines: [String] = []
    var logs: [String] = []

    init(_ settings: PrimaryHandshake.Settings) {
        machine = PrimaryHandshake(settings, at: 0)
        note(machine.opened(at: 1))
    }

    mutating func note(_ actions: [PrimaryHandshake.Action]) {
        for action in actions {
            switch action {
            case .send(let requests):
                lines += requests.map { words in
                    "> " + words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
                }
            case .sendInline(let text): lines.append("> inline " + text)
            case .log(let line): logs.append(line.text)
            case .end(.snapshot(let position)):
                lines.append("= snapshot \(position.map { "\($0.id) \($0.offset)" } ?? "-")")
            case .end(.continued(let id)): lines.append("= continued \(id?.text ?? "-")")
            case .end(.failed(let atOnce)): lines.append("= failed \(atOnce ? "now" : "later")")
            case .end(.failoverRejected): lines.append("= rejected")
            case .end(.failoverTargetIsPrimary): lines.append("= is primary")
            }
        }
    }

    mutating func hear(_ replies: String...) {
        for reply in replies {
            lines.append("< " + reply)
            note(machine.received(reply, at: 2))
        }
    }
}

@Suite struct HandshakeTests {
    private let a = id("a")
    private typealias Settings = PrimaryHandshake.Settings

    @Test func aFreshReplicaWithEverythingConfigured() {
        var talk = Transcript(
            Settings(
                user: Array("joe".utf8), password: Array("secret".utf8), listeningPort: 6380,
                announcedAddress: "10.0.0.2"))
        talk.hear("-NOAUTH Authentication required.", "+OK", "+OK", "+OK", "+OK")
        talk.hear("", "", "+FULLRESYNC \(a) 42")
        #expect(
            talk.lines == [
                "> PING", "< -NOAUTH Authentication required.", "> AUTH joe secret",
                "> REPLCONF listening-port 6380", "> REPLCONF ip-address 10.0.0.2",
                "> REPLCONF capa eof capa psync2", "< +OK", "< +OK", "< +OK", "< +OK",
                "> PSYNC ? -1", "< ", "< ", "< +FULLRESYNC \(a) 42",
                "= snapshot \(a) 42",
            ])
        #expect(
            talk.logs == [
                "Non blocking connect for SYNC fired the event.",
                "Master replied to PING, replication can continue...",
                "Partial resynchronization not possible (no cached master)",
                "Full resync from master: \(a):42",
            ])
    }

    @Test func aReplicaThatContinues() {
        let position = StreamPosition(id: a, offset: 99)
        var talk = Transcript(
            Settings(password: Array("p".utf8), listeningPort: 1, position: position))
        talk.hear("+PONG", "+OK", "+OK", "+OK")
        #expect(talk.lines[2] == "> AUTH p")
        #expect(talk.lines.last == "> PSYNC \(a) 100")
        #expect(talk.logs.last == "Trying a partial resynchronization (request \(a):100).")
        var same = talk
        same.hear("+CONTINUE")
        #expect(same.lines.last == "= continued -")
        same = talk
        same.hear("+CONTINUE \(a)")
        #expect(same.logs.last == "Successful partial resynchronization with master.")
        talk.hear("+CONTINUE \(id("b"))")
        #expect(talk.logs.last == "Master replication ID changed to \(id("b"))")
        #expect(talk.lines.last == "= continued \(id("b"))")
    }

    @Test func optionsThePrimaryDoesNotKnowAreNoObstacle() {
        var talk = Transcript(Settings(listeningPort: 1, announcedAddress: "h"))
        talk.hear("+PONG", "-ERR one", "-ERR two", "-ERR three")
        #expect(talk.lines.last == "> PSYNC ? -1")
        #expect(
            Array(talk.logs.suffix(4).prefix(3)) == [
                "(Non critical) Master does not understand REPLCONF listening-port: -ERR one",
                "(Non critical) Master does not understand REPLCONF ip-address: -ERR two",
                "(Non critical) Master does not understand REPLCONF capa: -ERR three",
            ])
    }

    @Test(arguments: [
        ("-NOMASTERLINK Can't SYNC while not connected with my master", "failed later"),
        ("-LOADING Redis is loading the dataset in memory", "failed later"),
        ("-ERR unknown command `PSYNC`", "snapshot -"),
        ("-NOAUTH Authentication required.", "snapshot -"),
        ("+OK", "snapshot -"),
        ("+FULLRESYNC", "failed later"),
        ("+FULLRESYNC short 1", "failed later"),
        ("+FULLRESYNC \(String(repeating: "a", count: 40)) -1", "failed later"),
        ("+FULLRESYNC \(String(repeating: "a", count: 40)) x", "failed later"),
        ("+CONTINUE", "failed later"),
    ])
    func answersToPsync(_ reply: String, _ outcome: String) {
        var talk = Transcript(Settings(listeningPort: 1))
        talk.hear("+PONG", "+OK", "+OK", reply)
        #expect(talk.lines.last == "= \(outcome)")
        let retried = talk.lines.contains("> inline SYNC\r\n")
        #expect(retried == (outcome == "snapshot -"))
        // Whatever comes later changes nothing.
        let count = talk.lines.count
        talk.hear("+OK")
        #expect(talk.lines.count == count + 1)
    }

    @Test func aPrimaryThatCannotSaveIsFollowed() {
        var talk = Transcript(Settings(listeningPort: 1))
        talk.hear("-MISCONF Redis is configured to save RDB snapshots, but", "+OK", "+OK")
        #expect(talk.lines.last == "> PSYNC ? -1")
    }

    @Test func aRefusedPasswordOrPingEndsTheAttempt() {
        var talk = Transcript(Settings(password: Array("p".utf8), listeningPort: 1))
        talk.hear("+PONG", "-WRONGPASS invalid username-password pair or user is disabled.")
        #expect(talk.lines.last == "= failed later")
        #expect(talk.logs.last?.hasPrefix("Unable to AUTH to MASTER: -WRONGPASS") == true)
        for reply in ["-LOADING Redis is loading", "-ERR max number of clients", "HTTP/1.1", ""] {
            var other = Transcript(Settings(listeningPort: 1))
            other.hear(reply)
            #expect(other.lines.last == "= failed later")
            #expect(other.logs.last == "Error reply to PING from master: '\(reply)'")
        }
        for reply in ["-NOPERM no", "-ERR operation not permitted", "+anything"] {
            var other = Transcript(Settings(listeningPort: 1))
            other.hear(reply)
            #expect(other.lines.last == "> REPLCONF capa eof capa psync2")
        }
    }

    @Test func aFailoverAsksTheTargetToTakeOver() {
        let position = StreamPosition(id: a, offset: 9)
        var talk = Transcript(Settings(listeningPort: 1, position: position, isFailover: true))
        talk.hear("+PONG", "+OK", "+OK")
        #expect(talk.lines.last == "> PSYNC \(a) 10 FAILOVER")
        for reply in ["-NOMASTERLINK x", "-LOADING x", "-ERR x", "+OK"] {
            var refused = talk
            refused.hear(reply)
            #expect(refused.lines.last == "= rejected")
            #expect(!refused.lines.contains("> inline SYNC\r\n"))
        }
        talk.hear("+CONTINUE \(id("b"))")
        #expect(talk.lines.last == "= continued \(id("b"))")
    }

    @Test func silenceEndsTheAttemptAndNewlinesDoNot() {
        var talk = Transcript(Settings(listeningPort: 1, timeout: 1000))
        #expect(talk.machine.deadline == 1002)
        #expect(talk.machine.tick(at: 1001) == [])
        talk.note(talk.machine.tick(at: 1002))
        #expect(talk.lines.last == "= failed now")
        #expect(talk.logs.last == "Timeout connecting to the MASTER...")
        var waiting = Transcript(Settings(listeningPort: 1, timeout: 1000))
        waiting.hear("+PONG", "+OK", "+OK")
        #expect(waiting.machine.received("", at: 900) == [])
        #expect(waiting.machine.tick(at: 1900) == [])
        #expect(waiting.machine.tick(at: 1901).count == 2)
        var endless = Transcript(Settings(listeningPort: 1))
        endless.note(endless.machine.receivedNoLine())
        #expect(endless.lines.last == "= failed later")
    }
}

@Suite struct WireLineTests {
    private func next(_ text: String, at position: Int = 0) -> WireLine {
        Array(text.utf8).withView { WireLine.next($0, at: position) }
    }

    @Test func linesEndWithOrWithoutACarriageReturn() {
        #expect(next("+OK\r\n+X") == .line("+OK", end: 5))
        #expect(next("+OK\n") == .line("+OK", end: 4))
        #expect(next("\n\n") == .line("", end: 1))
        #expect(next("ab\r\n+X\r\n", at: 4) == .line("+X", end: 8))
        #expect(next("+OK\r") == .incomplete && next("") == .incomplete)
    }

    @Test func endlessLinesAreRefused() {
        let long = String(repeating: "x", count: 1025)
        #expect(next(long) == .tooLong && next(long + "\n") == .tooLong)
        #expect(next(String(long.dropLast())) == .incomplete)
    }
}
