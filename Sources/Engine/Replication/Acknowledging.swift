import Memory
import RESP
import Replication
import Sessions

/// WAIT: clients that want to know how many replicas have their writes.
extension DataEngine {
    /// Answers at once, or lets the client wait for `replicas` that have its last write, or have it
    /// in files of their own; `deadline` in monotonic microseconds, nil for none.
    mutating func waitForReplicas(
        _ call: Call, replicas: Int, isPersistent: Bool, deadline: Int64?
    ) -> Propagation {
        let session = call.session
        let waiter = ReplicaAcknowledgements.Waiter(
            client: session.value.id, offset: session.value.lastWriteOffset, replicas: replicas,
            isPersistent: isPersistent, deadline: deadline)
        let have = waiter.count(replication.replicas)
        if have >= replicas || session.value.flags.contains(.executing) {
            answer(session, have, isPersistent)
            return .none
        }
        _ = replication.acknowledgements.wait(waiter, for: replication.replicas)
        session.value.flags.insert(.blocked)
        session.value.blocking = .wait(deadline: deadline ?? 0)
        replication.wantsAcknowledgements = true
        return .suspended
    }

    /// WAIT is told how many replicas have its write; WAITAOF besides whether it is in a file here.
    private func answer(_ session: Slot<Session>, _ replicas: Int, _ isPersistent: Bool) {
        if isPersistent {
            session.value.reply.array(2)
            session.value.reply.integer(0)
        }
        session.value.reply.integer(replicas)
    }

    /// Asks replicas for acknowledgements, once a turn.
    mutating func requestAcknowledgements() {
        guard replication.wantsAcknowledgements, !replication.failover.pausesStream else { return }
        replication.wantsAcknowledgements = false
        if !replication.isReplica { replication.stream.requestAcknowledgements() }
    }

    /// Answers sessions in WAIT whose condition holds or whose time is over.
    mutating func answerWaiters() {
        let released = replication.acknowledgements.release(
            replication.replicas, at: frontend.time.monotonic)
        for release in released {
            guard let slot = frontend.sessions[release.client] else { continue }
            let start = slot.value.reply.buffer.count
            answer(slot, release.replicas, release.isPersistent)
            unblock(slot, from: start)
        }
    }

    /// Ends before its time (CLIENT UNBLOCK) that a session waits for replicas or keys; false if
    /// it does not.
    mutating func unblockWaiter(_ session: Slot<Session>, withError: Bool) -> Bool {
        let error: StaticString = "UNBLOCKED client unblocked via CLIENT UNBLOCK"
        if stopWaiting(session, error: withError ? error : nil) { return true }
        guard let waiter = replication.acknowledgements.remove(client: session.value.id) else {
            return false
        }
        let start = session.value.reply.buffer.count
        if withError {
            session.value.reply.error(error)
        } else {
            answer(session, waiter.count(replication.replicas), waiter.isPersistent)
        }
        unblock(session, from: start)
        return true
    }
}
