import RESP
import SentinelCore
import Testing

/// Attempts that fail are followed by longer and longer pauses. News end them.
@Suite("Pauses between attempts")
struct PauseTests {
    /// A pair in which primary and replica died a minute ago.
    private func bothDead(_ sentinels: Int, isOurs: Bool, seed: UInt64 = 1) -> MiniNetwork {
        let servers = [7000, 7001].map { port in
            var server = FakeServer(port, primary: port == 7000 ? nil : 7000)
            server.isOurs = isOurs
            return server
        }
        let network = MiniNetwork(
            sentinels: sentinels, servers: servers, quorum: sentinels / 2 + 1, downAfter: 1000,
            extra: ["sentinel failover-timeout g 180000"], seed: seed)
        #expect(network.settle())
        network.run(3000)
        network.kill(7000)
        network.kill(7001)
        network.run(60000)
        return network
    }

    private func restart(_ network: MiniNetwork, _ port: Int, isFenced: Bool) {
        network.servers[port]?.isAlive = true
        network.servers[port]?.isFenced = isFenced
        network.servers[port]?.runID = FakeServer.id(70 + port)
    }

    @Test("a primary that comes back fenced is decided on at once", arguments: [1, 3, 5])
    func fencedPrimaryReturns(sentinels: Int) {
        for seed in 1...12 as ClosedRange<UInt64> {
            let network = bothDead(sentinels, isOurs: true, seed: seed)
            // The longer it was away, the longer are the pauses.
            network.run(Int64(seed) * 4000)
            restart(network, 7000, isFenced: true)
            let start = network.now
            #expect(network.run(atMost: 20000) { network.servers[7000]?.isFenced == false })
            // A second until it is found, a second for the replica that seems down.
            #expect(network.now - start < 3_000_000, "seed \(seed)")
            #expect(network.run(atMost: 1000) { network.allAgree(on: 7000) })
        }
    }

    @Test("a primary that answers while it loads, and is fenced then, is decided on at once")
    func loadsFirst() {
        let network = bothDead(3, isOurs: true)
        restart(network, 7000, isFenced: false)
        network.servers[7000]?.pingReply = .error("LOADING Redis is loading the dataset in memory")
        network.run(1500)
        network.servers[7000]?.pingReply = .simple("PONG")
        network.servers[7000]?.isFenced = true
        let start = network.now
        #expect(network.run(atMost: 20000) { network.servers[7000]?.isFenced == false })
        #expect(network.now - start < 3_500_000)
    }

    @Test("where the one that leads cannot see the primary, another decides soon")
    func leaderIsBlind() {
        for blind in 0..<3 {
            let network = bothDead(3, isOurs: true)
            network.cut(MiniNetwork.firstSentinelPort + blind, 7000)
            network.run(30000)
            restart(network, 7000, isFenced: true)
            let start = network.now
            #expect(network.run(atMost: 20000) { network.servers[7000]?.isFenced == false })
            #expect(network.now - start < 6_000_000, "sentinel \(blind)")
        }
    }

    @Test("a group that recovered by itself is failed over as fast as ever", arguments: [1, 3])
    func recovered(sentinels: Int) {
        for seed in 1...6 as ClosedRange<UInt64> {
            let network = bothDead(sentinels, isOurs: false, seed: seed)
            restart(network, 7000, isFenced: false)
            restart(network, 7001, isFenced: false)
            #expect(network.run(atMost: 5000) { network.group(0).primary.downSince == nil })
            network.run(5000)
            network.kill(7000)
            let start = network.now
            #expect(network.run(atMost: 30000) { network.allAgree(on: 7001) })
            #expect(network.now - start < 2_000_000, "seed \(seed)")
        }
    }
}
