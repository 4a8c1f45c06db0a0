import Replication
import Testing

@Suite struct FenceTests {
    private typealias Report = Fence.Report
    private let watchers = [id("1").text, id("2").text, id("3").text]

    private func report(
        _ sentinel: Character, epoch: Int = 5, other: String? = nil,
        _ secondaries: (Character, Int)...
    ) -> Fence.Report {
        Fence.Report(
            sentinel: id(sentinel).text, epoch: epoch,
            otherPrimary: other.map { FailoverMachine.Target(host: $0, port: 1) },
            secondaries: secondaries.map { secondary in
                Fence.Secondary(
                    host: "s\(secondary.1)", port: 2,
                    position: secondary.0 == "0"
                        ? nil : StreamPosition(id: id(secondary.0), offset: secondary.1))
            })
    }

    /// The decision for a store that ends at byte 100 of history a, which went on from b at 40.
    private func decide(_ reports: [Fence.Report], empty: Bool = false) -> Fence.Decision {
        let store = Fence.Store(
            position: empty ? nil : StreamPosition(id: id("a"), offset: 100),
            previous: empty ? nil : StreamPosition(id: id("b"), offset: 40))
        return Fence.decide(epoch: 5, store: store, watchers: watchers, reports: reports)
    }

    @Test func aMajorityOfTheWatchersMustSpeak() {
        #expect(decide([]) == .wait(heard: 0, needed: 2))
        #expect(decide([report("1")]) == .wait(heard: 1, needed: 2))
        // A stranger, and one that knows less than we do.
        #expect(
            decide([report("1"), report("9"), report("2", epoch: 4)])
                == .wait(heard: 1, needed: 2))
        #expect(decide([report("1"), report("2")]) == .resume(.noSecondaryLeft))
        #expect(decide([report("1"), report("2", epoch: 6)]) == .resume(.noSecondaryLeft))
    }

    @Test func aNewerConfigurationWithAnotherPrimaryIsFollowedAtOnce() {
        let target = FailoverMachine.Target(host: "new", port: 1)
        #expect(decide([report("1", epoch: 6, other: "new")]) == .follow(target))
        #expect(
            decide([report("1"), report("2"), report("3", epoch: 7, other: "new")])
                == .follow(target))
        // The newest counts.
        #expect(
            decide([report("1", epoch: 6, other: "old"), report("2", epoch: 7, other: "new")])
                == .follow(target))
        // A stranger's word, and an older one, do not.
        #expect(
            decide([report("9", epoch: 9, other: "x")]) == .wait(heard: 0, needed: 2))
        #expect(
            decide([report("1", epoch: 5, other: "x"), report("2")])
                == .wait(heard: 1, needed: 2))
    }

    @Test(arguments: [
        ("a", 100, true), ("a", 99, true), ("a", 101, false), ("b", 40, true), ("b", 41, false),
        ("c", 1, false), ("0", 0, true),
    ])
    func itResumesOnlyWithEverythingASecondaryHas(
        _ history: Character, _ offset: Int, _ resumes: Bool
    ) {
        let decision = decide([report("1"), report("2", (history, offset))])
        let target = FailoverMachine.Target(host: "s\(offset)", port: 2)
        #expect(decision == (resumes ? .resume(.newest) : .yield(to: target)))
    }

    @Test func theBestSecondaryIsNamed() {
        let decision = decide([report("1", ("a", 120)), report("2", ("a", 150), ("a", 90))])
        #expect(decision == .yield(to: FailoverMachine.Target(host: "s150", port: 2)))
    }

    @Test func anEmptyStoreResumesOnlyBesideSecondariesWithNothing() {
        #expect(decide([report("1"), report("2")], empty: true) == .resume(.noSecondaryLeft))
        #expect(
            decide([report("1"), report("2", ("0", 0))], empty: true) == .resume(.newest))
        let target = FailoverMachine.Target(host: "s0", port: 2)
        #expect(decide([report("1"), report("2", ("a", 0))], empty: true) == .yield(to: target))
    }

    private func node(
        _ role: NodeState.Role = .primary, _ stop: NodeState.Stop = .unclean, watched: Bool = true
    ) -> NodeState {
        var state = NodeState(nodeID: id("f").text, role: role, stop: stop, epoch: 5)
        for watcher in watched ? watchers : [] {
            _ = state.watch(NodeState.Watcher(id: watcher, host: "h", port: 1)!)
        }
        return state
    }

    private let store = Fence.Store(position: StreamPosition(id: id("a"), offset: 100))

    @Test func onlyAWatchedPrimaryThatCrashedStartsClosed() {
        #expect(Fence(node(), store: store, at: 0).isClosed)
        #expect(!Fence(node(.replica), store: store, at: 0).isClosed)
        #expect(!Fence(node(watched: false), store: store, at: 0).isClosed)
        let clean = NodeState.Stop.clean(StreamPosition(id: id("a"), offset: 100))
        #expect(!Fence(node(.primary, clean), store: store, at: 0).isClosed)
        #expect(!Fence().isClosed && Fence().deadline == .max)
    }

    @Test func itOpensOnTheMajoritysWord() {
        var fence = Fence(node(), store: store, at: 0)
        #expect(fence.received(report("1"), at: 1) == [])
        #expect(fence.received(report("1"), at: 2) == [])
        #expect(fence.isClosed)
        #expect(fence.received(report("3"), at: 3).last == .open)
        #expect(!fence.isClosed && fence.deadline == .max)
        #expect(fence.received(report("2"), at: 4) == [])
    }

    @Test func itYieldsOnceAndOpensWhenTheSecondaryIsGone() {
        var fence = Fence(node(), store: store, at: 0)
        _ = fence.received(report("1", ("a", 150)), at: 1)
        #expect(fence.received(report("2", ("a", 150)), at: 2).last == .yield)
        #expect(fence.isClosed && fence.isYielding)
        #expect(fence.received(report("2", ("a", 150)), at: 3) == [])
        _ = fence.received(report("1"), at: 4)
        #expect(fence.received(report("2"), at: 5).last == .open)
        #expect(!fence.isYielding)
    }

    @Test func itFollowsAPromotedSecondary() {
        var fence = Fence(node(), store: store, at: 0)
        let actions = fence.received(report("2", epoch: 6, other: "new"), at: 1)
        #expect(actions.last == .follow(FailoverMachine.Target(host: "new", port: 1)))
        #expect(!fence.isClosed)
    }

    @Test func oldReportsDoNotCount() {
        var fence = Fence(node(), store: store, at: 0)
        _ = fence.received(report("1"), at: 0)
        #expect(fence.received(report("2"), at: Fence.reportLifetime + 1) == [])
        #expect(fence.isClosed)
        #expect(fence.received(report("1"), at: Fence.reportLifetime + 2).last == .open)
    }

    @Test func theLogIsRemindedWhileItIsClosedAndTimeNeverOpensIt() {
        var fence = Fence(node(), store: store, at: 7)
        #expect(fence.deadline == 7)
        let first = fence.tick(at: 7)
        guard case .log(let line) = first.first else {
            Issue.record("no reminder")
            return
        }
        #expect(line.text.contains("(0 of 3 heard, 2 needed)"))
        #expect(fence.tick(at: 8) == [])
        #expect(fence.tick(at: 7 + Fence.reminderInterval).count == 1)
        #expect(fence.tick(at: 1 << 50).count == 1 && fence.isClosed)
        fence.open()
        #expect(!fence.isClosed && fence.tick(at: 1 << 60) == [])
    }
}
