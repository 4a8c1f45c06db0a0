import RESP
import SentinelCore
import Testing

/// A server of ours that is watched no longer is told so.
@Suite("Leaving a group")
struct FarewellTests {
    private func network(sentinels: Int = 1, isOurs: Bool = true) -> MiniNetwork {
        let servers = [7000, 7001, 7002].map { port in
            var server = FakeServer(port, primary: port == 7000 ? nil : 7000)
            server.isOurs = isOurs
            return server
        }
        let network = MiniNetwork(sentinels: sentinels, servers: servers, quorum: 1)
        #expect(network.settle())
        network.run(3000)
        return network
    }

    private func told(_ network: MiniNetwork, _ port: Int) -> [[String]] {
        (network.servers[port]?.requests ?? []).filter { $0[0] == "TANDEM" }
            .map { $0[1] == "WATCH" ? ["WATCH", $0[2]] : Array($0.dropFirst()) }
    }

    private let farewell = ["UNWATCH", FakeServer.id(1)]

    @Test("REMOVE tells the primary and the replicas, and nothing follows")
    func remove() {
        let network = network()
        #expect(network.command(0, "SENTINEL", "REMOVE", "g") == .simple("OK"))
        network.run(10000)
        for port in 7000...7002 {
            #expect(told(network, port).last == farewell)
            #expect(told(network, port).count { $0 == farewell } == 1)
            #expect(!network.isLinked(0, port))
        }
    }

    @Test("servers of others are not told")
    func foreign() {
        let network = network(isOurs: false)
        #expect(network.command(0, "SENTINEL", "REMOVE", "g") == .simple("OK"))
        network.run(1000)
        #expect(told(network, 7000) == [["WATCH", "g"]])
        #expect(!network.isLinked(0, 7000))
    }

    @Test("one that does not answer is given up")
    func silent() {
        let network = network()
        network.cut(MiniNetwork.firstSentinelPort, 7001)
        #expect(network.command(0, "SENTINEL", "REMOVE", "g") == .simple("OK"))
        network.run(1000)
        #expect(network.isLinked(0, 7001) && !network.isLinked(0, 7000))
        network.run(1100)
        #expect(!network.isLinked(0, 7001))
    }

    @Test("one that dies meanwhile is forgotten")
    func dies() {
        let network = network()
        network.kill(7001)
        #expect(network.command(0, "SENTINEL", "REMOVE", "g") == .simple("OK"))
        network.run(5000)
        #expect(!network.isLinked(0, 7001))
    }

    @Test("a group that is removed and watched again at once is watched")
    func watchedAgain() {
        let network = network()
        _ = network.ask(0, ["SENTINEL", "REMOVE", "g"])
        _ = network.ask(0, ["SENTINEL", "MONITOR", "g", "127.0.0.1", "7000", "1"])
        network.run(10000)
        #expect(told(network, 7000).contains(farewell))
        #expect(told(network, 7000).last == ["WATCH", "g"])
        #expect(network.isLinked(0, 7000) && network.group(0).replicas.count == 2)
    }

    @Test("a server that another group has too is still watched")
    func shared() {
        let network = network()
        #expect(
            network.command(0, "SENTINEL", "MONITOR", "h", "127.0.0.1", "7000", "1")
                == .simple("OK"))
        network.run(3000)
        #expect(network.command(0, "SENTINEL", "REMOVE", "g") == .simple("OK"))
        network.run(3000)
        #expect(!told(network, 7000).contains(farewell) && network.isLinked(0, 7000))
    }

    @Test("RESET tells only those that will not be found again")
    func reset() {
        let network = network()
        network.servers[7002]?.primary = 7009
        network.run(12000)
        #expect(network.command(0, "SENTINEL", "RESET", "*") == .integer(1))
        network.run(5000)
        #expect(told(network, 7002).last == farewell && !network.isLinked(0, 7002))
        #expect(!told(network, 7000).contains(farewell) && !told(network, 7001).contains(farewell))
        #expect(network.group(0).replicas.map(\.address.port) == [7001])
    }

    @Test("RESET while nobody serves tells nobody")
    func resetInTrouble() {
        let network = network()
        network.servers[7002]?.primary = 7009
        network.run(12000)
        network.kill(7000)
        network.run(1500)
        #expect(network.command(0, "SENTINEL", "RESET", "*") == .integer(1))
        network.run(3000)
        #expect(!told(network, 7002).contains(farewell))
    }
}
