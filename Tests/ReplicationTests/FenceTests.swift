import Replication
import Testing

@Suite struct FenceTests {
    private static let id = String(repeating: "f", count: 40)

    private func node(
        _ stop: NodeState.Stop = .unclean, role: NodeState.Role = .primary, watched: Bool = true
    ) -> NodeState {
        var state = NodeState(nodeID: Self.id, role: role, stop: stop, epoch: 5)
        if watched { _ = state.watch(NodeState.Watcher(id: Self.id, host: "h", port: 1)!) }
        return state
    }

    private static let saved = StreamPosition(id: ReplicationID(id)!, offset: 100)
    private let clean = NodeState.Stop.clean(saved)

    @Test func onlyAWatchedPrimaryStartsClosed() {
        #expect(Fence(node(), isPrimary: true, loaded: Self.saved, at: 0).isClosed)
        #expect(!Fence(node(), isPrimary: false, loaded: Self.saved, at: 0).isClosed)
        #expect(!Fence(node(watched: false), isPrimary: true, loaded: Self.saved, at: 0).isClosed)
        #expect(!Fence(node(clean, watched: false), isPrimary: true, loaded: nil, at: 0).isClosed)
        #expect(!Fence().isClosed)
    }

    /// The promise is for the data that were saved at the stop. Older ones, or none, may have come
    /// into their place.
    @Test func aCleanStopVouchesOnlyForTheDataOfThen() {
        let other = ReplicationID(String(repeating: "e", count: 40))!
        let places = [
            nil, StreamPosition(id: Self.saved.id, offset: 99),
            StreamPosition(id: Self.saved.id, offset: 101), StreamPosition(id: other, offset: 100),
        ]
        for loaded in places {
            let fence = Fence(node(clean), isPrimary: true, loaded: loaded, at: 0)
            #expect(fence.isClosed && !fence.isOver(at: .max - 1))
            #expect(!Fence(node(clean), isPrimary: false, loaded: loaded, at: 0).isClosed)
        }
    }

    /// A failover may be under way when the server comes back; without sentinels it goes on.
    @Test func afterACleanStopItOpensWhenNobodySpeaks() {
        let fence = Fence(node(clean), isPrimary: true, loaded: Self.saved, at: 7)
        #expect(fence.isClosed && !fence.isOver(at: 6 + Fence.cleanPatience))
        #expect(fence.isOver(at: 7 + Fence.cleanPatience))
    }

    /// The role in the file may be older than the configuration: a replica that was promoted and
    /// crashed before it could write that down is a primary all the same.
    @Test func theRoleNowDecidesAndNotTheRememberedOne() {
        #expect(Fence(node(role: .replica), isPrimary: true, loaded: Self.saved, at: 0).isClosed)
        #expect(!Fence(node(role: .primary), isPrimary: false, loaded: Self.saved, at: 0).isClosed)
    }

    @Test func theLogIsRemindedWhileItIsClosedAndTimeNeverOpensIt() {
        var fence = Fence(node(), isPrimary: true, loaded: Self.saved, at: 7)
        #expect(fence.tick(at: 7, epoch: 5)?.text.contains("TANDEM RESUME 5") == true)
        #expect(fence.tick(at: 8, epoch: 5) == nil)
        #expect(fence.tick(at: 7 + Fence.reminderInterval, epoch: 5) != nil)
        #expect(fence.isClosed)
        fence.open()
        #expect(!fence.isClosed && fence.tick(at: .max, epoch: 5) == nil)
    }
}
