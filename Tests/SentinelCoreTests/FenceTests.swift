import RESP
import SentinelCore
import Testing

@Suite("Fenced primaries")
struct FenceTests {
    /// A primary of ours that was killed and comes back within down-after, fenced.
    private func network(
        sentinels: Int = 3, replicas: Int = 1, downAfter: Int64 = 5000
    ) -> MiniNetwork {
        let servers = (0...replicas).map { index in
            var server = FakeServer(7000 + index, primary: index == 0 ? nil : 7000)
            server.isOurs = true
            return server
        }
        return MiniNetwork(
            sentinels: sentinels, servers: servers, quorum: sentinels / 2 + 1,
            downAfter: downAfter)
    }

    private func restartFenced(_ network: MiniNetwork, offset: Int64) {
        network.kill(7000)
        network.run(300)
        network.servers[7000]?.isAlive = true
        network.servers[7000]?.isFenced = true
        network.servers[7000]?.runID = FakeServer.id(77)
        network.servers[7000]?.offset = offset
    }

    @Test("an emptied primary is replaced without waiting for down-after")
    func emptied() {
        let network = network()
        #expect(network.settle())
        let start = network.now
        restartFenced(network, offset: 0)
        #expect(network.run(atMost: 4000) { network.allAgree(on: 7001) })
        #expect(network.now - start < 1_000_000)
        #expect(!network.events(.fenced).isEmpty)
        #expect(!network.events(.reboot).isEmpty)
        #expect(network.run(atMost: 3000) { network.servers[7000]?.primary == 7001 })
        #expect(network.servers[7000]?.requests.contains { $0.contains("RESUME") } == false)
    }

    @Test("a primary that has more than any replica serves again")
    func newest() {
        let network = network()
        #expect(network.settle())
        network.run(500)
        network.servers[7001]?.offset = 900
        restartFenced(network, offset: 1000)
        #expect(network.run(atMost: 4000) { network.servers[7000]?.isFenced == false })
        network.run(200)
        #expect(network.allAgree(on: 7000))
        #expect(network.events(.resumePrimary).count == 1)
        #expect(network.events(.switchPrimary).isEmpty)
        // Decided by a majority in an epoch that everybody learns.
        #expect((0..<3).allSatisfy { network.group($0).configurationEpoch == 1 })
        network.run(10000)
        #expect(network.events(.tryFailover).count == 1)
        #expect((0..<3).allSatisfy { network.group($0).primary.downSince == nil })
    }

    @Test("the last server left serves again")
    func lastOne() {
        let network = network(downAfter: 1000)
        #expect(network.settle())
        network.kill(7001)
        network.run(3000)
        restartFenced(network, offset: 500)
        #expect(network.run(atMost: 6000) { network.servers[7000]?.isFenced == false })
        network.run(200)
        #expect(network.allAgree(on: 7000))
    }

    @Test("with nothing it serves only if the operator says so, or who held data is back")
    func emptyAndAlone() {
        let network = network(downAfter: 1000)
        #expect(network.settle())
        network.kill(7001)
        network.run(3000)
        restartFenced(network, offset: 0)
        network.run(30000)
        #expect(network.servers[7000]?.isFenced == true)
        for sentinel in 0..<3 {
            #expect(network.command(sentinel, "SENTINEL", "ACCEPT-EMPTY", "g") == .simple("OK"))
        }
        #expect(network.run(atMost: 60000) { network.servers[7000]?.isFenced == false })
        network.run(200)
        #expect(network.allAgree(on: 7000))
    }

    @Test("a replica that was lost before it told what it holds may hold what the primary held")
    func emptyBesideUnknown() {
        let network = network(downAfter: 1000)
        network.servers[7001]?.offset = 0
        network.servers[7000]?.keys = 5
        #expect(network.settle())
        network.run(2000)
        network.kill(7001)
        network.run(3000)
        network.servers[7000]?.keys = 0
        restartFenced(network, offset: 0)
        network.run(30000)
        #expect(network.servers[7000]?.isFenced == true)
        // A further life that holds nothing either changes nothing.
        restartFenced(network, offset: 0)
        network.run(30000)
        #expect(network.servers[7000]?.isFenced == true)
    }

