import Configuration
import Digests
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let configuration = Command(
        container: "config", group: .server, since: "2.0.0", summary: "Commands about settings.",
        helpSince: "5.0.0",
        subcommands: [
            configRow(
                "get", -3, "2.0.0", "O(N) in the settings asked for", "Shows settings.",
                syntax: "parameter [parameter ...]"
            ) { engine($0, $2, configGet) },
            configRow(
                "set", -4, "2.0.0", "O(N) in the settings given", "Changes settings.",
                syntax: "parameter value [parameter value ...]",
                tips: ["request_policy:all_nodes", "response_policy:all_succeeded"]
            ) { engine($0, $2, configSet) },
            configRow("resetstat", 2, "2.0.0", "O(1)", "Starts the counters of INFO again.") {
                engine($0, $2, configResetStatistics)
            },
            configRow(
                "rewrite", 2, "2.8.0", "O(1)", "Writes the settings to the configuration file."
            ) { engine($0, $2, configRewrite) },
        ])

    private static func configRow(
        _ name: String, _ arity: Int, _ since: String, _ complexity: String, _ summary: String,
        syntax: String = "", tips: [String] = [], run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: arity, flags: [.admin, .noScript, .loading, .stale], group: .server,
            since: since, complexity: complexity, summary: summary, syntax: syntax, tips: tips,
            run: run)
    }
}

func configGet(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let patterns = (2..<call.count).map { call[$0].string }
    let found = ServerDirectives.table.get(patterns, engine.settings) { pattern, name in
        Array(pattern.utf8).withView { pattern in
            Array(name.utf8).withView {
                Glob.matches(pattern: pattern, text: $0, ignoringCase: true)
            }
        }
    }
    call.reply.map(found.count)
    for (name, value) in found {
        call.reply.bulk(text: name)
        value.withView { call.reply.bulk($0) }
    }
    return .none
}

func configSet(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count % 2 == 0 else { throw .syntax }
    let pairs = stride(from: 2, to: call.count, by: 2).map { index in
        (name: call[index].string, value: call[index + 1].bytes)
    }
    let previous = engine.settings
    var settings = engine.settings
    let changed: [Directive<ServerSettings>]
    do throws(SettingError) {
        changed = try ServerDirectives.table.set(
            pairs, in: &settings,
            allowsProtected: engine.allows(engine.settings.enableProtectedConfigs, call.session),
            isLoading: engine.gates.contains(.loading))
    } catch {
        if error == .loading { throw ReplyError("LOADING Redis is loading the dataset in memory") }
        let index = stride(from: 2, to: call.count, by: 2).first {
            ServerDirectives.table.lookup(call[$0].string) == nil
        }
        if case .unknown = error, let index {
            // The name need not be text.
            throw call.fail("ERR \(SettingError.unknownText)'\(call[index])'")
        }
        throw call.fail("ERR \(error.message)")
    }
    settings.hz = min(max(settings.hz, 1), 500)
    engine.settings = settings
    engine.applySettings()
    let forHost = changed.map(\.name).filter { DataEngine.hostSettings.contains($0) }
    guard let blamed = forHost.first else {
        call.reply.ok()
        return .none
    }
    engine.frontend.requests.append(.applySettings(forHost))
    // Inside EXEC nobody can wait.
    let waits = !call.session.value.flags.contains(.executing)
    let token = waits ? engine.waitForHost(call, failure: "") : nil
    if !waits { call.reply.ok() }
    engine.introspection.pendingSettings.append(
        PendingSettings(token: token, previous: previous, name: blamed))
    return waits ? .suspended : .none
}

func configResetStatistics(_ engine: inout DataEngine, _ call: Call) throws(ReplyError)
    -> Propagation
{
    let peak = engine.frontend.statistics.peakClients
    engine.frontend.statistics = FrontendStatistics()
    engine.frontend.statistics.peakClients = peak
    engine.statistics = EngineStatistics()
    engine.replication.statistics = ReplicationStatistics()
    engine.introspection.rates = Rates()
    for index in engine.frontend.table.rows.indices {
        engine.frontend.table.statistics[index] = CommandStatistics()
        engine.frontend.table.latencies[index].removeAll()
    }
    call.reply.ok()
    return .none
}

func configRewrite(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let path = engine.configurationPath else {
        throw ReplyError("ERR The server is running without a config file")
    }
    guard let original = engine.configurationText else {
        throw ReplyError("ERR Rewriting config file: its text was not kept at the start")
    }
    let text = ServerDirectives.table.rewrite(
        original, engine.settings, defaults: ServerSettings(),
        groups: engine.otherGroups)
    let waits = !call.session.value.flags.contains(.executing)
    let token = waits ? engine.waitForHost(call, failure: "") : engine.nextToken
    if !waits {
        engine.nextToken += 1
        call.reply.ok()
    }
    engine.hostWaits[token] = .rewrite(session: call.session.value.id, text: text)
    engine.frontend.requests.append(.replaceFile(id: token, path: path, bytes: text))
    return waits ? .suspended : .none
}

extension DataEngine {
    /// Lines that are no directives and change. Users of a file of their own are not written here.
    fileprivate var otherGroups: [RewriteGroup] {
        let lines = frontend.acl.sorted.map { user in
            let words = user.line(frontend.table).split(separator: UInt8(ascii: " "))
            let quoted = words.map { Lexer.quotedIfNeeded(Array($0)) }
            return Array(quoted.joined(separator: [UInt8(ascii: " ")]))
        }
        return [RewriteGroup("user", bytes: settings.aclFile.isEmpty ? lines : [])]
    }
}

extension DataEngine {
    /// Directives that the host acts on.
    static let hostSettings: Set<String> = [
        "bind", "port", "unixsocket", "unixsocketperm", "tcp-backlog", "tcp-keepalive",
        "maxclients", "loglevel", "logfile", "dir", "proc-title-template",
    ]

    /// Puts the settings into effect, as far as that is the engine's business. Does nothing that
    /// is done already.
    package mutating func applySettings() {
        if frontend.settings != settings.frontend { frontend.settings = settings.frontend }
        keyspace.encodings = settings.encodings
        applyMemorySettings()
        applyClientLimit()
        replicationSettingsChanged()
    }

    /// The host did what `applySettings` asked.
    mutating func settingsApplied() {
        frontend.awaitsHost = false
        guard !introspection.pendingSettings.isEmpty else { return }
        let pending = introspection.pendingSettings.removeFirst()
        if let token = pending.token { _ = finishHostWait(token, error: nil) }
    }

    /// The host could not do it: everything is as it was before.
    mutating func settingsFailed(_ reason: String) {
        frontend.awaitsHost = false
        guard !introspection.pendingSettings.isEmpty else { return }
        let pending = introspection.pendingSettings.removeFirst()
        settings = pending.previous
        applySettings()
        var text = reason
        if pending.name == "port" {
            text = "Unable to listen on this port. Check server logs."
        } else if pending.name == "bind" {
            text = "Failed to bind to specified addresses."
        }
        guard let token = pending.token else { return }
        _ = finishHostWait(token, error: SettingError.failed(pending.name, text))
    }

    /// Whether a session may use what is allowed to `access` only.
    func allows(_ access: LocalAccess, _ session: Slot<Session>) -> Bool {
        switch access {
        case .yes: true
        case .no: false
        case .local:
            session.value.flags.contains(.unixSocket) || session.value.peer.hasPrefix("127.")
                || session.value.peer.hasPrefix("[::1]") || session.value.peer.hasPrefix("::1")
        }
    }
}
