import Replication
import Testing

@Suite struct FailoverTests {
    private typealias Target = FailoverMachine.Target
    private typealias Order = FailoverMachine.Order

    /// Two replicas, the second with everything up to byte 200.
    private let replicas = attached((1, 100, 0), (2, 200, 0))
    private let one = FailoverMachine.Target(host: "10.0.0.1", port: 6001)
    private let two = FailoverMachine.Target(host: "10.0.0.2", port: 6002)

    private func started(_ order: FailoverMachine.Order) -> FailoverMachine {
        var machine = FailoverMachine()
        let result = machine.start(order, isReplica: false, replicas: replicas, at: 0)
        #expect(result.refusal == nil && result.actions.last == .pauseWrites)
        return machine
    }

    @Test func withoutATargetTheFirstReplicaThatHasEverythingTakesOver() {
        var machine = started(Order())
        #expect(machine.name == "waiting-for-sync" && machine.pausesStream && machine.isActive)
        #expect(machine.advance(replicas, offset: 201, at: 1) == [])
        let text = "Failover target 10.0.0.2:6002 is synced, failing over."
        #expect(
            machine.advance(replicas, offset: 200, at: 2) == [.log(.notice(text)), .follow(two)])
        #expect(machine.name == "failover-in-progress" && machine.isInProgress)
        #expect(machine.advance(replicas, offset: 200, at: 3) == [])
        #expect(machine.accepted() == [.resumeWrites])
        #expect(machine == FailoverMachine() && machine.name == "no-failover")
    }

    @Test func aNamedTargetIsWaitedFor() {
        var machine = started(Order(target: one))
        #expect(machine.advance(replicas, offset: 200, at: 1) == [])
        #expect(machine.advance(replicas, offset: 100, at: 1).last == .follow(one))
    }

    @Test func timeRunsOutWithAndWithoutForce() {
        var patient = started(Order(target: one, timeout: 5))
        #expect(patient.deadline == 5000)
        #expect(patient.advance(replicas, offset: 200, at: 4999) == [])
        let aborted = "FAILOVER to 10.0.0.1:6001 aborted: Replica never caught up before timeout"
        #expect(
            patient.advance(replicas, offset: 200, at: 5000)
                == [.log(.notice(aborted)), .resumeWrites])
        #expect(!patient.isActive)
        var forced = started(Order(target: one, timeout: 5, isForced: true))
        let text = "FAILOVER to 10.0.0.1:6001 time out exceeded, failing over."
        #expect(
            forced.advance(replicas, offset: 200, at: 5000)
                == [.log(.notice(text)), .follow(one)])
    }

    @Test(arguments: [Int.max, Int.max / 1000, Int.max / 1000 + 1, Int.max / 2])
    func aTimeThatNeverComesIsWaitedFor(timeout: Int) {
        for isForced in [false, true] {
            var machine = FailoverMachine()
            let order = Order(target: one, timeout: timeout, isForced: isForced)
            let start = machine.start(order, isReplica: false, replicas: replicas, at: 1_000_000)
            #expect(start.refusal == nil && machine.deadline == nil)
            #expect(machine.advance(replicas, offset: 200, at: .max - 1) == [])
            #expect(machine.advance(replicas, offset: 100, at: .max - 1).last == .follow(one))
        }
    }

    @Test func aRefusalByTheTargetMakesThePrimaryOneAgain() {
        var machine = started(Order(target: two))
        #expect(machine.rejected() == [])
        _ = machine.advance(replicas, offset: 200, at: 1)
        let text = "FAILOVER to 10.0.0.2:6002 aborted: Failover target rejected psync request"
        #expect(
            machine.rejected() == [.log(.notice(text)), .returnToPrimary, .resumeWrites])
        #expect(machine == FailoverMachine())
    }

    @Test func anAbortWorksInEveryStateButTheFirst() {
        var idle = FailoverMachine()
        #expect(idle.abort().refusal == "ERR No failover in progress.")
        var waiting = started(Order())
        let text = "FAILOVER to any replica aborted: Failover manually aborted"
        #expect(waiting.abort().actions == [.log(.notice(text)), .resumeWrites])
        #expect(waiting == FailoverMachine())
        var following = started(Order())
        _ = following.advance(replicas, offset: 200, at: 1)
        #expect(following.abort().actions.contains(.returnToPrimary))
        var unreachable = started(Order())
        _ = unreachable.advance(replicas, offset: 200, at: 1)
        #expect(unreachable.unreachable().contains(.returnToPrimary))
        #expect(unreachable == FailoverMachine())
    }

    @Test func whatCannotBeginIsRefusedInRedissWords() {
        func refusal(
            _ order: FailoverMachine.Order, isReplica: Bool = false, _ replicas: AttachedReplicas
        ) -> String? {
            var machine = FailoverMachine()
            let result = machine.start(order, isReplica: isReplica, replicas: replicas, at: 0)
            #expect(result.actions == [] && !machine.isActive)
            return result.refusal
        }
        #expect(
            refusal(Order(), isReplica: true, replicas)
                == "ERR FAILOVER is not valid when server is a replica.")
        #expect(
            refusal(Order(), AttachedReplicas()) == "ERR FAILOVER requires connected replicas.")
        let force = "ERR FAILOVER with force option requires both a timeout and target HOST and IP."
        #expect(refusal(Order(target: one, isForced: true), replicas) == force)
        #expect(refusal(Order(timeout: 1, isForced: true), replicas) == force)
        #expect(
            refusal(Order(target: Target(host: "10.0.0.1", port: 1)), replicas)
                == "ERR FAILOVER target HOST and PORT is not a replica.")
        var synchronising = replicas
        _ = synchronising.update(1) { $0.waitForSnapshot(legacy: false, at: 0) }
        #expect(
            refusal(Order(target: one), synchronising)
                == "ERR FAILOVER target replica is not online.")
        var busy = started(Order())
        let again = busy.start(Order(), isReplica: false, replicas: replicas, at: 0)
        #expect(again.refusal == "ERR FAILOVER already in progress.")
    }

    @Test func aReplicaThatIsNotOnlineNeverTakesOver() {
        var machine = started(Order())
        var replicas = replicas
        _ = replicas.update(2) { $0.waitForSnapshot(legacy: false, at: 0) }
        #expect(machine.advance(replicas, offset: 200, at: 1) == [])
    }
}
