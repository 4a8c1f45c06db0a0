import Configuration
import Engine
import Memory
import RESP
import Sessions
import Testing

@Suite struct ReplicationSyncTests {
    private func pair(
        _ change: (inout ServerSettings) -> Void = { _ in }
    ) -> (TestNetwork, TestServer, TestServer) {
        let network = TestNetwork()
        let primary = network.add("p", change)
        primary.run("SET", "before", "1")
        let replica = network.add("r") {
            $0.replicaOf = PrimaryAddress(host: "p", port: 6379)
            change(&$0)
        }
        return (network, primary, replica)
    }

    /// A pair in step, whose replica a sentinel watches.
    private func watchedPair() -> (TestNetwork, TestServer, TestServer) {
        let (network, primary, replica) = pair()
        #expect(network.wait { replica.isLinkUp })
        let id = String(repeating: "a", count: 40)
        #expect(
            replica.run("TANDEM", "WATCH", "g", id, "s", "26379", "2", "3", "0") == .simple("OK"))
        return (network, primary, replica)
    }

    @Test func aNewReplicaGetsEverythingAndThenTheStream() {
        let (network, primary, replica) = pair()
        #expect(network.wait { replica.isLinkUp })
        #expect(replica.get("before") == "1")
        #expect(replica.place == primary.place)
        primary.run("SET", "after", "2", "EX", "100")
        #expect(replica.get("after") == "2" && replica.digest == primary.digest)
        #expect(primary.info("sync_full") == "1" && primary.info("connected_slaves") == "1")
        #expect(primary.info("slave0").hasPrefix("ip=r,port=6379,state=online,"))
        #expect(replica.run("SET", "x", "1").string?.hasPrefix("READONLY") == true)
    }

    /// One request of every family, so that each way of propagating is used.
    @Test func everyFamilyOfCommandsLeavesTheSameData() {
        let (network, primary, replica) = pair()
        #expect(network.wait { replica.isLinkUp })
        for words in [
            ["MSET", "a", "1", "b", "2"], ["INCRBYFLOAT", "f", "1.5"], ["APPEND", "a", "xyz"],
            ["SETRANGE", "s", "5", "hello"], ["SETBIT", "bits", "9", "1"],
            ["BITOP", "OR", "bits2", "bits", "s"], ["BITFIELD", "bf", "SET", "u8", "0", "7"],
            ["GETEX", "b", "EX", "50"], ["GETDEL", "f"], ["GETSET", "g", "1"], ["SETNX", "n", "1"],
            ["EXPIRE", "a", "100"], ["PERSIST", "b"], ["RENAME", "s", "t"], ["COPY", "t", "u"],
            ["MOVE", "u", "3"], ["SELECT", "5"], ["SET", "five", "5"], ["SWAPDB", "5", "6"],
            ["SELECT", "0"], ["DEL", "n"], ["UNLINK", "g"], ["SET", "e", "1", "PX", "50"],
        ] {
            #expect(primary.run(words).isError == false, "\(words)")
        }
        network.pass(milliseconds: 1000)
        #expect(replica.digest == primary.digest && replica.place == primary.place)
        #expect(primary.get("e") == nil)
        primary.run("FLUSHDB")
        #expect(replica.digest == primary.digest && replica.run("DBSIZE") == .integer(0))
    }

    @Test func aTransactionIsAppliedAsOne() {
        let (network, primary, replica) = pair()
        #expect(network.wait { replica.isLinkUp })
        network.chunk = 7
        let client = TestClient(network, primary)
        for words in [["MULTI"], ["INCR", "a"], ["INCR", "b"]] { _ = client?.run(words) }
        #expect(replica.get("a") == nil)
        #expect(client?.run("EXEC") == .array([.integer(1), .integer(1)]))
        #expect(replica.get("a") == "1" && replica.get("b") == "1")
        #expect(replica.place == primary.place)
    }

    @Test func writesDuringTheSnapshotArriveBehindIt() {
        let network = TestNetwork()
        let primary = network.add("p")
        for index in 0..<3000 { primary.run("SET", "key:\(index)", "\(index)") }
        // Each key takes a while, so that clients go on writing meanwhile.
        primary.run("CONFIG", "SET", "rdb-key-save-delay", "300")
        network.chunk = 4000
        let replica = network.add("r")
        replica.run("REPLICAOF", "p", "6379")
        var during = 0
        for index in 0..<200 {
            if primary.info("rdb_bgsave_in_progress") == "1" { during += 1 }
            primary.run("SET", "key:\(index * 7)", "new")
            primary.run("DEL", "key:\(index * 11)")
            network.pass(milliseconds: 1, step: 1)
        }
        #expect(during > 100 && !replica.isLinkUp)
        primary.run("CONFIG", "SET", "rdb-key-save-delay", "0")
        #expect(network.wait { replica.isLinkUp && replica.place == primary.place })
        #expect(replica.digest == primary.digest)
    }

    @Test func aPrimaryThatMustTellTheLengthFirstSendsItFromAFile() {
        let (network, primary, replica) = pair { $0.replDisklessSync = false }
        #expect(network.wait { replica.isLinkUp })
        #expect(replica.get("before") == "1" && primary.disk.contents["dump.rdb"] != nil)
        primary.run("SET", "after", "1")
        #expect(replica.digest == primary.digest)
    }

    @Test func afterALostLinkOnlyWhatIsMissingIsSent() {
        let (network, primary, replica) = pair()
        #expect(network.wait { replica.isLinkUp })
        replica.run("CLIENT", "KILL", "TYPE", "master")
        primary.run("SET", "meanwhile", "1")
        #expect(network.wait { replica.isLinkUp })
        #expect(replica.get("meanwhile") == "1")
        #expect(primary.info("sync_full") == "1" && primary.info("sync_partial_ok") == "1")
    }

    @Test func whatNoLongerIsInTheBacklogMeansAFullResync() {
        let (network, primary, replica) = pair { $0.replBacklogSize = 16 * 1024 }
        #expect(network.wait { replica.isLinkUp })
        replica.isCutOff = true
        network.closeAll(of: replica, telling: true)
        for index in 0..<2000 { primary.run("SET", "key:\(index)", "0123456789") }
        replica.isCutOff = false
        #expect(network.wait { replica.isLinkUp })
        #expect(primary.info("sync_full") == "2" && replica.digest == primary.digest)
    }

    @Test func aRestartedReplicaContinuesFromItsFile() {
        let (network, primary, replica) = pair {
            $0.savePoints = [SavePoint(seconds: 1, changes: 1)]
        }
        #expect(network.wait { replica.isLinkUp })
        primary.run("SELECT", "4")
        primary.run("SET", "a", "1")
        replica.run("SHUTDOWN")
        #expect(replica.exitStatus == 0)
        primary.run("SET", "b", "2")
        replica.restart()
        #expect(network.wait { replica.isLinkUp })
        replica.run("SELECT", "4")
        #expect(replica.get("b") == "2" && replica.digest == primary.digest)
        #expect(primary.info("sync_full") == "1" && primary.info("sync_partial_ok") == "1")
    }

    /// A snapshot begun inside EXEC would hold writes that are not in the stream yet, and claim an
    /// offset before them.
    @Test func aSnapshotAskedForInATransactionIsTakenBehindIt() {
        let (network, primary, replica) = pair()
        #expect(network.wait { replica.isLinkUp })
        let client = TestClient(network, primary)
        for words in [["MULTI"], ["SET", "a", "1"], ["BGSAVE"], ["SET", "b", "2"]] {
            _ = client?.run(words)
        }
        #expect(client?.run("EXEC")?.elements?[1] == .simple("Background saving scheduled"))
        let offset = primary.info("master_repl_offset")
        primary.restart()
        #expect(primary.info("master_repl_offset") == offset)
        #expect(network.wait { replica.isLinkUp })
        #expect(primary.get("b") == "2" && replica.digest == primary.digest)
        #expect(primary.info("sync_full") == "0")
    }

    @Test func aRestartedPrimaryStartsANewHistoryThatItsReplicasCanContinue() {
        let (network, primary, replica) = pair()
        #expect(network.wait { replica.isLinkUp })
        let before = primary.info("master_replid")
        primary.run("SET", "dying", "1", "PX", "10")
        primary.run("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        primary.run("SHUTDOWN", "SAVE")
        network.pass(milliseconds: 100)
        primary.restart()
        #expect(primary.info("master_replid") != before)
        #expect(primary.info("master_replid2") == before)
        #expect(network.wait { replica.isLinkUp })
        #expect(primary.info("sync_full") == "0" && primary.info("sync_partial_ok") == "1")
        #expect(replica.digest == primary.digest && replica.run("DBSIZE") == .integer(1))
    }

    @Test func subReplicasGetTheSameBytesAndFollowAPromotion() {
        let (network, primary, replica) = pair()
        let leaf = network.add("l") { $0.replicaOf = PrimaryAddress(host: "r", port: 6379) }
        #expect(network.wait { replica.isLinkUp && leaf.isLinkUp })
        primary.run("SELECT", "2")
        primary.run("SET", "x", "1")
        network.pass(milliseconds: 11_000)
        #expect(leaf.place == primary.place && leaf.digest == primary.digest)
        replica.run("REPLICAOF", "NO", "ONE")
        replica.run("SET", "y", "1")
        #expect(network.wait { leaf.isLinkUp && leaf.place == replica.place })
        #expect(replica.info("sync_full") == "1" && replica.info("sync_partial_ok") == "1")
        #expect(leaf.digest == replica.digest)
    }

    @Test func aFailedSnapshotLeavesTheOldData() {
        let (network, primary, replica) = pair()
        #expect(network.wait { replica.isLinkUp })
        let other = network.add("o")
        for index in 0..<2000 { other.run("SET", "key:\(index)", "\(index)") }
        network.chunk = 2000
        replica.send("REPLICAOF", "o", "6379")
        while replica.info("master_sync_in_progress") != "1" { network.round() }
        for _ in 0..<3 { network.round() }
        #expect(replica.info("master_sync_in_progress") == "1")
        other.kill()
        replica.takeReply()
        network.pass(milliseconds: 3000)
        #expect(!replica.isLinkUp && replica.get("before") == "1")
        replica.follow(primary)
        #expect(network.wait { replica.isLinkUp } && replica.digest == primary.digest)
    }

    @Test func aSilentPrimaryIsGivenUpAndASilentReplicaToo() {
        let (network, primary, replica) = pair { $0.replTimeout = 5 }
        #expect(network.wait { replica.isLinkUp })
        replica.isCutOff = true
        network.pass(milliseconds: 8000, step: 500)
        #expect(replica.logged("MASTER timeout: no data nor PING received"))
        #expect(primary.logged("Disconnecting timedout replica (streaming sync)"))
        #expect(primary.info("connected_slaves") == "0" && !replica.isLinkUp)
        replica.isCutOff = false
        #expect(network.wait { replica.isLinkUp })
    }

    @Test func withoutReplicasTheBacklogIsFreedInTheEnd() {
        let (network, primary, replica) = pair { $0.replBacklogTTL = 10 }
        #expect(network.wait { replica.isLinkUp })
        let before = primary.info("master_replid")
        replica.run("REPLICAOF", "NO", "ONE")
        network.pass(milliseconds: 13_000, step: 500)
        #expect(primary.info("repl_backlog_active") == "0")
        #expect(primary.info("master_replid") != before)
        #expect(replica.info("repl_backlog_active") == "0")
    }

    @Test func anEmptyPrimaryDoesNotWipeAWatchedReplica() {
        let (network, primary, replica) = watchedPair()
        primary.disk.contents = [:]
        primary.restart()
        network.pass(milliseconds: 8000)
        #expect(!replica.isLinkUp && replica.get("before") == "1")
        #expect(replica.logged("refusing an empty data set"))
        #expect(replica.run("TANDEM", "ACCEPT-EMPTY") == .simple("OK"))
        #expect(network.wait { replica.isLinkUp } && replica.run("DBSIZE") == .integer(0))
    }

    /// The sentinels get the time to see that the primary is another node than before.
    @Test func aWatchedReplicaKeepsItsDataForAWhileFromAPrimaryThatDoesNotKnowThem() {
        let (network, primary, replica) = watchedPair()
        primary.disk.contents = [:]
        primary.restart()
        primary.run("SET", "other", "1")
        network.pass(milliseconds: 4000)
        #expect(!replica.isLinkUp && replica.get("before") == "1")
        #expect(replica.logged("the master does not know our data"))
        // An order is obeyed at once.
        replica.run("REPLICAOF", "NO", "ONE")
        replica.follow(primary)
        network.pass(milliseconds: 1000)
        #expect(replica.isLinkUp && replica.get("other") == "1")
        primary.disk.contents = [:]
        primary.restart()
        primary.run("SET", "third", "1")
        network.pass(milliseconds: 9000)
        #expect(replica.isLinkUp && replica.get("third") == "1" && replica.get("other") == nil)
    }

    /// The primary that was named is lost with its disk before its data have come, at any moment,
    /// and comes back with nothing.
    @Test func anOrderDoesNotCoverALaterLifeOfThePrimary() {
        var interrupted: Set<String> = []
        for rounds in 1...40 {
            let (network, first, replica) = watchedPair()
            let second = network.add("s")
            second.run("SET", "second", String(repeating: "x", count: 2000))
            network.chunk = 50
            replica.send("REPLICAOF", second.name, "6379")
            for _ in 0..<rounds * 3 { network.round() }
            if replica.log.count(where: { $0.contains("Finished with success") }) > 1 { break }
            interrupted.insert(
                replica.logged("Full resync from master: \(second.info("master_replid"))")
                    ? "offered" : "asked")
            first.kill()
            second.kill()
            network.pass(milliseconds: 2000)
            second.restart()
            replica.takeReply()
            network.pass(milliseconds: 8000)
            #expect(replica.get("before") == "1", "\(rounds)")
        }
        #expect(interrupted == ["asked", "offered"])
    }

    /// The primary that was named cannot be reached at first, and comes back with nothing.
    @Test func anOrderDoesNotCoverAPrimaryThatWasNotThere() {
        let (network, first, replica) = watchedPair()
        let second = network.add("s")
        second.run("SET", "second", "x")
        first.kill()
        second.kill()
        replica.run("REPLICAOF", second.name, "6379")
        network.pass(milliseconds: 3000)
        second.restart()
        network.pass(milliseconds: 8000)
        #expect(replica.get("before") == "1")
    }

    /// A refusal asks for REPLICAOF, which names the primary that is followed already.
    @Test func theOrderCanBeRepeatedWhileTheLinkIsDown() {
        let (network, first, replica) = watchedPair()
        first.kill()
        first.restart()
        network.pass(milliseconds: 8000)
        #expect(replica.get("before") == "1" && !replica.isLinkUp)
        replica.run("REPLICAOF", first.name, "6379")
        #expect(network.wait { replica.isLinkUp })
        #expect(replica.get("before") == nil)
    }

    /// The same, but a client has written to it before anybody looked.
    @Test func whatALaterLifeWasGivenWaitsForTheSentinels() {
        let (network, first, replica) = watchedPair()
        let second = network.add("s")
        first.kill()
        second.kill()
        replica.run("REPLICAOF", second.name, "6379")
        network.pass(milliseconds: 3000)
        second.restart()
        second.run("SET", "late", "x")
        network.pass(milliseconds: 3000)
        #expect(replica.get("before") == "1")
        #expect(network.wait { replica.get("late") == "x" })
    }

    @Test func consentToAnEmptyPrimaryIsGoodForOneTime() {
        let (network, primary, replica) = watchedPair()
        // There is nothing to consent to while all is well.
        #expect(replica.run("TANDEM", "ACCEPT-EMPTY") == .simple("OK"))
        // Nor is there after a link that was lost goes on where it was.
        network.closeAll(of: replica, telling: true)
        let client = TestClient(network, replica)
        #expect(client?.run("TANDEM", "ACCEPT-EMPTY") == .simple("OK"))
        #expect(network.wait { replica.isLinkUp } && primary.info("sync_full") == "1")
        primary.disk.contents = [:]
        primary.restart()
        network.pass(milliseconds: 12000)
        #expect(client?.run("GET", "before")?.string == "1")
        #expect(replica.logged("refusing an empty data set"))
    }
}
