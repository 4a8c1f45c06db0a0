import RESP
import SentinelCore
import Testing

/// Nobody is told to follow a process that has lost what its former life held, and what is known to
/// be old does not take the place of what may come back.
@Suite("Lives of a node")
struct LifeTests {
    private static let first = String(repeating: "a", count: 40)
    private static let second = FakeServer.id(902)

    private func network(
        sentinels: Int = 3, replicas: Int = 1, downAfter: Int64 = 1000
    ) -> MiniNetwork {
        let servers = (0...replicas).map { index in
            var server = FakeServer(7000 + index, primary: index == 0 ? nil : 7000)
            server.isOurs = true
            server.nodeID = FakeServer.id(40 + index)
            server.histories = [Self.first]
            server.history = Self.first
            server.keys = 5
            return server
        }
        return MiniNetwork(
            sentinels: sentinels, servers: servers, quorum: sentinels / 2 + 1,
            downAfter: downAfter)
    }

    private func restart(_ network: MiniNetwork, _ port: Int, isFenced: Bool) {
        network.servers[port]?.isAlive = true
        network.servers[port]?.primary = nil
        network.servers[port]?.isFenced = isFenced
        network.servers[port]?.runID = FakeServer.id(port + 70)
        network.servers[port]?.historyID = FakeServer.id(port + 80)
    }

    /// The node comes back at once without its disk.
    private func empty(_ network: MiniNetwork, _ port: Int) {
        restart(network, port, isFenced: false)
        network.servers[port]?.nodeID = FakeServer.id(port + 90)
        network.servers[port]?.histories = []
        network.servers[port]?.history = ""
        network.servers[port]?.formerHistory = nil
        network.servers[port]?.offset = 0
        network.servers[port]?.keys = 0
    }

    /// 7000 was lost, 7001 promoted and written to, and lost as well; 7000 is back, fenced.
    private func formerPrimary(keysNow: Int = 5) -> MiniNetwork {
        let network = network()
        #expect(network.settle())
        network.kill(7000)
        #expect(network.run(atMost: 4000) { network.allAgree(on: 7001) })
        network.servers[7001]?.historyID = Self.second
        network.servers[7001]?.history = Self.second
        network.servers[7001]?.histories = [Self.first, Self.second]
        network.servers[7001]?.formerHistory = (Self.first, 1001)
        network.servers[7001]?.offset = 5000
        network.servers[7001]?.keys = keysNow
        network.run(12000)
        network.kill(7001)
        restart(network, 7000, isFenced: true)
        network.servers[7000]?.formerHistory = (Self.first, 1001)
        return network
    }

    private func serves(_ network: MiniNetwork, _ port: Int) -> Bool {
        network.servers[port]?.primary == nil && network.servers[port]?.isFenced == false
    }

    @Test("a fenced node whose data are known to be older waits for those who hold more")
    func outdated() {
        let network = formerPrimary()
        network.run(30000)
        #expect(!serves(network, 7000))
        restart(network, 7001, isFenced: true)
        #expect(network.run(atMost: 10000) { serves(network, 7001) })
        #expect(network.run(atMost: 10000) { network.servers[7000]?.primary == 7001 })
    }

    @Test("an operator may give up what the others held")
    func outdatedAndAccepted() {
        let network = formerPrimary()
        network.run(5000)
        for sentinel in 0..<3 {
            #expect(network.command(sentinel, "SENTINEL", "ACCEPT-EMPTY", "g") == .simple("OK"))
        }
        #expect(network.run(atMost: 60000) { serves(network, 7000) })
    }

    @Test("an emptied queue is newer than what was in it")
    func drained() {
        let network = formerPrimary(keysNow: 0)
        network.run(300)
        restart(network, 7001, isFenced: true)
        network.servers[7001]?.formerHistory = (Self.second, 5001)
        network.run(30000)
        #expect(!serves(network, 7000))
    }
}
