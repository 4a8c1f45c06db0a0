import Digests
import RESP
import SentinelCore
import Testing

@Suite("Hellos and selection")
struct HelloTests {
    @Test("a hello has eight fields and says what it said")
    func text() throws {
        let text = "10.0.0.1,26379,\(FakeServer.id(1)),12,my-group,10.0.0.2,6379,11"
        let hello = try #require(Hello(text))
        #expect(hello.text == text)
        #expect(hello.primary == Address("10.0.0.2", 6379))
        #expect(hello.configurationEpoch == 11)
    }

    @Test(
        "anything else is no hello",
        arguments: [
            "", ",,,,,,,", "a,1,b,1,g,h,1", "a,1,b,1,g,h,1,1,1", "a,x,b,1,g,h,1,1",
            "a,1,b,-1,g,h,1,1", "a,1,b,1,g,h,0,1", "a,1,b,1,g,h,70000,1", "a,1,,1,g,h,1,1",
            "a,1,b,99999999999999999999999,g,h,1,1", "a,1,b,18446744073709551615,g,h,1,1",
            "a,1,b,1,g,h,1,18446744073709551615",
        ])
    func malformed(text: String) { #expect(Hello(text) == nil) }

    private func told(_ network: MiniNetwork, _ hello: String) {
        #expect(network.command(0, "PUBLISH", "__sentinel__:hello", hello) == .integer(1))
    }

    private func network() -> MiniNetwork {
        MiniNetwork(
            sentinels: 1, servers: [FakeServer(7000), FakeServer(7001, primary: 7000)], quorum: 1)
    }

    @Test("a sentinel that moved is known by its id")
    func moved() {
        let network = network()
        told(network, "127.0.0.1,26390,\(FakeServer.id(40)),0,g,127.0.0.1,7000,0")
        told(network, "127.0.0.1,26391,\(FakeServer.id(40)),0,g,127.0.0.1,7000,0")
        #expect(network.group(0).sentinels.map(\.address.port) == [26391])
        #expect(
            network.events(.sentinelAddressSwitch).map(\.text)
                == ["master g 127.0.0.1 7000 ip 127.0.0.1 port 26391 for \(FakeServer.id(40))"])
        #expect(network.events(.sentinelFound).count == 1)
    }

    @Test("a sentinel at another's address takes its place")
    func evicted() {
        let network = network()
        told(network, "127.0.0.1,26390,\(FakeServer.id(40)),0,g,127.0.0.1,7000,0")
        told(network, "127.0.0.1,26390,\(FakeServer.id(41)),0,g,127.0.0.1,7000,0")
        #expect(network.group(0).sentinels.map(\.runID) == [FakeServer.id(41)])
        #expect(network.events(.sentinelInvalidAddress).count == 1)
    }

