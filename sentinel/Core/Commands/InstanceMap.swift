import RESP
import Sessions

/// The tables of instances: maps whose values are all strings, in Redis's order.
extension SentinelState {
    func showPrimaries() -> RESPValue { .array(groups.indices.map { map(primary($0)) }) }

    func showPrimary(_ call: SentinelCall) -> RESPValue {
        group(call).map { map(primary($0)) } ?? Self.noSuchGroup
    }

    /// Replicas that do not want to be announced are left out.
    func showReplicas(_ call: SentinelCall) -> RESPValue {
        guard let group = group(call) else { return Self.noSuchGroup }
        let shown = groups[group].replicas.indices.filter {
            groups[group].replicas[$0].report.isAnnounced
        }
        return .array(shown.map { map(replica(group, $0)) })
    }

    func showSentinels(_ call: SentinelCall) -> RESPValue {
        guard let group = group(call) else { return Self.noSuchGroup }
        return .array(groups[group].sentinels.indices.map { map(sentinel(group, $0)) })
    }

    /// Everything about one instance. Times are milliseconds.
    func map(_ ref: InstanceRef) -> RESPValue {
        var fields = FieldList()
        addConnection(ref, &fields)
        let instance = self[ref]
        if let since = instance.downSince { fields.add("s-down-time", ago(since)) }
        let group = groups[ref.group]
        if case .primary = ref.place, let since = group.objectivelyDownSince {
            fields.add("o-down-time", ago(since))
        }
        fields.add("down-after-milliseconds", group.settings.downAfter)
        if ref.place.isDataNode {
            fields.add("info-refresh", instance.report.refreshedAt.map(ago) ?? 0)
            fields.add(
                "role-reported",
                instance.report.role == .primary ? RoleName.primary : RoleName.replica)
            fields.add("role-reported-time", ago(instance.report.roleSince))
        }
        switch ref.place {
        case .primary: addGroup(group, &fields)
        case .replica: addReplica(instance.report, &fields)
        case .sentinel:
            fields.add("last-hello-message", ago(instance.opinion.lastHello))
            fields.add("voted-leader", instance.opinion.leader ?? "?")
            fields.add("voted-leader-epoch", Int64(clamping: instance.opinion.leaderEpoch))
        }
        return .map(fields.values)
    }

    private func addConnection(_ ref: InstanceRef, _ fields: inout FieldList) {
        let instance = self[ref]
        let link = link(ref)
        fields.add("name", name(ref))
        fields.add("ip", announced(instance.address).host)
        fields.add("port", Int64(instance.address.port))
        fields.add("runid", instance.runID ?? "")
        fields.add("flags", flags(ref).joined(separator: ","))
        fields.add("link-pending-commands", Int64(link.command?.pending.count ?? 0))
        fields.add("link-refcount", Int64(userCount(ref)))
        if case .primary = ref.place, let failover = groups[ref.group].failover {
            fields.add("failover-state", failover.stage.wireName)
        }
        fields.add("last-ping-sent", link.activePing.map(ago) ?? 0)
        fields.add("last-ok-ping-reply", ago(link.lastAvailable))
        fields.add("last-ping-reply", ago(link.lastPong))
    }

    private func addGroup(_ group: MonitoredGroup, _ fields: inout FieldList) {
        fields.add("config-epoch", Int64(clamping: group.configurationEpoch))
        fields.add(MapField.replicaCount, Int64(group.replicas.count))
        fields.add("num-other-sentinels", Int64(group.sentinels.count))
        fields.add("quorum", Int64(group.settings.quorum))
        fields.add("failover-timeout", group.settings.failoverTimeout)
        fields.add("parallel-syncs", Int64(group.settings.parallelSyncs))
        if let path = group.settings.notificationScript { fields.add("notification-script", path) }
        if let path = group.settings.clientReconfigurationScript {
            fields.add("client-reconfig-script", path)
        }
    }

    private func addReplica(_ report: NodeReport, _ fields: inout FieldList) {
        fields.add(MapField.primaryLinkDownTime, report.linkDownTime)
        fields.add(MapField.primaryLinkStatus, report.primaryLinkIsUp ? "ok" : "err")
        fields.add(MapField.primaryHost, report.primaryHost ?? "?")
        fields.add(MapField.primaryPort, Int64(report.primaryPort))
        fields.add(MapField.replicaPriority, Int64(report.priority))
        fields.add(MapField.replicaOffset, report.offset)
        fields.add("replica-announced", report.isAnnounced ? "1" : "0")
    }

    /// What is to be said of an instance, in Redis's order.
    private func flags(_ ref: InstanceRef) -> [String] {
        let instance = self[ref]
        let group = groups[ref.group]
        var flags: [String] = []
        if instance.downSince != nil { flags.append("s_down") }
        if case .primary = ref.place, group.objectivelyDownSince != nil { flags.append("o_down") }
        flags.append(instance.kind.wireName)
        let isPeer = !ref.place.isDataNode
        if !link(ref).isWhole(isPeer: isPeer) { flags.append("disconnected") }
        switch ref.place {
        case .sentinel:
            if instance.opinion.saysPrimaryDown { flags.append(MapField.primaryDownFlag) }
        case .primary:
            if group.failover != nil { flags.append("failover_in_progress") }
        case .replica:
            if group.failover?.promoted == instance.address { flags.append("promoted") }
        }
        switch instance.reconfiguration {
        case .none: break
        case .sent: flags.append("reconf_sent")
        case .inProgress: flags.append("reconf_inprog")
        case .done: flags.append("reconf_done")
        }
        if case .primary = ref.place, group.failover?.isRequested == true {
            flags.append("force_failover")
        }
        if instance.scriptKillSent { flags.append("script_kill_sent") }
        if instance.rebootSince != nil { flags.append(MapField.primaryRebootFlag) }
        return flags
    }

    /// Milliseconds since `time`.
    func ago(_ time: Int64) -> Int64 { (now - time) / 1000 }
}

/// Names and values of a map, as bulk strings.
struct FieldList {
    private(set) var values: [RESPValue] = []

    mutating func add(_ name: String, _ value: String) {
        values.append(.text(name))
        values.append(.text(value))
    }

    mutating func add(_ name: String, _ value: Int64) { add(name, String(value)) }
}
