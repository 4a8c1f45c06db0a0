import Configuration
import Digests
import RESP
import SentinelCore
import Testing

@Suite("Configuration and state")
struct ConfigurationTests {
    private func parse(_ text: String) throws -> SentinelConfiguration {
        var configuration = SentinelConfiguration()
        try configuration.apply(ConfigurationFile.lines(text))
        return configuration
    }

    private let full = """
        sentinel myid \(FakeServer.id(5))
        sentinel deny-scripts-reconfig no
        sentinel monitor one 127.0.0.1 7000 2
        sentinel down-after-milliseconds one 1500
        sentinel failover-timeout one 9000
        sentinel parallel-syncs one 3
        sentinel notification-script one /bin/true
        sentinel client-reconfig-script one /bin/false
        sentinel auth-pass one "two words"
        sentinel auth-user one me
        sentinel master-reboot-down-after-period one 400
        sentinel config-epoch one 4
        sentinel leader-epoch one 6
        sentinel known-replica one 127.0.0.1 7001
        sentinel known-replica one ::1 7002
        sentinel known-sentinel one 127.0.0.1 26380 \(FakeServer.id(6))
        sentinel rename-command one CONFIG guarded
        sentinel monitor two 10.0.0.1 6379 1
        sentinel config-epoch two 0
        sentinel leader-epoch two 0
        sentinel current-epoch 9
        sentinel announce-ip 1.2.3.4
        sentinel announce-port 26999
        sentinel sentinel-user peer
        sentinel sentinel-pass secret
        """

    @Test("what is read is written again, in Redis's order")
    func roundTrip() throws {
        let configuration = try parse(full)
        #expect(configuration.lines == full.split(separator: "\n").map(String.init))
        let group = try #require(configuration.groups.first)
        #expect(group.settings.password == "two words")
        #expect(group.replicas == [Address("127.0.0.1", 7001), Address("::1", 7002)])
        #expect(configuration.currentEpoch == 9)
        var random = RandomGenerator(seed: 1)
        var state = SentinelState(configuration, server: ServerSettings(port: 26379), now: 0)
        _ = state.handle(.started, at: 0, &random)
        #expect(state.snapshot == configuration)
    }

    @Test("statements may stand in any order")
    func anyOrder() throws {
        let lines = full.split(separator: "\n").map(String.init)
        #expect(try parse(lines.reversed().joined(separator: "\n")).groups.count == 2)
        let shuffled = try parse(lines.reversed().joined(separator: "\n"))
        #expect(Set(shuffled.lines) == Set(lines))
    }

