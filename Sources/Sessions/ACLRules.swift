import Digests
import Memory

/// What is wrong with a rule, in Redis's words.
package struct ACLRuleError: Error, Equatable {
    package let text: String

    fileprivate init(_ text: String) { self.text = text }

    package static let unknown = ACLRuleError("Unknown command or category name in ACL")
    static let syntax = ACLRuleError("Syntax error")
    static let afterAllKeys = ACLRuleError(
        "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not "
            + "have any effect. Try 'resetkeys' to start with an empty list of patterns")
    static let afterAllChannels = ACLRuleError(
        "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does "
            + "not have any effect. Try 'resetchannels' to start with an empty list of channels")
    static let noSuchPassword = ACLRuleError(
        "The password you are trying to remove from the user does not exist")
    static let badHash = ACLRuleError(
        "The password hash must be exactly 64 characters and contain only lowercase hexadecimal "
            + "characters")
    static let firstArgument = ACLRuleError("Allowing first-arg of a subcommand is not supported")
    /// What Redis says where it has no words.
    package static let unmatched = ACLRuleError("Wrong format")
}

extension ACLUser {
    /// Applies one rule as ACL SETUSER has it; what stands in parentheses is one rule.
    /// `channelsByDefault` is `acl-pubsub-default`.
    package mutating func apply(
        _ rule: [UInt8], table: borrowing CommandTable, channelsByDefault: Bool
    ) throws(ACLRuleError) {
        guard let first = rule.first else { return }
        switch String(decoding: rule, as: UTF8.self).lowercased() {
        case "on": isEnabled = true
        case "off": isEnabled = false
        case "sanitize-payload": payload = "sanitize-payload"
        case "skip-sanitize-payload": payload = "skip-sanitize-payload"
        case "nopass":
            needsNoPassword = true
            passwords = []
        case "resetpass":
            needsNoPassword = false
            passwords = []
        case "reset": reset(channelsByDefault)
        case "clearselectors": selectors = []
        default:
            switch first {
            case UInt8(ascii: ">"), UInt8(ascii: "#"), UInt8(ascii: "<"), UInt8(ascii: "!"):
                try applyPassword(first, Array(rule.dropFirst()))
            case UInt8(ascii: "(") where rule.last == UInt8(ascii: ")"):
                try addSelector(rule.dropFirst().dropLast(), table, channelsByDefault)
            default: try root.apply(rule, table: table)
            }
        }
    }

    /// A selector from the rules between parentheses.
    private mutating func addSelector(
        _ rules: ArraySlice<UInt8>, _ table: borrowing CommandTable, _ channelsByDefault: Bool
    ) throws(ACLRuleError) {
        var selector = ACLSelector(
            commandCount: root.commands.count, allowsAllChannels: channelsByDefault)
        for rule in rules.split(separator: UInt8(ascii: " ")) {
            try selector.apply(Array(rule), table: table)
        }
        selectors.append(selector)
    }

    /// Words of a request or a line with those between parentheses made one. Nil if a parenthesis
    /// is not closed: `unmatched` gets the index of its word.
    package static func merged(_ words: [[UInt8]], unmatched: inout Int) -> [[UInt8]]? {
        var rules: [[UInt8]] = []
        var open: (index: Int, rule: [UInt8])?
        for (index, word) in words.enumerated() {
            let isClosing = word.last == UInt8(ascii: ")")
            if word.first == UInt8(ascii: "("), !isClosing {
                open = (index, word)
            } else if let begun = open {
                let rule = begun.rule + [UInt8(ascii: " ")] + word
                if isClosing { rules.append(rule) }
                open = isClosing ? nil : (begun.index, rule)
            } else {
                rules.append(word)
            }
        }
        guard let open else { return rules }
        unmatched = open.index
        return nil
    }

    private mutating func reset(_ channelsByDefault: Bool) {
        self = ACLUser(
            name: name, commandCount: root.commands.count, allowsAllChannels: channelsByDefault)
        payload = "sanitize-payload"
    }

    /// `>password`, `#hash`, `<password` and `!hash`.
    private mutating func applyPassword(
        _ kind: UInt8, _ text: [UInt8]
    ) throws(ACLRuleError) {
        var digest = String(decoding: text, as: UTF8.self)
        if kind == UInt8(ascii: ">") || kind == UInt8(ascii: "<") {
            digest = text.withView { SHA256.hex($0) }
        } else {
            let isHex = text.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
            guard text.count == 64, isHex else { throw .badHash }
        }
        if kind == UInt8(ascii: ">") || kind == UInt8(ascii: "#") {
            if !passwords.contains(digest) { passwords.append(digest) }
            needsNoPassword = false
        } else {
            guard let index = passwords.firstIndex(of: digest) else { throw .noSuchPassword }
            passwords.remove(at: index)
        }
    }
}

