import RESP
import Sessions

/// SENTINEL SET: options of a group. It stops at the first mistake; what came before it stays.
extension SentinelState {
    mutating func set(_ call: SentinelCall) -> RESPValue? {
        guard let group = group(call) else { return Self.noSuchGroup }
        var index = 2
        var changes = 0
        while index < call.count {
            let option = call[index]
            let count = option.lowercased() == "rename-command" ? 2 : 1
            let values = Array(call.words[(index + 1)...].prefix(count))
            guard values.count == count, Self.options.contains(option.lowercased()) else {
                let text = "ERR Unknown option or number of arguments for SENTINEL SET '\(option)'"
                return failed(text, changes)
            }
            if let text = setOption(group, option.lowercased(), values, call.missing) {
                return failed(text, changes)
            }
            changes += 1
            let isSecret = option.lowercased() == "auth-pass"
            let shown = isSecret ? "******" : values.joined(separator: " ")
            event(.warning, .set, primary(group), "\(option) \(shown)")
            index += 1 + count
        }
        touch(group)
        replyWhenSaved(call.session)
        return nil
    }

    private mutating func failed(_ text: String, _ changes: Int) -> RESPValue {
        if changes > 0 { changed() }
        return .error(text)
    }

    private static let options: Set<String> = [
        "down-after-milliseconds", "failover-timeout", "parallel-syncs", "notification-script",
        "client-reconfig-script", "auth-pass", "auth-user", "quorum", "rename-command",
        DirectiveName.rebootDownAfter,
    ]

    /// Sets one option; the text of the error if it cannot be.
    private mutating func setOption(
        _ group: Int, _ option: String, _ values: [String], _ missing: [String]
    ) -> String? {
        let value = values[0]
        let invalid = "ERR Invalid argument '\(value)' for SENTINEL SET '\(option)'"
        switch option {
        case "notification-script", "client-reconfig-script":
            return setScript(group, option, value, isMissing: missing.contains(value))
        case "auth-pass":
            groups[group].settings.password = value.isEmpty ? nil : value
            for ref in dataNodes(of: group) { closeConnections(key(ref)) }
        case "auth-user":
            groups[group].settings.user = value.isEmpty ? nil : value
            for ref in dataNodes(of: group) { closeConnections(key(ref)) }
        case "rename-command":
            return rename(group, value, values[1])
        case DirectiveName.rebootDownAfter:
            guard let number = decimal(value), (0...Timing.longest).contains(number) else {
                return invalid
            }
            groups[group].settings.rebootDownAfter = number
        default:
            guard let number = decimal(value), (1...Timing.longest).contains(number) else {
                return invalid
            }
            switch option {
            case "down-after-milliseconds": groups[group].settings.downAfter = number
            case "failover-timeout": groups[group].settings.failoverTimeout = number
            case "parallel-syncs": groups[group].settings.parallelSyncs = Int(number)
            default: groups[group].settings.quorum = Int(number)
            }
        }
        return nil
    }

    private mutating func setScript(
        _ group: Int, _ option: String, _ path: String, isMissing: Bool
    ) -> String? {
        guard !globals.deniesScriptReconfiguration else {
            return "ERR Reconfiguration of scripts path is denied for security reasons. "
                + "Check the deny-scripts-reconfig configuration directive in your "
                + "Sentinel configuration"
        }
        if isMissing {
            let kind = option == "notification-script" ? "Notification" : "Client reconfiguration"
            return "ERR \(kind) script seems non existing or non executable"
        }
        let script = path.isEmpty ? nil : path
        if option == "notification-script" {
            groups[group].settings.notificationScript = script
        } else {
            groups[group].settings.clientReconfigurationScript = script
        }
        return nil
    }

    /// A command mapped to itself is mapped no more.
    private mutating func rename(_ group: Int, _ name: String, _ newName: String) -> String? {
        guard !name.isEmpty, !newName.isEmpty else {
            let bad = newName.isEmpty ? newName : name
            return "ERR Invalid argument '\(bad)' for SENTINEL SET 'rename-command'"
        }
        groups[group].settings.renamedCommands.removeAll {
            $0.name.lowercased() == name.lowercased()
        }
        if name.lowercased() != newName.lowercased() {
            groups[group].settings.renamedCommands.append(
                RenamedCommand(name: name, newName: newName))
        }
        return nil
    }
}
