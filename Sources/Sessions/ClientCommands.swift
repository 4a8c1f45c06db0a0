import Memory
import RESP

extension CommandRows {
    /// CLIENT with the subcommands that server and sentinel share, and `more` of the server.
    package static func client(_ more: [Command] = []) -> Command {
        Command(
            container: "client", group: .connection, since: "2.4.0",
            summary: "Commands about connections.", helpSince: "5.0.0",
            subcommands: clientIdentity + clientControl + more)
    }

    private static let clientIdentity = [
        clientRow("id", 2, "5.0.0", "Tells the connection's number.") {
            shared($1, $2, clientID)
        },
        clientRow(
            "info", 2, "6.2.0", "Describes the connection.", tips: ["nondeterministic_output"]
        ) { shared($1, $2, clientInfo) },
        clientRow(
            "list", -2, "2.4.0", "Describes all connections, or those wanted.",
            syntax:
                "[TYPE <normal|\(WireNames.primary)|replica|pubsub>] "
                + "[ID client-id [client-id ...]]",
            complexity: "O(N) in the number of connections", flags: .admin,
            tips: ["nondeterministic_output"]
        ) { shared($1, $2, clientList) },
        clientRow("getname", 2, "2.6.9", "Tells the connection's name.") {
            shared($1, $2, clientGetName)
        },
        clientRow(
            "setname", 3, "2.6.9", "Names the connection.", syntax: "connection-name"
        ) { shared($1, $2, clientSetName) },
        clientRow(
            "setinfo", 4, "7.2.0", "Tells which library the client uses.",
            syntax: "<LIB-NAME libname|LIB-VER libver>"
        ) { shared($1, $2, clientSetInfo) },
    ]

    private static let clientControl = [
        clientRow(
            "kill", -3, "2.4.0", "Closes connections.",
            syntax: "<ip:port|[ID client-id] [TYPE type] [USER username] [ADDR ip:port] "
                + "[LADDR ip:port] [SKIPME yes/no]>",
            complexity: "O(N) in the number of connections", flags: .admin
        ) { shared($1, $2, clientKill) },
        clientRow(
            "reply", 3, "3.2.0", "Silences replies, or the next one.", syntax: "<ON|OFF|SKIP>"
        ) { shared($1, $2, clientReply) },
        clientRow(
            "no-evict", 3, "7.0.0", "Protects the connection when memory for clients is short.",
            syntax: "<ON|OFF>", flags: .admin
        ) { shared($1, $2, clientNoEvict) },
        clientRow(
            "no-touch", 3, "7.2.0", "Lets commands leave the access times of keys alone.",
            syntax: "<ON|OFF>"
        ) { shared($1, $2, clientNoTouch) },
        clientRow("getredir", 2, "6.0.0", "Tells where invalidations go.") {
            shared($1, $2, clientGetRedirection)
        },
        clientRow(
            "tracking", -3, "6.0.0", "Switches invalidation messages; only OFF is possible here.",
            syntax: "<ON|OFF>"
        ) { shared($1, $2, clientTracking) },
        clientRow("trackinginfo", 2, "6.2.0", "Tells whether keys are tracked.") {
            shared($1, $2, clientTrackingInfo)
        },
        clientRow(
            "caching", 3, "6.0.0", "Tracks the keys of the next command, or not.",
            syntax: "<YES|NO>"
        ) { shared($1, $2, clientCaching) },
    ]

    /// A subcommand of CLIENT.
    package static func clientRow(
        _ name: String, _ arity: Int, _ since: String, _ summary: String, syntax: String = "",
        complexity: String = "O(1)", flags: CommandFlags = [], tips: [String] = [],
        run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: arity, flags: flags.union([.noScript, .loading, .stale]),
            group: .connection, since: since, complexity: complexity, summary: summary,
            syntax: syntax, tips: tips, run: run)
    }
}

func clientID(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.integer(call.session.value.id)
    return .none
}

func clientInfo(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    let text = frontend.describe(call.session, caller: call) + "\n"
    Array(text.utf8).withView { call.reply.verbatim("txt", $0) }
    return .none
}