    @Test(
        "mistakes are named in Redis's words",
        arguments: [
            ("sentinel monitor a 127.0.0.1 1 0", "Quorum must be 1 or greater."),
            ("sentinel monitor a nowhere 1 1", "Can't resolve instance hostname."),
            ("sentinel monitor a 127.0.0.1 70000 1", "Invalid port number."),
            ("sentinel monitor g 127.0.0.1 1 1", "Duplicate master name."),
            ("sentinel monitor a 127.0.0.1 1", "Unrecognized sentinel configuration statement."),
            ("sentinel down-after-milliseconds x 1", "No such master with specified name."),
            ("sentinel down-after-milliseconds g 0", "negative or zero time parameter."),
            ("sentinel failover-timeout g x", "negative or zero time parameter."),
            ("sentinel master-reboot-down-after-period g -1", "negative time parameter."),
            ("sentinel myid abc", "Malformed Sentinel id in myid option."),
            (
                "sentinel notification-script g /nowhere",
                "Notification script seems non existing or non executable."
            ),
            (
                "sentinel resolve-hostnames maybe",
                "Please specify yes or no for the resolve-hostnames option."
            ),
            (
                "sentinel rename-command g A b\nsentinel rename-command g a c",
                "Same command renamed multiple times with rename-command."
            ),
            (
                "sentinel known-replica g 127.0.0.1 2\nsentinel known-slave g 127.0.0.1 2",
                "Duplicate hostname and port for replica."
            ),
            ("sentinel frobnicate", "Unrecognized sentinel configuration statement."),
            ("sentinel", "Unrecognized sentinel configuration statement."),
        ])
    func mistakes(text: String, reason: String) throws {
        let lines = try ConfigurationFile.lines("sentinel monitor g 127.0.0.1 7000 1\n" + text)
        var configuration = SentinelConfiguration()
        #expect {
            try configuration.apply(lines, isExecutable: { _ in false })
        } throws: {
            ($0 as? ConfigurationError)?.reason == reason
        }
    }

    @Test("names are taken where they are allowed, in any order")
    func hostnames() throws {
        let text = "sentinel monitor a db.example.org 6379 1\nsentinel resolve-hostnames yes"
        #expect(try parse(text).groups.first?.primary == Address("db.example.org", 6379))
    }

    @Test(
        "numeric addresses are told from names",
        arguments: [
            ("127.0.0.1", true), ("255.255.255.255", true), ("256.0.0.1", false),
            ("1.2.3", false), ("1.2.3.4.5", false), ("localhost", false), ("::1", true),
            ("::", true), ("fe80::1%eth0", true), ("1:2:3:4:5:6:7:8", true),
            ("1:2:3:4:5:6:7", false), ("1::2::3", false), (":1", false), ("1:", false),
            ("::ffff:10.0.0.1", true), ("12345::", false), ("", false), ("1:::2", false),
        ])
    func numeric(host: String, isNumeric: Bool) {
        #expect(Address.isNumeric(host) == isNumeric)
    }

    @Test("a rewrite keeps what it does not know")
    func rewrite() throws {
        let original = """
            # my sentinel
            port 26379

            sentinel monitor one 127.0.0.1 7000 2
            # patience
            SENTINEL down-after-milliseconds one 5000
            sentinel known-slave one 127.0.0.1 7001
            sentinel known-slave one 127.0.0.1 7009
            requirepass x

            """
        var configuration = try parse(original)
        configuration.id = FakeServer.id(1)
        configuration.groups[0].primary = Address("127.0.0.1", 7001)
        configuration.groups[0].replicas = [Address("127.0.0.1", 7000)]
        configuration.groups[0].settings.downAfter = 30000
        let text = String(
            decoding: ConfigurationRewrite.apply(configuration.lines, to: Array(original.utf8)),
            as: UTF8.self)
        #expect(
            text.split(separator: "\n", omittingEmptySubsequences: false).prefix(10) == [
                "# my sentinel", "port 26379", "",
                "sentinel monitor one 127.0.0.1 7001 2", "# patience", "",
                "sentinel known-replica one 127.0.0.1 7000", "", "requirepass x",
                "# Generated by CONFIG REWRITE",
            ])
        #expect(text.contains("# Generated by CONFIG REWRITE\nsentinel myid "))
        #expect(try parse(text) == configuration)
        // The second time there is nothing left to do.
        let again = ConfigurationRewrite.apply(configuration.lines, to: Array(text.utf8))
        #expect(String(decoding: again, as: UTF8.self) == text)
    }

    @Test("newer state wins over a file that was put back")
    func stateWins() throws {
        var configuration = try parse("sentinel monitor g 127.0.0.1 7000 2")
        let state = try SentinelConfiguration.state(
            """
            # state
            sentinel myid \(FakeServer.id(3))
            sentinel monitor g 127.0.0.1 7001 2
            sentinel config-epoch g 5
            sentinel leader-epoch g 6
            sentinel known-replica g 127.0.0.1 7000
            sentinel known-sentinel g 127.0.0.1 26380 \(FakeServer.id(4))
            sentinel monitor gone 127.0.0.1 7005 2
            sentinel current-epoch 6
            """)
        let isOwn = configuration.adopt(state: state)
        #expect(isOwn)
        #expect(configuration.id == FakeServer.id(3))
        #expect(configuration.currentEpoch == 6)
        let group = try #require(configuration.groups.first)
        #expect(configuration.groups.count == 1)
        #expect(group.primary.port == 7001)
        #expect(group.replicas.map(\.port) == [7000])
        #expect(group.leaderEpoch == 6)
        #expect(group.sentinels.count == 1)
    }

    @Test("an address the group never had is the operator's wish")
    func operatorWins() throws {
        var configuration = try parse("sentinel monitor g 127.0.0.1 9000 2")
        let state = try SentinelConfiguration.state(
            "sentinel monitor g 127.0.0.1 7001 2\nsentinel config-epoch g 5")
        let isOwn = configuration.adopt(state: state)
        #expect(isOwn)
        #expect(configuration.groups.first?.primary.port == 9000)
    }

    @Test("another sentinel's state is not taken over")
    func foreignState() throws {
        var configuration = try parse("sentinel myid \(FakeServer.id(1))")
        let state = try SentinelConfiguration.state("sentinel myid \(FakeServer.id(2))")
        let isOwn = configuration.adopt(state: state)
        #expect(!isOwn)
        #expect(configuration.id == FakeServer.id(1))
    }

    @Test("a primary given by name is told by number, unless names are to be announced")
    func names() throws {
        let network = MiniNetwork(
            sentinels: 3, servers: [FakeServer(7000), FakeServer(7001, primary: 7000)],
            extra: ["sentinel resolve-hostnames yes"])
        for index in 0..<3 {
            _ = network.ask(index, ["SENTINEL", "REMOVE", "g"])
            _ = network.ask(index, ["SENTINEL", "MONITOR", "g", "db.example", "7000", "2"])
        }
        #expect(network.settle())
        let address = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "g"]
        let byNumber = network.ask(0, address)
        #expect(network.replies[byNumber] == .array([.text("127.0.0.1"), .text("7000")]))
        #expect(
            network.command(0, "SENTINEL", "CONFIG", "SET", "announce-hostnames", "yes")
                == .simple("OK"))
        let byName = network.ask(0, address)
        #expect(network.replies[byName] == .array([.text("db.example"), .text("7000")]))
        // However it is called, it is the same primary: nothing is corrected or switched.
        network.run(30000)
        #expect(network.events(.switchPrimary).isEmpty)
        #expect(network.events(.fixReplicaConfiguration).isEmpty)
        #expect(network.servers[7001]?.requests.contains { $0[0] == "SLAVEOF" } == false)
        network.kill(7000)
        #expect(network.run(atMost: 40000) { network.allAgree(on: 7001) })
    }

    @Test("what a sentinel learns is in its files")
    func learned() throws {
        let network = MiniNetwork(
            sentinels: 3, servers: [FakeServer(7000), FakeServer(7001, primary: 7000)])
        #expect(network.settle())
        network.kill(7000)
        #expect(network.run(atMost: 3000) { network.allAgree(on: 7001) })
        network.run(100)
        for index in 0..<3 {
            let lines = network.peers[index].configuration
            #expect(lines.contains("sentinel monitor g 127.0.0.1 7001 2"))
            #expect(lines.contains("sentinel known-replica g 127.0.0.1 7000"))
            #expect(lines.contains("sentinel config-epoch g 1"))
            #expect(lines.count { $0.contains("known-sentinel") } == 2)
            #expect(network.peers[index].stateFile?.contains("sentinel current-epoch 1") == true)
        }
    }
}
