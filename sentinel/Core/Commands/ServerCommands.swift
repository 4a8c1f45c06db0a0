import RESP
import Sessions

/// Subcommands about the sentinel itself.
extension SentinelState {
    mutating func configure(_ call: SentinelCall) -> RESPValue? {
        guard call.count >= 3 else { return wrongArity("config") }
        switch (call[1].lowercased(), call.count) {
        case ("get", 3): return configurationGet(call[2])
        case ("set", 4): return configurationSet(call.session, call[2], call[3])
        default:
            return .error(
                "ERR Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported.")
        }
    }

    private func configurationGet(_ pattern: String) -> RESPValue {
        let rows = [
            ("resolve-hostnames", globals.resolvesHostnames ? "yes" : "no"),
            ("announce-hostnames", globals.announcesHostnames ? "yes" : "no"),
            ("announce-ip", globals.announcedHost),
            ("announce-port", String(globals.announcedPort)),
            ("sentinel-user", globals.sentinelUser), ("sentinel-pass", globals.sentinelPassword),
        ]
        var fields = FieldList()
        for (name, value) in rows where matches(name, pattern.lowercased()) {
            fields.add(name, value)
        }
        return .map(fields.values)
    }

    private mutating func configurationSet(
        _ session: Int, _ option: String, _ value: String
    ) -> RESPValue? {
        let flag = SentinelConfiguration.flag(value)
        let invalid = RESPValue.error(
            "ERR Invalid value '\(value)' to SENTINEL CONFIG SET '\(option)'")
        switch option.lowercased() {
        case "resolve-hostnames":
            guard let flag else { return invalid }
            globals.resolvesHostnames = flag
        case "announce-hostnames":
            guard let flag else { return invalid }
            globals.announcesHostnames = flag
        case "announce-ip": globals.announcedHost = value
        case "announce-port":
            guard let port = decimal(value), (0...65535).contains(port) else { return invalid }
            globals.announcedPort = Int(port)
        case "sentinel-user":
            globals.sentinelUser = value
            closePeerConnections()
        case "sentinel-pass":
            globals.sentinelPassword = value
            closePeerConnections()
        default:
            return .error("ERR Invalid argument '\(option)' to SENTINEL CONFIG SET")
        }
        replyWhenSaved(session)
        return nil
    }

    /// Connects to the other sentinels anew, with what they are to be told now.
    private mutating func closePeerConnections() {
        var seen: Set<String> = []
        for group in groups.indices {
            for peer in groups[group].sentinels {
                if let runID = peer.runID, seen.insert(runID).inserted {
                    closeConnections(.peer(runID))
                }
            }
            touch(group)
        }
    }

    /// Without arguments the timing constants, else it sets some.
    mutating func debug(_ call: SentinelCall) -> RESPValue {
        if call.count == 1 {
            var fields = FieldList()
            for row in Timing.rows { fields.add(row.name.uppercased(), timing[keyPath: row.value]) }
            return .map(fields.values)
        }
        var index = 1
        while index < call.count {
            let option = call[index]
            guard index + 1 < call.count,
                let row = Timing.rows.first(where: { $0.name == option.lowercased() })
            else {
                return .error(
                    "ERR Unknown option or number of arguments for SENTINEL DEBUG '\(option)'")
            }
            guard let value = decimal(call[index + 1]), (1...Timing.longest).contains(value)
            else {
                return .error(
                    "ERR Invalid argument '\(call[index + 1])' for SENTINEL DEBUG '\(option)'")
            }
            timing[keyPath: row.value] = value
            index += 2
        }
        for group in groups.indices { touch(group) }
        return .simple("OK")
    }

    mutating func simulateFailure(_ call: SentinelCall) -> RESPValue {
        simulatedFailures = []
        for option in call.words.dropFirst() {
            switch option.lowercased() {
            case "crash-after-election":
                simulatedFailures.insert(.crashAfterElection)
                actions.append(
                    .log(
                        .warning,
                        "Failure simulation: this Sentinel will crash after being successfully "
                            + "elected as failover leader"))
            case "crash-after-promotion":
                simulatedFailures.insert(.crashAfterPromotion)
                actions.append(.log(.warning, WireText.willCrashAfterPromotion))
            case "help":
                return .array([.text("crash-after-election"), .text("crash-after-promotion")])
            default: return .error("ERR Unknown failure simulation specified")
            }
        }
        return .simple("OK")
    }

    func pendingScripts() -> RESPValue {
        .array(
            scripts.jobs.map { job in
                let isRunning = job.running != nil
                let words = [job.path] + job.arguments
                return .map([
                    .text("argv"), .array(words.map(RESPValue.text)),
                    .text("flags"), .text(isRunning ? "running" : "scheduled"),
                    .text("pid"), .text(String(job.running ?? 0)),
                    .text(isRunning ? "run-time" : "run-delay"),
                    .text(String(isRunning ? ago(job.at) : max(0, -ago(job.at)))),
                    .text("retry-num"), .text(String(job.tries)),
                ])
            })
    }
}
