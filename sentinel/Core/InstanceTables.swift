import Memory
import RESP
import Sessions

/// Finding, adding and removing what is watched.
extension SentinelState {
    func primary(_ group: Int) -> InstanceRef { InstanceRef(group: group, place: .primary) }

    func replica(_ group: Int, _ index: Int) -> InstanceRef {
        InstanceRef(group: group, place: .replica(index))
    }

    func sentinel(_ group: Int, _ index: Int) -> InstanceRef {
        InstanceRef(group: group, place: .sentinel(index))
    }

    /// The primary, the replicas, the other sentinels.
    func references(of group: Int) -> [InstanceRef] {
        dataNodes(of: group) + groups[group].sentinels.indices.map { sentinel(group, $0) }
    }

    /// The primary and the replicas.
    func dataNodes(of group: Int) -> [InstanceRef] {
        [primary(group)] + groups[group].replicas.indices.map { replica(group, $0) }
    }

    subscript(ref: InstanceRef) -> Instance {
        get {
            switch ref.place {
            case .primary: groups[ref.group].primary
            case .replica(let index): groups[ref.group].replicas[index]
            case .sentinel(let index): groups[ref.group].sentinels[index]
            }
        }
        _modify {
            switch ref.place {
            case .primary: yield &groups[ref.group].primary
            case .replica(let index): yield &groups[ref.group].replicas[index]
            case .sentinel(let index): yield &groups[ref.group].sentinels[index]
            }
        }
    }

    func key(_ ref: InstanceRef) -> LinkKey {
        if case .sentinel(let index) = ref.place {
            return .peer(groups[ref.group].sentinels[index].runID ?? "")
        }
        return .node(group: groups[ref.group].name, self[ref].address)
    }

    func link(_ ref: InstanceRef) -> InstanceLink {
        links[key(ref)] ?? InstanceLink(self[ref].address, now: now)
    }

    func groupIndex(_ name: String) -> Int? { groups.firstIndex { $0.name == name } }

    /// Everything that uses a link: one data node, or a sentinel in several groups.
    func users(of key: LinkKey) -> [InstanceRef] {
        switch key {
        case .node(let name, let address):
            guard let group = groupIndex(name) else { return [] }
            return dataNodes(of: group).filter { self[$0].address == address }
        case .peer(let runID):
            return groups.indices.flatMap { group in
                groups[group].sentinels.indices
                    .filter { groups[group].sentinels[$0].runID == runID }
                    .map { sentinel(group, $0) }
            }
        }
    }

    /// How many instances share the link of `ref`.
    func userCount(_ ref: InstanceRef) -> Int {
        guard case .peer(let runID) = key(ref) else { return 1 }
        return groups.count { $0.sentinels.contains { $0.runID == runID } }
    }

    /// Begins to watch what the configuration says of a group.
    mutating func add(_ group: GroupConfiguration) {
        var added = MonitoredGroup(
            name: group.name, primary: group.primary, settings: group.settings, now: now)
        added.configurationEpoch = group.configurationEpoch
        added.vote.epoch = group.leaderEpoch
        added.savedVote = added.vote
        added.wake = now
        groups.append(added)
        let index = groups.count - 1
        ensureLink(primary(index))
        for address in group.replicas { addReplica(index, address) }
        for peer in group.sentinels { addSentinel(index, runID: peer.runID, peer.address) }
    }

    mutating func ensureLink(_ ref: InstanceRef) {
        let key = key(ref)
        if links[key] == nil { links[key] = InstanceLink(self[ref].address, now: now) }
        touch(ref.group)
    }

    /// Adds a replica unless the group has a node at that address.
    @discardableResult
    mutating func addReplica(_ group: Int, _ address: Address) -> InstanceRef? {
        guard !names.isSame(groups[group].primary.address, address),
            replicaIndex(group, address) == nil,
            groups[group].replicas.count < MonitoredGroup.replicaLimit
        else { return nil }
        groups[group].replicas.append(Instance(.replica, address, now: now))
        let ref = replica(group, groups[group].replicas.count - 1)
        ensureLink(ref)
        return ref
    }

