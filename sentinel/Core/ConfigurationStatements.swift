import Configuration

/// Reading `sentinel …` statements.
extension SentinelConfiguration {
    /// Takes the sentinel statements among `lines` in the order in which they build on each
    /// other, whatever their order in the file. `isExecutable` is asked about scripts.
    package mutating func apply(
        _ lines: [ConfigurationLine], isExecutable: (String) -> Bool = { _ in true }
    ) throws(ConfigurationError) {
        let statements = lines.filter { $0.name == "sentinel" }
        for stage in Stage.allCases {
            for line in statements where Stage(line) == stage {
                do throws(StatementError) {
                    try apply(Array(line.words.dropFirst()), isExecutable)
                } catch {
                    throw ConfigurationError(line, reason: error.reason)
                }
            }
        }
        for group in groups {
            currentEpoch = max(currentEpoch, group.configurationEpoch, group.leaderEpoch)
        }
    }

    /// The statements of `text`, the content of a state file.
    package static func state(_ text: String) throws(ConfigurationError) -> SentinelConfiguration {
        var state = SentinelConfiguration()
        // Names are whatever they were when the file was written.
        state.globals.resolvesHostnames = true
        try state.apply(ConfigurationFile.lines(text))
        return state
    }

    /// Globals come before groups, groups before what is said of them.
    private enum Stage: CaseIterable {
        case globals, groups, rest

        init(_ line: ConfigurationLine) {
            switch line.words.count > 1 ? line.words[1].lowercased() : "" {
            case "monitor": self = .groups
            case "announce-ip", "announce-port", "deny-scripts-reconfig", "sentinel-user",
                "sentinel-pass", "current-epoch", "myid", "resolve-hostnames",
                "announce-hostnames":
                self = .globals
            default: self = .rest
            }
        }
    }

    /// Why a statement cannot be used.
    struct StatementError: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
        static let unknown = StatementError("Unrecognized sentinel configuration statement.")
    }

    private mutating func apply(
        _ words: [String], _ isExecutable: (String) -> Bool
    ) throws(StatementError) {
        guard let option = words.first?.lowercased() else { throw .unknown }
        let arguments = Array(words.dropFirst())
        if try applyGlobal(option, arguments) { return }
        if option == "monitor" { return try monitor(arguments) }
        guard let name = arguments.first else { throw .unknown }
        guard Self.counts[option]?.contains(arguments.count) == true else { throw .unknown }
        guard let index = groups.firstIndex(where: { $0.name == name }) else {
            throw StatementError(WireText.noSuchGroupInFile)
        }
        let values = Array(arguments.dropFirst())
        try groups[index].apply(option, values, globals, isExecutable)
    }

    /// How many words may follow an option that is about a group.
    private static var counts: [String: ClosedRange<Int>] {
        var counts: [String: ClosedRange<Int>] = [
            "known-replica": 3...3, DirectiveName.knownReplicaOld: 3...3, "known-sentinel": 3...4,
            "rename-command": 3...3,
        ]
        for option in [
            "down-after-milliseconds", "failover-timeout", "parallel-syncs",
            "notification-script", "client-reconfig-script", "auth-pass", "auth-user",
            "config-epoch", "leader-epoch", DirectiveName.rebootDownAfter,
        ] {
            counts[option] = 2...2
        }
        return counts
    }

    /// Options that are about the sentinel; false if `option` is none.
    private mutating func applyGlobal(
        _ option: String, _ arguments: [String]
    ) throws(StatementError) -> Bool {
        guard arguments.count == 1 else { return false }
        let value = arguments[0]
        switch option {
        case "announce-ip": globals.announcedHost = value
        case "announce-port": globals.announcedPort = Int(value) ?? 0
        case "sentinel-user": globals.sentinelUser = value
        case "sentinel-pass": globals.sentinelPassword = value
        case "current-epoch": currentEpoch = max(currentEpoch, Self.epoch(value))
        case "myid":
            guard value.utf8.count == 40 else {
                throw StatementError("Malformed Sentinel id in myid option.")
            }
            id = value
        case "deny-scripts-reconfig":
            guard let flag = Self.flag(value) else {
                throw StatementError(
                    "Please specify yes or no for the deny-scripts-reconfig options.")
            }
            globals.deniesScriptReconfiguration = flag
        case "resolve-hostnames":
            guard let flag = Self.flag(value) else {
                throw StatementError("Please specify yes or no for the resolve-hostnames option.")
            }
            globals.resolvesHostnames = flag
        case "announce-hostnames":
            guard let flag = Self.flag(value) else {
                throw StatementError("Please specify yes or no for the announce-hostnames option.")
            }
            globals.announcesHostnames = flag
        default: return false
        }
        return true
    }

    fileprivate static func epoch(_ text: String) -> UInt64 {
        min(UInt64(text) ?? 0, Epoch.last)
    }

    static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "yes": true
        case "no": false
        default: nil
        }
    }

    private mutating func monitor(_ arguments: [String]) throws(StatementError) {
        guard arguments.count == 4 else { throw .unknown }
        guard let quorum = Int(arguments[3]), quorum > 0 else {
            throw StatementError("Quorum must be 1 or greater.")
        }
        guard !groups.contains(where: { $0.name == arguments[0] }) else {
            throw StatementError(WireText.duplicateGroup)
        }
        guard globals.accepts(host: arguments[1]) else {
            throw StatementError("Can't resolve instance hostname.")
        }
        guard let port = Int(arguments[2]), (0...65535).contains(port) else {
            throw StatementError("Invalid port number.")
        }
        groups.append(
            GroupConfiguration(
                name: arguments[0], primary: Address(arguments[1], port),
                settings: GroupSettings(quorum: quorum)))
    }
}

