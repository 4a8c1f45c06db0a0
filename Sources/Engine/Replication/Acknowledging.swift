import Memory
import RESP
import Replication
import Sessions

/// WAIT: clients that want to know how many replicas have their writes.
extension DataEngine {
    /// Answers at once, or lets the client wait for `replicas`; `deadline` in monotonic
    /// microseconds, nil for none.
    mutating func waitForReplicas(
        _ call: Call, replicas: Int, deadline: Int64?
    ) -> Propagation {
        let session = call.session
        let offset = session.value.lastWriteOffset
        let isInTransaction = session.value.flags.contains(.executing)
        let have = replication.replicas.acknowledged(upTo: offset)
        if have >= replicas || isInTransaction {
            call.reply.integer(have)
            return .none
        }
        let waiter = ReplicaAcknowledgements.Waiter(
            client: session.value.id, offset: offset, replicas: replicas, deadline: deadline)
        _ = replication.acknowledgements.wait(waiter, for: replication.replicas)
        session.value.flags.insert(.blocked)
        session.value.blocking = .wait(
            replicas: replicas, offset: offset, deadline: deadline ?? 0)
        replication.wantsAcknowledgements = true
        return .suspended
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
            slot.value.reply.integer(release.replicas)
            unblock(slot)
        }
    }

    /// Ends a session's WAIT before its time (CLIENT UNBLOCK); false if it is not in one.
    mutating func unblockWaiter(_ session: Slot<Session>, withError: Bool) -> Bool {
        guard case .wait(_, let offset, _) = session.value.blocking else { return false }
        replication.acknowledgements.remove(client: session.value.id)
        if withError {
            session.value.reply.error("UNBLOCKED client unblocked via CLIENT UNBLOCK")
        } else {
            session.value.reply.integer(replication.replicas.acknowledged(upTo: offset))
        }
        unblock(session)
        return true
    }
}
