import Configuration
import Engine
import Memory
import RESP
import Sessions
import Testing

@Suite struct ReplicationRoleTests {
    private let network = TestNetwork()

    /// A primary and replicas that follow it.
    private func group(
        _ replicas: Int, _ change: (inout ServerSettings) -> Void = { _ in }
    ) -> (TestServer, [TestServer]) {
        let primary = network.add("p", change)
        primary.run("SET", "a", "1")
        let others = (0..<replicas).map { index in
            network.add("r\(index)") {
                $0.replicaOf = PrimaryAddress(host: "p", port: 6379)
                change(&$0)
            }
        }
        #expect(network.wait { others.allSatisfy(\.isLinkUp) })
        return (primary, others)
    }

    // MARK: FAILOVER

    @Test func aHandOverLosesNothingAndNeedsNoFullResync() {
        let (primary, replicas) = group(2)
        let client = TestClient(network, primary)
        for index in 0..<100 { primary.run("SET", "key:\(index)", "\(index)") }
        #expect(
            primary.run("FAILOVER", "TO", "r0", "6379", "TIMEOUT", "5000") == .simple("OK"))
        client?.send("SET", "late", "1")
        #expect(network.wait { primary.info("role") == "slave" && primary.isLinkUp })
        #expect(replicas[0].info("role") == "master")
        #expect(client?.reply()?.string?.hasPrefix("READONLY") == true)
        replicas[0].run("SET", "new", "1")
        #expect(network.wait { primary.place == replicas[0].place })
        #expect(network.wait { replicas[1].place == replicas[0].place })
        #expect(Set([primary, replicas[0], replicas[1]].map(\.digest)).count == 1)
        #expect(replicas[0].info("sync_full") == "0" && primary.info("sync_full") == "2")
        #expect(primary.info("master_failover_state") == "no-failover")
    }

    @Test func aHandOverToASilentReplicaIsGivenUp() {
        let (primary, replicas) = group(1)
        replicas[0].isCutOff = true
        primary.run("SET", "b", "1")
        #expect(primary.run("FAILOVER", "TIMEOUT", "1000") == .simple("OK"))
        let client = TestClient(network, primary)
        client?.send("SET", "c", "1")
        #expect(client?.reply() == nil)
        #expect(primary.info("master_failover_state") == "waiting-for-sync")
        network.pass(milliseconds: 1500)
        #expect(client?.reply() == .simple("OK"))
        #expect(primary.info("role") == "master")
        #expect(primary.logged("Replica never caught up before timeout"))
    }

    @Test(arguments: ["9223372036854775807", "9223372036854775", "9223372036854776"])
    func aHandOverWithoutEndWaitsUntilItIsGivenUp(timeout: String) {
        let (primary, replicas) = group(1)
        replicas[0].isCutOff = true
        primary.run("SET", "b", "1")
        #expect(primary.run("FAILOVER", "TIMEOUT", timeout) == .simple("OK"))
        network.pass(milliseconds: 500)
        #expect(primary.info("master_failover_state") == "waiting-for-sync")
        #expect(primary.run("FAILOVER", "ABORT") == .simple("OK"))
        #expect(primary.run("SET", "c", "1") == .simple("OK"))
    }

    @Test func aHandOverToATargetThatDiesMakesUsPrimaryAgain() {
        let (primary, replicas) = group(1)
        replicas[0].isCutOff = true
        #expect(
            primary.run("FAILOVER", "TO", "r0", "6379", "FORCE", "TIMEOUT", "10") == .simple("OK"))
        network.pass(milliseconds: 200)
        #expect(primary.info("role") == "master" && primary.run("SET", "b", "1") == .simple("OK"))
        #expect(primary.logged("Write error to failover target"))
    }

    /// The target took over, but its answer was lost: asked again it says that it is a primary,
    /// and the old primary must not believe that it still is one.
    @Test func aHandOverWhoseAnswerIsLostStillHappened() {
        let (primary, replicas) = group(1)
        primary.send("FAILOVER", "TO", "r0", "6379", "TIMEOUT", "5000")
        while replicas[0].info("role") == "slave" { network.round() }
        network.closeAll(of: replicas[0], telling: true)
        primary.takeReply()
        replicas[0].run("SET", "new", "1")
        #expect(network.wait { primary.isLinkUp && primary.place == replicas[0].place })
        #expect(primary.info("role") == "slave" && primary.get("new") == "1")
        #expect(primary.info("master_failover_state") == "no-failover")
        #expect(replicas[0].info("sync_full") == "0")
    }

    @Test func mistakesOfAHandOverAreTold() {
        let alone = network.add("x")
        #expect(
            alone.run("FAILOVER").string == "ERR FAILOVER requires connected replicas.")
        let (primary, replicas) = group(1)
        #expect(primary.run("FAILOVER", "ABORT").string == "ERR No failover in progress.")
        #expect(
            primary.run("FAILOVER", "TO", "q", "1").string
                == "ERR FAILOVER target HOST and PORT is not a replica.")
        #expect(
            replicas[0].run("FAILOVER").string
                == "ERR FAILOVER is not valid when server is a replica.")
        #expect(
            primary.run("FAILOVER", "TIMEOUT", "0").string
                == "ERR FAILOVER timeout must be greater than 0")
        for words in ["9223372036854775808", "x", "1.5", ""] {
            #expect(
                primary.run("FAILOVER", "TIMEOUT", words).string
                    == "ERR value is not an integer or out of range")
        }
        #expect(
            primary.run("FAILOVER", "TIMEOUT", "-9223372036854775808").string
                == "ERR FAILOVER timeout must be greater than 0")
        #expect(
            primary.run("PSYNC", "?", "-1", "FAILOVER").string
                == "ERR PSYNC FAILOVER can't be sent to a master.")
    }

    // MARK: WAIT and min-replicas

    @Test func waitCountsReplicasThatHaveTheWrite() {
        let (primary, replicas) = group(2)
        primary.run("SET", "b", "1")
        #expect(primary.run("WAIT", "2", "1000") == .integer(2))
        replicas[1].isCutOff = true
        let client = TestClient(network, primary)
        _ = client?.run("SET", "c", "1")
        #expect(client?.run("WAIT", "1", "0") == .integer(1))
        client?.send("WAIT", "2", "500")
        #expect(client?.reply() == nil && primary.info("blocked_clients") == "1")
        network.pass(milliseconds: 600)
        #expect(client?.reply() == .integer(1))
        client?.send("WAIT", "2", "0")
        replicas[1].isCutOff = false
        network.pass(milliseconds: 1100)
        #expect(client?.reply() == .integer(2))
        #expect(
            replicas[0].run("WAIT", "0", "0").string?.hasPrefix("ERR WAIT cannot be used") == true)
        #expect(primary.run("WAIT", "1", "-1").string == "ERR timeout is negative")
    }

    @Test func aDemotedPrimaryEndsTheWaits() {
        let (primary, replicas) = group(1)
        let client = TestClient(network, primary)
        client?.send("WAIT", "3", "0")
        primary.follow(replicas[0])
        #expect(client?.reply()?.string?.hasPrefix("UNBLOCKED") == true)
    }

    @Test func writesNeedAsManyGoodReplicasAsAskedFor() {
        let (primary, replicas) = group(1) {
            $0.minReplicasToWrite = 1
            $0.minReplicasMaxLag = 3
        }
        #expect(primary.run("SET", "b", "1") == .simple("OK"))
        #expect(primary.info("min_slaves_good_slaves") == "1")
        replicas[0].isCutOff = true
        network.pass(milliseconds: 6000, step: 500)
        #expect(
            primary.run("SET", "b", "2").string == "NOREPLICAS Not enough good replicas to write.")
        #expect(primary.get("b") == "1")
        replicas[0].isCutOff = false
        network.pass(milliseconds: 2000)
        #expect(primary.run("SET", "b", "2") == .simple("OK"))
    }

    @Test func staleDataAreHiddenWhereAskedFor() {
        let (primary, replicas) = group(1) { $0.replicaServeStaleData = false }
        #expect(replicas[0].get("a") == "1")
        let client = TestClient(network, replicas[0])
        client?.send("MULTI")
        client?.send("GET", "a")
        #expect(client?.reply() == .simple("OK") && client?.reply() == .simple("QUEUED"))
        primary.kill()
        network.settle()
        // What was queued while the data were fresh is not run on stale ones.
        client?.send("EXEC")
        #expect(client?.reply()?.string?.hasPrefix("EXECABORT Transaction discarded") == true)
        #expect(replicas[0].run("GET", "a").string?.hasPrefix("MASTERDOWN") == true)
        #expect(replicas[0].run("INFO").isError == false)
    }

    @Test func aWritableReplicaDeletesTheExpiredKeysOfItsOwnClients() {
        let (primary, replicas) = group(1) { $0.replicaReadOnly = false }
        let replica = replicas[0]
        for key in ["x", "y", "z"] { replica.run("SET", key, "1", "PX", "100") }
        replica.run("PERSIST", "z")
        primary.run("SET", "theirs", "1", "PX", "100")
        primary.isCutOff = true
        network.pass(milliseconds: 1000)
        #expect(replica.run("DBSIZE") == .integer(3))
        #expect(replica.run("MGET", "x", "theirs", "z") == .array([.null, .null, .text("1")]))
        primary.isCutOff = false
        #expect(network.wait { replica.run("DBSIZE") == .integer(2) })
        #expect(primary.run("DBSIZE") == .integer(1))
    }

    @Test func aPausedReplicaDoesNotApplyTheStream() {
        let (primary, replicas) = group(1) { $0.replTimeout = 5 }
        let replica = replicas[0]
        #expect(network.wait { primary.place == replica.place })
        replica.run("CLIENT", "PAUSE", "100000", "WRITE")
        primary.run("SET", "a", "2")
        network.pass(milliseconds: 20_000)
        #expect(replica.get("a") == "1" && replica.isLinkUp)
        #expect(replica.info("blocked_clients") == "1")
        replica.run("CLIENT", "UNPAUSE")
        #expect(network.wait { replica.get("a") == "2" && primary.place == replica.place })
        #expect(primary.info("sync_full") == "1")
    }

    // MARK: Stopping

    @Test func aPrimaryWaitsForItsReplicasBeforeItStops() {
        let (primary, replicas) = group(1)
        replicas[0].isCutOff = true
        primary.run("SET", "b", "1")
        let client = TestClient(network, primary)
        client?.send("SHUTDOWN")
        network.pass(milliseconds: 2000)
        #expect(primary.exitStatus == nil && primary.logged("Waiting for replicas"))
        let writer = TestClient(network, primary)
        writer?.send("SET", "c", "1")
        #expect(writer?.reply() == nil)
        #expect(primary.run("SHUTDOWN", "ABORT") == .simple("OK"))
        #expect(client?.reply()?.string == "ERR Errors trying to SHUTDOWN. Check logs.")
        #expect(writer?.reply() == .simple("OK"))
        client?.send("SHUTDOWN")
        replicas[0].isCutOff = false
        network.pass(milliseconds: 1100)
        #expect(primary.exitStatus == 0 && primary.logged("1 of 1 replicas are in sync"))
        #expect(replicas[0].get("c") == "1")
    }

    @Test func aPrimaryStopsWithoutALaggingReplicaInTheEnd() {
        let (primary, replicas) = group(1) { $0.shutdownTimeout = 3 }
        replicas[0].isCutOff = true
        primary.run("SET", "b", "1")
        TestClient(network, primary)?.send("SHUTDOWN")
        network.pass(milliseconds: 4000)
        #expect(primary.exitStatus == 0 && primary.logged("0 of 1 replicas are in sync"))
        #expect(primary.logged("Lagging replica r0:6379"))
    }

    // MARK: Fence

    private static let sentinel = String(repeating: "a", count: 40)

    private func watch(_ server: TestServer) {
        #expect(
            server.run("TANDEM", "WATCH", "g", Self.sentinel, "s", "26379", "2", "3", "4")
                == .simple("OK"))
        #expect(server.disk.contents["node-state-6379"] != nil)
    }

    @Test func aWatchedPrimaryThatCrashedServesNothingUntilItIsTold() {
        let (primary, replicas) = group(1) { $0.savePoints = [SavePoint(seconds: 1, changes: 1)] }
        #expect(primary.disk.contents["node-state-6379"] == nil)
        watch(primary)
        network.pass(milliseconds: 3000)
        primary.restart()
        #expect(primary.info("tandem_fenced") == "1" && primary.info("role") == "master")
        #expect(primary.run("GET", "a").string?.hasPrefix("FENCED") == true)
        #expect(primary.run("SET", "a", "2").string?.hasPrefix("FENCED") == true)
        #expect(primary.run("PING") == .simple("PONG"))
        #expect(primary.run("PUBLISH", "c", "m").isError == false)
        network.pass(milliseconds: 3000)
        #expect(!replicas[0].isLinkUp && replicas[0].get("a") == "1")
        #expect(primary.run("TANDEM", "RESUME", "3").isError)
        #expect(primary.run("TANDEM", "RESUME", "5") == .simple("OK"))
        #expect(primary.info("tandem_fenced") == "0" && primary.get("a") == "1")
        #expect(network.wait { replicas[0].isLinkUp } && replicas[0].digest == primary.digest)
    }

    @Test func consentEndsWhenAFencedPrimaryServes() {
        let (primary, _) = group(1)
        watch(primary)
        primary.run("SAVE")
        primary.restart()
        #expect(primary.run("TANDEM", "ACCEPT-EMPTY") == .simple("OK"))
        #expect(primary.run("TANDEM", "RESUME", "5") == .simple("OK"))
        #expect(primary.run("TANDEM", "ACCEPT-EMPTY") == .simple("OK"))
        // Much later it follows one that was not there, and comes with nothing.
        let other = network.add("other")
        other.kill()
        primary.run("REPLICAOF", "other", "6379")
        network.pass(milliseconds: 3000)
        other.restart()
        network.pass(milliseconds: 12000)
        #expect(primary.get("a") == "1")
    }

    @Test func aFencedPrimaryKeepsItsPlaceInTheHistory() {
        let (primary, _) = group(1) { $0.replBacklogTTL = 2 }
        watch(primary)
        primary.run("SAVE")
        let place = primary.place
        primary.restart()
        network.pass(milliseconds: 5000)
        #expect(primary.info("tandem_fenced") == "1")
        #expect("\(primary.info("master_replid2")):\(primary.info("master_repl_offset"))" == place)
        primary.run("TANDEM", "RESUME", "5")
        network.pass(milliseconds: 1000)
        #expect(primary.info("repl_backlog_active") == "1")
    }

    @Test func aFencedPrimaryThatBecomesAReplicaIsFree() {
        let (primary, replicas) = group(1)
        watch(primary)
        primary.restart()
        #expect(primary.info("tandem_fenced") == "1")
        replicas[0].run("REPLICAOF", "NO", "ONE")
        primary.follow(replicas[0])
        #expect(network.wait { primary.isLinkUp } && primary.get("a") == "1")
        #expect(primary.info("tandem_fenced") == "0")
    }

    /// A failover may be under way when it comes back; if nobody speaks of one it goes on.
    @Test func aPrimaryThatSavedAndStoppedInOrderWaitsForItsSentinelsAWhile() {
        let (primary, replicas) = group(1)
        watch(primary)
        primary.run("SET", "b", "1")
        primary.run("SHUTDOWN", "SAVE")
        primary.restart()
        #expect(primary.info("tandem_fenced") == "1")
        network.pass(milliseconds: 11000)
        #expect(primary.info("tandem_fenced") == "0" && primary.get("b") == "1")
        #expect(network.wait { replicas[0].isLinkUp })
        #expect(primary.info("sync_full") == "0")
        // The promise of the clean stop was for one start only.
        primary.restart()
        network.pass(milliseconds: 20000)
        #expect(primary.info("tandem_fenced") == "1")
    }

    /// The file on disk is not the one that was saved at the stop.
    @Test(arguments: [false, true])
    func aCleanStopSaysNothingOfOtherData(hasOlderFile: Bool) {
        let (primary, replicas) = group(1)
        watch(primary)
        primary.run("SAVE")
        let older = primary.disk.contents["dump.rdb"]
        primary.run("SET", "b", "1")
        primary.run("SHUTDOWN", "SAVE")
        #expect(older != nil && older != primary.disk.contents["dump.rdb"])
        primary.disk.contents["dump.rdb"] = hasOlderFile ? older : nil
        primary.restart()
        #expect(primary.info("tandem_fenced") == "1")
        #expect(replicas[0].get("b") == "1")
    }

    @Test func aBrokenNodeStateFileStopsTheStart() {
        let server = network.add("n")
        watch(server)
        server.disk.contents["node-state-6379"]?[3] ^= 1
        server.restart()
        #expect(server.exitStatus == 1 && server.logged("Cannot use node-state-6379"))
    }

    // MARK: Histories

    /// A primary that went through other histories while a replica was away still knows, when it
    /// comes back from a crash, that its data are the newer ones.
    @Test(arguments: [false, true])
    func aCrashedPrimaryKnowsWhichHistoriesCameBefore(isBacklogFreed: Bool) {
        let (primary, replicas) = group(1) { $0.replBacklogTTL = 2 }
        watch(primary)
        let first = primary.info("master_replid")
        #expect(primary.info("tandem_histories") == first)
        #expect(primary.info("tandem_history") == first)
        replicas[0].kill()
        if isBacklogFreed {
            network.pass(milliseconds: 5000)
            #expect(primary.info("repl_backlog_active") == "0")
        } else {
            primary.run("SAVE")
            primary.restart()
            primary.run("TANDEM", "RESUME", "5")
        }
        let second = primary.info("master_replid")
        // Nobody got to know it yet.
        #expect(second != first && primary.info("tandem_histories") == first)
        primary.run("SET", "b", "1")
        primary.run("SAVE")
        primary.restart()
        #expect(primary.info("tandem_fenced") == "1" && primary.info("db0") != "")
        #expect(primary.info("tandem_history") == second)
        #expect(primary.info("tandem_histories") == "\(first),\(second)")
        primary.run("TANDEM", "RESUME", "6")
        #expect(primary.info("tandem_history") == primary.info("master_replid"))
        // A crash without another save leads back to the same data.
        primary.restart()
        #expect(primary.info("tandem_history") == second)
    }

    @Test func dataOfAnotherNodeSayNothingOfTheHistoriesKnown() {
        let (primary, _) = group(1)
        let other = network.add("other")
        for server in [primary, other] { watch(server) }
        other.run("SET", "b", "1")
        other.run("SAVE")
        primary.disk.contents["dump.rdb"] = other.disk.contents["dump.rdb"]
        primary.restart()
        #expect(primary.info("tandem_history") == other.info("master_replid"))
        #expect(primary.info("tandem_histories") == other.info("master_replid"))
        primary.disk.contents["dump.rdb"] = nil
        primary.restart()
        #expect(primary.info("tandem_history") == String(repeating: "0", count: 40))
    }

    @Test func aReplicaRemembersTheHistoriesOfItsPrimary() {
        let (primary, replicas) = group(2)
        let first = primary.info("master_replid")
        replicas[0].run("REPLICAOF", "NO", "ONE")
        replicas[1].follow(replicas[0])
        #expect(network.wait { replicas[1].isLinkUp })
        let second = replicas[0].info("master_replid")
        #expect(second != first)
        #expect(replicas[1].info("tandem_histories") == "\(first),\(second)")
        #expect(replicas[0].info("tandem_histories") == "\(first),\(second)")
    }

    /// The file belongs to a history that node-state must know first.
    @Test func aFileTakesItsPlaceBehindTheHistoryItBelongsTo() {
        let (primary, _) = group(0)
        watch(primary)
        primary.disk.isReadOnly = true
        #expect(primary.run("SAVE").isError)
        #expect(
            primary.disk.contents["dump.rdb"] == nil
                && primary.logged("node-state-6379 could not be"))
        primary.disk.isReadOnly = false
        network.pass(milliseconds: 2000)
        #expect(primary.run("SAVE") == .simple("OK"))
        #expect(primary.disk.contents["dump.rdb"] != nil)
    }
}