    @Test("a newer configuration is taken over, an older or equal one is not")
    func configuration() {
        let network = network()
        #expect(network.settle())
        told(network, "127.0.0.1,26390,\(FakeServer.id(40)),7,g,127.0.0.1,7001,6")
        #expect(network.primaryPort(0) == 7001)
        #expect(
            network.events(.configurationUpdate).map(\.text)
                == ["sentinel \(FakeServer.id(40)) 127.0.0.1 26390 @ g 127.0.0.1 7000"])
        #expect(
            network.events(.switchPrimary).map(\.text) == ["g 127.0.0.1 7000 127.0.0.1 7001"])
        #expect(network.peers[0].state.currentEpoch == 7)
        told(network, "127.0.0.1,26390,\(FakeServer.id(40)),7,g,127.0.0.1,7000,6")
        told(network, "127.0.0.1,26390,\(FakeServer.id(40)),7,g,127.0.0.1,7000,5")
        #expect(network.primaryPort(0) == 7001)
        told(network, "127.0.0.1,26390,\(FakeServer.id(40)),3,nosuch,127.0.0.1,7000,50")
        #expect(network.primaryPort(0) == 7001)
    }

    @Test("what could not stand in the configuration file is not believed")
    func unusableAddresses() throws {
        let network = network()
        #expect(network.settle())
        network.servers[7002] = FakeServer(7002, primary: 7000)
        network.servers[7002]?.listedHost = "replica.example"
        let before = network.group(0)
        told(network, "nonsense,26390,\(FakeServer.id(40)),0,g,127.0.0.1,7000,0")
        told(network, "127.0.0.1,26390,\(FakeServer.id(40)),9,g,nonsense,7000,9")
        told(network, "127.0.0.1,26390,\(String(repeating: "x", count: 5000)),0,g,127.0.0.1,7000,0")
        network.run(12_000)
        #expect(network.group(0).sentinels == [])
        #expect(network.group(0).configurationEpoch == before.configurationEpoch)
        #expect(network.primaryPort(0) == 7000)
        #expect(network.group(0).replicas.map(\.address.port) == [7001])
        // The test ends here if the sentinel cannot read its own file.
        network.crash(0)
        network.restart(0)
    }

    @Test("a sentinel that uses names finds them in its own files")
    func names() throws {
        let network = MiniNetwork(
            sentinels: 1, servers: [FakeServer(7000), FakeServer(7001, primary: 7000)], quorum: 1,
            extra: ["sentinel resolve-hostnames yes"])
        #expect(network.settle())
        told(network, "peer.example,26390,\(FakeServer.id(40)),0,g,127.0.0.1,7000,0")
        network.run(1000)
        #expect(network.group(0).sentinels.map(\.address.host) == ["peer.example"])
        network.crash(0)
        network.restart(0)
        #expect(network.group(0).sentinels.map(\.address.host) == ["peer.example"])
    }

    @Test("a newer configuration ends an older attempt, also for the same primary")
    func supersedes() throws {
        let network = network()
        #expect(network.settle())
        network.servers[7000]?.handOver = .unknown
        network.servers[7001]?.obeysPromotion = false
        #expect(network.command(0, "SENTINEL", "FAILOVER", "g") == .simple("OK"))
        #expect(
            network.run(atMost: 3000) { network.group(0).failover?.stage == .waitingPromotion })
        told(network, "127.0.0.1,26390,\(FakeServer.id(40)),5,g,127.0.0.1,7000,5")
        #expect(network.group(0).failover == nil)
        network.servers[7001]?.primary = nil
        network.run(1000)
        #expect(network.group(0).configurationEpoch == 5)
        #expect(network.primaryPort(0) == 7000)
    }

    @Test("links to a sentinel are shared by its groups")
    func shared() {
        let network = network()
        let session = network.ask(0, ["SENTINEL", "MONITOR", "h", "127.0.0.1", "7001", "1"])
        network.run(10)
        #expect(network.replies[session] == .simple("OK"))
        for group in ["g,127.0.0.1,7000", "h,127.0.0.1,7001"] {
            told(network, "127.0.0.1,26390,\(FakeServer.id(40)),0,\(group),0")
        }
        let map = network.command(0, "SENTINEL", "SENTINELS", "h")?.elements?.first?.elements ?? []
        let index = map.firstIndex(of: .text("link-refcount")) ?? 0
        #expect(map[index + 1] == .text("2"))
    }

    @Test("whoever claims to be a sentinel is believed only so often")
    func bounded() {
        let network = network()
        for index in 0..<200 {
            told(
                network,
                "127.0.0.1,\(30000 + index),\(FakeServer.id(500 + index)),0,g,127.0.0.1,7000,0")
        }
        #expect(network.group(0).sentinels.count == 128)
    }

    private typealias Candidate = ReplicaSelection.Candidate

    @Test("priority, then data, then id decide who is promoted")
    func selection() {
        func candidate(_ priority: Int, _ offset: Int64, _ id: String?) -> Candidate {
            Candidate(priority: priority, offset: offset, runID: id)
        }
        let ordered = [
            candidate(1, 5, "zz"), candidate(2, 90, "b"), candidate(2, 80, "A"),
            candidate(2, 80, "b"), candidate(2, 80, "C"), candidate(2, 80, nil),
            candidate(100, 999, "a"),
        ]
        for first in ordered.indices {
            for second in ordered.indices where first != second {
                #expect(
                    Candidate.precedes(ordered[first], ordered[second]) == (first < second),
                    "\(first) \(second)")
            }
        }
    }

    /// What makes a replica unfit, and whether the failover still finds one.
    @Test(
        "who must not be promoted is not",
        arguments: ["none", "priority", "down", "fenced", "stale"])
    func unfit(reason: String) {
        let network = MiniNetwork(
            sentinels: 1, servers: [FakeServer(7000), FakeServer(7001, primary: 7000)], quorum: 1)
        #expect(network.settle())
        switch reason {
        case "priority": network.servers[7001]?.priority = 0
        case "down": network.kill(7001)
        case "fenced":
            network.servers[7001]?.isOurs = true
            network.servers[7001]?.isFenced = true
        case "stale": network.servers[7001]?.pingReply = .error("BUSY script")
        default: break
        }
        network.run(11000)
        let reply = network.command(0, "SENTINEL", "FAILOVER", "g")
        let expected: RESPValue =
            reason == "none"
            ? .simple("OK") : .error("NOGOODSLAVE No suitable replica to promote")
        #expect(reply == expected)
    }
}
