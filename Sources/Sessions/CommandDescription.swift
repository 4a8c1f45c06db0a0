import Memory
import RESP

/// ACL categories as bits, in the order of `Command.allCategories`.
struct CommandCategories: OptionSet {
    let rawValue: UInt32

    static var all: CommandCategories { CommandCategories(names: Command.allCategories) }

    init(rawValue: UInt32) { self.rawValue = rawValue }

    init(names: [String]) {
        rawValue = names.compactMap { Command.allCategories.firstIndex(of: $0) }
            .reduce(0) { $0 | 1 << UInt32($1) }
    }

    /// The category of this name.
    init?(name: String) {
        guard let index = Command.allCategories.firstIndex(of: name) else { return nil }
        self.init(rawValue: 1 << UInt32(index))
    }

    /// The name of a single one.
    var name: String { Command.allCategories[rawValue.trailingZeroBitCount] }
}

extension Command {
    /// Redis's ACL categories in the order in which it lists them.
    package static let allCategories = [
        "keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap",
        "hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow", "blocking",
        "dangerous", "connection", "transaction", "scripting",
    ]

    /// The categories of the command: those of its row, and those that follow from its flags and
    /// group.
    package var aclCategories: [String] {
        var found = Set(categories)
        if subcommands.isEmpty, let own = groupCategory { found.insert(own) }
        if flags.contains(.write) { found.insert("write") }
        if flags.contains(.readonly), !found.contains("scripting") { found.insert("read") }
        if flags.contains(.admin) { found.formUnion(["admin", "dangerous"]) }
        if flags.contains(.pubsub) { found.insert("pubsub") }
        if flags.contains(.blocking) { found.insert("blocking") }
        found.insert(flags.contains(.fast) ? "fast" : "slow")
        return Command.allCategories.filter { found.contains($0) }
    }

    private var groupCategory: String? {
        switch group {
        case .string, .list, .set, .hash, .hyperloglog, .geo, .stream, .bitmap, .connection,
            .scripting:
            group.rawValue
        case .sortedSet: "sortedset"
        case .transactions: "transaction"
        // Generic commands are about keys, unless their row says what they are about.
        case .generic:
            categories.allSatisfy { $0 == "dangerous" || $0 == "keyspace" } ? "keyspace" : nil
        case .pubsub, .server, .cluster, .sentinel: nil
        }
    }
}

extension ReplyWriter {
    /// A set of simple strings.
    mutating func words(_ words: [String]) {
        set(words.count)
        for word in words { simple(text: word) }
    }

    /// A command as COMMAND INFO shows it. `name` is the full name.
    mutating func commandInfo(_ row: Command, name: String) {
        array(10)
        bulk(text: name)
        integer(row.arity)
        words(CommandFlags.names.filter { row.flags.contains($0.0) }.map(\.1))
        integer(row.keys.first)
        integer(row.keys.last)
        integer(row.keys.step)
        words(row.aclCategories.map { "@\($0)" })
        set(row.tips.count)
        for tip in row.tips { bulk(text: tip) }
        let specs = row.allKeySpecs
        set(specs.count)
        for spec in specs { keySpec(spec, KeySpec.notes[row.name]) }
        // Empty it is a set, as in Redis.
        if row.subcommands.isEmpty { set(0) } else { array(row.subcommands.count) }
        for sub in row.subcommands { commandInfo(sub, name: "\(name)|\(sub.name)") }
    }

    private mutating func keySpec(_ spec: KeySpec, _ notes: String?) {
        map(notes == nil ? 3 : 4)
        if let notes {
            bulk("notes")
            bulk(text: notes)
        }
        bulk("flags")
        words(spec.use.words.split(separator: " ").map(String.init))
        bulk("begin_search")
        switch spec.begin {
        case .index(let index):
            fields("index", [("index", index)])
        case .keyword(let word, let startFrom):
            map(2)
            bulk("type")
            bulk("keyword")
            bulk("spec")
            map(2)
            bulk("keyword")
            bulk(text: word)
            bulk("startfrom")
            integer(startFrom)
        case .unknown:
            fields("unknown", [])
        }
        bulk("find_keys")
        switch spec.find {
        case .range(let last, let step, let limit):
            fields("range", [("lastkey", last), ("keystep", step), ("limit", limit)])
        case .count(let at, let first, let step):
            fields("keynum", [("keynumidx", at), ("firstkey", first), ("keystep", step)])
        case .unknown:
            fields("unknown", [])
        }
    }

    private mutating func fields(_ type: StaticString, _ fields: [(StaticString, Int)]) {
        map(2)
        bulk("type")
        bulk(type)
        bulk("spec")
        map(fields.count)
        for (name, value) in fields {
            bulk(name)
            integer(value)
        }
    }

    /// What COMMAND DOCS tells of a command.
    mutating func commandDocs(_ row: Command, name: String) {
        let arguments = SyntaxArgument.parse(row.syntax)
        var pairs = 3
        if !row.complexity.isEmpty { pairs += 1 }
        if !arguments.isEmpty { pairs += 1 }
        if !row.subcommands.isEmpty { pairs += 1 }
        map(pairs)
        bulk("summary")
        bulk(text: row.summary)
        bulk("since")
        bulk(text: row.since)
        bulk("group")
        bulk(text: row.group.rawValue)
        if !row.complexity.isEmpty {
            bulk("complexity")
            bulk(text: row.complexity)
        }
        if !arguments.isEmpty {
            bulk("arguments")
            commandArguments(arguments)
        }
        if !row.subcommands.isEmpty {
            bulk("subcommands")
            map(row.subcommands.count)
            for sub in row.subcommands {
                let full = "\(name)|\(sub.name)"
                bulk(text: full)
                commandDocs(sub, name: full)
            }
        }
    }

    private mutating func commandArguments(_ arguments: [SyntaxArgument]) {
        array(arguments.count)
        for argument in arguments {
            var pairs = 2
            if argument.token != nil { pairs += 1 }
            if argument.isOptional || argument.isMultiple { pairs += 1 }
            if !argument.parts.isEmpty { pairs += 1 }
            if argument.keySpec != nil { pairs += 1 }
            map(pairs)
            bulk("name")
            bulk(text: argument.name)
            bulk("type")
            bulk(text: argument.type.rawValue)
            if let index = argument.keySpec {
                bulk("key_spec_index")
                integer(index)
            }
            if let token = argument.token {
                bulk("token")
                bulk(text: token)
            }
            if argument.isOptional || argument.isMultiple {
                bulk("flags")
                words(
                    (argument.isOptional ? ["optional"] : [])
                        + (argument.isMultiple ? ["multiple"] : []))
            }
            if !argument.parts.isEmpty {
                bulk("arguments")
                commandArguments(argument.parts)
            }
        }
    }
}
