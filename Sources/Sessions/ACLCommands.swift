import Digests
import Memory
import RESP

extension CommandRows {
    /// ACL: users, their passwords and what they may do.
    /// `load` and `save` are about the users' file.
    package static func acl(
        load: @escaping CommandThunk = { shared($1, $2, aclWithoutFile) },
        save: @escaping CommandThunk = { shared($1, $2, aclWithoutFile) }
    ) -> Command {
        let file = [
            aclRow("load", 2, "Reads the users' file.", run: load),
            aclRow("save", 2, "Writes the users' file.", run: save),
        ]
        return Command(
            container: "acl", group: .server, since: "6.0.0",
            summary: "Commands about users and their rights.", helpSince: "6.0.0",
            subcommands: aclQuestions + aclChanges + file)
    }

    private static let aclQuestions = [
        aclRow("whoami", 2, "Tells the user of the connection.", isAdmin: false) {
            shared($1, $2, aclWhoAmI)
        },
        aclRow(
            "cat", -2, "Lists the categories, or the commands of one.", syntax: "[categoryname]",
            isAdmin: false
        ) { shared($1, $2, aclCategories) },
        aclRow("genpass", -2, "Makes up a password.", syntax: "[bits]", isAdmin: false) {
            shared($1, $2, aclGeneratePassword)
        },
        aclRow("users", 2, "Lists the users' names.") { shared($1, $2, aclUsers) },
        aclRow("list", 2, "Lists the users' rules.") { shared($1, $2, aclList) },
        aclRow("getuser", 3, "Tells the rules of a user.", syntax: "username") {
            shared($1, $2, aclGetUser)
        },
        aclRow(
            "dryrun", -4, "Tells whether a user may do something.",
            syntax: "username command [arg [arg ...]]", since: "7.0.0"
        ) { shared($1, $2, aclDryRun) },
        aclRow("log", -2, "Lists denied requests.", syntax: "[count|RESET]") {
            shared($1, $2, aclLog)
        },
    ]

    private static let aclChanges = [
        aclRow(
            "setuser", -3, "Makes a user, or changes the rules of one.",
            syntax: "username [rule [rule ...]]"
        ) { shared($1, $2, aclSetUser) },
        aclRow("deluser", -3, "Deletes users.", syntax: "username [username ...]") {
            shared($1, $2, aclDeleteUser)
        },
    ]

    private static func aclRow(
        _ name: String, _ arity: Int, _ summary: String, syntax: String = "",
        since: String = "6.0.0", isAdmin: Bool = true, run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: arity,
            flags: isAdmin
                ? [.admin, .noScript, .loading, .stale] : [.noScript, .loading, .stale],
            group: .server, since: since, summary: summary, syntax: syntax, run: run)
    }
}

func aclWhoAmI(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.bulk(call.session.value.user)
    return .none
}

func aclCategories(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count <= 3 else {
        throw call.fail(call.wrongSubcommand)
    }
    var names = Command.allCategories
    if call.count == 3 {
        let category = call[2].string.lowercased()
        guard names.contains(category) else {
            throw call.fail("ERR Unknown category '\(call[2], upTo: 128)'")
        }
        names = frontend.table.rows.filter { $0.aclCategories.contains(category) }.map(\.name)
    }
    call.reply.array(names.count)
    for name in names { call.reply.bulk(text: name) }
    return .none
}

func aclGeneratePassword(
    _ frontend: inout Frontend, _ call: Call
) throws(ReplyError) -> Propagation {
    guard call.count <= 3 else {
        throw call.fail(call.wrongSubcommand)
    }
    var bits: Int64 = 256
    if call.count > 2 {
        bits = try call.integer(2)
        guard bits > 0, bits <= 4096 else {
            throw ReplyError(
                """
                ERR ACL GENPASS argument must be the number of bits for the output password, a \
                positive number up to 4096
                """)
        }
    }
    let length = Int(bits + 3) / 4
    var text = ""
    while text.count < length {
        // Hashed, so that a password does not tell the generator's state.
        text += Array(frontend.random.hex(64).utf8).withView { SHA256.hex($0) }
    }
    call.reply.bulk(text: String(text.prefix(length)))
    return .none
}

func aclUsers(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    let users = frontend.acl.sorted
    call.reply.array(users.count)
    for user in users { call.reply.bulk(user.name) }
    return .none
}

func aclList(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    let users = frontend.acl.sorted
    call.reply.array(users.count)
    for user in users { call.reply.bulk(user.line(frontend.table)) }
    return .none
}

