import RESP
import Replication
import Testing

/// Who watches a server, and what is left of it when they have gone.
@Suite struct WatcherTests {
    private let network = TestNetwork()
    private let server: TestServer

    init() { server = network.add("w") }

    private func id(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 40 - digits.count) + digits
    }

    @discardableResult
    private func watch(_ number: Int, epoch: Int = 0) -> RESPValue {
        server.run(
            "TANDEM", "WATCH", "g", id(number), "10.0.0.1", "26379", "2", "3", String(epoch))
    }

    private var file: NodeState? {
        server.disk.contents["node-state-6379"].flatMap { try? NodeState(file: $0) }
    }

    @Test func aServerThatIsWatchedNoLongerServesAfterACrash() {
        #expect(watch(1) == .simple("OK") && watch(2) == .simple("OK"))
        #expect(server.run("TANDEM", "UNWATCH", id(1)) == .simple("OK"))
        #expect(file?.watchers.map(\.id) == [id(2)])
        server.restart()
        #expect(server.info("tandem_fenced") == "1")
        #expect(server.run("TANDEM", "UNWATCH", id(2)) == .simple("OK"))
        #expect(file?.watchers.isEmpty == true)
        // Whether its data are current is not known because of that.
        #expect(server.info("tandem_fenced") == "1")
        server.restart()
        #expect(server.info("tandem_fenced") == "0" && server.run("SET", "a", "1").isError == false)
    }

    @Test func unwatchingTwiceOrAStrangerChangesNothing() {
        #expect(server.run("TANDEM", "UNWATCH", id(1)) == .simple("OK"))
        #expect(file == nil)
        watch(1)
        #expect(server.run("TANDEM", "UNWATCH", id(2)) == .simple("OK"))
        #expect(server.run("TANDEM", "UNWATCH", id(1).uppercased()) == .simple("OK"))
        #expect(server.run("TANDEM", "UNWATCH", id(1)) == .simple("OK"))
        #expect(file?.watchers.isEmpty == true)
        #expect(server.run("TANDEM", "UNWATCH", "x").string == "ERR Invalid sentinel")
        watch(1)
        #expect(file?.watchers.map(\.id) == [id(1)])
    }

    @Test func whereThereIsNoPlaceOneThatWasSilentForADayMakesRoom() {
        for number in 1...NodeState.watcherLimit { #expect(watch(number) == .simple("OK")) }
        #expect(watch(100, epoch: 9).string == "ERR Too many sentinels watch this server")
        #expect(file?.epoch == 9)
        let hour = 3_600_000
        network.pass(milliseconds: 12 * hour, step: hour / 6)
        for number in 1...NodeState.watcherLimit where number != 7 { watch(number) }
        network.pass(milliseconds: 13 * hour, step: hour / 6)
        #expect(watch(100) == .simple("OK"))
        let ids = file?.watchers.map(\.id) ?? []
        #expect(ids.count == NodeState.watcherLimit)
        #expect(ids.contains(id(100)) && !ids.contains(id(7)))
        #expect(server.logged("Sentinel \(id(7)) was not heard for a day"))
        #expect(watch(101).string == "ERR Too many sentinels watch this server")
    }

    @Test func anEpochThatLeavesNoRoomIsNotBelieved() {
        #expect(watch(1, epoch: .max).string == "ERR Invalid epoch")
        #expect(watch(1, epoch: NodeState.epochLimit + 1).string == "ERR Invalid epoch")
        #expect(watch(1, epoch: -1).string == "ERR Invalid epoch")
        #expect(watch(1, epoch: NodeState.epochLimit) == .simple("OK"))
        #expect(server.run("TANDEM", "RESUME", String(Int.max)).string == "ERR Invalid epoch")
        server.restart()
        #expect(server.run("TANDEM", "RESUME", String(NodeState.epochLimit)) == .simple("OK"))
    }

    @Test func aFencedServerSaysHowItIsLetServeByHand() {
        watch(1, epoch: 12)
        server.restart()
        #expect(server.run("GET", "a").string?.contains("TANDEM RESUME 12 ") == true)
        #expect(server.logged("TANDEM RESUME 12 "))
        #expect(server.run("TANDEM", "RESUME", "12") == .simple("OK"))
        #expect(server.run("GET", "a") == .null)
    }
}
