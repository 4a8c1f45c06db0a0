import Digests
import Memory
import RESP
import Sessions

/// Subcommands about groups.
extension SentinelState {
    /// An unknown name has no address; it is no error.
    func primaryAddress(_ call: SentinelCall) -> RESPValue {
        guard let group = group(call) else { return .nullArray }
        let address = announced(groups[group].currentAddress)
        return .array([.text(address.host), .text(String(address.port))])
    }

    mutating func isPrimaryDown(_ call: SentinelCall) -> RESPValue? {
        guard let port = decimal(call[2]), let epoch = decimal(call[3]),
            (0...Int64(Epoch.last)).contains(epoch)
        else { return .error("ERR value is not an integer or out of range") }
        answerPrimaryDown(
            call.session, Address(call[1], Int(port)), epoch: UInt64(epoch), candidate: call[4])
        return nil
    }

    func checkQuorum(_ call: SentinelCall) -> RESPValue {
        guard let group = group(call) else { return Self.noSuchGroup }
        let watched = groups[group]
        let usable = 1 + watched.sentinels.count { $0.downSince == nil }
        var problems: [String] = []
        if usable < watched.settings.quorum { problems.append(WireText.noQuorum) }
        if usable < watched.voterCount / 2 + 1 {
            problems.append(
                "Not enough available Sentinels to reach the majority and authorize a failover")
        }
        if problems.isEmpty {
            return .simple(
                "OK \(usable) usable Sentinels. Quorum and failover authorization can be reached")
        }
        let text = problems.joined(separator: ". ")
        return .error("NOQUORUM \(usable) usable Sentinels. \(text)")
    }

    mutating func monitor(_ call: SentinelCall) -> RESPValue? {
        guard let quorum = decimal(call[4]) else { return .error("ERR Invalid quorum") }
        guard let port = decimal(call[3]) else { return .error("ERR Invalid port") }
        guard quorum > 0 else { return .error("ERR Quorum must be 1 or greater.") }
        guard globals.accepts(host: call[2]) else {
            return .error("ERR Invalid IP address or hostname specified")
        }
        guard groupIndex(call[1]) == nil else {
            return .error("ERR \(WireText.duplicateGroup)")
        }
        guard (0...65535).contains(port) else { return .error("ERR Invalid port number.") }
        let settings = GroupSettings(quorum: Int(quorum), timing: timing)
        var group = GroupConfiguration(
            name: call[1], primary: Address(call[2], Int(port)), settings: settings)
        // The group may have been watched before: what was voted then is not voted again.
        group.leaderEpoch = currentEpoch
        add(group)
        event(.warning, .monitor, primary(groups.count - 1), "quorum \(quorum)")
        replyWhenSaved(call.session)
        return nil
    }

    mutating func remove(_ call: SentinelCall) -> RESPValue? {
        guard let group = group(call) else { return Self.noSuchGroup }
        event(.warning, .unmonitor, primary(group))
        bidFarewell(dataNodes(of: group))
        removeGroup(group)
        replyWhenSaved(call.session)
        return nil
    }

    mutating func reset(_ call: SentinelCall) -> RESPValue {
        var count = 0
        for group in groups.indices where matches(groups[group].name, call[1]) {
            bidFarewell(strangers(group))
            resetGroup(group)
            event(.warning, .reset, primary(group))
            count += 1
        }
        if count > 0 { changed() }
        return .integer(Int64(count))
    }

    /// Whether `text` fits the glob `pattern`, as names in RESET and CONFIG GET do.
    func matches(_ text: String, _ pattern: String) -> Bool {
        Array(pattern.utf8).withView { pattern in
            Array(text.utf8).withView { Glob.matches(pattern: pattern, text: $0) }
        }
    }

    /// `FAILOVER name [TO host port]`; COORDINATED, which Valkey needs to be told, is what we do
    /// anyway.
    mutating func failOver(_ call: SentinelCall) -> RESPValue {
        var target: Address?
        switch call.count {
        case 2: break
        case 3 where call[2].lowercased() == "coordinated": break
        case 5 where call[2].lowercased() == "to":
            guard let port = decimal(call[4]), (1...65535).contains(port) else {
                return .error("ERR Invalid port number.")
            }
            target = Address(call[3], Int(port))
        default: return .error("ERR syntax error")
        }
        guard let group = group(call) else { return Self.noSuchGroup }
        guard groups[group].failover == nil else {
            return .error("INPROG Failover already in progress")
        }
        let suitable = selectableReplicas(group).map { groups[group].replicas[$0].address }
        let isFound = target.map { target in suitable.contains { names.isSame($0, target) } }
        guard isFound ?? !suitable.isEmpty else {
            return .error(WireText.noGoodReplica)
        }
        actions.append(
            .log(.notice, "Executing user requested FAILOVER of '\(groups[group].name)'"))
        startFailover(group, .requested(target: target))
        return .simple("OK")
    }

    /// Lets the group's replicas take over an empty data set, and while nobody serves also a node
    /// that holds nothing, though one that held data is out of reach; both are refused otherwise.
    /// The consent ends when somebody serves.
    mutating func acceptEmpty(_ call: SentinelCall) -> RESPValue {
        guard let group = group(call) else { return Self.noSuchGroup }
        if groups[group].primary.downSince != nil {
            groups[group].acceptsEmpty = true
            reopenGate(group)
        }
        for index in groups[group].replicas.indices
        where send(replica(group, index), [(["TANDEM", "ACCEPT-EMPTY"], .ignored)]) {
            event(.warning, .acceptEmpty, replica(group, index))
        }
        return .simple("OK")
    }

    mutating func flushConfiguration(_ call: SentinelCall) -> RESPValue? {
        replyWhenSaved(call.session)
        return nil
    }

    /// Groups by name; a name that is none is passed over.
    func infoCache(_ call: SentinelCall) -> RESPValue {
        var items: [RESPValue] = []
        var seen: Set<String> = []
        for name in call.words.dropFirst() where seen.insert(name).inserted {
            guard let group = groupIndex(name) else { continue }
            let nodes: [RESPValue] = dataNodes(of: group).map { ref in
                let report = self[ref].report
                let age = report.refreshedAt.map(ago) ?? 0
                return .array([.integer(age), report.text.map { .text($0) } ?? .null])
            }
            items += [.text(name), .array(nodes)]
        }
        return .array(items)
    }
}