func aclGetUser(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    guard let user = frontend.acl[call[2].bytes] else {
        call.reply.null()
        return .none
    }
    call.reply.map(6)
    call.reply.bulk("flags")
    call.reply.set(user.flagNames.count)
    for flag in user.flagNames { call.reply.bulk(text: flag) }
    call.reply.bulk("passwords")
    call.reply.array(user.passwords.count)
    for password in user.passwords { call.reply.bulk(text: password) }
    tell(user.root, frontend.table, call)
    call.reply.bulk("selectors")
    call.reply.array(user.selectors.count)
    for selector in user.selectors {
        call.reply.map(3)
        tell(selector, frontend.table, call)
    }
    return .none
}

/// The rules of a selector as three pairs of a map.
private func tell(_ selector: ACLSelector, _ table: borrowing CommandTable, _ call: Call) {
    call.reply.bulk("commands")
    call.reply.bulk(selector.commandRules(table))
    call.reply.bulk("keys")
    call.reply.bulk(selector.keyRules)
    call.reply.bulk("channels")
    call.reply.bulk(selector.channelRules)
}

func aclDryRun(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    guard let user = frontend.acl[call[2].bytes] else {
        throw call.fail("ERR User '\(call[2])' not found")
    }
    var index = frontend.table.find(call[3])
    if index >= 0, frontend.table.isContainer(index), call.count > 4 {
        index = frontend.table.find(call[4], in: index)
    }
    guard index >= 0 else {
        throw call.fail("ERR Command '\(call[3])' not found")
    }
    let name = frontend.table.rows[index].name
    guard frontend.table[index].accepts(arguments: call.count - 3) else {
        throw call.fail("ERR wrong number of arguments for '\(name)' command")
    }
    func refuse(_ action: String, _ object: [UInt8], _ kind: String) {
        call.reply.bulk(
            Array("This user has no permissions to \(action) the '".utf8) + object
                + Array("' \(kind)".utf8))
    }
    switch user.denial(index, call, from: 3, table: frontend.table) {
    case nil: call.reply.ok()
    case .command: refuse("run", Array(name.utf8), "command")
    case .key(let position): refuse("access", call[position].bytes, "key")
    case .channel(let position): refuse("access", call[position].bytes, "channel")
    }
    return .none
}

func aclLog(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count <= 3 else {
        throw call.fail(call.wrongSubcommand)
    }
    var wanted = 10
    if call.count == 3 {
        if call[2].equalsIgnoringCase("reset") {
            frontend.acl.log = []
            call.reply.ok()
            return .none
        }
        wanted = Int(max(0, try call.integer(2)))
    }
    let entries = frontend.acl.log.prefix(wanted)
    call.reply.array(entries.count)
    for entry in entries {
        call.reply.map(7)
        call.reply.bulk("count")
        call.reply.integer(entry.count)
        call.reply.bulk("reason")
        call.reply.bulk(text: entry.reason)
        call.reply.bulk("context")
        call.reply.bulk(text: entry.context)
        call.reply.bulk("object")
        call.reply.bulk(entry.object)
        call.reply.bulk("username")
        call.reply.bulk(entry.user)
        call.reply.bulk("age-seconds")
        call.reply.double(Double((frontend.time.wall - entry.time) / 1000) / 1000)
        call.reply.bulk("client-info")
        call.reply.bulk(entry.client)
    }
    return .none
}

func aclSetUser(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    guard !hasBlanks(call[2].bytes[...]) else {
        throw ReplyError("ERR Usernames can't contain spaces or null characters")
    }
    var unmatched = 0
    let words = (3..<call.count).map { call[$0].bytes }
    guard let rules = ACLUser.merged(words, unmatched: &unmatched) else {
        throw call.fail(
            "ERR Unmatched parenthesis in acl selector starting at '\(call[3 + unmatched])'.")
    }
    let user: ACLUser
    do throws(ACLChangeError) {
        user = try frontend.acl.changed(
            call[2].bytes, rules, table: frontend.table,
            channelsByDefault: frontend.settings.channelsByDefault)
    } catch {
        throw call.fail(
            error.rule.withView {
                "ERR Error in ACL SETUSER modifier '\($0)': \(error.reason.text)"
            })
    }
    frontend.put(user)
    call.reply.ok()
    return .none
}

func aclDeleteUser(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    for index in 2..<call.count where call[index] == "default" {
        throw ReplyError("ERR The 'default' user cannot be removed")
    }
    var removed = 0
    for index in 2..<call.count where frontend.removeUser(call[index].bytes, call) {
        removed += 1
    }
    call.reply.integer(removed)
    return .none
}

package func aclWithoutFile(
    _ frontend: inout Frontend, _ call: Call
) throws(ReplyError) -> Propagation {
    throw ReplyError(
        """
        ERR This Redis instance is not configured to use an ACL file. You may want to specify \
        users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a \
        Redis configuration file set) in order to store users in the Redis configuration.
        """)
}
