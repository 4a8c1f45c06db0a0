import RESP
import Sessions

/// PING, INFO, hello messages and TANDEM WATCH: what every instance gets from time to time.
extension SentinelState {
    /// Milliseconds between PINGs: Redis's period, but at least four looks within the patience
    /// of the group, so that silence is noticed when it has lasted that long.
    func pingInterval(_ group: Int) -> Int64 {
        min(timing.pingPeriod, max(groups[group].settings.downAfter / 4, 50))
    }

    mutating func sendPeriodic(_ ref: InstanceRef) {
        let link = link(ref)
        guard let connection = link.command, connection.isOpen else { return }
        let limit = InstanceLink.pendingLimit * userCount(ref)
        guard connection.pending.count < limit else { return }
        if ref.place.isDataNode { sendPeriodicInfo(ref) }
        sendPeriodicPing(ref, link)
        sendPeriodicRole(ref)
        sendPeriodicHello(ref)
    }

    /// A primary of ours that hands over without being asked to is noticed between two PINGs.
    private mutating func sendPeriodicRole(_ ref: InstanceRef) {
        guard case .primary = ref.place, self[ref].report.isWatchable == true,
            !self[ref].report.refusesRole
        else { return }
        let due = (self[ref].report.roleAskedAt ?? .min / 2) + microseconds(Timing.rolePeriod)
        guard now >= due else { return wake(ref.group, at: due) }
        self[ref].report.roleAskedAt = now
        wake(ref.group, at: now + microseconds(Timing.rolePeriod))
        send(ref, [([groups[ref.group].settings.name(of: "ROLE")], .role)])
    }

    private mutating func sendPeriodicInfo(_ ref: InstanceRef) {
        let report = self[ref].report
        guard !report.isAwaited else { return }
        let due = (report.askedAt ?? .min / 2) + microseconds(infoPeriod(ref))
        if now >= due { requestInfo(ref) } else { wake(ref.group, at: due) }
    }

    /// Milliseconds between INFOs of a node.
    private func infoPeriod(_ ref: InstanceRef) -> Int64 {
        let group = groups[ref.group]
        guard case .replica = ref.place else {
            // Replicas are learnt from the primary's INFO: one that dies before we know them
            // cannot be replaced. Our own servers answer often without harm.
            let isEager = group.replicas.isEmpty || self[ref].report.isWatchable == true
            return isEager ? min(1000, timing.infoPeriod) : timing.infoPeriod
        }
        if group.failover?.stage == .reconfiguring { return min(100, timing.infoPeriod) }
        let isPressing =
            group.objectivelyDownSince != nil || group.failover != nil
            || self[ref].report.linkDownTime != 0
        return isPressing ? min(1000, timing.infoPeriod) : timing.infoPeriod
    }

    /// Asks a data node for INFO unless it owes one.
    mutating func requestInfo(_ ref: InstanceRef) {
        guard !self[ref].report.isAwaited else { return }
        let request = [groups[ref.group].settings.name(of: "INFO")]
        guard send(ref, [(request, .info)]) else { return }
        self[ref].report.isAwaited = true
        self[ref].report.askedAt = now
    }

    /// Asks for INFO again and again while a change of role is awaited.
    mutating func pollInfo(_ ref: InstanceRef) {
        let due = (self[ref].report.askedAt ?? .min / 2) + microseconds(Timing.pollPeriod)
        if now >= due { requestInfo(ref) } else { wake(ref.group, at: due) }
    }

    private mutating func sendPeriodicPing(_ ref: InstanceRef, _ link: InstanceLink) {
        let period = microseconds(pingInterval(ref.group))
        let due = max(link.lastPong + period, (link.lastPing ?? .min / 2) + period / 2)
        if now >= due { ping(ref) } else { wake(ref.group, at: due) }
    }

