import Sessions

/// Events: a log line, a message to subscribers, and at level warning the notification script.
extension SentinelState {
    /// `type name ip port`, with `@ group ip port` for anything but a primary.
    func describe(_ ref: InstanceRef) -> String {
        let instance = self[ref]
        let group = groups[ref.group]
        let own = "\(instance.kind.wireName) \(name(ref))"
        let address = announced(instance.address)
        let text = "\(own) \(address.host) \(address.port)"
        if case .primary = ref.place { return text }
        let primary = announced(group.primary.address)
        return "\(text) @ \(group.name) \(primary.host) \(primary.port)"
    }

    /// The name under which instance maps and events show an instance.
    func name(_ ref: InstanceRef) -> String {
        switch ref.place {
        case .primary: groups[ref.group].name
        case .replica: announced(self[ref].address).text
        case .sentinel: self[ref].runID ?? ""
        }
    }

    /// An event about an instance; `detail` follows its description.
    mutating func event(
        _ level: LogLevel, _ name: EventName, _ ref: InstanceRef, _ detail: String = ""
    ) {
        let text = detail.isEmpty ? describe(ref) : "\(describe(ref)) \(detail)"
        event(level, name, group: ref.group, text: text)
    }

    /// An event with a text of its own; the script runs for those of a group.
    mutating func event(_ level: LogLevel, _ name: EventName, group: Int?, text: String) {
        actions.append(.log(level, "\(name.rawValue) \(text)"))
        guard level != .debug else { return }
        actions.append(.publish(channel: name.rawValue, text))
        if level == .warning, let group, let path = groups[group].settings.notificationScript {
            schedule(path, [name.rawValue, text])
        }
    }
}
