import RESP
import SentinelCore
import Testing

@Suite("Planned switchover")
struct SwitchoverTests {
    private func network(replicas: Int = 2, handOver: FakeServer.HandOver = .works) -> MiniNetwork {
        var primary = FakeServer(7000)
        primary.handOver = handOver
        let followers = (0..<replicas).map { FakeServer(7001 + $0, primary: 7000) }
        return MiniNetwork(sentinels: 3, servers: [primary] + followers)
    }

    private func handOvers(_ network: MiniNetwork) -> [[String]] {
        network.servers[7000]?.requests.filter { $0[0] == "FAILOVER" } ?? []
    }

    @Test("a living primary is asked to hand over, and does")
    func handsOver() {
        let network = network()
        #expect(network.settle())
        network.servers[7002]?.offset = 5000
        let start = network.now
        #expect(network.command(1, "SENTINEL", "FAILOVER", "g") == .simple("OK"))
        #expect(network.run(atMost: 1000) { network.allAgree(on: 7002) })
        #expect(network.now - start < 150_000)
        #expect(handOvers(network) == [["FAILOVER", "TO", "127.0.0.1", "7002", "TIMEOUT", "2000"]])
        #expect(network.servers[7002]?.requests.contains(["SLAVEOF", "NO", "ONE"]) == false)
        #expect(network.servers[7001]?.primary == 7002)
        #expect(network.servers[7000]?.primary == 7002)
        // Agreed by a majority, in an epoch of its own.
        #expect(network.events(.voteForLeader).count >= 2)
        #expect((0..<3).allSatisfy { network.group($0).configurationEpoch == 1 })
        #expect(network.events(.switchPrimary).count == 3)
        network.run(30000)
        #expect(network.allAgree(on: 7002))
        #expect(network.events(.convertToReplica).isEmpty)
    }