    /// PING; a primary is also asked for its role, which tells at once when an operator has
    /// handed it over.
    mutating func ping(_ ref: InstanceRef) {
        let names = groups[ref.group].settings
        let isPeer = !ref.place.isDataNode
        var requests: [([String], Question)] = [([isPeer ? "PING" : names.name(of: "PING")], .ping)]
        if case .primary = ref.place, !self[ref].report.refusesRole {
            requests.append(([names.name(of: "ROLE")], .role))
            self[ref].report.roleAskedAt = now
        }
        guard send(ref, requests) else { return }
        let key = key(ref)
        links[key]?.lastPing = now
        if links[key]?.activePing == nil { links[key]?.activePing = now }
    }

    /// The reply to a PING: any is a sign of life, but only some say that the server is well.
    mutating func pinged(_ key: LinkKey, _ value: RESPValue) {
        links[key]?.lastPong = now
        guard let text = value.string else { return }
        let isPong = text.hasPrefix("PONG")
        if isPong || text.hasPrefix("LOADING") || text.hasPrefix(WireText.primaryDownCode) {
            links[key]?.lastAvailable = now
            links[key]?.activePing = nil
            if isPong {
                for ref in users(of: key) { self[ref].rebootSince = nil }
            }
        } else if text.hasPrefix("BUSY") {
            for ref in users(of: key) where ref.place.isDataNode { killScript(ref) }
        }
    }

    /// Ends a script that keeps a server from answering, once for each time it is down.
    private mutating func killScript(_ ref: InstanceRef) {
        guard self[ref].downSince != nil, !self[ref].scriptKillSent else { return }
        let name = groups[ref.group].settings.name(of: "SCRIPT")
        if send(ref, [([name, "KILL"], .scriptKill)]) { self[ref].scriptKillSent = true }
    }

    private mutating func sendPeriodicHello(_ ref: InstanceRef) {
        let period = microseconds(timing.publishPeriod)
        let due = self[ref].lastPublish.map { $0 + period } ?? now
        guard now >= due else { return wake(ref.group, at: due) }
        self[ref].lastPublish = now
        wake(ref.group, at: now + period)
        let names = groups[ref.group].settings
        let publish = ref.place.isDataNode ? names.name(of: "PUBLISH") : "PUBLISH"
        let local = links[key(ref)]?.command?.localHost ?? ""
        let hello = Hello(self, ref.group, localHost: local).text
        var requests: [([String], Question)] = [([publish, Self.helloChannel, hello], .hello)]
        if ref.place.isDataNode, self[ref].report.isWatchable != false {
            requests.append((watchRequest(ref.group, localHost: local), .watch))
        }
        send(ref, requests)
    }

    /// Tells one of our servers who watches it, so that after a crash it knows whom to ask.
    private func watchRequest(_ group: Int, localHost: String) -> [String] {
        let watched = groups[group]
        let own = announcedAddress(localHost: localHost)
        return [
            "TANDEM", "WATCH", watched.name, id, own.host, String(own.port),
            String(watched.settings.quorum), String(watched.voterCount),
            String(watched.configurationEpoch),
        ]
    }

    /// A server that does not know the command, or may not be asked by us, is not asked again on
    /// this connection. One that is loading will know later.
    mutating func watchAnswered(_ value: RESPValue, _ ref: InstanceRef) {
        if case .error(let text) = value {
            let isForeign = text.hasPrefix("ERR unknown") || text.hasPrefix("NOPERM")
            if isForeign { self[ref].report.isWatchable = false }
        } else {
            self[ref].report.isWatchable = true
        }
    }

    /// Makes hellos due at once for everybody in the group, after something they must know.
    mutating func hastenHellos(_ group: Int) {
        for ref in references(of: group) { self[ref].lastPublish = nil }
        touch(group)
    }

    /// The address under which peers reach this sentinel.
    func announcedAddress(localHost: String) -> Address {
        Address(
            globals.announcedHost.isEmpty ? localHost : globals.announcedHost,
            globals.announcedPort != 0 ? globals.announcedPort : server.port)
    }
}
