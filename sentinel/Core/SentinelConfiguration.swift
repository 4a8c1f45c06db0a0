import Configuration
import Memory

/// What the operator sets for the whole sentinel.
package struct GlobalSettings: Equatable, Sendable {
    package var announcedHost = ""
    package var announcedPort = 0
    package var deniesScriptReconfiguration = true
    package var resolvesHostnames = false
    package var announcesHostnames = false
    package var sentinelUser = ""
    package var sentinelPassword = ""

    package init() {}

    /// Whether an instance may be given as `host`.
    func accepts(host: String) -> Bool {
        resolvesHostnames ? !host.isEmpty : Address.isNumeric(host)
    }
}

/// Another sentinel as the file knows it.
package struct KnownSentinel: Equatable, Sendable {
    package var runID: String
    package var address: Address
}

/// What the file says of a group.
package struct GroupConfiguration: Equatable, Sendable {
    package var name: String
    package var primary: Address
    package var settings: GroupSettings
    package var configurationEpoch: UInt64 = 0
    package var leaderEpoch: UInt64 = 0
    package var replicas: [Address] = []
    package var sentinels: [KnownSentinel] = []

    package init(name: String, primary: Address, settings: GroupSettings) {
        self.name = name
        self.primary = primary
        self.settings = settings
    }
}

/// Everything that `sentinel …` statements say: settings of the operator and what the sentinel
/// has learned. The same statements make up the configuration file and the state file.
package struct SentinelConfiguration: Equatable, Sendable {
    package var id: String?
    package var currentEpoch: UInt64 = 0
    package var globals = GlobalSettings()
    package var groups: [GroupConfiguration] = []

    package init() {}

    /// Takes over what the state file knows, where it is newer than the configuration file, which
    /// may have been put back by somebody. False if it is another sentinel's. Which groups there
    /// are is the configuration file's to say; so is the primary, if it names an address that the
    /// group never had.
    package mutating func adopt(state: SentinelConfiguration) -> Bool {
        if let id, let other = state.id, id != other { return false }
        id = id ?? state.id
        currentEpoch = max(currentEpoch, state.currentEpoch)
        for index in groups.indices {
            guard let known = state.groups.first(where: { $0.name == groups[index].name }) else {
                continue
            }
            groups[index].adopt(known)
        }
        return true
    }
}

extension GroupConfiguration {
    fileprivate mutating func adopt(_ state: GroupConfiguration) {
        leaderEpoch = max(leaderEpoch, state.leaderEpoch)
        for peer in state.sentinels where !sentinels.contains(where: { $0.runID == peer.runID }) {
            sentinels.append(peer)
        }
        let isKnown = state.primary == primary || state.replicas.contains(primary)
        guard isKnown, state.configurationEpoch >= configurationEpoch else { return }
        configurationEpoch = state.configurationEpoch
        let nodes = [primary] + replicas + state.replicas
        primary = state.primary
        replicas = []
        for node in nodes where node != primary && !replicas.contains(node) {
            replicas.append(node)
        }
    }
}

extension SentinelConfiguration {
    /// What the sentinel has learned and promised, without the operator's settings and secrets.
    var knowledge: SentinelConfiguration {
        var result = self
        result.globals = GlobalSettings()
        for index in groups.indices {
            result.groups[index].settings = GroupSettings(quorum: groups[index].settings.quorum)
        }
        return result
    }

    /// The statements in the order in which Redis writes them.
    package var lines: [String] {
        var lines: [String] = []
        func add(_ words: String...) {
            lines.append("sentinel " + words.map(Self.word).joined(separator: " "))
        }
        if let id { add("myid", id) }
        if !globals.deniesScriptReconfiguration { add("deny-scripts-reconfig", "no") }
        if globals.resolvesHostnames { add("resolve-hostnames", "yes") }
        if globals.announcesHostnames { add("announce-hostnames", "yes") }
        for group in groups { lines += group.lines }
        add("current-epoch", String(currentEpoch))
        if !globals.announcedHost.isEmpty { add("announce-ip", globals.announcedHost) }
        if globals.announcedPort != 0 { add("announce-port", String(globals.announcedPort)) }
        if !globals.sentinelUser.isEmpty { add("sentinel-user", globals.sentinelUser) }
        if !globals.sentinelPassword.isEmpty { add("sentinel-pass", globals.sentinelPassword) }
        return lines
    }

    /// A word as it stands in a file: quoted only where it must be.
    fileprivate static func word(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            (33...126).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "'")
                && $0 != UInt8(ascii: "\\")
        }
        return isPlain && !text.isEmpty ? text : Lexer.quoted(text)
    }
}

