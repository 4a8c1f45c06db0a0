import Digests
import Memory
import RESP

extension CommandRows {
    /// COMMAND: what this server can do.
    static let command = Command(
        "command", arity: -1, flags: [.loading, .stale], group: .server, since: "2.8.13",
        complexity: "O(N) in the number of commands", summary: "Describes all commands.",
        categories: ["connection"], tips: ["nondeterministic_output_order"],
        subcommands: [
            sub("count", 2, "2.8.13", "O(1)", "Counts the commands.") {
                shared($1, $2, commandCount)
            },
            sub(
                "list", -2, "7.0.0", "O(N) in the number of commands", "Lists names of commands.",
                syntax: "[FILTERBY <MODULE module-name|ACLCAT category|PATTERN pattern>]",
                tips: ["nondeterministic_output_order"]
            ) { shared($1, $2, commandList) },
            sub(
                "info", -2, "2.8.13", "O(N) in the number of names", "Describes some commands.",
                syntax: "[command-name [command-name ...]]",
                tips: ["nondeterministic_output_order"]
            ) { shared($1, $2, commandInfo) },
            sub(
                "docs", -2, "7.0.0", "O(N) in the number of names", "Documents some commands.",
                syntax: "[command-name [command-name ...]]",
                tips: ["nondeterministic_output_order"]
            ) { shared($1, $2, commandDocs) },
            sub(
                "getkeys", -4, "2.8.13", "O(N) in the number of arguments",
                "Finds the keys in a request.", syntax: "command [arg [arg ...]]"
            ) { shared($1, $2, commandGetKeys) },
            sub(
                "getkeysandflags", -4, "7.0.0", "O(N) in the number of arguments",
                "Finds the keys in a request, and what is done with them.",
                syntax: "command [arg [arg ...]]"
            ) { shared($1, $2, commandGetKeysAndFlags) },
            sub("help", 2, "5.0.0", "O(1)", "Shows the subcommands.") {
                shared($1, $2, subcommandHelp)
            },
        ]
    ) { shared($1, $2, commandAll) }

    private static func sub(
        _ name: String, _ arity: Int, _ since: String, _ complexity: String, _ summary: String,
        syntax: String = "", tips: [String] = [], run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: arity, flags: [.loading, .stale], group: .server, since: since,
            complexity: complexity, summary: summary, syntax: syntax, categories: ["connection"],
            tips: tips, run: run)
    }
}

func commandAll(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.array(frontend.table.callable.count)
    for index in frontend.table.callable {
        let row = frontend.table.rows[index]
        call.reply.commandInfo(row, name: row.name)
    }
    return .none
}

func commandCount(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.integer(frontend.table.callable.count)
    return .none
}

func commandInfo(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count > 2 else { return try commandAll(&frontend, call) }
    call.reply.array(call.count - 2)
    for position in 2..<call.count {
        let index = frontend.table.find(path: call[position])
        if index >= 0 {
            call.reply.commandInfo(
                frontend.table.rows[index], name: frontend.table.rows[index].name)
        } else {
            call.reply.null()
        }
    }
    return .none
}

func commandDocs(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    let indices =
        call.count == 2
        ? frontend.table.callable
        : (2..<call.count).map { frontend.table.find(path: call[$0]) }.filter { $0 >= 0 }
    call.reply.map(indices.count)
    for index in indices {
        let name = frontend.table.rows[index].name
        call.reply.bulk(text: name)
        call.reply.commandDocs(frontend.table.rows[index], name: name)
    }
    return .none
}

func commandList(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    var wanted: (Command) -> Bool = { _ in true }
    if call.count == 5, call[2].equalsIgnoringCase("filterby") {
        let value = call[4].bytes
        if call[3].equalsIgnoringCase("module") {
            wanted = { _ in false }
        } else if call[3].equalsIgnoringCase("aclcat") {
            let category = call[4].string.lowercased()
            wanted = { $0.aclCategories.contains(category) }
        } else if call[3].equalsIgnoringCase("pattern") {
            wanted = { row in
                value.withView { pattern in
                    Array(row.name.utf8).withView {
                        Glob.matches(pattern: pattern, text: $0, ignoringCase: true)
                    }
                }
            }
        } else {
            throw .syntax
        }
    } else if call.count != 2 {
        throw .syntax
    }
    let names = frontend.table.rows.indices.filter {
        frontend.table.isCallable($0) && wanted(frontend.table.rows[$0])
    }.map { frontend.table.rows[$0].name }
    call.reply.array(names.count)
    for name in names { call.reply.bulk(text: name) }
    return .none
}

func commandGetKeys(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    try getKeys(frontend, call, withFlags: false)
}

func commandGetKeysAndFlags(
    _ frontend: inout Frontend, _ call: Call
) throws(ReplyError) -> Propagation {
    try getKeys(frontend, call, withFlags: true)
}

private func getKeys(
    _ frontend: borrowing Frontend, _ call: Call, withFlags: Bool
) throws(ReplyError) -> Propagation {
    var index = frontend.table.find(call[2])
    if index >= 0, frontend.table.isContainer(index), call.count > 3 {
        index = frontend.table.find(call[3], in: index)
    }
    guard index >= 0 else { throw ReplyError("ERR Invalid command specified") }
    let row = frontend.table.rows[index]
    guard row.allKeySpecs.contains(where: { !$0.use.isNoKey }) else {
        throw ReplyError("ERR The command has no key arguments")
    }
    guard frontend.table[index].accepts(arguments: call.count - 2) else {
        throw ReplyError("ERR Invalid number of arguments specified for command")
    }
    let keys = row.keys(of: call, from: 2) ?? []
    if keys.isEmpty, !row.flags.contains(.noMandatoryKeys) {
        throw ReplyError("ERR Invalid arguments specified for command")
    }
    call.reply.array(keys.count)
    for key in keys {
        if withFlags { call.reply.array(2) }
        call.reply.bulk(call[2 + key.index])
        if withFlags {
            call.reply.words(key.use.words.split(separator: " ").map(String.init))
        }
    }
    return .none
}
