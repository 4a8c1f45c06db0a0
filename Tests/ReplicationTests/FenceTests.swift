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

    private let clean = NodeState.Stop.clean(
        StreamPosition(id: ReplicationID(FenceTests.id)!, offset: 100))

    @Test func onlyAWatchedPrimaryThatCrashedStartsClosed() {
        #expect(Fence(node(), isPrimary: true, at: 0).isClosed)
        #expect(!Fence(node(), isPrimary: false, at: 0).isClosed)
        #expect(!Fence(node(watched: false), isPrimary: true, at: 0).isClosed)
        #expect(!Fence(node(clean), isPrimary: true, at: 0).isClosed)
        #expect(!Fence().isClosed)
    }

    /// The role in the file may be older than the configuration: a replica that was promoted and
    /// crashed before it could write that down is a primary all the same.
    @Test func theRoleNowDecidesAndNotTheRememberedOne() {
        #expect(Fence(node(role: .replica), isPrimary: true, at: 0).isClosed)
        #expect(!Fence(node(role: .primary), isPrimary: false, at: 0).isClosed)
    }

    @Test func theLogIsRemindedWhileItIsClosedAndTimeNeverOpensIt() {
        var fence = Fence(node(), isPrimary: true, at: 7)
        #expect(fence.tick(at: 7) != nil)
        #expect(fence.tick(at: 8) == nil)
        #expect(fence.tick(at: 7 + Fence.reminderInterval) != nil)
        #expect(fence.isClosed)
        fence.open()
        #expect(!fence.isClosed && fence.tick(at: .max) == nil)
    }
}
