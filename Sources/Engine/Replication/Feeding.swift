import Configuration
import Memory
import RESP
import Replication
import Sessions

/// The stream: commands go in, replicas get it from where they are.
extension DataEngine {
    /// Moves the unit's commands to the stream.
    mutating func feedStream(isSplit: Bool) {
        let isSplit = isSplit || Mutation.transactionSplit.isActive
        let isTransaction = unit.operations.count > 1 && !isSplit
        if isTransaction { replication.stream.beginUnit() }
        var start = 0
        for operation in unit.operations {
            let database =
                operation.database >= 0 ? operation.database : max(replication.stream.database, 0)
            replication.stream.append(
                database, encoded: unit.bytes.readable[start..<operation.end])
            start = operation.end
        }
        if isTransaction { replication.stream.endUnit() }
    }

    /// Puts replicas that lag behind the stream on the list of sessions to flush, and forgets
    /// what nobody needs any more. Called at the end of every turn.
    mutating func feedReplicas() {
        guard replication.hasUnfedStream else { return }
        replication.stream.settle()
        replication.fedOffset = replication.stream.offset
        for member in replication.replicas.members where member.link.holdsStream {
            guard let slot = frontend.sessions[member.id] else { continue }
            if member.link.takesStream { frontend.noteOutput(slot) }
            enforceReplicaLimit(slot, member.link)
        }
        replication.stream.trim(slowest: replication.replicas.slowestPosition)
    }

    /// Closes a replica that is too far behind. The hard limit is never below the backlog's
    /// size, since the bytes are held anyway.
    private mutating func enforceReplicaLimit(_ slot: Slot<Session>, _ link: ReplicaLink) {
        let limit = frontend.settings.outputLimits[ClientClass.replica.rawValue]
        let size = replication.stream.offset - link.position
        let now = frontend.time.monotonic
        let hard = limit.hardBytes > 0 ? max(limit.hardBytes, replication.stream.limit) : Int.max
        let id = slot.value.id
        var isOver = size > hard
        if limit.softBytes > 0, size > limit.softBytes {
            let since = replication.overSoftLimit[id] ?? now
            replication.overSoftLimit[id] = since
            if now - since > Int64(limit.softSeconds) * 1_000_000 { isOver = true }
        } else {
            replication.overSoftLimit[id] = nil
        }
        guard isOver, !slot.value.flags.contains(.closing) else { return }
        frontend.statistics.outputLimitDisconnections += 1
        frontend.log(
            .warning,
            "Client \(frontend.describe(slot)) scheduled to be closed ASAP for overcoming of "
                + "output buffer limits.")
        frontend.close(slot)
    }

    /// What a replica is to be sent now: answers of the handshake, then its snapshot, then the
    /// stream.
    mutating func replicaOutput(_ session: Slot<Session>) -> ByteView {
        let replies = frontend.sendable(session)
        if !replies.isEmpty { return replies }
        if session.value.flags.contains(.closing) { return .empty }
        if persistence.transfers[session.value.id] != nil { return transferOutput(session) }
        guard let link = replication.replicas[session.value.id], link.takesStream else {
            return .empty
        }
        replication.stream.settle()
        return replication.stream.view(at: link.position)
    }

    /// `count` bytes of it were written.
    mutating func replicaOutputSent(_ session: Slot<Session>, _ count: Int) {
        if !session.value.reply.buffer.isEmpty { return frontend.sent(session, count) }
        let id = session.value.id
        frontend.statistics.bytesOut &+= count
        frontend.statistics.writesProcessed &+= 1
        frontend.statistics.replicationBytesOut &+= count
        session.value.bytesOut &+= count
        if persistence.transfers[id] != nil {
            transferSent(session, count)
            let now = frontend.time.monotonic
            _ = replication.replicas.update(id) { $0.noteProgress(at: now) }
        } else {
            _ = replication.replicas.update(id) { $0.position += count }
        }
    }
}