    /// Adds another sentinel unless the group knows one of that id.
    @discardableResult
    mutating func addSentinel(
        _ group: Int, runID: String, _ address: Address
    ) -> InstanceRef? {
        guard !groups[group].sentinels.contains(where: { $0.runID == runID }),
            groups[group].sentinels.count < MonitoredGroup.sentinelLimit
        else { return nil }
        groups[group].sentinels.append(Instance(.sentinel, address, runID: runID, now: now))
        let ref = sentinel(group, groups[group].sentinels.count - 1)
        if let link = links[.peer(runID)], link.address != address {
            moveLink(.peer(runID), to: address)
        }
        ensureLink(ref)
        return ref
    }

    /// Forgets the sentinel `runID` in one group; whether it was known there.
    mutating func removeSentinel(_ group: Int, runID: String) -> Bool {
        let before = groups[group].sentinels.count
        groups[group].sentinels.removeAll { $0.runID == runID }
        dropUnusedLink(.peer(runID))
        return groups[group].sentinels.count < before
    }

    /// Closes and forgets a link that nothing uses any more.
    mutating func dropUnusedLink(_ key: LinkKey) {
        guard users(of: key).isEmpty else { return }
        closeConnections(key)
        links[key] = nil
    }

    /// Forgets a group with all its links; those that are needed for a farewell go after it.
    mutating func removeGroup(_ index: Int) {
        let keys = references(of: index).map { key($0) }
        groups.remove(at: index)
        for key in keys where farewells[key] == nil { dropUnusedLink(key) }
    }

    /// Starts over with a group: nothing is known but its primary's address.
    mutating func resetGroup(_ index: Int) {
        let keys = references(of: index).map { key($0) }
        groups[index].replicas = []
        groups[index].sentinels = []
        let address = groups[index].primary.address
        groups[index].primary = Instance(.primary, address, now: now)
        groups[index].formerLife = nil
        groups[index].objectivelyDownSince = nil
        groups[index].failover = nil
        groups[index].acceptsEmpty = false
        groups[index].gate = FailoverGate()
        groups[index].vote.leader = nil
        for key in keys where farewells[key] == nil {
            closeConnections(key)
            links[key] = nil
        }
        ensureLink(primary(index))
    }

    /// Makes the node at `address` the group's primary and the old primary a replica. Links stay
    /// as they are; what was thought about the old primary's state is forgotten.
    mutating func switchPrimary(_ group: Int, to address: Address) {
        groups[group].acceptsEmpty = false
        let known = replicaIndex(group, address)
        var next =
            known.map { groups[group].replicas.remove(at: $0) }
            ?? Instance(.primary, address, now: now)
        var old = groups[group].primary
        guard old.address != address else { return }
        next.kind = .primary
        next.report.role = .primary
        next.report.roleSince = now
        next.downSince = nil
        next.reconfiguration = .none
        next.demotedAt = nil
        next.rebootSince = nil
        next.lastPublish = nil
        // It was started again, perhaps without its data, and nobody has given it others since.
        groups[group].formerLife = next.formerReport
        groups[group].formerLifeEnded = now
        next.formerReport = nil
        old.kind = .replica
        old.report = NodeReport(.replica, now: now)
        old.downSince = nil
        old.rebootSince = nil
        old.reconfiguration = .none
        old.demotedAt = now
        groups[group].primary = next
        if !Mutation.oldPrimaryForgotten.isActive { groups[group].replicas.append(old) }
        for index in groups[group].replicas.indices {
            groups[group].replicas[index].reconfiguration = .none
        }
        for index in groups[group].sentinels.indices {
            groups[group].sentinels[index].opinion.reset()
        }
        groups[group].objectivelyDownSince = nil
        groups[group].failover = nil
        groups[group].gate = FailoverGate()
        for ref in dataNodes(of: group) {
            ensureLink(ref)
            links[key(ref)]?.restartIfSilent(now)
            requestInfo(ref)
        }
        for index in groups[group].replicas.indices {
            event(.notice, .replicaFound, replica(group, index))
        }
        changed()
        touch(group)
    }
}

extension InstanceLink {
    /// Gives a node that does not answer its whole patience again, as after a change of role.
    mutating func restartIfSilent(_ now: Int64) {
        if activePing != nil { activePing = now }
    }
}
