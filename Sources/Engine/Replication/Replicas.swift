import Memory
import Persistence
import RESP
import Replication
import Sessions

/// The primary's side: what replicas ask for and what becomes of them.
extension DataEngine {
    /// What is known of the session as a replica, attached or not.
    func replicaLink(_ session: Slot<Session>) -> ReplicaLink {
        let id = session.value.id
        return replication.replicas[id] ?? replication.callers[id]
            ?? ReplicaLink(
                peerAddress: DataEngine.host(of: session.value.peer), at: frontend.time.monotonic)
    }

    /// The address in "address:port".
    static func host(of peer: String) -> String {
        guard let colon = peer.lastIndex(of: ":") else { return peer }
        let host = peer[..<colon]
        return host.hasPrefix("[") && host.hasSuffix("]")
            ? String(host.dropFirst().dropLast()) : String(host)
    }

    /// The replica's name in the log.
    func replicaName(_ session: Slot<Session>) -> String {
        let link = replicaLink(session)
        return link.listeningPort > 0 ? link.name : "client id #\(session.value.id)"
    }

    /// PSYNC with its two arguments, or SYNC.
    mutating func synchronize(_ session: Slot<Session>, _ request: PartialResyncRequest?) {
        let name = replicaName(session)
        frontend.log(.notice, "Replica \(name) asks for synchronization")
        if let request {
            if continueStream(session, request, name) {
                replication.statistics.partial += 1
                return
            }
            if !request.wantsEverything { replication.statistics.refused += 1 }
        }
        startFullResync(session, isLegacy: request == nil)
    }

    /// Lets the replica go on where it was, if it can.
    private mutating func continueStream(
        _ session: Slot<Session>, _ request: PartialResyncRequest, _ name: String
    ) -> Bool {
        let now = frontend.time.monotonic
        replication.stream.settle()
        let decision = replication.history.decide(request, backlog: replication.stream.held)
        guard case .partial(let position) = decision else {
            if case .full(let reason) = decision {
                for line in replication.history.explain(reason, request, replica: name) {
                    log(line)
                }
            }
            return false
        }
        noteHistory()
        var link = replicaLink(session)
        link.resume(at: position, now: now)
        let answer =
            link.understandsNewIDs
            ? "+CONTINUE \(replication.history.id)\r\n" : "+CONTINUE\r\n"
        attach(session, link)
        session.value.reply.buffer.append(answer)
        frontend.noteOutput(session)
        let bytes = replication.stream.offset - position
        frontend.log(
            .notice,
            ReplicationText.accepted(replica: name, bytes: bytes, offset: request.offset))
        refreshReplicationGates()
        return true
    }

    /// Gives the replica everything: it waits for the next snapshot.
    private mutating func startFullResync(_ session: Slot<Session>, isLegacy: Bool) {
        replication.statistics.full += 1
        var link = replicaLink(session)
        link.waitForSnapshot(legacy: isLegacy, at: frontend.time.monotonic)
        attach(session, link)
        if !replication.stream.isActive { createBacklog() }
        if persistence.target != nil {
            frontend.log(
                .notice,
                isSaving
                    ? "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE "
                        + "for SYNC"
                    : "Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC")
        } else if settings.replDisklessSync, link.understandsMarks,
            settings.replDisklessSyncDelay > 0
        {
            frontend.log(.notice, "Delay next BGSAVE for diskless SYNC")
        }
        attachTransfer(session)
    }

    /// From now on the session is a replica's: nothing is answered to it any more.
    private mutating func attach(_ session: Slot<Session>, _ link: ReplicaLink) {
        let id = session.value.id
        replication.callers[id] = nil
        replication.replicas.detach(id)
        replication.replicas.attach(link, id: id)
        session.value.role = .replica
        session.value.flags.insert(.repliesOff)
        replication.fedOffset = -1
    }

    /// Creates the backlog, with the first replica. Nobody can continue from before it.
    mutating func createBacklog() {
        replication.history.restart(as: newHistoryID())
        activateStream()
        frontend.log(.notice, ReplicationText.backlogCreated(replication.history))
    }

    /// Starts to record the stream at the present offset.
    mutating func activateStream() {
        replication.stream.resize(limit: settings.replBacklogSize)
        replication.stream.activate()
        replication.noReplicasSince = frontend.time.monotonic
        refreshPropagation()
    }

    /// Where the stream is at the boundary of the snapshot being begun, for its header.
    func snapshotStreamPosition() -> RDBInformation.Stream? {
        guard replication.stream.isActive else { return nil }
        let database =
            replication.isReplica ? replication.primary.database : replication.stream.database
        return RDBInformation.Stream(
            database: max(database, 0), id: replication.history.id.text, offset: streamEnd)
    }

