import Memory
import RESP
import Replication
import Sessions

/// What replication does every second.
extension DataEngine {
    mutating func replicationCron(at now: Int64) {
        replication.seconds += 1
        if startup != .done || replication.shutdown != nil {
            frontend.requests.append(.extendTimeout(microseconds: DataEngine.patience))
        }
        if let reminder = replication.remindOfFence(at: now) { log(reminder) }
        if replication.fence.isOver(at: now) { resumeService() }
        guard startup == .done || startup == .notBegun else { return }
        if replication.isReplica { superviseLink(at: now) }
        pingReplicas()
        keepWaitingReplicasAlive()
        dropSilentReplicas(at: now)
        freeBacklog(at: now)
        retryNode()
        refreshReplicationGates()
    }

    /// How long the service manager is asked to wait each second that starting or stopping goes
    /// on.
    private static var patience: Int64 { 15_000_000 }

    /// Connects, gives up what takes too long, acknowledges.
    private mutating func superviseLink(at now: Int64) {
        let timeout = Int64(settings.replTimeout) * 1_000_000
        let isPaused = replication.primary.session?.value.blocking == .paused
        let isSilent = now - replication.primary.lastHeard > timeout && !isPaused
        switch replication.primary.stage {
        case .none: break
        case .disconnected:
            if let address = settings.replicaOf {
                frontend.log(
                    .notice, ReplicationText.connecting(address.host, address.port))
            }
            connectToPrimary()
        case .connecting:
            guard isSilent else { return }
            frontend.log(.warning, ReplicationText.connectTimeout)
            dropLink()
            failoverLinkFailed()
        case .handshake(var handshake):
            let actions = handshake.tick(at: now)
            replication.primary.stage = .handshake(handshake)
            perform(actions)
        case .receiving:
            guard isSilent else { return keepPrimaryAlive() }
            frontend.log(.warning, ReplicationText.transferTimeout)
            dropLink()
        case .online:
            guard isSilent else { return acknowledge() }
            frontend.log(.warning, ReplicationText.streamTimeout)
            let address = settings.replicaOf
            dropLink()
            if let address {
                frontend.log(
                    .notice, ReplicationText.reconnecting(address.host, address.port))
            }
            connectToPrimary()
        }
    }

    /// A newline shows the primary that we are still loading.
    private mutating func keepPrimaryAlive() {
        guard let session = replication.primary.session else { return }
        session.value.reply.buffer.append("\n")
        frontend.noteOutput(session)
    }

    /// Whether the stream must end where it is: a hand-over or a stop waits for replicas to have
    /// all of it.
    private var mustNotGrow: Bool {
        replication.failover.pausesStream || replication.shutdown != nil
    }

    private mutating func pingReplicas() {
        guard !replication.isReplica, !replication.replicas.isEmpty, !mustNotGrow,
            replication.seconds % max(settings.replPingPeriod, 1) == 0
        else { return }
        replication.stream.ping()
    }

    /// Replicas whose snapshot has not begun get newlines.
    private mutating func keepWaitingReplicasAlive() {
        for member in replication.replicas.members where member.link.needsKeepAlive {
            guard let slot = frontend.sessions[member.id] else { continue }
            slot.value.reply.buffer.append("\n")
            frontend.noteOutput(slot)
        }
    }

    private mutating func dropSilentReplicas(at now: Int64) {
        let timeout = Int64(settings.replTimeout) * 1_000_000
        for id in replication.replicas.timedOut(at: now, timeout: timeout) {
            guard let slot = frontend.sessions[id], let link = replication.replicas[id] else {
                continue
            }
            let kind = link.state == .online ? "streaming sync" : "full sync"
            frontend.log(
                .warning, "Disconnecting timedout replica (\(kind)): \(replicaName(slot))")
            frontend.close(slot)
        }
    }

    /// A primary without replicas for long forgets its history: the next replica starts over. One
    /// behind its fence can have none, and its place in the history is what the sentinels compare.
    private mutating func freeBacklog(at now: Int64) {
        guard !replication.isReplica, !replication.fence.isClosed, replication.stream.isActive,
            settings.replBacklogTTL > 0,
            replication.replicas.isEmpty,
            now - replication.noReplicasSince > Int64(settings.replBacklogTTL) * 1_000_000
        else { return }
        replication.stream.deactivate()
        replication.history.restart(as: newHistoryID())
        refreshPropagation()
        frontend.log(.notice, ReplicationText.backlogFreed(seconds: settings.replBacklogTTL))
    }
}
