import Configuration
import Engine
import Memory
import RESP
import Sessions
import Testing

extension EngineBench {
    /// What a session was sent since it was last looked at.
    func output(_ name: Character) -> String {
        EngineBench.readable(engine.value.takeOutput(session(name)))
    }

    /// Sends a request that must leave the session waiting.
    func wait(_ line: String, on name: Character, _ location: SourceLocation = #_sourceLocation) {
        #expect(run(line, on: name) == "", sourceLocation: location)
        #expect(session(name).value.flags.contains(.blocked), sourceLocation: location)
    }

    /// A field of INFO.
    func info(_ field: String) -> String {
        let line = run("INFO everything").split(separator: "|").first { $0.hasPrefix(field + ":") }
        return String(line?.dropFirst(field.count + 1) ?? "")
    }
}

@Suite struct BlockingTests {
    @Test func whoWaitedFirstIsServedFirst() {
        let bench = EngineBench()
        bench.wait("BLPOP a 0", on: "2")
        bench.wait("BRPOP a 0", on: "3")
        bench.wait("BLMPOP 0 2 x a LEFT COUNT 5", on: "4")
        #expect(bench.info("blocked_clients") == "3")
        #expect(bench.run("RPUSH a 1 2 3 4") == ":4")
        #expect(bench.output("2") == "*2|$1|a|$1|1")
        #expect(bench.output("3") == "*2|$1|a|$1|4")
        #expect(bench.output("4") == "*2|$1|a|*2|$1|2|$1|3")
        #expect(bench.run("EXISTS a") == ":0")
        #expect(bench.info("blocked_clients") == "0")
    }

    @Test func ofManyKeysTheFirstThatWasWrittenCounts() {
        let bench = EngineBench()
        bench.wait("BLPOP a b c 0", on: "2")
        bench.wait("BLPOP c 0", on: "3")
        for line in ["MULTI", "RPUSH c 1", "RPUSH a 2", "EXEC"] { bench.run(line) }
        #expect(bench.output("2") == "*2|$1|c|$1|1")
        #expect(bench.output("3") == "")
        #expect(bench.run("LRANGE a 0 -1") == "*1|$1|2")
        bench.run("RPUSH c 3")
        #expect(bench.output("3") == "*2|$1|c|$1|3")
    }

    @Test func nobodyWaitsInsideATransaction() {
        play(
            """
            MULTI => +OK
            BLPOP a 0 => +QUEUED
            BLMOVE a b LEFT RIGHT 0 => +QUEUED
            BRPOPLPUSH a b 0 => +QUEUED
            BLMPOP 0 1 a LEFT => +QUEUED
            RPUSH a 1 => +QUEUED
            BRPOP b a 0 => +QUEUED
            EXEC => *6|*-1|$-1|$-1|*-1|:1|*2|$1|a|$1|1
            """)
    }

    @Test func timeIsOverInTheOrderOfTheDeadlines() {
        let bench = EngineBench()
        bench.wait("BLPOP a b 0.3", on: "2")
        bench.wait("BLPOP a 0.1", on: "3")
        bench.wait("BLMOVE a b LEFT LEFT 0.2", on: "4")
        bench.wait("BLPOP a 0", on: "5")
        #expect(bench.info("clients_in_timeout_table") == "3")
        bench.pass(90)
        #expect(bench.engine.value.tick() <= 1_000_000 + 100 * 1000)
        #expect("2345".map { bench.output($0) } == ["", "", "", ""])
        bench.pass(10)
        #expect("2345".map { bench.output($0) } == ["", "*-1", "", ""])
        bench.pass(100)
        #expect("2345".map { bench.output($0) } == ["", "", "*-1", ""])
        bench.pass(200)
        #expect("2345".map { bench.output($0) } == ["*-1", "", "", ""])
        bench.run("RPUSH a 1")
        #expect(bench.output("5") == "*2|$1|a|$1|1")
        #expect(bench.info("clients_in_timeout_table") == "0")
    }

    @Test func aClientIsLetGoOnDemand() {
        let bench = EngineBench()
        bench.wait("BLPOP a 0", on: "2")
        bench.wait("BLMOVE a b LEFT LEFT 100", on: "3")
        let ids = "23".map { bench.session($0).value.id }
        #expect(bench.run("CLIENT UNBLOCK \(ids[0])") == ":1")
        #expect(bench.run("CLIENT UNBLOCK \(ids[0])") == ":0")
        #expect(bench.run("CLIENT UNBLOCK \(ids[1]) ERROR") == ":1")
        #expect(bench.output("2") == "*-1")
        #expect(bench.output("3") == "-UNBLOCKED client unblocked via CLIENT UNBLOCK")
        #expect(bench.info("errorstat_UNBLOCKED") == "count=1")
        bench.run("RPUSH a 1")
        #expect(bench.run("LLEN a") == ":1")
        #expect(bench.run("PING", on: "2") == "+PONG")
    }

    @Test func whoIsClosedOrGoneTakesNothing() {
        let bench = EngineBench()
        let before = bench.engine.value.heap.used
        bench.wait("BLPOP a b 0", on: "2")
        bench.wait("BLPOP a 50", on: "3")
        let (gone, killed) = (bench.session("2"), bench.session("3"))
        #expect(gone.value.heldNames > 0)
        bench.engine.value.disconnected(gone)
        // The host has not closed it yet.
        bench.engine.value.frontend.close(killed)
        #expect(bench.run("RPUSH a 1") == ":1")
        #expect(bench.run("LLEN a") == ":1")
        bench.engine.value.disconnected(killed)
        bench.run("DEL a")
        #expect(bench.info("clients_in_timeout_table") == "0")
        // Replies and statistics may have got blocks, names of keys are none of them.
        #expect(bench.engine.value.heap.used - before < 100_000)
    }

