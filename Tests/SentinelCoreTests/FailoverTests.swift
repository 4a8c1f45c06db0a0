import RESP
import SentinelCore
import Testing

@Suite("Automatic failover")
struct FailoverTests {
    private func network(
        sentinels: Int = 3, replicas: Int = 1, quorum: Int = 2, seed: UInt64 = 1,
        extra: [String] = []
    ) -> MiniNetwork {
        let followers = (0..<replicas).map { FakeServer(7001 + $0, primary: 7000) }
        return MiniNetwork(
            sentinels: sentinels, servers: [FakeServer(7000)] + followers, quorum: quorum,
            extra: extra, seed: seed)
    }

    @Test("sentinels find the replicas and each other")
    func discovery() {
        let network = network(replicas: 2)
        #expect(network.settle())
        #expect(network.events(.replicaFound).count == 6)
        #expect(network.events(.sentinelFound).count == 6)
        #expect(network.events(.monitor).map(\.text).first == "master g 127.0.0.1 7000 quorum 2")
        #expect(
            network.events(.replicaFound).first?.text
                == "slave 127.0.0.1:7001 127.0.0.1 7001 @ g 127.0.0.1 7000")
        #expect(network.events(.subjectivelyDown).isEmpty)
    }

    @Test("a killed primary is replaced soon after down-after", arguments: [1, 2, 3, 4, 5])
    func killed(seed: UInt64) throws {
        let network = network(replicas: 2, seed: seed)
        #expect(network.settle())
        network.run(1000 + Int64(seed) * 137)
        network.servers[7002]?.offset = 2000
        let start = network.now
        network.kill(7000)
        #expect(network.run(atMost: 3000) { network.allAgree(on: 7002) })
        let down = try #require(network.time(of: .subjectivelyDown, since: start))
        #expect(down - start >= 1_000_000)
        let announced = network.events(.switchPrimary)
        #expect(announced.count == 3)
        for event in announced {
            #expect(event.text == "g 127.0.0.1 7000 127.0.0.1 7002")
            #expect(event.time - start < 1_250_000)
        }
        #expect(network.events(.electedLeader).count == 1)
        #expect(network.events(.voteForLeader).count == 3)
        #expect(network.servers[7001]?.primary == 7002)
        let epochs = Set(network.peers.indices.map { network.group($0).configurationEpoch })
        #expect(epochs == [1])
    }

    @Test("the leader's events come in Redis's order")
    func order() throws {
        let network = network(sentinels: 1, quorum: 1)
        #expect(network.settle())
        let start = network.events.count
        network.kill(7000)
        #expect(network.run(atMost: 3000) { network.allAgree(on: 7001) })
        let channels = network.events[start...].map(\.channel).filter { $0 != "-role-change" }
        #expect(
            channels == [
                "+sdown", "+odown", "+new-epoch", "+try-failover", "+vote-for-leader",
                "+elected-leader", "+failover-state-select-slave", "+selected-slave",
                "+failover-state-send-slaveof-noone", "+failover-state-wait-promotion",
                "+promoted-slave", "+failover-state-reconf-slaves", "+failover-end",
                "+switch-master", "+slave",
            ])
        let texts = Dictionary(
            network.events[start...].map { ($0.channel, $0.text) }, uniquingKeysWith: { a, _ in a })
        #expect(texts["+odown"] == "master g 127.0.0.1 7000 #quorum 1/1")
        #expect(texts["+vote-for-leader"] == "\(FakeServer.id(1)) 1")
        #expect(
            texts["+promoted-slave"] == "slave 127.0.0.1:7001 127.0.0.1 7001 @ g 127.0.0.1 7000")
        #expect(texts["+slave"] == "slave 127.0.0.1:7000 127.0.0.1 7000 @ g 127.0.0.1 7001")
    }

    @Test("the promotion is one transaction, with the clients closed")
    func transaction() throws {
        let network = network(sentinels: 1, quorum: 1)
        #expect(network.settle())
        network.kill(7000)
        #expect(network.run(atMost: 3000) { network.allAgree(on: 7001) })
        #expect(
            network.servers[7001]?.requests.filter { $0[0] != "TANDEM" }.prefix(6) == [
                ["MULTI"], ["SLAVEOF", "NO", "ONE"], ["CONFIG", "REWRITE"],
                ["CLIENT", "KILL", "TYPE", "normal"], ["CLIENT", "KILL", "TYPE", "pubsub"],
                ["EXEC"],
            ])
    }

    @Test("without a quorum nothing is failed over")
    func noQuorum() {
        let network = network()
        #expect(network.settle())
        network.crash(1)
        network.crash(2)
        network.kill(7000)
        network.run(30000)
        #expect(!network.events(.subjectivelyDown).isEmpty)
        #expect(network.events(.objectivelyDown).isEmpty)
        #expect(network.events(.tryFailover).isEmpty)
        #expect(network.primaryPort(0) == 7000)
    }

    @Test("a quorum without a majority elects nobody")
    func noMajority() {
        let network = network(quorum: 1)
        #expect(network.settle())
        network.crash(1)
        network.crash(2)
        network.kill(7000)
        network.run(15000)
        #expect(!network.events(.tryFailover).isEmpty)
        #expect(!network.events(.abortNotElected).isEmpty)
        #expect(network.events(.electedLeader).isEmpty)
        #expect(network.primaryPort(0) == 7000)
    }

    @Test("a silent primary is noticed without a reset")
    func silence() throws {
        let network = network()
        #expect(network.settle())
        for index in 0..<3 { network.cut(7000, MiniNetwork.firstSentinelPort + index) }
        let start = network.now
        #expect(network.run(atMost: 4000) { network.allAgree(on: 7001) })
        #expect(network.now - start < 1_600_000)
    }

    @Test("every seed has at most one leader per epoch", arguments: 0..<40)
    func oneLeader(seed: Int) {
        let network = network(sentinels: 5, replicas: 2, quorum: 3, seed: UInt64(seed))
        #expect(network.settle())
        for index in 0..<5 where seed & (1 << index) != 0 {
            network.cut(26379 + index, 26379 + (index + 1) % 5)
        }
        network.kill(7000)
        network.run(12000)
        var leaders: [String: Set<Int>] = [:]
        var epochs: [Int: Int] = [:]
        for event in network.events {
            if event.channel == "+vote-for-leader" {
                let words = event.text.split(separator: " ").map(String.init)
                if words[0] == FakeServer.id(event.sentinel + 1) {
                    epochs[event.sentinel] = Int(words[1])
                }
            }
            if event.channel == "+elected-leader" {
                leaders[String(epochs[event.sentinel] ?? 0), default: []].insert(event.sentinel)
            }
        }
        #expect(leaders.values.allSatisfy { $0.count == 1 })
        #expect(!leaders.isEmpty)
        let ports = Set((0..<5).map { network.primaryPort($0) })
        #expect(ports.count == 1 && !ports.contains(7000))
    }

    @Test("a lost leader is replaced within seconds")
    func lostLeader() throws {
        let network = network(replicas: 2)
        #expect(network.settle())
        // The smallest id goes first.
        #expect(
            network.command(0, "SENTINEL", "SIMULATE-FAILURE", "crash-after-election")
                == .simple("OK"))
        network.kill(7000)
        #expect(network.run(atMost: 5000) { network.allAgree(on: 7001) })
        #expect(network.peers.map(\.isAlive) == [false, true, true])
        #expect(network.events(.electedLeader).count == 2)
    }

    @Test("a replica that ignores the promotion is not waited for forever")
    func promotionTimeout() {
        let network = network()
        #expect(network.settle())
        network.servers[7001]?.obeysPromotion = false
        network.kill(7000)
        network.run(23000)
        #expect(network.events(.abortReplicaTimeout).count >= 1)
        network.servers[7001]?.obeysPromotion = true
        #expect(network.run(atMost: 60000) { network.allAgree(on: 7001) })
    }

    @Test("a replica that was restarted, and lost its data, before its promotion is not promoted")
    func restartedBeforePromotion() {
        let network = network(replicas: 2)
        #expect(network.settle())
        network.servers[7001]?.obeysPromotion = false
        network.kill(7000)
        #expect(network.run(atMost: 3000) { !network.events(.waitPromotion).isEmpty })
        network.kill(7001)
        network.run(200)
        network.servers[7001]?.isAlive = true
        network.servers[7001]?.obeysPromotion = true
        network.servers[7001]?.runID = FakeServer.id(98)
        network.servers[7001]?.offset = 0
        #expect(network.run(atMost: 10000) { network.allAgree(on: 7002) })
        #expect(network.servers[7001]?.primary == 7002)
    }

    @Test("a replica that came back with nothing is promoted only if the operator says so")
    func blankReplica() {
        let network = network()
        #expect(network.settle())
        network.kill(7000)
        network.kill(7001)
        network.run(100)
        network.servers[7001]?.isAlive = true
        network.servers[7001]?.runID = FakeServer.id(98)
        network.servers[7001]?.offset = 0
        network.servers[7001]?.linkIsUp = false
        network.run(20000)
        #expect(!network.events(.tryFailover).isEmpty && network.events(.switchPrimary).isEmpty)
        for sentinel in 0..<3 {
            #expect(network.command(sentinel, "SENTINEL", "ACCEPT-EMPTY", "g") == .simple("OK"))
        }
        #expect(network.run(atMost: 60000) { network.allAgree(on: 7001) })
    }

    @Test(
        "a replica that never came to the primary's keys is not promoted",
        arguments: [900, 55] as [Int64])
    func emptyBehind(_ offset: Int64) {
        let network = network(replicas: 1)
        network.servers[7000]?.keys = 20
        network.servers[7000]?.offset = 900
        network.servers[7001]?.offset = offset
        #expect(network.settle())
        network.run(11000)
        network.kill(7000)
        // With no key at the same place the keys were deleted; behind it, they never came.
        network.run(20000)
        #expect(network.allAgree(on: offset == 900 ? 7001 : 7000))
    }

    @Test("a primary that follows its own empty replica is made the primary again")
    func circle() {
        let network = network(replicas: 1)
        network.servers[7000]?.keys = 20
        #expect(network.settle())
        network.run(11000)
        network.servers[7000]?.primary = 7001
        network.servers[7000]?.linkIsUp = false
        network.servers[7001]?.runID = FakeServer.id(98)
        network.servers[7001]?.offset = 0
        network.servers[7001]?.linkIsUp = false
        #expect(network.run(atMost: 60000) { network.servers[7000]?.primary == nil })
        network.run(1000)
        #expect(network.allAgree(on: 7000))
        #expect(network.events(.switchPrimary).isEmpty)
    }

    @Test("the old primary becomes a replica at first sight")
    func oldPrimaryReturns() throws {
        let network = network()
        #expect(network.settle())
        network.kill(7000)
        #expect(network.run(atMost: 3000) { network.allAgree(on: 7001) })
        network.run(2000)
        network.servers[7000]?.isAlive = true
        network.servers[7000]?.runID = FakeServer.id(99)
        let start = network.now
        #expect(network.run(atMost: 3000) { network.servers[7000]?.primary == 7001 })
        #expect(network.now - start < 1_100_000)
        #expect(!network.events(.convertToReplica).isEmpty)
        network.run(20000)
        #expect(network.allAgree(on: 7001))
        #expect(network.group(0).replicas.map(\.address.port) == [7000])
    }

    @Test("a replica that calls itself primary is corrected, but not at once")
    func strayPrimary() {
        let network = network()
        #expect(network.settle())
        network.run(20000)
        network.servers[7001]?.primary = nil
        network.run(7000)
        #expect(network.events(.convertToReplica).isEmpty)
        #expect(network.run(atMost: 20000) { network.servers[7001]?.primary == 7000 })
    }

    @Test("replicas are pointed to the new primary a few at a time")
    func wave() {
        let network = network(sentinels: 1, replicas: 4, quorum: 1)
        #expect(network.settle())
        for port in 7001...7004 { network.servers[port]?.linkIsUp = false }
        network.kill(7000)
        #expect(network.run(atMost: 3000) { !network.events(.reconfigurationSent).isEmpty })
        network.run(1000)
        // The first is on its way; clients know the new primary already.
        #expect(network.events(.reconfigurationSent).count == 1)
        #expect(network.events(.reconfigurationInProgress).count == 1)
        #expect(network.events(.switchPrimary).count == 1)
        #expect(network.events(.failoverEnd).isEmpty)
        for port in 7001...7004 { network.servers[port]?.linkIsUp = true }
        #expect(network.run(atMost: 5000) { !network.events(.failoverEnd).isEmpty })
        #expect(network.events(.reconfigurationSent).count == 3)
        #expect(network.events(.reconfigurationDone).count == 3)
        #expect(network.events(.switchPrimary).count == 1)
    }

    @Test("a promoted replica that dies is replaced again")
    func twice() {
        let network = network(replicas: 2)
        #expect(network.settle())
        network.kill(7000)
        #expect(network.run(atMost: 3000) { network.allAgree(on: 7001) })
        network.run(500)
        network.kill(7001)
        #expect(network.run(atMost: 4000) { network.allAgree(on: 7002) })
        #expect(network.group(0).configurationEpoch == 2)
    }

    @Test("a stalled sentinel holds nothing against anybody when it wakes")
    func stall() {
        let network = network()
        #expect(network.settle())
        network.run(5000)
        network.stall(0, 5000)
        network.run(9000)
        #expect(network.events(.tilt).map(\.text) == ["#tilt mode entered"])
        #expect(network.events(.tiltEnd).map(\.text) == ["#tilt mode exited"])
        #expect(network.events(.subjectivelyDown).allSatisfy { $0.sentinel != 0 })
        #expect(network.events(.tryFailover).isEmpty)
    }
}