    /// A snapshot of the present state begins for the replica; its stream goes on from here.
    mutating func transferBegan(_ session: Slot<Session>) {
        let id = session.value.id
        let usesFile = persistence.transfers[id]?.mark == nil
        let (offset, now) = (streamEnd, frontend.time.monotonic)
        guard let link = replication.replicas[id] else { return }
        frontend.log(
            .notice,
            "Starting BGSAVE for SYNC with target: \(usesFile ? "disk" : "replicas sockets")")
        if !link.isLegacy {
            session.value.reply.buffer.append(
                "+FULLRESYNC \(replication.history.id) \(offset)\r\n")
        }
        // Readers of a snapshot know nothing of what was selected before.
        if !replication.isReplica { replication.stream.forgetDatabase() }
        _ = replication.replicas.update(id) {
            $0.beginSnapshot(at: offset, viaFile: usesFile, now: now)
        }
    }

    /// The file written for the replica is complete and is being sent.
    mutating func transferReading(_ session: Slot<Session>) {
        let now = frontend.time.monotonic
        _ = replication.replicas.update(session.value.id) { $0.sendFile(at: now) }
    }

    /// The whole snapshot has left.
    mutating func transferFinished(_ session: Slot<Session>, marked: Bool) {
        let (id, now) = (session.value.id, frontend.time.monotonic)
        _ = replication.replicas.update(id) { $0.endSnapshot(marked: marked, at: now) }
        guard let state = replication.replicas[id]?.state else { return }
        let name = replicaName(session)
        switch state {
        case .waitingForAcknowledgement:
            frontend.log(
                .notice,
                "Streamed RDB transfer with replica \(name) succeeded (socket). Waiting for "
                    + "REPLCONF ACK from replica to enable streaming")
        case .snapshotDelivered:
            frontend.log(
                .notice,
                "RDB transfer completed, rdb only replica (\(name)) should be disconnected asap")
            frontend.close(session, afterReply: true)
        default: replicaIsOnline(session)
        }
    }

    /// The stream flows to the replica from now on.
    mutating func replicaIsOnline(_ session: Slot<Session>) {
        frontend.log(
            .notice, "Synchronization with replica \(replicaName(session)) succeeded")
        frontend.noteOutput(session)
        refreshReplicationGates()
    }

    /// The session of a replica is gone.
    mutating func replicaLeft(_ session: Slot<Session>) {
        let id = session.value.id
        replication.callers[id] = nil
        guard replication.replicas[id] != nil else { return }
        frontend.log(.warning, "Connection with replica \(replicaName(session)) lost.")
        replication.replicas.detach(id)
        replication.overSoftLimit[id] = nil
        dropTransfer(id)
        if replication.replicas.isEmpty { replication.noReplicasSince = frontend.time.monotonic }
        replication.stream.trim(slowest: replication.replicas.slowestPosition)
        refreshReplicationGates()
    }

    /// Closes the links of all replicas, so that they ask anew what history they follow.
    mutating func closeReplicas() {
        for member in replication.replicas.members {
            if let slot = frontend.sessions[member.id] { frontend.close(slot) }
        }
    }

    /// A replica wrote something that it should not have: a command with a reply.
    mutating func replicaMisbehaved(_ call: Call) {
        let name = call.command >= 0 ? frontend.table.rows[call.command].name : "<unknown>"
        frontend.log(
            .warning,
            "Replica generated a reply to command '\(name)', disconnecting it: "
                + frontend.describe(call.session))
        frontend.close(call.session)
    }
}

extension DataEngine {
    /// An error went, or would have gone, to a replica or a primary: one of the two is wrong.
    mutating func reportPeerError(_ call: Call, _ reply: ByteView, _ start: Int) {
        let isReplica = call.session.value.role == .replica
        let (own, peer) =
            isReplica
            ? (WireNames.primary, StaticString("replica"))
            : (StaticString("replica"), WireNames.primary)
        var text = start < reply.count ? reply[start..<reply.count].string : ""
        while text.hasSuffix("\r\n") { text.removeLast() }
        let name = call.command >= 0 ? frontend.table.rows[call.command].name : "<unknown>"
        frontend.log(
            .warning,
            "== CRITICAL == This \(own) is sending an error to its \(peer): '\(text)' after "
                + "processing the command '\(name)'")
        statistics.unexpectedErrorReplies += 1
    }

    /// All data are about to be replaced: every watched key counts as changed.
    mutating func tripAllWatchers() {
        for key in watchers.sessions.keys { watchers.visit(key) { _ in true } }
    }
}