    @Test("the operator may name the replica")
    func target() {
        let network = network()
        #expect(network.settle())
        network.servers[7002]?.offset = 5000
        #expect(
            network.command(0, "SENTINEL", "FAILOVER", "g", "TO", "127.0.0.1", "7001")
                == .simple("OK"))
        #expect(network.run(atMost: 1000) { network.allAgree(on: 7001) })
        let unknown = network.command(0, "SENTINEL", "FAILOVER", "g", "TO", "127.0.0.1", "7005")
        #expect(unknown == .error("NOGOODSLAVE No suitable replica to promote"))
    }

    @Test("it may be done again at once")
    func again() {
        let network = network()
        #expect(network.settle())
        for _ in 0..<4 {
            let next = network.primaryPort(0) == 7000 ? 7001 : 7000
            network.run(3000)
            #expect(
                network.command(0, "SENTINEL", "FAILOVER", "g", "TO", "127.0.0.1", String(next))
                    == .simple("OK"))
            #expect(network.run(atMost: 1500) { network.allAgree(on: next) })
        }
    }

    @Test("a primary that gives up leaves everything as it was")
    func givesUp() {
        let network = network(handOver: .givesUp)
        #expect(network.settle())
        #expect(network.command(0, "SENTINEL", "FAILOVER", "g") == .simple("OK"))
        network.run(5000)
        #expect(network.allAgree(on: 7000))
        #expect(network.events(.abortReplicaTimeout).count == 1)
        #expect(network.events(.switchPrimary).isEmpty)
        #expect(network.servers[7000]?.primary == nil)
        #expect((1...2).allSatisfy { network.servers[7000 + $0]?.primary == 7000 })
        // And it can be tried again.
        network.servers[7000]?.handOver = .works
        #expect(network.command(0, "SENTINEL", "FAILOVER", "g") == .simple("OK"))
        #expect(network.run(atMost: 1000) { network.allAgree(on: 7001) })
    }

    @Test("a replica that had nothing when it was asked is good while the primary lives")
    func youngGroup() {
        let network = network(replicas: 1)
        network.servers[7000]?.keys = 20
        network.servers[7001]?.offset = 55
        #expect(network.settle())
        network.run(2000)
        #expect(network.command(0, "SENTINEL", "FAILOVER", "g") == .simple("OK"))
        #expect(network.run(atMost: 5000) { network.allAgree(on: 7001) })
    }

    @Test("a refusal changes nothing either")
    func refuses() {
        let network = network(handOver: .refuses("ERR FAILOVER target replica is not online."))
        #expect(network.settle())
        #expect(network.command(0, "SENTINEL", "FAILOVER", "g") == .simple("OK"))
        network.run(3000)
        #expect(network.allAgree(on: 7000))
        #expect(network.events(.abortReplicaTimeout).count == 1)
    }

    @Test("a server without FAILOVER is failed over the classic way")
    func classic() {
        let network = network(handOver: .unknown)
        #expect(network.settle())
        #expect(network.command(0, "SENTINEL", "FAILOVER", "g") == .simple("OK"))
        #expect(network.run(atMost: 2000) { network.allAgree(on: 7001) })
        #expect(network.servers[7001]?.requests.contains(["SLAVEOF", "NO", "ONE"]) == true)
        #expect(network.run(atMost: 3000) { network.servers[7000]?.primary == 7001 })
    }

    @Test("a primary that dies while handing over is failed over")
    func dies() {
        let network = network(handOver: .givesUp)
        #expect(network.settle())
        network.servers[7000]?.handOver = .givesUp
        #expect(network.command(0, "SENTINEL", "FAILOVER", "g") == .simple("OK"))
        network.after(50) { $0.kill(7000) }
        #expect(network.run(atMost: 6000) { network.allAgree(on: 7001) })
    }

    @Test("a dead primary needs no agreement that it is down")
    func dead() {
        let network = network()
        #expect(network.settle())
        network.kill(7000)
        network.run(100)
        #expect(network.command(0, "SENTINEL", "FAILOVER", "g") == .simple("OK"))
        #expect(network.run(atMost: 4000) { network.allAgree(on: 7001) })
    }

    @Test("without a majority nothing happens")
    func minority() {
        let network = network()
        #expect(network.settle())
        network.crash(1)
        network.crash(2)
        #expect(network.command(0, "SENTINEL", "FAILOVER", "g") == .simple("OK"))
        network.run(12000)
        #expect(network.events(.abortNotElected).count == 1)
        #expect(handOvers(network).isEmpty)
        #expect(network.allAgree(on: 7000))
    }

    @Test("one at a time, and not without a replica")
    func refusals() {
        let network = network(handOver: .givesUp)
        #expect(
            network.command(0, "SENTINEL", "FAILOVER", "g")
                == .error("NOGOODSLAVE No suitable replica to promote"))
        #expect(network.settle())
        #expect(network.command(0, "SENTINEL", "FAILOVER", "g") == .simple("OK"))
        #expect(
            network.command(0, "SENTINEL", "FAILOVER", "g")
                == .error("INPROG Failover already in progress"))
        #expect(
            network.command(0, "SENTINEL", "FAILOVER", "x")
                == .error("ERR No such master with that name"))
    }

    @Test("a primary of ours that hands over by itself is followed at once")
    func followedAtOnce() {
        let servers = (0..<2).map { index in
            var server = FakeServer(7000 + index, primary: index == 0 ? nil : 7000)
            server.isOurs = true
            return server
        }
        let network = MiniNetwork(sentinels: 3, servers: servers, downAfter: 30000)
        #expect(network.settle())
        network.run(2000)
        let start = network.now
        network.servers[7000]?.primary = 7001
        network.servers[7001]?.primary = nil
        #expect(network.run(atMost: 3000) { network.allAgree(on: 7001) })
        #expect(network.now - start < 350_000)
    }

    @Test("a primary that hands over by itself is followed", arguments: 1...6)
    func followed(seed: UInt64) {
        let network = MiniNetwork(
            sentinels: 3,
            servers: [
                FakeServer(7000), FakeServer(7001, primary: 7000), FakeServer(7002, primary: 7000),
            ], seed: seed)
        #expect(network.settle())
        network.run(2000)
        let start = network.now
        network.servers[7000]?.primary = 7002
        network.servers[7002]?.primary = nil
        #expect(network.run(atMost: 3000) { network.allAgree(on: 7002) })
        #expect(network.now - start < 1_000_000)
        #expect(network.servers[7001]?.primary == 7002)
        let orders = [7000, 7002].flatMap { network.servers[$0]?.requests ?? [] }
        #expect(!orders.contains { $0[0] == "SLAVEOF" })
        #expect(network.events(.switchPrimary).count == 3)
    }
}