    @Test func aReplicaLetsNobodyWait() {
        let bench = EngineBench()
        bench.wait("BLPOP a 0", on: "2")
        bench.wait("BLMOVE b c LEFT LEFT 10", on: "3")
        bench.run("REPLICAOF nowhere 1")
        for name: Character in ["2", "3"] {
            #expect(
                bench.output(name) == "-UNBLOCKED force unblock from blocking operation, "
                    + "instance state changed (master -> replica?)")
            #expect(bench.session(name).value.flags.contains(.closeAfterReply))
        }
        #expect(bench.run("BLPOP a 0").hasPrefix("-READONLY"))
        #expect(bench.info("blocked_clients") == "0")
    }

    @Test func aPauseHoldsRequestsBackBeforeTheyWait() {
        let bench = EngineBench()
        bench.wait("BLPOP a 0", on: "2")
        bench.run("CLIENT PAUSE 100 WRITE")
        bench.wait("BLPOP b 0.05", on: "3")
        bench.wait("RPUSH a 1 2", on: "4")
        bench.pass(60)
        #expect(bench.output("3") == "")
        bench.pass(60)
        bench.run("PING")
        #expect(bench.output("4") == ":2")
        #expect(bench.output("2") == "*2|$1|a|$1|1")
        bench.pass(60)
        #expect(bench.output("3") == "*-1")
    }

    @Test func whatIsSentBehindRunsAfterwards() {
        let bench = EngineBench()
        #expect(bench.run("BLPOP a 0\r\nRPUSH b x\r\nBLPOP c 0\r\nPING", on: "2") == "")
        bench.wait("BLPOP b 0", on: "3")
        bench.run("RPUSH a 1")
        #expect(bench.output("2") == "*2|$1|a|$1|1|:1")
        #expect(bench.output("3") == "*2|$1|b|$1|x")
        bench.run("RPUSH c 2")
        #expect(bench.output("2") == "*2|$1|c|$1|2|+PONG")
    }

    @Test func silencedClientsHearNothing() {
        let bench = EngineBench()
        bench.wait("CLIENT REPLY SKIP\r\nBLPOP a 0", on: "2")
        bench.wait("CLIENT REPLY OFF\r\nBLPOP a 0", on: "3")
        bench.run("RPUSH a 1 2")
        #expect(bench.run("EXISTS a") == ":0")
        #expect(bench.run("PING", on: "2") == "+PONG")
        #expect(bench.run("PING\r\nCLIENT REPLY ON", on: "3") == "+OK")
    }

    @Test func whatWakesIsAnyWayToGetAList() {
        let bench = EngineBench()
        for line in ["RENAME b a", "COPY b a", "LMOVE b a LEFT LEFT", "SWAPDB 0 1"] {
            bench.run("DEL a b")
            bench.wait("BLPOP a 0", on: "2")
            if line.hasPrefix("SWAPDB") {
                for line in ["SELECT 1", "RPUSH a 1", "SELECT 0"] { bench.run(line) }
            } else {
                bench.run("RPUSH b 1")
            }
            bench.run(line)
            #expect(bench.output("2") == "*2|$1|a|$1|1", "\(line)")
        }
    }

    @Test func replicasAreSentWhatWasServed() {
        let bench = EngineBench()
        bench.attachReplica()
        bench.wait("BLMOVE a b LEFT RIGHT 0", on: "2")
        bench.wait("BRPOPLPUSH b c 0", on: "3")
        bench.wait("BLPOP c 0", on: "4")
        bench.wait("BLMPOP 0 1 a RIGHT COUNT 7", on: "5")
        play(
            """
            MULTI => +OK
            RPUSH a 1 2 3 => +QUEUED
            SET k v => +QUEUED
            EXEC => *2|:3|+OK
            ~ MULTI; RPUSH a 1 2 3; SET k v; EXEC; LMOVE a b left right; RPOP a 2; \
            RPOPLPUSH b c; LPOP c
            RPUSH a 1 2 3 => :3
            blpop a 0 => *2|$1|a|$1|1
            BLMPOP 0 1 a left COUNT 1 => *2|$1|a|*1|$1|2
            blmove a b Left right 0 => $1|3
            brpoplpush b c 0 => $1|3
            LMPOP 2 b c RIGHT COUNT 9 => *2|$1|c|*1|$1|3
            ~ RPUSH a 1 2 3; LPOP a; LPOP a 1; LMOVE a b Left right; RPOPLPUSH b c; RPOP c 1
            """, on: bench)
        #expect(
            "2345".map { bench.output($0) } == [
                "$1|1", "$1|1", "*2|$1|c|$1|1", "*2|$1|a|*2|$1|3|$1|2",
            ])
    }

    @Test func theStreamOfThePrimaryServesSessionsOfAWritableReplica() {
        let network = TestNetwork()
        let primary = network.add("p")
        let replica = network.add("r") {
            $0.replicaOf = PrimaryAddress(host: "p", port: 6379)
            $0.replicaReadOnly = false
        }
        #expect(network.wait { replica.isLinkUp })
        let client = TestClient(network, replica)
        client?.send("BLPOP", "a", "0")
        #expect(network.wait { replica.info("blocked_clients") == "1" })
        primary.run("RPUSH", "a", "1", "2")
        #expect(network.wait { replica.run("LLEN", "a") == .integer(1) })
        #expect(client?.reply() == .array([.bulk(Array("a".utf8)), .bulk(Array("1".utf8))]))
        #expect(primary.run("LLEN", "a") == .integer(2))
    }
}
