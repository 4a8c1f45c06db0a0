import Engine
import Memory
import RESP
import Testing

/// A replica whose primary is played by the test and does not behave.
@Suite struct StrangePrimaryTests {
    private let network = TestNetwork()
    private let replica: TestServer

    init() {
        network.strangers["stranger"] = 0
        replica = network.add("r")
    }

    private static let id = String(repeating: "a", count: 40)

    /// An RDB with these fields and one key; its checksum is left out.
    private func snapshot(_ fields: [(String, String)] = []) -> [UInt8] {
        func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
        return Array("REDIS0010".utf8)
            + fields.flatMap { [0xFA] + text($0.0) + text($0.1) }
            + [0xFE, 0, 0] + text("k") + text("v") + [0xFF] + [UInt8](repeating: 0, count: 8)
    }

    /// Follows the stranger, which answers a whole handshake at once.
    private func follow(offset: String = "100", _ snapshot: [UInt8], then stream: [[String]] = []) {
        replica.run("REPLICAOF", "stranger", "6379")
        network.settle()
        let pipe = network.strangers["stranger"] ?? 0
        let answers = "+PONG\r\n+OK\r\n+OK\r\n+OK\r\n+FULLRESYNC \(Self.id) \(offset)\r\n"
        let requests = stream.flatMap { RequestWriter.bytes($0) }
        network.send(
            Array("\(answers)$\(snapshot.count)\r\n".utf8) + snapshot + requests, on: pipe)
        network.settle()
    }

    @Test func aSnapshotAndItsStreamAreTaken() {
        follow(snapshot(), then: [["SELECT", "0"], ["SET", "a", "1"]])
        #expect(replica.isLinkUp && replica.get("k") == "v" && replica.get("a") == "1")
        #expect(replica.info("slave_repl_offset") == "150")
    }

    @Test(arguments: ["9223372036854775807", "9223372036854775800", "4611686018427387905"])
    func anOffsetBeyondAllCountingIsRefused(offset: String) {
        follow(offset: offset, snapshot(), then: [["SET", "a", "1"]])
        #expect(!replica.isLinkUp && replica.get("a") == nil)
        #expect(replica.run("PING") == .simple("PONG"))
    }

    @Test(arguments: ["-1", "16", "9223372036854775807", "x"])
    func aDatabaseThatDoesNotExistIsNotSelected(database: String) {
        follow(snapshot([("repl-stream-db", database)]), then: [["SET", "a", "1"]])
        #expect(replica.isLinkUp && replica.get("a") == "1")
    }

    @Test(
        arguments: [
            ["PSYNC", "?", "-1"], ["SYNC"], ["SHUTDOWN", "NOSAVE"], ["REPLICAOF", "NO", "ONE"],
            ["SUBSCRIBE", "c"], ["MONITOR"], ["QUIT"], ["RESET"], ["HELLO", "3"], ["SAVE"],
            ["DEBUG", "RELOAD"], ["CLIENT", "REPLY", "OFF"], ["CLIENT", "PAUSE", "100000"],
            ["CONFIG", "SET", "maxclients", "1"], ["WAIT", "1", "0"], ["FAILOVER"], ["BGSAVE"],
            ["TANDEM", "RESUME", "1"], ["AUTH", "x"], ["CLIENT", "NOSUCH"],
        ])
    func whatIsNoChangeOfDataIsIgnored(request: [String]) {
        follow(snapshot(), then: [request, ["SET", "a", "1"]])
        #expect(replica.isLinkUp && replica.get("a") == "1")
        #expect(replica.logged("it has no place in a stream of changes"))
        replica.run("REPLICAOF", "NO", "ONE")
        #expect(replica.run("SET", "b", "1") == .simple("OK"))
        network.pass(milliseconds: 3000)
    }

    @Test func aSubcommandsFullNameIsNoCommand() {
        follow(snapshot(), then: [["OBJECT|ENCODING", "encoding", "k"], ["SET", "a", "1"]])
        #expect(replica.isLinkUp && replica.get("a") == "1")
        #expect(replica.info("cmdstat_object|encoding").isEmpty)
    }

    @Test(arguments: ["9223372036854775807", "-5", "x"])
    func aFileWithAnImpossibleOffsetIsLoaded(offset: String) {
        replica.disk.contents["dump.rdb"] = snapshot([
            ("repl-id", Self.id), ("repl-offset", offset),
        ])
        replica.restart()
        #expect(replica.get("k") == "v")
        #expect(replica.info("second_repl_offset") == "-1")
        replica.settings.replicaOf = PrimaryAddress(host: "stranger", port: 6379)
        replica.restart()
        network.pass(milliseconds: 2000)
        #expect(replica.get("k") == "v")
    }
}
