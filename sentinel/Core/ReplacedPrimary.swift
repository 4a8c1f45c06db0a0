import RESP
import Sessions

/// A primary that comes back without its data and without a fence: on a new disk or in a new
/// container nothing is left that says who watched it, and other servers know no fence. Only the
/// sentinels remember that its former life held something.
extension SentinelState {
    /// The primary's INFO has come, perhaps from a new process. What the former one told last is
    /// kept until the new one serves as the same node, or has served for so long that its data
    /// count as much as those of a replica that has not been seen since.
    mutating func notePrimaryLife(_ ref: InstanceRef, _ before: NodeReport, isNew: Bool) {
        guard case .primary = ref.place else { return }
        if isNew, groups[ref.group].formerLife == nil, before.refreshedAt != nil {
            groups[ref.group].formerLife = before
            groups[ref.group].formerLifeEnded = now
        }
        let group = groups[ref.group]
        guard let former = group.formerLife, group.primary.report.isServing else { return }
        let isEstablished =
            group.primary.report.holdsKeys
            && now - group.formerLifeEnded > microseconds(group.settings.failoverTimeout)
        if isEstablished || !group.primary.report.hasReplaced(former) {
            groups[ref.group].formerLife = nil
        } else if isNew || before.isLoading {
            actions.append(
                .log(
                    .warning,
                    "The primary of '\(group.name)' came back as another node, without its data"))
        }
    }

    /// The same of a replica's INFO, for it may be told to us as the primary only when it has lost
    /// what it held as such.
    mutating func noteReplicaLife(_ ref: InstanceRef, _ before: NodeReport, isNew: Bool) {
        guard case .replica = ref.place else { return }
        let report = self[ref].report
        if report.role == .replica, report.primaryLinkIsUp {
            self[ref].formerReport = nil
        } else if isNew, self[ref].formerReport == nil, before.refreshedAt != nil {
            self[ref].formerReport = before
        }
    }

    /// Whether the primary has come back without what a replica still holds: it counts as down,
    /// as a fenced one does.
    func isDispossessed(_ group: Int) -> Bool {
        isReplaced(group) && groups[group].replicas.indices.contains { isHeir(group, $0) }
    }

    /// Whether the process that serves as the primary is another node than the one before.
    func isReplaced(_ group: Int) -> Bool {
        let watched = groups[group]
        guard let former = watched.formerLife, !watched.acceptsEmpty else { return false }
        return watched.primary.report.isServing && watched.primary.report.isOfThisConnection
            && watched.primary.report.hasReplaced(former) && link(primary(group)).isConnected
    }

    /// Whether the replica, or a former primary that was out of reach and still believes to be
    /// one, holds data that the primary does not know.
    func isHeir(_ group: Int, _ index: Int) -> Bool {
        let own = groups[group].primary.report
        let instance = groups[group].replicas[index]
        let report = instance.report
        return instance.downSince == nil && link(replica(group, index)).isConnected
            && report.isOfThisConnection && report.holdsKeys && !report.isLoading
            && report.priority != 0 && !report.sharesHistory(with: own)
    }
}

extension NodeReport {
    /// Whether the node is a primary that nothing keeps from answering clients.
    var isServing: Bool { role == .primary && !isFenced && !isLoading }

    /// Whether this is not the node that `former` was, and has not got its data from elsewhere.
    /// One of ours that is watched keeps its ID with its data; of others it shows only as long as
    /// they hold nothing.
    func hasReplaced(_ former: NodeReport) -> Bool {
        if sharesHistory(with: former) { return false }
        if nodeID.isEmpty || former.nodeID.isEmpty { return isBlank && former.holdsKeys }
        return nodeID != former.nodeID
    }
}
