import RESP
import SentinelCore
import Testing

@Suite("Votes and epochs")
struct VoteTests {
    private func network(seed: UInt64 = 1, sentinels: Int = 3) -> MiniNetwork {
        MiniNetwork(
            sentinels: sentinels,
            servers: [FakeServer(7000), FakeServer(7001, primary: 7000)], seed: seed)
    }

    private func question(_ epoch: Int, _ candidate: Int) -> [String] {
        [
            "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "7000", String(epoch),
            FakeServer.id(candidate),
        ]
    }

    private func vote(_ leader: Int, _ epoch: Int64) -> RESPValue {
        .array([.integer(0), .text(FakeServer.id(leader)), .integer(epoch)])
    }

    @Test("a vote is told only when it is on disk")
    func persistedFirst() {
        let network = network()
        #expect(network.settle())
        network.run(1000)
        network.peers[0].disk = .hangs
        let session = network.ask(0, question(7, 2))
        network.run(500)
        #expect(network.replies[session] == nil)
        #expect(network.peers[0].stateFile?.contains("leader-epoch g 7") == false)
        #expect(network.events(.voteForLeader).isEmpty)
        network.releaseDisk(0)
        #expect(network.replies[session] == vote(2, 7))
        #expect(network.events(.voteForLeader).map(\.text) == ["\(FakeServer.id(2)) 7"])
    }

    @Test("a question without a candidate is answered at once")
    func plainQuestion() {
        let network = network()
        #expect(network.settle())
        network.peers[0].disk = .hangs
        var words = question(0, 2)
        words[5] = "*"
        let session = network.ask(0, words)
        #expect(network.replies[session] == .array([.integer(0), .text("*"), .integer(0)]))
    }