func clientList(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    var chosen = frontend.listedSessions
    if call.count == 4, call[2].equalsIgnoringCase("type") {
        guard let kind = ClientClass(call[3]) else {
            throw call.fail("ERR Unknown client type '\(call[3])'")
        }
        chosen = chosen.filter { frontend.clientClass($0) == kind }
    } else if call.count > 3, call[2].equalsIgnoringCase("id") {
        chosen = []
        for index in 3..<call.count {
            guard let id = call[index].integer else { throw ReplyError("ERR Invalid client ID") }
            if let slot = frontend.sessions[Int(id)] { chosen.append(slot) }
        }
    } else if call.count != 2 {
        throw .syntax
    }
    var text: [UInt8] = []
    for slot in chosen {
        text += frontend.description(of: slot, caller: call)
        text.append(UInt8(ascii: "\n"))
    }
    text.withView { call.reply.verbatim("txt", $0) }
    return .none
}

func clientGetName(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    if call.session.value.name.isEmpty {
        call.reply.null()
    } else {
        call.reply.bulk(call.session.value.name)
    }
    return .none
}

func clientSetName(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    try checkName(call[2])
    call.session.value.name = call[2].bytes
    call.reply.ok()
    return .none
}

func clientSetInfo(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    let isName = call[2].equalsIgnoringCase("lib-name")
    guard isName || call[2].equalsIgnoringCase("lib-ver") else {
        throw call.fail("ERR Unrecognized option '\(call[2])'")
    }
    guard isPrintable(call[3]) else {
        throw call.fail(
            "ERR \(call[2]) cannot contain spaces, newlines or special characters.")
    }
    if isName {
        call.session.value.libraryName = call[3].bytes
    } else {
        call.session.value.libraryVersion = call[3].bytes
    }
    call.reply.ok()
    return .none
}

func clientReply(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    if call[2].equalsIgnoringCase("on") {
        call.session.value.flags.subtract([.repliesOff, .skipNextReply, .silenced])
        call.reply.ok()
    } else if call[2].equalsIgnoringCase("off") {
        call.session.value.flags.insert(.repliesOff)
    } else if call[2].equalsIgnoringCase("skip") {
        if !call.session.value.flags.contains(.repliesOff) {
            call.session.value.flags.insert(.skipNextReply)
        }
    } else {
        throw .syntax
    }
    return .none
}

func clientNoEvict(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    try switchFlag(.noEvict, call)
}

func clientNoTouch(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    try switchFlag(.noTouch, call)
}

private func switchFlag(_ flag: SessionFlags, _ call: Call) throws(ReplyError) -> Propagation {
    if call[2].equalsIgnoringCase("on") {
        call.session.value.flags.insert(flag)
    } else if call[2].equalsIgnoringCase("off") {
        call.session.value.flags.remove(flag)
    } else {
        throw .syntax
    }
    call.reply.ok()
    return .none
}

func clientGetRedirection(
    _ frontend: inout Frontend, _ call: Call
) throws(ReplyError) -> Propagation {
    call.reply.integer(-1)
    return .none
}

func clientTracking(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    if call[2].equalsIgnoringCase("on") {
        // A client that believes it is told of changes would serve stale values.
        throw ReplyError("ERR CLIENT TRACKING is not supported by this server")
    }
    guard call.count == 3, call[2].equalsIgnoringCase("off") else { throw .syntax }
    call.reply.ok()
    return .none
}

func clientTrackingInfo(
    _ frontend: inout Frontend, _ call: Call
) throws(ReplyError) -> Propagation {
    call.reply.map(3)
    call.reply.bulk("flags")
    call.reply.set(1)
    call.reply.bulk("off")
    call.reply.bulk("redirect")
    call.reply.integer(-1)
    call.reply.bulk("prefixes")
    call.reply.emptyArray()
    return .none
}

func clientCaching(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    throw ReplyError(
        """
        ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or \
        OPTOUT mode enabled
        """)
}
