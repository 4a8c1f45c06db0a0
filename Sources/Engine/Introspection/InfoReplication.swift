import Memory
import RESP
import Replication
import Sessions

extension DataEngine {
    /// Bytes held for the replication stream.
    var replicationMemory: Int { replication.stream.isActive ? replication.stream.footprint : 0 }

    /// The replication section of INFO.
    func replicationInfo(_ info: inout InfoText) {
        info.section("Replication")
        info.field("role", replication.isReplica ? WireNames.replica : WireNames.primary)
        if replication.isReplica { primaryInfo(&info) }
        replicasInfo(&info)
        let stream = replication.stream.isActive
        info.field(WireNames.primaryFailoverState, replication.failover.name)
        info.field(WireNames.primaryReplicationID, replication.history.id)
        info.field(WireNames.primaryReplicationID2, replication.history.previousID)
        info.field(WireNames.primaryReplicationOffset, streamEnd)
        info.field("second_repl_offset", replication.history.previousEnd)
        info.field("repl_backlog_active", stream)
        info.field("repl_backlog_size", settings.replBacklogSize)
        info.field("repl_backlog_first_byte_offset", replication.stream.firstByteOffset)
        info.field("repl_backlog_histlen", replication.stream.historyLength)
        info.field("tandem_fenced", replication.fence.isClosed)
        info.field("tandem_node_id", replication.node.state.nodeID)
        info.field("tandem_history", dataHistory)
        info.field(
            "tandem_histories",
            replication.node.state.histories.map(\.text).joined(separator: ","))
    }

    /// What a replica tells of its primary.
    private func primaryInfo(_ info: inout InfoText) {
        let link = replication.primary
        let now = frontend.time.monotonic
        let silence = max(0, now - link.lastHeard) / 1_000_000
        let input = link.isOnline ? link.session?.value.input.count ?? 0 : 0
        info.field(WireNames.primaryHost, settings.replicaOf?.host ?? "")
        info.field(WireNames.primaryPort, settings.replicaOf?.port ?? 0)
        info.field(WireNames.primaryLinkStatus, link.isOnline ? "up" : "down")
        info.field(WireNames.primaryLastIOSecondsAgo, link.isOnline ? silence : -1)
        info.field(WireNames.primarySyncInProgress, link.isReceiving)
        info.field(WireNames.replicaReadReplicationOffset, replicaOffset + input)
        info.field(WireNames.replicaReplicationOffset, replicaOffset)
        if case .receiving(let receiver) = link.stage {
            let (total, read) = (receiver.totalBytes, receiver.readBytes)
            let percent = total > 0 ? Double(read) / Double(total) * 100 : 0
            info.field(WireNames.primarySyncTotalBytes, total)
            info.field(WireNames.primarySyncReadBytes, read)
            info.field(WireNames.primarySyncLeftBytes, total > 0 ? total - read : -1)
            info.field(WireNames.primarySyncPercent, InfoText.fixed(percent, 2))
            info.field(WireNames.primarySyncLastIOSecondsAgo, silence)
        }
        if !link.isOnline {
            let down = link.downSince.map { max(0, now - $0) / 1_000_000 } ?? -1
            info.field(WireNames.primaryLinkDownSinceSeconds, down)
        }
        info.field(WireNames.replicaPriority, settings.replicaPriority)
        info.field(WireNames.replicaReadOnly, settings.replicaReadOnly)
        info.field("replica_announced", settings.replicaAnnounced)
    }

    /// How far this replica's data are; 0 before it ever had any of its primary's.
    private var replicaOffset: Int {
        replication.primary.isOnline || replication.primary.canContinue ? streamEnd : 0
    }

    private func replicasInfo(_ info: inout InfoText) {
        let listed = replication.replicas.members.filter { $0.link.stateName != nil }
        info.field(WireNames.connectedReplicas, listed.count)
        if settings.minReplicasToWrite > 0, settings.minReplicasMaxLag > 0 {
            info.field(WireNames.minReplicasGoodReplicas, goodReplicas)
        }
        for (index, member) in listed.enumerated() {
            let link = member.link
            let lag = link.state == .online ? link.lag(at: frontend.time.monotonic) : 0
            info.field(
                named: "\(WireNames.replica)\(index)",
                "ip=\(link.address),port=\(link.listeningPort),state=\(link.stateName ?? ""),"
                    + "offset=\(link.acknowledged),lag=\(lag)")
        }
    }

    /// How often replicas were synchronised, for INFO stats.
    func resyncInfo(_ info: inout InfoText) {
        info.field("sync_full", replication.statistics.full)
        info.field("sync_partial_ok", replication.statistics.partial)
        info.field("sync_partial_err", replication.statistics.refused)
    }

    /// The reply of ROLE.
    func writeRole(_ call: Call) {
        if replication.isReplica {
            let link = replication.primary
            call.reply.array(5)
            call.reply.bulk(WireNames.replica)
            call.reply.bulk(text: settings.replicaOf?.host ?? "")
            call.reply.integer(settings.replicaOf?.port ?? 0)
            call.reply.bulk(link.stateName)
            call.reply.integer(link.isOnline ? link.applier.applied : -1)
            return
        }
        let online = replication.replicas.members.filter { $0.link.state == .online }
        call.reply.array(3)
        call.reply.bulk(WireNames.primary)
        call.reply.integer(streamEnd)
        call.reply.array(online.count)
        for member in online {
            call.reply.array(3)
            call.reply.bulk(text: member.link.address)
            call.reply.bulk(text: "\(member.link.listeningPort)")
            call.reply.bulk(text: "\(member.link.acknowledged)")
        }
    }
}
