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

    /// A primary that held keys comes back without them, while its replica is out of reach.
    private func emptiedBesideLost(replicaOffset: Int64? = nil) -> MiniNetwork {
        let network = network(downAfter: 1000)
        if let replicaOffset { network.servers[7001]?.offset = replicaOffset }
        network.servers[7000]?.keys = 5
        #expect(network.settle())
        network.run(2000)
        network.kill(7001)
        network.run(3000)
        network.servers[7000]?.keys = 0
        restartFenced(network, offset: 0)
        return network
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
        let network = emptiedBesideLost(replicaOffset: 0)
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

    @Test("a replica that never tells what it holds is not waited for without end")
    func refusesInfo() {
        let network = network(downAfter: 3000)
        #expect(network.settle())
        network.kill(7001)
        network.servers[7001]?.isAlive = true
        network.servers[7001]?.refusesInfo = true
        network.run(200)
        restartFenced(network, offset: 500)
        network.run(1000)
        #expect(network.servers[7000]?.isFenced == true)
        #expect(network.run(atMost: 4000) { network.servers[7000]?.isFenced == false })
    }

    @Test("the log tells who holds data and is not to be promoted")
    func unpromotable() {
        let network = network(downAfter: 1000)
        network.servers[7001]?.priority = 0
        network.servers[7001]?.keys = 5
        #expect(network.settle())
        network.run(11000)
        restartFenced(network, offset: 0)
        network.run(5000)
        #expect(network.servers[7000]?.isFenced == true)
        #expect(network.logs.contains { $0.contains("127.0.0.1:7001 holds data") })
        #expect(!network.logs.contains { $0.contains("who can be reached holds nothing") })
    }

    /// Both are lost, the replica after a promotion that no sentinel saw, and come back fenced: the
    /// primary with so many keys, or not at all.
    private func bothFenced(keysOfPrimary: Int?) -> MiniNetwork {
        let network = network(downAfter: 1000)
        network.servers[7000]?.keys = 5
        #expect(network.settle())
        network.run(2000)
        network.kill(7000)
        network.kill(7001)
        network.run(keysOfPrimary == nil ? 3000 : 300)
        for port in [7000, 7001] where port == 7001 || keysOfPrimary != nil {
            network.servers[port]?.isAlive = true
            network.servers[port]?.primary = nil
            network.servers[port]?.isFenced = true
            network.servers[port]?.keys = 5
            network.servers[port]?.runID = FakeServer.id(port + 70)
        }
        if let keysOfPrimary {
            network.servers[7000]?.keys = keysOfPrimary
            if keysOfPrimary == 0 { network.servers[7000]?.offset = 0 }
        }
        return network
    }

    @Test("a replica that waits behind a fence with data replaces an empty primary, or a dead one")
    func fencedReplica() {
        for keys in [0, nil] {
            let network = bothFenced(keysOfPrimary: keys)
            #expect(network.run(atMost: 30000) { network.allAgree(on: 7001) })
            #expect(network.servers[7001]?.isFenced == false)
            #expect(network.events(.resumePrimary).isEmpty)
        }
    }

    @Test("a fenced primary serves again beside a fenced replica that has no more")
    func fencedReplicaWithoutMore() {
        let network = bothFenced(keysOfPrimary: 5)
        #expect(network.run(atMost: 30000) { network.servers[7000]?.isFenced == false })
        #expect(network.run(atMost: 5000) { network.servers[7001]?.primary == 7000 })
        #expect(network.events(.switchPrimary).isEmpty)
    }

    // MARK: Histories

    private static func history(_ digit: Int) -> String { FakeServer.id(900 + digit) }

    /// The primary's data went through the histories 1 to 3 and end in the third; the replica
    /// comes back with data of `replica`. Whether it is promoted.
    private func isPromoted(
        replica: String, known: [String] = (1...3).map { history($0) }, replicaKnows: [String] = [],
        former: (id: String, end: Int64)? = nil,
        offset: Int64 = 5000
    ) -> Bool {
        let network = network()
        #expect(network.settle())
        network.kill(7001)
        network.servers[7001]?.isAlive = true
        network.servers[7001]?.historyID = replica
        network.servers[7001]?.history = replica
        network.servers[7001]?.histories = replicaKnows
        network.servers[7001]?.formerHistory = former
        network.servers[7001]?.offset = offset
        network.servers[7001]?.keys = 7
        network.servers[7000]?.keys = 7
        restartFenced(network, offset: 100)
        network.servers[7000]?.historyID = FakeServer.id(99)
        network.servers[7000]?.history = Self.history(3)
        network.servers[7000]?.histories = known
        #expect(
            network.run(atMost: 8000) {
                network.allAgree(on: 7001) || !network.events(.resumePrimary).isEmpty
            })
        return network.events(.resumePrimary).isEmpty
    }

    @Test("data of an earlier history are older, wherever they end in it")
    func earlierHistory() {
        #expect(!isPromoted(replica: Self.history(1)))
        #expect(!isPromoted(replica: Self.history(2)))
        // A promotion that came late made it another history by name.
        #expect(!isPromoted(replica: Self.history(8), former: (Self.history(2), 5001)))
        #expect(!isPromoted(replica: Self.history(8), former: (Self.history(2), 4001)))
        #expect(isPromoted(replica: Self.history(8), former: (Self.history(9), 4001)))
    }

    @Test("what a node wrote since it left the common history does not count")
    func commonHistory() {
        for end: Int64 in [399, 400, 401] {
            let network = network()
            #expect(network.settle())
            network.kill(7001)
            network.servers[7001]?.isAlive = true
            network.servers[7001]?.historyID = Self.history(1)
            network.servers[7001]?.formerHistory = (Self.history(9), end)
            network.servers[7001]?.offset = 450
            restartFenced(network, offset: 420)
            network.servers[7000]?.historyID = Self.history(2)
            network.servers[7000]?.formerHistory = (Self.history(9), 400)
            #expect(
                network.run(atMost: 8000) {
                    network.allAgree(on: 7001) || !network.events(.resumePrimary).isEmpty
                })
            #expect(network.events(.resumePrimary).isEmpty == (end >= 400))
        }
    }

    @Test("data of a later history are newer, wherever they end in it")
    func laterHistory() {
        let known = (1...4).map { Self.history($0) }
        #expect(isPromoted(replica: Self.history(4), known: known, offset: 50))
        // The replica may know what the primary did not live to see.
        #expect(
            isPromoted(replica: Self.history(5), replicaKnows: [3, 5].map { Self.history($0) }))
        #expect(
            !isPromoted(replica: Self.history(6), replicaKnows: [6, 3].map { Self.history($0) }))
    }

    @Test("data of a history that nobody knows were served by a primary that we no longer know")
    func unknownHistory() {
        #expect(isPromoted(replica: Self.history(8)))
        // What the primary's file does not say, its list cannot order.
        #expect(isPromoted(replica: Self.history(1), known: [1, 2].map { Self.history($0) }))
        // A memory that is full has forgotten the oldest.
        let full = (0..<63).map { FakeServer.id(1000 + $0) } + [Self.history(3)]
        #expect(!isPromoted(replica: Self.history(8), known: full, replicaKnows: [Self.history(8)]))
        #expect(isPromoted(replica: Self.history(8), known: full, replicaKnows: [full[5]]))
    }

    @Test("a primary that is still loading has not told what it holds")
    func loading() {
        let network = emptiedBesideLost()
        network.servers[7000]?.isFenced = false
        network.servers[7000]?.isLoading = true
        network.run(3000)
        network.servers[7000]?.isLoading = false
        network.servers[7000]?.isFenced = true
        network.run(30000)
        #expect(network.servers[7000]?.isFenced == true)
    }

    // MARK: Without a fence

    /// The primary is killed and comes back at once as a node that knows nothing.
    private func replace(_ network: MiniNetwork, keys: Int = 0, nodeID: String = "") {
        network.kill(7000)
        network.run(300)
        network.servers[7000]?.isAlive = true
        network.servers[7000]?.runID = FakeServer.id(77)
        network.servers[7000]?.historyID = FakeServer.id(78)
        network.servers[7000]?.offset = 0
        network.servers[7000]?.keys = keys
        network.servers[7000]?.nodeID = nodeID
    }

    private func networkWithData(replicaKeys: Int = 5, nodeID: String = "") -> MiniNetwork {
        let network = network()
        network.servers[7000]?.keys = 5
        network.servers[7000]?.nodeID = nodeID
        network.servers[7001]?.keys = replicaKeys
        #expect(network.settle())
        network.run(11000)
        return network
    }

    @Test("a primary that came back without its data and without a fence is replaced")
    func replaced() {
        let network = networkWithData()
        let start = network.now
        replace(network)
        #expect(network.run(atMost: 4000) { network.allAgree(on: 7001) })
        #expect(network.now - start < 1_500_000)
        #expect(network.run(atMost: 3000) { network.servers[7000]?.primary == 7001 })
    }

    @Test("another node at the primary's address is found out when it has data again")
    func replacedAndWritten() {
        let network = networkWithData(nodeID: FakeServer.id(40))
        replace(network, keys: 2, nodeID: FakeServer.id(41))
        #expect(network.run(atMost: 4000) { network.allAgree(on: 7001) })
    }

    @Test("the same node is believed, and so is one that nobody can replace")
    func notReplaced() {
        let same = networkWithData(nodeID: FakeServer.id(40))
        replace(same, nodeID: FakeServer.id(40))
        same.run(20000)
        #expect(same.allAgree(on: 7000) && same.events(.tryFailover).isEmpty)
        let empty = networkWithData(replicaKeys: 0)
        replace(empty)
        empty.run(20000)
        #expect(empty.allAgree(on: 7000) && empty.events(.tryFailover).isEmpty)
        let alone = networkWithData()
        alone.kill(7001)
        alone.run(10000)
        replace(alone)
        alone.run(20000)
        #expect(alone.allAgree(on: 7000) && alone.events(.tryFailover).isEmpty)
    }

    @Test("a former primary with data is not told to follow one that has lost its own")
    func replacedBesideFormer() {
        let network = networkWithData()
        network.kill(7001)
        network.run(6000)
        // It was out of reach, and promoted once.
        network.servers[7001]?.isAlive = true
        network.servers[7001]?.primary = nil
        replace(network)
        #expect(network.run(atMost: 6000) { network.allAgree(on: 7001) })
        #expect(!network.wasTold(7001, toFollow: 7000))
    }

    @Test("an operator may accept that it came back as another node")
    func replacedAndAccepted() {
        let network = networkWithData()
        network.crash(1)
        network.crash(2)
        replace(network)
        network.run(2000)
        #expect(network.group(0).primary.downSince != nil)
        #expect(network.command(0, "SENTINEL", "ACCEPT-EMPTY", "g") == .simple("OK"))
        network.run(20000)
        #expect(network.group(0).primary.downSince == nil)
    }

    @Test("a primary whose data were deleted on purpose stays the primary")
    func flushed() {
        let network = networkWithData()
        network.servers[7000]?.keys = 0
        network.run(20000)
        #expect(network.allAgree(on: 7000) && network.events(.tryFailover).isEmpty)
    }

    @Test("one that has served for long stays, whatever comes back")
    func established() {
        let network = networkWithData(nodeID: FakeServer.id(40))
        network.kill(7001)
        network.run(6000)
        replace(network, keys: 2, nodeID: FakeServer.id(41))
        network.run(60000)
        network.servers[7001]?.isAlive = true
        network.run(20000)
        #expect(network.allAgree(on: 7000) && network.events(.tryFailover).isEmpty)
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
