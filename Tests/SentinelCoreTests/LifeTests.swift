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
        #expect(network.logs.contains { $0.contains("SENTINEL ACCEPT-EMPTY gives them up") })
        restart(network, 7001, isFenced: true)
        #expect(network.run(atMost: 10000) { serves(network, 7001) })
        #expect(network.run(atMost: 10000) { network.servers[7000]?.primary == 7001 })
    }

    @Test("so does one of which nobody remembers the history, if the sentinels replaced it")
    func replaced() {
        let network = formerPrimary()
        network.servers[7000]?.historyID = FakeServer.id(903)
        network.servers[7000]?.history = FakeServer.id(903)
        network.servers[7000]?.histories = [FakeServer.id(903)]
        network.servers[7000]?.formerHistory = nil
        network.run(30000)
        #expect(!serves(network, 7000))
        restart(network, 7001, isFenced: true)
        #expect(network.run(atMost: 10000) { serves(network, 7001) })
    }

    @Test("old data are better than none: who held more is back without it")
    func allThereIs() {
        let network = formerPrimary()
        network.run(3000)
        empty(network, 7001)
        network.servers[7001]?.isFenced = true
        #expect(network.run(atMost: 20000) { serves(network, 7000) })
        #expect(network.run(atMost: 10000) { network.servers[7001]?.primary == 7000 })
    }

    @Test("who was replaced has more than what the primary came back with")
    func primaryBackWithLess() {
        let network = formerPrimary()
        network.run(3000)
        // From a file that is older than that of 7000.
        restart(network, 7001, isFenced: true)
        network.servers[7001]?.history = Self.first
        network.servers[7001]?.formerHistory = (Self.first, 501)
        network.servers[7001]?.offset = 500
        #expect(network.run(atMost: 10000) { serves(network, 7000) })
        #expect(network.run(atMost: 10000) { network.servers[7001]?.primary == 7000 })
    }

    @Test("nobody is told of a fenced node because the primary came back as its replica")
    func backAsReplica() {
        let network = formerPrimary()
        restart(network, 7001, isFenced: false)
        network.servers[7001]?.primary = 7000
        network.servers[7001]?.linkIsUp = false
        #expect(
            network.run(atMost: 15000) { serves(network, 7001) && network.allAgree(on: 7001) })
        #expect(!network.events(.switchPrimary).contains { $0.text.hasSuffix(" 7000") })
    }

    @Test("a former primary that lost its disk does not serve beside the new one")
    func formerOnNewDisk() {
        let network = network()
        #expect(network.settle())
        network.kill(7000)
        #expect(network.run(atMost: 4000) { network.allAgree(on: 7001) })
        network.run(2000)
        empty(network, 7000)
        network.servers[7000]?.keys = 3
        #expect(network.run(atMost: 4000) { network.servers[7000]?.primary == 7001 })
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

    @Test("a sentinel that hears of a promotion does not believe the fence of before")
    func oldFence() {
        let network = network()
        #expect(network.settle())
        network.run(2000)
        network.kill(7000)
        network.kill(7001)
        network.run(300)
        restart(network, 7001, isFenced: true)
        #expect(network.run(atMost: 6000) { network.allAgree(on: 7001) })
        network.run(1000)
        let down = network.events(.subjectivelyDown).map(\.text)
        #expect(down.contains { $0.hasPrefix("master g 127.0.0.1 7000") })
        #expect(!down.contains { $0.hasPrefix("master g 127.0.0.1 7001") })
    }

    @Test("a fenced node that was told a later epoch serves in one after that")
    func laterEpoch() {
        let network = network()
        #expect(network.settle())
        network.run(2000)
        network.kill(7000)
        network.kill(7001)
        restart(network, 7001, isFenced: true)
        network.servers[7001]?.epoch = 50
        #expect(network.run(atMost: 20000) { network.allAgree(on: 7001) })
        #expect((0..<3).allSatisfy { network.group($0).configurationEpoch > 50 })
    }

    @Test("the life after the one that was promoted is not the new primary")
    func nextLifeOfPromoted() {
        let network = network(replicas: 2)
        network.servers[7002]?.offset = 900
        #expect(network.settle())
        network.kill(7000)
        #expect(network.run(atMost: 4000) { network.servers[7001]?.primary == nil })
        network.kill(7001)
        empty(network, 7001)
        #expect(network.run(atMost: 20000) { network.allAgree(on: 7002) })
        #expect(!network.wasTold(7002, toFollow: 7001))
    }

    @Test("a former primary is not told to follow a life in which nothing is left of the promoted")
    func lateObserver() {
        let network = network()
        #expect(network.settle())
        network.run(2000)
        // 7000 and the last sentinel are cut off; what is promoted meanwhile loses its disk.
        let own = MiniNetwork.firstSentinelPort
        for sentinel in 0..<2 {
            network.cut(own + sentinel, 7000)
            network.cut(own + sentinel, own + 2)
        }
        network.cut(own + 2, 7001)
        #expect(network.run(atMost: 5000) { network.servers[7001]?.primary == nil })
        network.run(2000)
        network.kill(7001)
        empty(network, 7001)
        network.run(20000)
        network.cut(own + 2, 7001, false)
        network.run(20000)
        #expect(network.primaryPort(2) == 7001)
        #expect(!network.wasTold(7000, toFollow: 7001))
    }

    @Test("a sentinel that was restarted leaves it to the others to know what is lost")
    func restartedSentinel() {
        let network = network()
        #expect(network.settle())
        network.run(2000)
        network.kill(7000)
        #expect(network.run(atMost: 4000) { network.allAgree(on: 7001) })
        network.run(2000)
        network.kill(7001)
        empty(network, 7001)
        network.run(2000)
        network.crash(2)
        network.run(500)
        network.restart(2)
        network.run(5000)
        // The others hear of it a little later.
        let own = MiniNetwork.firstSentinelPort
        for sentinel in 0..<2 { network.cut(own + sentinel, 7000) }
        restart(network, 7000, isFenced: true)
        network.run(2000)
        for sentinel in 0..<2 { network.cut(own + sentinel, 7000, false) }
        #expect(network.run(atMost: 20000) { network.allAgree(on: 7000) })
        #expect(!network.wasTold(7000, toFollow: 7001))
    }

    @Test("nobody follows a primary that was handed over to and lost all since")
    func handedOverInVain() {
        for replicas in 1...2 {
            let network = network(replicas: replicas)
            #expect(network.settle())
            network.run(2000)
            for sentinel in 0..<3 { network.stall(sentinel, 900) }
            network.servers[7000]?.primary = 7001
            network.servers[7000]?.linkIsUp = false
            network.run(300)
            network.kill(7001)
            empty(network, 7001)
            let heir = replicas == 1 ? 7000 : 7002
            #expect(network.run(atMost: 60000) { network.allAgree(on: heir) }, "\(replicas)")
            #expect(network.run(atMost: 20000) { network.servers[7001]?.primary == heir })
            #expect(!network.wasTold(7002, toFollow: 7001))
        }
    }

    @Test("also when time is up nobody is told to follow a primary that cannot be reached")
    func wavesEnd() {
        let network = network(sentinels: 1, replicas: 3, downAfter: 60000)
        for port in 7002...7003 { network.servers[port]?.linkIsUp = false }
        #expect(network.settle())
        #expect(network.command(0, "SENTINEL", "FAILOVER", "g") == .simple("OK"))
        #expect(network.run(atMost: 6000) { network.primaryPort(0) == 7001 })
        network.run(10000)
        network.kill(7001)
        network.run(20000)
        #expect(network.group(0).failover == nil)
        let told = (7002...7003).filter { network.servers[$0]?.primary == 7001 }
        #expect(told.count == 1)
    }

    @Test("an offset that no history has does not end the sentinel")
    func strangeOffset() {
        let network = formerPrimary()
        restart(network, 7001, isFenced: true)
        network.servers[7001]?.formerHistory = (Self.first, .min)
        network.run(10000)
        #expect(serves(network, 7000) || serves(network, 7001))
    }
}
