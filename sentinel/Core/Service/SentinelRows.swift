import Memory
import RESP
import Sessions

/// Runs a typed handler of the sentinel from a thunk.
func sentinel(
    _ owner: UInt, _ call: UInt,
    _ body: (inout SentinelService, Call) throws(ReplyError) -> Propagation
) -> Int32 {
    let call = Slot<Call>(address: call).value
    do {
        return try body(&Slot<SentinelService>(address: owner).value, call).rawValue
    } catch {
        return reportError(error, call)
    }
}

extension CommandRows {
    /// The fifteen commands of a sentinel.
    static var ofSentinel: [Command] {
        connection + pubsub + [sentinelContainer, info, publish, role, shutdown]
    }

    private static var sentinelContainer: Command {
        let flags: CommandFlags = [.admin, .noScript]
        return Command(
            "sentinel", arity: -2, flags: flags, group: .sentinel, since: "2.8.4",
            complexity: "Depends on subcommand.", summary: "Commands of a sentinel.",
            subcommands: Subcommand.all.filter { !$0.isAlias }.map { row in
                Command(
                    row.name, arity: row.arity, flags: flags, group: .sentinel, since: "2.8.4",
                    run: { sentinelThunk($0, $1, $2) })
            },
            run: { sentinelThunk($0, $1, $2) })
    }

    private static let info = Command(
        "info", arity: -1, flags: [.loading, .stale], group: .server,
        summary: "Tells the state of the sentinel.", syntax: "[section [section ...]]",
        categories: ["dangerous"], tips: ["nondeterministic_output"]
    ) { owner, _, call in sentinel(owner, call, showInfo) }

    private static let publish = Command(
        "publish", arity: 3, flags: [.pubsub, .loading, .stale, .fast], group: .pubsub,
        since: "2.0.0", summary: "Takes a hello of another sentinel.", syntax: "channel message"
    ) { sentinelThunk($0, $1, $2) }

    private static let role = Command(
        "role", arity: 1, flags: [.noScript, .loading, .stale, .fast], group: .server,
        since: "2.8.12", summary: "Tells that this is a sentinel, and of whom.",
        categories: ["admin", "dangerous"]
    ) { sentinelThunk($0, $1, $2) }

    private static let shutdown = Command(
        "shutdown", arity: -1, flags: [.admin, .noScript, .loading, .stale, .allowBusy],
        group: .server, summary: "Stops the sentinel.", syntax: "[NOSAVE|SAVE] [NOW] [FORCE]"
    ) { owner, _, call in sentinel(owner, call, shutDown) }
}

/// Commands that the core answers.
private func sentinelThunk(_ owner: UInt, _ frontend: UInt, _ call: UInt) -> Int32 {
    sentinel(owner, call, askCore)
}

/// Hands a command to the core. A session whose reply depends on the disk waits for it.
func askCore(_ service: inout SentinelService, _ call: Call) throws(ReplyError) -> Propagation {
    let id = call.session.value.id
    service.awaited.insert(id)
    let start = call.reply.buffer.count
    let words = (0..<call.count).map { call[$0].string }
    service.give(.command(session: id, words, missing: missingScripts(service, words)))
    if service.awaited.contains(id) {
        call.session.value.flags.insert(.blocked)
        call.session.value.blocking = .host(id)
        return .suspended
    }
    let reply = call.reply.buffer.readable
    let hasFailed = start < reply.count && reply[start] == UInt8(ascii: "-")
    return hasFailed ? .failed : .none
}

/// The words of SENTINEL SET that follow the name of a script option and are no file.
private func missingScripts(
    _ service: borrowing SentinelService, _ words: [String]
) -> [String] {
    let isProgram = service.facts.isProgram
    guard words.count > 1, words[1].lowercased() == "set" else { return [] }
    let options = ["notification-script", "client-reconfig-script"]
    return zip(words, words.dropFirst()).compactMap { option, path in
        let isScript = options.contains(option.lowercased()) && !path.isEmpty
        return isScript && !isProgram(path) ? path : nil
    }
}

func shutDown(_ service: inout SentinelService, _ call: Call) throws(ReplyError) -> Propagation {
    service.stop()
    service.frontend.close(call.session, afterReply: true)
    return .none
}

func showInfo(_ service: inout SentinelService, _ call: Call) throws(ReplyError) -> Propagation {
    let names = (1..<max(call.count, 1)).map { call[$0].string.lowercased() }
    call.reply.bulk(text: service.info(sections: names))
    return .none
}