    @Test("what cannot be saved is no vote")
    func refused() {
        let network = network()
        #expect(network.settle())
        network.run(1000)
        network.peers[0].disk = .fails
        #expect(
            network.command(
                0, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "7000", "7",
                FakeServer.id(2)) == .array([.integer(0), .text("*"), .integer(0)]))
        let refusals = network.events(.voteRefused).map(\.text)
        #expect(refusals.count == 1)
        #expect(refusals.first?.contains("No space left") == true)
        // The epoch's vote is still to be given once the disk is well again.
        network.peers[0].disk = .works
        let words = question(7, 3)
        let session = network.ask(0, words)
        network.run(100)
        #expect(network.replies[session] == vote(3, 7))
    }

    @Test("a vote that was not saved is not told when something else was")
    func refusedForGood() {
        let network = network()
        #expect(network.settle())
        network.run(1000)
        network.peers[0].disk = .hangs
        let first = network.ask(0, question(7, 2))
        // Asked again while the write is under way: this answer waits for the next write.
        let again = network.ask(0, question(7, 2))
        network.failHeldWrites(0)
        #expect(network.replies[first] == .array([.integer(0), .text("*"), .integer(0)]))
        let other = network.ask(0, question(7, 3))
        network.releaseDisk(0)
        network.run(100)
        #expect(network.replies[other] == vote(3, 7))
        #expect(network.replies[again] == .array([.integer(0), .text("*"), .integer(0)]))
    }

    @Test("a group that is removed and watched again does not vote twice")
    func watchedAgain() {
        let network = network(sentinels: 1)
        #expect(network.settle())
        let first = network.ask(0, question(7, 2))
        network.run(100)
        #expect(network.replies[first] == vote(2, 7))
        #expect(network.command(0, "SENTINEL", "REMOVE", "g") == .simple("OK"))
        #expect(
            network.command(0, "SENTINEL", "MONITOR", "g", "127.0.0.1", "7000", "2")
                == .simple("OK"))
        let second = network.ask(0, question(7, 3))
        network.run(100)
        #expect(network.replies[second] == .array([.integer(0), .text("*"), .integer(7)]))
        let third = network.ask(0, question(8, 3))
        network.run(100)
        #expect(network.replies[third] == vote(3, 8))
    }

    @Test("one vote for each epoch, first come, first served")
    func once() {
        let network = network()
        #expect(network.settle())
        for (epoch, candidate, leader, given) in [
            (5, 2, 2, 5), (5, 3, 2, 5), (4, 3, 2, 5), (6, 3, 3, 6),
        ] {
            let session = network.ask(0, question(epoch, candidate))
            network.run(50)
            #expect(network.replies[session] == vote(leader, Int64(given)))
        }
        #expect(network.peers[0].state.currentEpoch == 6)
        #expect(network.events(.newEpoch).filter { $0.sentinel == 0 }.map(\.text) == ["5", "6"])
    }

    @Test("a vote survives a crash")
    func survives() {
        let network = network()
        #expect(network.settle())
        let first = network.ask(0, question(5, 2))
        network.run(50)
        #expect(network.replies[first] == vote(2, 5))
        network.crash(0)
        network.run(10)
        network.restart(0)
        let second = network.ask(0, question(5, 3))
        network.run(50)
        // It no longer knows for whom, but that it has voted.
        #expect(network.replies[second] == .array([.integer(0), .text("*"), .integer(5)]))
        #expect(network.peers[0].state.currentEpoch == 5)
        #expect(network.group(0).sentinels.count == 2)
        #expect(network.group(0).replicas.map(\.address.port) == [7001])
    }

    @Test("a sentinel that cannot save its own vote does not stand")
    func candidacyRefused() {
        let network = network()
        #expect(network.settle())
        network.run(1000)
        for index in 0..<3 { network.peers[index].disk = .fails }
        network.kill(7000)
        network.run(8000)
        #expect(!network.events(.tryFailover).isEmpty)
        #expect(network.events(.electedLeader).isEmpty)
        #expect(!network.events(.voteRefused).isEmpty)
        for index in 0..<3 { network.peers[index].disk = .works }
        #expect(network.run(atMost: 15000) { network.allAgree(on: 7001) })
    }

    @Test("one sick disk does not keep the others from electing")
    func oneSickDisk() {
        let network = network()
        #expect(network.settle())
        network.peers[0].disk = .fails
        network.kill(7000)
        #expect(
            network.run(atMost: 4000) {
                network.primaryPort(1) == 7001 && network.primaryPort(2) == 7001
            })
        #expect(network.events(.electedLeader).allSatisfy { $0.sentinel != 0 })
    }

    @Test("sentinels that stand at the same moment settle it soon", arguments: 0..<20)
    func splitVotes(seed: Int) {
        let network = network(seed: UInt64(seed), sentinels: 4)
        #expect(network.settle())
        // Without links between them nobody hears of another's candidacy in time.
        network.kill(7000)
        for index in 0..<4 {
            _ = network.ask(index, ["SENTINEL", "FAILOVER", "g"])
        }
        #expect(network.run(atMost: 5000) { network.allAgree(on: 7001) })
        #expect(network.events(.abortNotElected).count > 0)
    }

    @Test("whatever epoch a stranger claims, there is a next one that can be voted for")
    func strangeEpochs() {
        let last = Int.max - (1 << 32)
        for claim in [1 << 62, (1 << 62) + 1, last - 1, last] {
            let network = network()
            #expect(network.settle())
            // A question, a hello, and again what they led to.
            _ = network.ask(0, question(claim, 50))
            network.run(100)
            let hello = "127.0.0.1,26399,\(FakeServer.id(9)),\(claim),g,127.0.0.1,7000,0"
            for _ in 0..<100 { _ = network.ask(1, ["PUBLISH", "__sentinel__:hello", hello]) }
            network.run(5000)
            #expect(network.peers.allSatisfy { $0.state.currentEpoch < last - (1 << 32) })
            network.crash(2)
            network.restart(2)
            network.run(3000)
            network.kill(7000)
            // The stranger counts as a voter: three of four.
            #expect(network.run(atMost: 40000) { network.allAgree(on: 7001) }, "\(claim)")
            #expect((0..<3).allSatisfy { network.group($0).configurationEpoch > 1 << 62 })
        }
        let network = network()
        let refused = RESPValue.error("ERR value is not an integer or out of range")
        for claim in [last + 1, Int.max, -1] {
            let session = network.ask(0, question(claim, 50))
            network.run(100)
            #expect(network.replies[session] == refused)
        }
    }

    @Test("one that was away while elections counted on beyond the limit catches up")
    func catchesUp() {
        let network = network(sentinels: 1)
        let hello = "127.0.0.1,26399,\(FakeServer.id(9)),\((1 << 62) + 200_000),g,127.0.0.1,7000,0"
        for _ in 0..<5 { _ = network.ask(0, ["PUBLISH", "__sentinel__:hello", hello]) }
        #expect(network.peers[0].state.currentEpoch == (1 << 62) + 200_000)
    }

    @Test("questions about an address nobody monitors get an empty answer")
    func unknownAddress() {
        let network = network()
        #expect(
            network.command(
                0, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "7999", "9",
                FakeServer.id(2)) == .array([.integer(0), .text("*"), .integer(0)]))
        #expect(network.peers[0].state.currentEpoch == 0)
    }
}