extension GroupConfiguration {
    typealias StatementError = SentinelConfiguration.StatementError

    fileprivate mutating func apply(
        _ option: String, _ values: [String], _ globals: GlobalSettings,
        _ isExecutable: (String) -> Bool
    ) throws(StatementError) {
        let number = Int64(values[0])
        switch option {
        case "down-after-milliseconds": settings.downAfter = try Self.positive(number)
        case "failover-timeout": settings.failoverTimeout = try Self.positive(number)
        case "parallel-syncs": settings.parallelSyncs = Int(clamping: number ?? 0)
        case DirectiveName.rebootDownAfter:
            guard let number, (0...Timing.longest).contains(number) else {
                throw StatementError("negative time parameter.")
            }
            settings.rebootDownAfter = number
        case "notification-script":
            guard isExecutable(values[0]) else {
                throw StatementError(
                    "Notification script seems non existing or non executable.")
            }
            settings.notificationScript = values[0]
        case "client-reconfig-script":
            guard isExecutable(values[0]) else {
                throw StatementError(
                    "Client reconfiguration script seems non existing or non executable.")
            }
            settings.clientReconfigurationScript = values[0]
        case "auth-pass": settings.password = values[0]
        case "auth-user": settings.user = values[0]
        case "config-epoch": configurationEpoch = SentinelConfiguration.epoch(values[0])
        case "leader-epoch": leaderEpoch = SentinelConfiguration.epoch(values[0])
        case "rename-command": try rename(values[0], values[1])
        case "known-sentinel": try addSentinel(values, globals)
        default: try addReplica(try Self.address(values, globals))
        }
    }

    private static func positive(_ number: Int64?) throws(StatementError) -> Int64 {
        guard let number, (1...Timing.longest).contains(number) else {
            throw StatementError("negative or zero time parameter.")
        }
        return number
    }

    private static func address(
        _ values: [String], _ globals: GlobalSettings
    ) throws(StatementError) -> Address {
        guard globals.accepts(host: values[0]) else {
            throw StatementError("Can't resolve instance hostname.")
        }
        guard let port = Int(values[1]), (0...65535).contains(port) else {
            throw StatementError("Invalid port number.")
        }
        return Address(values[0], port)
    }

    private mutating func rename(_ name: String, _ newName: String) throws(StatementError) {
        let isKnown = settings.renamedCommands.contains {
            $0.name.lowercased() == name.lowercased()
        }
        guard !isKnown else {
            throw StatementError("Same command renamed multiple times with rename-command.")
        }
        settings.renamedCommands.append(RenamedCommand(name: name, newName: newName))
    }

    /// The form without an id is from old versions and says nothing of use.
    private mutating func addSentinel(
        _ values: [String], _ globals: GlobalSettings
    ) throws(StatementError) {
        guard values.count == 3 else { return }
        let address = try Self.address(values, globals)
        guard !sentinels.contains(where: { $0.runID == values[2] }) else {
            throw StatementError("Duplicate runid for sentinel.")
        }
        sentinels.append(KnownSentinel(runID: values[2], address: address))
    }

    /// Port 0 stands for a replica that never said where it listens; Redis writes such lines.
    private mutating func addReplica(_ address: Address) throws(StatementError) {
        guard !replicas.contains(address) else {
            throw StatementError("Duplicate hostname and port for replica.")
        }
        if address.port != 0 && address != primary { replicas.append(address) }
    }
}