extension GroupConfiguration {
    fileprivate var lines: [String] {
        var lines: [String] = []
        func add(_ option: String, _ words: String...) {
            let all = [option, name] + words
            lines.append(
                "sentinel " + all.map(SentinelConfiguration.word).joined(separator: " "))
        }
        let defaults = GroupSettings(quorum: 1)
        add("monitor", primary.host, String(primary.port), String(settings.quorum))
        if settings.downAfter != defaults.downAfter {
            add("down-after-milliseconds", String(settings.downAfter))
        }
        if settings.failoverTimeout != defaults.failoverTimeout {
            add("failover-timeout", String(settings.failoverTimeout))
        }
        if settings.parallelSyncs != defaults.parallelSyncs {
            add("parallel-syncs", String(settings.parallelSyncs))
        }
        if let path = settings.notificationScript { add("notification-script", path) }
        if let path = settings.clientReconfigurationScript { add("client-reconfig-script", path) }
        if let password = settings.password { add("auth-pass", password) }
        if let user = settings.user { add("auth-user", user) }
        if settings.rebootDownAfter != 0 {
            add(DirectiveName.rebootDownAfter, String(settings.rebootDownAfter))
        }
        add("config-epoch", String(configurationEpoch))
        add("leader-epoch", String(leaderEpoch))
        for address in replicas { add("known-replica", address.host, String(address.port)) }
        for peer in sentinels {
            add("known-sentinel", peer.address.host, String(peer.address.port), peer.runID)
        }
        for command in settings.renamedCommands {
            add("rename-command", command.name, command.newName)
        }
        return lines
    }
}

/// Bringing the statements of a configuration file up to date.
package enum ConfigurationRewrite {
    /// `original` with its sentinel statements replaced by `lines`; everything else stays.
    package static func apply(_ lines: [String], to original: [UInt8]) -> [UInt8] {
        var options = statementNames
        var grouped: [String: [RewrittenLine]] = [:]
        for line in lines {
            let words = Lexer.split(Array(line.utf8)) ?? []
            let option = option(words.map { String(decoding: $0, as: UTF8.self) })
            if !options.contains(option) { options.append(option) }
            grouped[option, default: []].append(RewrittenLine(line, isForced: true))
        }
        // The newline of the last line begins no other.
        let text = original.last == UInt8(ascii: "\n") ? original.dropLast() : original[...]
        var rewrite = Rewrite(Array(text)) { option($0) }
        for option in options { rewrite.put(option, grouped[option] ?? []) }
        return rewrite.finish()
    }

    private static func option(_ words: [String]) -> String {
        guard let first = words.first?.lowercased() else { return "" }
        guard first == "sentinel", words.count > 1 else { return first }
        let second = words[1].lowercased()
        return "sentinel " + (second == DirectiveName.knownReplicaOld ? "known-replica" : second)
    }

    /// Statements whose old lines go when nothing takes their place, in the order in which new
    /// ones are appended.
    private static var statementNames: [String] {
        [
            "myid", "deny-scripts-reconfig", "resolve-hostnames", "announce-hostnames", "monitor",
            "down-after-milliseconds", "failover-timeout", "parallel-syncs",
            "notification-script", "client-reconfig-script", "auth-pass", "auth-user",
            DirectiveName.rebootDownAfter, "config-epoch", "leader-epoch", "known-replica",
            "known-sentinel", "rename-command", "current-epoch", "announce-ip", "announce-port",
            "sentinel-user", "sentinel-pass",
        ].map { "sentinel \($0)" }
    }
}

extension SentinelState {
    /// What the files are to hold. From the moment the new primary serves they name it.
    package var snapshot: SentinelConfiguration {
        var result = SentinelConfiguration()
        result.id = id
        result.currentEpoch = currentEpoch
        result.globals = globals
        for group in groups {
            let current = group.currentAddress
            var saved = GroupConfiguration(
                name: group.name, primary: current, settings: group.settings)
            saved.configurationEpoch =
                Mutation.epochNotPersisted.isActive ? 0 : group.configurationEpoch
            saved.leaderEpoch = group.vote.epoch
            saved.replicas = group.replicas.map {
                $0.address == current ? group.primary.address : $0.address
            }
            saved.sentinels = group.sentinels.compactMap { peer in
                peer.runID.map { KnownSentinel(runID: $0, address: peer.address) }
            }
            result.groups.append(saved)
        }
        return result
    }

    /// The whole state file.
    var stateText: String {
        let head = "# What this sentinel knows and has promised. It writes this file itself.\n"
        return head + snapshot.knowledge.lines.map { $0 + "\n" }.joined()
    }
}
