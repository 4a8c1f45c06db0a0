import Replication
import Testing

@Suite struct WatcherSightingsTests {
    private let watchers = (1...3).map { number in
        NodeState.Watcher(id: String(repeating: String(number), count: 40), host: "h", port: 1)!
    }
    private let day = WatcherSightings.patience

    @Test func theOneThatWasSilentForLongestMakesRoomAfterADay() {
        var sightings = WatcherSightings()
        sightings.heard(watchers[0], at: 30)
        sightings.heard(watchers[1], at: 20)
        sightings.heard(watchers[2], at: 40)
        #expect(sightings.stalest(of: watchers, since: 10, at: 20 + day) == nil)
        #expect(sightings.stalest(of: watchers, since: 10, at: 21 + day) == watchers[1])
        sightings.heard(watchers[1], at: 50)
        #expect(sightings.stalest(of: watchers, since: 10, at: 31 + day) == watchers[0])
    }

    @Test func thoseOfTheFileAreGivenTheirTimeFromTheStart() {
        var sightings = WatcherSightings()
        #expect(sightings.stalest(of: watchers, since: 10, at: 10 + day) == nil)
        #expect(sightings.stalest(of: watchers, since: 10, at: 11 + day) != nil)
        for watcher in watchers { sightings.heard(watcher, at: 500) }
        #expect(sightings.stalest(of: watchers, since: 10, at: 11 + day) == nil)
        sightings.forget(id: watchers[2].id.uppercased())
        #expect(sightings.stalest(of: watchers, since: 10, at: 11 + day) == watchers[2])
        #expect(sightings.stalest(of: [], since: 10, at: .max) == nil)
    }
}