extension ACLSelector {
    /// Applies one rule about commands, keys or channels.
    mutating func apply(
        _ rule: [UInt8], table: borrowing CommandTable
    ) throws(ACLRuleError) {
        guard let first = rule.first else { return }
        switch String(decoding: rule, as: UTF8.self).lowercased() {
        case "allkeys", "~*":
            allowsAllKeys = true
            keys = []
        case "resetkeys":
            allowsAllKeys = false
            keys = []
        case "allchannels", "&*":
            allowsAllChannels = true
            channels = []
        case "resetchannels":
            allowsAllChannels = false
            channels = []
        case "allcommands", "+@all": allowAllCommands(true)
        case "nocommands", "-@all": allowAllCommands(false)
        default:
            let rest = Array(rule.dropFirst())
            switch first {
            case UInt8(ascii: "~"), UInt8(ascii: "%"): try addKeys(first, rest)
            case UInt8(ascii: "&"): try addChannel(rest)
            case UInt8(ascii: "+"), UInt8(ascii: "-"):
                try applyCommand(rest, isAllowed: first == UInt8(ascii: "+"), table)
            default: throw .syntax
            }
        }
    }

    /// `~pattern`, `%R~pattern`, `%W~pattern` and `%RW~pattern`.
    private mutating func addKeys(_ kind: UInt8, _ text: [UInt8]) throws(ACLRuleError) {
        if allowsAllKeys { throw .afterAllKeys }
        var (reads, writes, pattern) = (true, true, text[...])
        if kind == UInt8(ascii: "%") {
            guard let end = text.firstIndex(of: UInt8(ascii: "~")) else { throw .syntax }
            let letters = String(decoding: text[..<end], as: UTF8.self).uppercased()
            guard ["R", "W", "RW", "WR"].contains(letters) else { throw .syntax }
            reads = letters.contains("R")
            writes = letters.contains("W")
            pattern = text[(end + 1)...]
        }
        guard !hasBlanks(pattern) else { throw .syntax }
        if let known = keys.firstIndex(where: { $0.pattern == Array(pattern) }) {
            keys[known].reads = keys[known].reads || reads
            keys[known].writes = keys[known].writes || writes
        } else {
            keys.append(KeyPattern(pattern: Array(pattern), reads: reads, writes: writes))
        }
    }

    private mutating func addChannel(_ pattern: [UInt8]) throws(ACLRuleError) {
        if allowsAllChannels { throw .afterAllChannels }
        guard !hasBlanks(pattern[...]) else { throw .syntax }
        if !channels.contains(pattern) { channels.append(pattern) }
    }

    /// `+command`, `-command`, both with `|subcommand` or `@category`, and `+command|argument`.
    private mutating func applyCommand(
        _ text: [UInt8], isAllowed: Bool, _ table: borrowing CommandTable
    ) throws(ACLRuleError) {
        let name = String(decoding: text, as: UTF8.self).lowercased()
        if name.hasPrefix("@") {
            guard let category = CommandCategories(name: String(name.dropFirst())) else {
                throw .unknown
            }
            set(category, isAllowed, table)
            return
        }
        if let index = table.find(fullName: name) {
            set(index, isAllowed, table)
            return
        }
        // An argument of a command that has no subcommands can be allowed, not forbidden.
        guard isAllowed, let bar = text.lastIndex(of: UInt8(ascii: "|")) else { throw .unknown }
        let command = String(decoding: text[..<bar], as: UTF8.self)
        guard let index = table.find(fullName: command) else { throw .unknown }
        if table[index].parent >= 0 { throw .firstArgument }
        let argument = Array(text[(bar + 1)...])
        // Blanks would make it two rules in a file.
        guard !argument.isEmpty, !hasBlanks(argument[...]) else { throw .syntax }
        if table.isContainer(index) { throw .unknown }
        let isKnown = (firstArguments[index] ?? []).contains { known in
            known.withView { known in argument.withView { known.equalsIgnoringCase($0) } }
        }
        if !isKnown { firstArguments[index, default: []].append(argument) }
    }

    /// Allows or forbids a command and its subcommands.
    mutating func set(_ index: Int, _ isAllowed: Bool, _ table: borrowing CommandTable) {
        commands[index] = isAllowed
        firstArguments[index] = nil
        for sub in table.subcommands(of: index) { set(sub, isAllowed, table) }
    }

    /// Allows or forbids all commands of a category.
    mutating func set(
        _ category: CommandCategories, _ isAllowed: Bool, _ table: borrowing CommandTable
    ) {
        for index in table.rows.indices where !table.categories[index].isDisjoint(with: category) {
            set(index, isAllowed, table)
        }
    }
}

/// Whether a name or pattern has blanks or null bytes, which no line of a file could hold.
package func hasBlanks(_ text: ArraySlice<UInt8>) -> Bool {
    text.contains { $0 == 0 || $0 == 32 || (9...13).contains($0) }
}
