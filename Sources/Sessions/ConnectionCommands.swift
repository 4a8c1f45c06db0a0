import Digests
import Memory
import RESP

extension CommandRows {
    /// Commands about the connection itself that server and sentinel have, in the sentinel's
    /// form; the server puts its own HELLO and CLIENT in the place of these.
    package static var connection: [Command] {
        [ping, auth, hello { shared($1, $2, helloOfSentinel) }, client(), command, acl()]
    }

    /// Connection commands that only the server has and that need nothing of it.
    package static var serverConnection: [Command] { [ping, auth, command, echo, quit] }

    private static let ping = Command(
        "ping", arity: -1, flags: [.fast, .inSubscription], group: .connection,
        summary: "Shows that the server answers.", syntax: "[message]",
        tips: ["request_policy:all_shards", "response_policy:all_succeeded"]
    ) { shared($1, $2, Sessions.ping) }

    private static let echo = Command(
        "echo", arity: 2, flags: [.loading, .stale, .fast], group: .connection,
        summary: "Sends the message back.", syntax: "message"
    ) { shared($1, $2, Sessions.echo) }

    private static let auth = Command(
        "auth", arity: -2, flags: [.noScript, .loading, .stale, .fast, .noAuth, .allowBusy],
        group: .connection, complexity: "O(1)", summary: "Proves who the client is.",
        syntax: "[username] password"
    ) { shared($1, $2, Sessions.auth) }

    private static let quit = Command(
        "quit", arity: -1,
        flags: [
            .noScript, .loading, .stale, .fast, .noAuth, .allowBusy, .notQueued, .inSubscription,
        ],
        group: .connection, summary: "Closes the connection."
    ) { shared($1, $2, Sessions.quit) }

    /// HELLO with the given handler.
    package static func hello(run: @escaping CommandThunk) -> Command {
        Command(
            "hello", arity: -1, flags: [.noScript, .loading, .stale, .fast, .noAuth, .allowBusy],
            group: .connection, since: "6.0.0",
            summary: "Chooses the protocol, and tells what the server is.",
            syntax: "[protover [AUTH username password] [SETNAME clientname]]", run: run)
    }
}

func ping(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count <= 2 else {
        throw ReplyError("ERR wrong number of arguments for 'ping' command")
    }
    if call.session.value.flags.contains(.subscribed), call.reply.version == .two {
        call.reply.array(2)
        call.reply.bulk("pong")
        call.reply.bulk(call.count == 2 ? call[1] : .empty)
    } else if call.count == 2 {
        call.reply.bulk(call[1])
    } else {
        call.reply.simple("PONG")
    }
    return .none
}

func echo(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.bulk(call[1])
    return .none
}

func quit(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.ok()
    frontend.close(call.session, afterReply: true)
    return .none
}

func auth(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count <= 3 else { throw .syntax }
    if call.count == 2, frontend.acl.standard.needsNoPassword {
        throw ReplyError(
            """
            ERR AUTH <password> called without any password configured for the default user. Are \
            you sure your configuration is correct?
            """)
    }
    let user = call.count == 3 ? call[1] : ByteView("default")
    try frontend.authenticate(call, user: user, password: call[call.count - 1])
    call.reply.ok()
    return .none
}

func helloOfSentinel(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    try hello(&frontend, call, role: nil)
}

/// HELLO [version [AUTH user password] [SETNAME name]]; `role` is shown by servers only.
package func hello(
    _ frontend: inout Frontend, _ call: Call, role: StaticString?
) throws(ReplyError) -> Propagation {
    let session = call.session
    var version: RESPVersion?
    if call.count > 1 {
        guard let number = call[1].integer else {
            throw ReplyError("ERR Protocol version is not an integer or out of range")
        }
        version = number == 2 ? .two : number == 3 ? .three : nil
        if version == nil { throw ReplyError("NOPROTO unsupported protocol version") }
    }
    var index = 2
    while index < call.count {
        let more = call.count - 1 - index
        if call[index].equalsIgnoringCase("auth"), more >= 2 {
            // What stands behind it is looked at afterwards, as in Redis.
            try frontend.authenticate(call, user: call[index + 1], password: call[index + 2])
            index += 3
        } else if call[index].equalsIgnoringCase("setname"), more >= 1 {
            try checkName(call[index + 1])
            session.value.name = call[index + 1].bytes
            index += 2
        } else {
            throw call.fail("ERR Syntax error in HELLO option '\(call[index])'")
        }
    }
    guard session.value.flags.contains(.authenticated) else {
        throw ReplyError(
            """
            NOAUTH HELLO must be called with the client already authenticated, otherwise the \
            HELLO AUTH <user> <pass> option can be used to authenticate the client and \
            select the RESP protocol version at the same time
            """)
    }
    if let version { session.value.reply.version = version }
    writeHello(frontend, call, role: role)
    return .none
}

private func writeHello(_ frontend: borrowing Frontend, _ call: Call, role: StaticString?) {
    call.reply.map(role == nil ? 6 : 7)
    call.reply.bulk("server")
    call.reply.bulk("redis")
    call.reply.bulk("version")
    call.reply.bulk(text: Frontend.redisVersion)
    call.reply.bulk("proto")
    call.reply.integer(Int(call.reply.version.rawValue))
    call.reply.bulk("id")
    call.reply.integer(call.session.value.id)
    call.reply.bulk("mode")
    call.reply.bulk(frontend.isSentinel ? "sentinel" : "standalone")
    if let role {
        call.reply.bulk("role")
        call.reply.bulk(role)
    }
    call.reply.bulk("modules")
    call.reply.emptyArray()
}

extension Frontend {
    /// The version of Redis whose behaviour this is.
    package static var redisVersion: String { "7.0.15" }
    /// Our own version.
    package static var tandemVersion: String { "0.1.0" }

    /// A session as it was when its connection was new: RESET, without what the server adds.
    package mutating func reset(_ session: Slot<Session>) {
        pubsub.removeAll(of: session)
        session.value.flags.subtract([
            .authenticated, .repliesOff, .skipNextReply, .noTouch, .monitor,
        ])
        makeStandard(session)
        session.value.name = []
        session.value.database = 0
        session.value.reply.version = .two
    }
}

/// Names of clients are printable and have no blanks, so that CLIENT LIST can be parsed.
func checkName(_ name: ByteView) throws(ReplyError) {
    guard isPrintable(name) else {
        throw ReplyError(
            "ERR Client names cannot contain spaces, newlines or special characters.")
    }
}

/// Whether every byte is in `!`...`~`.
func isPrintable(_ view: ByteView) -> Bool {
    for index in 0..<view.count where view[index] < 33 || view[index] > 126 { return false }
    return true
}
