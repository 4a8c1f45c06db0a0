import RESP
import SentinelCore
import Testing

/// How long the operator's word lasts that the data are gone.
@Suite("Consent to an empty data set")
struct ConsentTests {
    private func network() -> MiniNetwork {
        let servers = [7000, 7001].map { port in
            var server = FakeServer(port, primary: port == 7000 ? nil : 7000)
            server.isOurs = true
            return server
        }
        return MiniNetwork(sentinels: 3, servers: servers, quorum: 2, downAfter: 1000)
    }

    private func restartFenced(_ network: MiniNetwork) {
        network.kill(7000)
        network.run(300)
        network.servers[7000]?.isAlive = true
        network.servers[7000]?.isFenced = true
        network.servers[7000]?.runID = FakeServer.id(77)
        network.servers[7000]?.offset = 0
    }

    /// A group that lost its primary's data, which the operator accepted.
    private func accepted() -> MiniNetwork {
        let network = network()
        network.servers[7000]?.keys = 5
        network.servers[7001]?.keys = 5
        #expect(network.settle())
        network.kill(7001)
        network.run(3000)
        network.servers[7000]?.keys = 0
        restartFenced(network)
        network.run(5000)
        for sentinel in 0..<3 {
            #expect(network.command(sentinel, "SENTINEL", "ACCEPT-EMPTY", "g") == .simple("OK"))
        }
        return network
    }

    @Test("what the operator accepted once is not accepted for ever")
    func consentEnds() {
        let network = accepted()
        #expect(network.run(atMost: 10000) { network.servers[7000]?.isFenced == false })
        network.servers[7001]?.isAlive = true
        network.servers[7001]?.keys = 0
        network.servers[7001]?.offset = 0
        network.run(5000)
        for port in [7000, 7001] {
            network.servers[port]?.keys = 1000
            network.servers[port]?.offset = 5000
        }
        network.run(12000)
        // Both die, and the replica comes back first, with nothing.
        network.kill(7000)
        network.kill(7001)
        network.servers[7001]?.isAlive = true
        network.servers[7001]?.keys = 0
        network.servers[7001]?.offset = 0
        network.servers[7001]?.linkIsUp = false
        network.run(20000)
        #expect(network.servers[7001]?.primary == 7000)
        #expect(network.events(.switchPrimary).isEmpty)
    }

    @Test("a primary that loads has not ended what the operator accepted")
    func consentLastsThroughLoading() {
        let network = accepted()
        network.kill(7000)
        network.run(3000)
        for sentinel in 0..<3 {
            #expect(network.command(sentinel, "SENTINEL", "ACCEPT-EMPTY", "g") == .simple("OK"))
        }
        network.servers[7000]?.isAlive = true
        network.servers[7000]?.isLoading = true
        network.servers[7000]?.isFenced = false
        network.run(3000)
        network.servers[7000]?.isLoading = false
        network.servers[7000]?.isFenced = true
        #expect(network.run(atMost: 10000) { network.servers[7000]?.isFenced == false })
    }

    @Test("a consent given while all is well is for the replicas alone")
    func consentInGoodTimes() {
        let network = network()
        network.servers[7001]?.keys = 5
        network.servers[7000]?.keys = 5
        #expect(network.settle())
        for sentinel in 0..<3 {
            #expect(network.command(sentinel, "SENTINEL", "ACCEPT-EMPTY", "g") == .simple("OK"))
        }
        network.kill(7001)
        network.run(3000)
        network.servers[7000]?.keys = 0
        restartFenced(network)
        network.run(20000)
        #expect(network.servers[7000]?.isFenced == true)
    }
}
