import Memory
import Replication
import Testing

@Suite struct AcknowledgementTests {
    private typealias Waiter = ReplicaAcknowledgements.Waiter

    private func waiter(
        _ client: Int, _ offset: Int, _ replicas: Int, until deadline: Int64? = nil
    ) -> Waiter {
        Waiter(client: client, offset: offset, replicas: replicas, deadline: deadline)
    }

    /// WAIT of a client whose last write ends at `offset`, beside replicas at 100 and 200.
    @Test(arguments: [
        (0, 0, 2 as Int?), (0, 2, 2), (100, 2, 2), (150, 1, 1), (150, 2, nil), (201, 0, 0),
        (201, 1, nil), (0, 3, nil),
    ])
    func enoughAcknowledgementsNeedNoWait(_ offset: Int, _ replicas: Int, _ expected: Int?) {
        var waiting = ReplicaAcknowledgements()
        let have = waiting.wait(
            waiter(1, offset, replicas), for: attached((1, 100, 0), (2, 200, 0)))
        #expect(have == expected && waiting.isEmpty == (expected != nil))
    }

    @Test func clientsAreReleasedWhenTheirOwnWriteIsThere() {
        var replicas = attached((1, 100, 0), (2, 100, 0))
        var waiting = ReplicaAcknowledgements()
        _ = waiting.wait(waiter(7, 150, 1), for: replicas)
        _ = waiting.wait(waiter(8, 150, 2), for: replicas)
        _ = waiting.wait(waiter(9, 300, 1), for: replicas)
        #expect(waiting.release(replicas, at: 1) == [])
        _ = replicas.update(1) { configure(&$0, "ack", "200") }
        #expect(waiting.release(replicas, at: 2).map(\.client) == [7])
        _ = replicas.update(2) { configure(&$0, "ack", "400") }
        let released = waiting.release(replicas, at: 3)
        #expect(released.map(\.client) == [8, 9] && released.map(\.replicas) == [2, 1])
        #expect(waiting.isEmpty)
    }

    @Test func timeEndsAWaitWithWhatThereIs() {
        let replicas = attached((1, 100, 0), (2, 50, 0))
        var waiting = ReplicaAcknowledgements()
        _ = waiting.wait(waiter(1, 100, 2, until: 500), for: replicas)
        _ = waiting.wait(waiter(2, 100, 2, until: 400), for: replicas)
        _ = waiting.wait(waiter(3, 100, 2), for: replicas)
        #expect(waiting.nextDeadline == 400)
        #expect(waiting.release(replicas, at: 399) == [])
        let released = waiting.release(replicas, at: 400)
        #expect(released.map(\.client) == [2] && released.map(\.replicas) == [1])
        #expect(waiting.nextDeadline == 500)
        waiting.remove(client: 1)
        #expect(waiting.nextDeadline == nil)
        #expect(waiting.removeAll() == [3])
        #expect(waiting.isEmpty)
    }
}

@Suite struct StreamApplierTests {
    @Test func theOffsetMovesWithWholeCommands() {
        var applier = StreamApplier(offset: 100)
        #expect(applier.executed(length: 30, .other) == 30)
        #expect(applier.applied == 130)
    }

    @Test func aTransactionIsAppliedAtItsEndAsOne() {
        var applier = StreamApplier(offset: 0)
        #expect(applier.executed(length: 15, .multi) == 0)
        #expect(applier.executed(length: 20, .other) == 0)
        #expect(applier.applied == 0 && applier.isInTransaction && applier.pending == 35)
        #expect(applier.executed(length: 14, .exec) == 49)
        #expect(applier.applied == 49 && !applier.isInTransaction && applier.pending == 0)
    }

    @Test func aLostLinkForgetsWhatWasNotApplied() {
        var applier = StreamApplier(offset: 10)
        _ = applier.executed(length: 15, .multi)
        _ = applier.executed(length: 20, .other)
        applier.disconnect()
        #expect(applier == StreamApplier(offset: 10))
    }

    @Test func namesOfCommandsAreReadInAnyCase() {
        let kinds = ["MULTI", "exec", "Discard", "set"].map { name in
            Array(name.utf8).withView { StreamApplier.CommandKind($0) }
        }
        #expect(kinds == [.multi, .exec, .discard, .other])
    }
}

@Suite struct EmptyResyncGuardTests {
    @Test(arguments: [
        (0, EmptyResyncGuard.Consent.none, EmptyResyncGuard.Decision.replace),
        (5, .none, .refuse),
        (5, .unwatched, .replace),
        (5, .ordered, .replace),
        (5, .confirmed, .replace),
    ])
    func anEmptySnapshotNeedsConsentIfThereIsSomethingToLose(
        _ keys: Int, _ consent: EmptyResyncGuard.Consent, _ expected: EmptyResyncGuard.Decision
    ) {
        var empty = EmptyResyncGuard(keys: keys, consent: consent)
        empty.sawEnd()
        #expect(empty.decision == expected)
        var full = EmptyResyncGuard(keys: keys, consent: consent)
        full.sawKey()
        #expect(full.decision == .replace)
    }

    @Test func nothingIsDecidedBeforeTheFirstKey() {
        var machine = EmptyResyncGuard(keys: 1, consent: .none)
        #expect(machine.decision == .undecided)
        machine.sawKey()
        machine.sawEnd()
        #expect(machine.decision == .replace)
    }

    @Test func aConfirmationCountsUntilTheRefusal() {
        var machine = EmptyResyncGuard(keys: 1, consent: .none)
        machine.confirm()
        machine.sawEnd()
        #expect(machine.decision == .replace)
        var late = EmptyResyncGuard(keys: 3, consent: .none)
        late.sawEnd()
        late.confirm()
        #expect(late.decision == .refuse && late.consent == .confirmed)
        #expect(late.refusal.text.contains("delete 3 keys"))
    }
}