    @Test("what a primary held when it was a replica does not count")
    func emptyAfterPromotion() {
        let network = network(downAfter: 1000)
        #expect(network.settle())
        network.kill(7000)
        #expect(network.run(atMost: 4000) { network.allAgree(on: 7001) })
        network.run(5000)
        network.kill(7001)
        network.servers[7001]?.isAlive = true
        network.servers[7001]?.isFenced = true
        network.servers[7001]?.runID = FakeServer.id(77)
        network.servers[7001]?.offset = 0
        network.run(30000)
        #expect(network.servers[7001]?.isFenced == true)
    }

    @Test("what the lost replica held is waited for")
    func emptyAndAwaited() {
        let network = network(sentinels: 1, downAfter: 1000)
        #expect(network.settle())
        network.kill(7001)
        network.run(3000)
        restartFenced(network, offset: 0)
        // Attempts that fail are followed by pauses of up to four times the failover timeout of
        // 20 s, which end when a replica comes back.
        network.run(300_000)
        network.servers[7001]?.isAlive = true
        #expect(network.run(atMost: 10000) { network.allAgree(on: 7001) })
        #expect(network.events(.resumePrimary).isEmpty)
    }

    @Test("a replica that may still come decides")
    func awaited() {
        let network = network(downAfter: 3000)
        #expect(network.settle())
        network.kill(7001)
        restartFenced(network, offset: 500)
        network.run(1000)
        #expect(network.servers[7000]?.isFenced == true)
        network.servers[7001]?.isAlive = true
        #expect(network.run(atMost: 4000) { network.allAgree(on: 7001) })
        #expect(network.events(.resumePrimary).isEmpty)
    }

    @Test("a replica that came back unnoticed decides")
    func unnoticed() {
        let network = network(downAfter: 1000)
        #expect(network.settle())
        network.kill(7001)
        network.run(20000)
        // Known as down for long, it is tried again only now and then.
        network.servers[7001]?.isAlive = true
        restartFenced(network, offset: 500)
        #expect(network.run(atMost: 4000) { network.allAgree(on: 7001) })
        #expect(network.events(.resumePrimary).isEmpty)
    }

    @Test("a minority never lets a fenced primary serve")
    func minority() {
        let network = network()
        #expect(network.settle())
        network.crash(1)
        network.crash(2)
        restartFenced(network, offset: 2000)
        network.run(20000)
        #expect(network.servers[7000]?.isFenced == true)
    }

    @Test("our servers are told who watches them")
    func watch() {
        let network = network()
        #expect(network.settle())
        network.run(2500)
        let told = network.servers[7001]?.requests.filter { $0.starts(with: ["TANDEM", "WATCH"]) }
        let ids = Set((told ?? []).map { $0[3] })
        #expect(ids == Set((1...3).map { FakeServer.id($0) }))
        #expect(
            told?.last { $0[3] == FakeServer.id(1) } == [
                "TANDEM", "WATCH", "g", FakeServer.id(1), "127.0.0.1", "26379", "2", "3", "0",
            ])
    }

    @Test("other servers are asked once")
    func foreign() {
        let network = MiniNetwork(sentinels: 1, servers: [FakeServer(7000)], quorum: 1)
        network.run(10000)
        let told = network.servers[7000]?.requests.filter { $0[0] == "TANDEM" }
        #expect(told?.count == 1)
    }

    @Test("an empty data set is confirmed only when the operator asks")
    func acceptEmpty() {
        let network = network()
        #expect(network.settle())
        #expect(network.command(0, "SENTINEL", "ACCEPT-EMPTY", "g") == .simple("OK"))
        network.run(10)
        #expect(network.servers[7001]?.requests.contains(["TANDEM", "ACCEPT-EMPTY"]) == true)
        #expect(network.servers[7000]?.requests.contains(["TANDEM", "ACCEPT-EMPTY"]) == false)
    }
}
