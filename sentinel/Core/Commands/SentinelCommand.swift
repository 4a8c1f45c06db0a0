import Configuration
import RESP
import Sessions

/// A command of a client: the words after SENTINEL, the subcommand first.
struct SentinelCall {
    let session: Int
    let words: [String]
    /// Words that name no program.
    var missing: [String] = []

    /// Word `index`; 0 is the subcommand.
    subscript(index: Int) -> String { words[index] }
    var count: Int { words.count }
}

/// One row for each subcommand of SENTINEL: its name, how many arguments (SENTINEL and the name
/// included; negative for "at least"), and what it does.
package struct Subcommand: Sendable {
    package let name: String
    package let arity: Int
    /// Whether it is a newer name of another row, which lists of commands leave out.
    package let isAlias: Bool
    /// The reply; nil when it comes later.
    let run: @Sendable (inout SentinelState, SentinelCall) -> RESPValue?

    init(
        _ name: String, _ arity: Int, isAlias: Bool = false,
        _ run: @escaping @Sendable (inout SentinelState, SentinelCall) -> RESPValue?
    ) {
        self.name = name
        self.arity = arity
        self.isAlias = isAlias
        self.run = run
    }

    func accepts(_ count: Int) -> Bool { arity >= 0 ? count == arity : count >= -arity }

    /// Every subcommand; Valkey's names beside Redis's.
    package static let all: [Subcommand] = [
        Subcommand("accept-empty", 3) { $0.acceptEmpty($1) },
        Subcommand("ckquorum", 3) { $0.checkQuorum($1) },
        Subcommand("config", -3) { $0.configure($1) },
        Subcommand("debug", -2) { $0.debug($1) },
        Subcommand("failover", -3) { $0.failOver($1) },
        Subcommand("flushconfig", 2) { $0.flushConfiguration($1) },
        Subcommand(SubcommandName.primaryAddress, 3) { $0.primaryAddress($1) },
        Subcommand("get-primary-addr-by-name", 3, isAlias: true) { $0.primaryAddress($1) },
        Subcommand("help", 2) { _, _ in .array(WireText.help.map(RESPValue.simple)) },
        Subcommand("info-cache", -3) { $0.infoCache($1) },
        Subcommand(SubcommandName.isPrimaryDown, 6) { $0.isPrimaryDown($1) },
        Subcommand("is-primary-down-by-addr", 6, isAlias: true) { $0.isPrimaryDown($1) },
        Subcommand(SubcommandName.primary, 3) { $0.showPrimary($1) },
        Subcommand("primary", 3, isAlias: true) { $0.showPrimary($1) },
        Subcommand(SubcommandName.primaries, 2) { state, _ in state.showPrimaries() },
        Subcommand("primaries", 2, isAlias: true) { state, _ in state.showPrimaries() },
        Subcommand("monitor", 6) { $0.monitor($1) },
        Subcommand("myid", 2) { state, _ in .text(state.id) },
        Subcommand("pending-scripts", 2) { state, _ in state.pendingScripts() },
        Subcommand("remove", 3) { $0.remove($1) },
        Subcommand("replicas", 3) { $0.showReplicas($1) },
        Subcommand(SubcommandName.replicasOld, 3) { $0.showReplicas($1) },
        Subcommand("reset", 3) { $0.reset($1) },
        Subcommand("sentinels", 3) { $0.showSentinels($1) },
        Subcommand("set", -5) { $0.set($1) },
        Subcommand("simulate-failure", -3) { $0.simulateFailure($1) },
    ]
}

extension SentinelState {
    /// Runs one of the commands that only a sentinel has in this form.
    mutating func execute(_ words: [String], for session: Int, missing: [String]) {
        guard let command = words.first?.lowercased() else { return }
        switch command {
        case "sentinel":
            let call = SentinelCall(
                session: session, words: Array(words.dropFirst()), missing: missing)
            executeSentinel(call)
        case "role": reply(session, role)
        case "publish": reply(session, publish(Array(words.dropFirst())))
        default: reply(session, .error("ERR unknown command '\(words[0])'"))
        }
    }

    private mutating func executeSentinel(_ call: SentinelCall) {
        let session = call.session
        guard let name = call.words.first else {
            return reply(session, .error("ERR wrong number of arguments for 'sentinel' command"))
        }
        guard let row = Subcommand.all.first(where: { $0.name == name.lowercased() }) else {
            let text = "ERR unknown subcommand '\(name.prefix(128))'. Try SENTINEL HELP."
            return reply(session, .error(text))
        }
        guard row.accepts(call.count + 1) else {
            return reply(session, wrongArity(row.name))
        }
        if let value = row.run(&self, call) {
            reply(session, value)
        }
    }

    func wrongArity(_ name: String) -> RESPValue {
        .error("ERR wrong number of arguments for 'sentinel|\(name)' command")
    }

    /// ROLE: what we are, and of whom.
    package var role: RESPValue {
        .array([.text(RoleName.sentinel), .array(groups.map { .text($0.name) })])
    }

    /// PUBLISH takes hellos and nothing else.
    private mutating func publish(_ words: [String]) -> RESPValue {
        guard words.count == 2 else {
            return .error("ERR wrong number of arguments for 'publish' command")
        }
        guard words[0] == Self.helloChannel else {
            return .error("ERR Only HELLO messages are accepted by Sentinel instances.")
        }
        receiveHello(words[1])
        return .integer(1)
    }

    /// The lines of INFO's sentinel section behind its heading.
    package var infoSection: String {
        let since = tilt.since.map { (now - $0) / 1_000_000 } ?? -1
        var text = "\(MapField.sectionCount):\(groups.count)\r\n"
        text += "sentinel_tilt:\(tilt.isActive ? 1 : 0)\r\n"
        text += "sentinel_tilt_since_seconds:\(since)\r\n"
        text += "sentinel_running_scripts:\(scripts.runningCount)\r\n"
        text += "sentinel_scripts_queue_length:\(scripts.jobs.count)\r\n"
        text += "sentinel_simulate_failure_flags:\(simulatedFailures.rawValue)\r\n"
        for (index, group) in groups.enumerated() {
            let isDown = group.primary.downSince != nil
            let status =
                group.objectivelyDownSince != nil ? "odown" : isDown ? "sdown" : "ok"
            text += "\(MapField.sectionRow)\(index):name=\(group.name),status=\(status),"
            text += "address=\(announced(group.primary.address).text),"
            text += "\(MapField.sectionReplicas)=\(group.replicas.count),"
            text += "sentinels=\(group.voterCount)\r\n"
        }
        return text
    }

    /// The place of the named group; nil stands for `noSuchGroup`.
    func group(_ call: SentinelCall) -> Int? { groupIndex(call[1]) }

    static let noSuchGroup = RESPValue.error(WireText.noSuchGroup)
}

/// A whole decimal number as Redis takes it from an argument.
func decimal(_ text: String) -> Int64? {
    ConfigurationNumber.decimal(text).map { Int64($0) }
}
