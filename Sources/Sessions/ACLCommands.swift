import Digests
import Memory
import RESP

extension CommandRows {
    /// ACL, as far as there is one user with one password: `requirepass`.
    static let acl = Command(
        container: "acl", group: .server, since: "6.0.0",
        summary: "Commands about users and their rights.", helpSince: "6.0.0",
        subcommands: aclQuestions + aclChanges)

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
            "setuser", -3, "Not supported: there is one user, and requirepass is its password.",
            syntax: "username [rule [rule ...]]"
        ) { shared($1, $2, aclSetUser) },
        aclRow("deluser", -3, "Deletes users.", syntax: "username [username ...]") {
            shared($1, $2, aclDeleteUser)
        },
        aclRow("load", 2, "Reads the users' file.") { shared($1, $2, aclFile) },
        aclRow("save", 2, "Writes the users' file.") { shared($1, $2, aclFile) },
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
    call.reply.bulk(text: call.session.value.user)
    return .none
}

func aclCategories(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count <= 3 else {
        throw call.fail(
            "ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.")
    }
    var names = Command.allCategories
    if call.count == 3 {
        let category = call[2].string.lowercased()
        guard names.contains(category) else {
            throw call.fail("ERR Unknown category '\(call[2])'")
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
    call.reply.array(1)
    call.reply.bulk("default")
    return .none
}

func aclList(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    let password = frontend.passwordDigest.map { "#\($0)" } ?? "nopass"
    call.reply.array(1)
    call.reply.bulk(text: "user default on \(password) ~* &* +@all")
    return .none
}

func aclGetUser(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    guard call[2] == "default" else {
        call.reply.null()
        return .none
    }
    let digest = frontend.passwordDigest
    call.reply.map(6)
    call.reply.bulk("flags")
    call.reply.set(digest == nil ? 2 : 1)
    call.reply.bulk("on")
    if digest == nil { call.reply.bulk("nopass") }
    call.reply.bulk("passwords")
    call.reply.array(digest == nil ? 0 : 1)
    if let digest { call.reply.bulk(text: digest) }
    call.reply.bulk("commands")
    call.reply.bulk("+@all")
    call.reply.bulk("keys")
    call.reply.bulk("~*")
    call.reply.bulk("channels")
    call.reply.bulk("&*")
    call.reply.bulk("selectors")
    call.reply.emptyArray()
    return .none
}

func aclDryRun(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    guard call[2] == "default" else {
        throw call.fail("ERR User '\(call[2])' not found")
    }
    var index = frontend.table.find(call[3])
    if index >= 0, frontend.table.isContainer(index), call.count > 4 {
        index = frontend.table.find(call[4], in: index)
    }
    guard index >= 0 else {
        throw call.fail("ERR Command '\(call[3])' not found")
    }
    guard frontend.table[index].accepts(arguments: call.count - 3) else {
        let name = frontend.table.rows[index].name
        throw call.fail("ERR wrong number of arguments for '\(name)' command")
    }
    call.reply.ok()
    return .none
}

/// Nothing is ever denied to the one user, so the log of denials is empty.
func aclLog(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    if call.count == 3, call[2].equalsIgnoringCase("reset") {
        call.reply.ok()
        return .none
    }
    if call.count > 2 { _ = try call.integer(2) }
    call.reply.emptyArray()
    return .none
}

func aclSetUser(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    throw ReplyError(
        """
        ERR ACL SETUSER is not supported by this server: there is the user 'default' only, and \
        its password is the setting requirepass
        """)
}

func aclDeleteUser(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    for index in 2..<call.count where call[index] == "default" {
        throw ReplyError("ERR The 'default' user cannot be removed")
    }
    call.reply.integer(0)
    return .none
}

func aclFile(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    throw ReplyError(
        """
        ERR This Redis instance is not configured to use an ACL file. You may want to specify \
        users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a \
        Redis configuration file set) in order to store users in the Redis configuration.
        """)
}

extension Frontend {
    /// SHA-256 of the password in hexadecimal; nil if there is none.
    var passwordDigest: String? {
        settings.requirePass.isEmpty
            ? nil : Array(settings.requirePass.utf8).withView { SHA256.hex($0) }
    }
}
