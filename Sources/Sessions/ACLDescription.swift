import Memory

/// Users in the words of their rules, as ACL LIST and files have them.
extension ACLUser {
    /// The flags that ACL GETUSER shows.
    package var flagNames: [String] {
        var names = [isEnabled ? "on" : "off"]
        if needsNoPassword { names.append("nopass") }
        if let payload { names.append(payload) }
        return names
    }

    /// `user name rules`, from which the user can be made again.
    package func line(_ table: borrowing CommandTable) -> [UInt8] {
        var words = [Array("user".utf8), name] + flagNames.map { Array($0.utf8) }
        words += passwords.map { Array("#\($0)".utf8) }
        words.append(root.rules(table))
        for selector in selectors {
            words.append([UInt8(ascii: "(")] + selector.rules(table) + [UInt8(ascii: ")")])
        }
        return Array(words.joined(separator: [UInt8(ascii: " ")]))
    }
}

extension ACLSelector {
    var keyRules: [UInt8] {
        if allowsAllKeys { return Array("~*".utf8) }
        let rules = keys.map { key in
            let prefix =
                key.reads && key.writes ? "~" : key.reads ? "%R~" : key.writes ? "%W~" : "%~"
            return Array(prefix.utf8) + key.pattern
        }
        return Array(rules.joined(separator: [UInt8(ascii: " ")]))
    }

    var channelRules: [UInt8] {
        if allowsAllChannels { return Array("&*".utf8) }
        let rules = channels.map { [UInt8(ascii: "&")] + $0 }
        return Array(rules.joined(separator: [UInt8(ascii: " ")]))
    }

    /// The rules that make it.
    func rules(_ table: borrowing CommandTable) -> [UInt8] {
        var words = [keyRules, allowsAllChannels ? [] : Array("resetchannels".utf8), channelRules]
            .filter { !$0.isEmpty }
        words.append(commandRules(table))
        return Array(words.joined(separator: [UInt8(ascii: " ")]))
    }

    /// The shortest way found to say which commands are allowed: all or none of them, then the
    /// categories that fit best one after the other, then what is still different.
    package func commandRules(_ table: borrowing CommandTable) -> [UInt8] {
        let adds = !allowsAllCommands
        var made = ACLSelector(commandCount: commands.count, allowsAllChannels: false)
        made.allowAllCommands(!adds)
        var rules = Array((adds ? "-@all" : "+@all").utf8)
        func add(_ isAllowed: Bool, _ what: String, _ argument: [UInt8]? = nil) {
            rules += "\(isAllowed ? " +" : " -")\(what)".utf8
            if let argument { rules += [UInt8(ascii: "|")] + argument }
        }
        // What is not yet covered by a category.
        var left = self
        var open = CommandCategories.all
        while let category = left.bestCategory(adds: adds, among: open, table) {
            add(adds, "@\(category.name)")
            made.set(category, adds, table)
            left.set(category, !adds, table)
            open.remove(category)
        }
        for index in 0..<table.topLevelCount {
            describe(index, &made, table, add)
            for sub in table.subcommands(of: index) { describe(sub, &made, table, add) }
        }
        return rules
    }

    /// Adds what is to be said of one command besides what `made` has already.
    private func describe(
        _ index: Int, _ made: inout ACLSelector, _ table: borrowing CommandTable,
        _ add: (Bool, String, [UInt8]?) -> Void
    ) {
        if commands[index] != made.commands[index] {
            add(commands[index], table.rows[index].name, nil)
            made.set(index, commands[index], table)
        }
        guard !commands[index], !firstArguments.isEmpty else { return }
        for argument in firstArguments[index] ?? [] { add(true, table.rows[index].name, argument) }
    }

    /// The category that changes most of what is left and least of what is right; nil if every
    /// one does more harm than good.
    private func bestCategory(
        adds: Bool, among open: CommandCategories, _ table: borrowing CommandTable
    ) -> CommandCategories? {
        var right = [Int](repeating: 0, count: Command.allCategories.count)
        var wrong = right
        for index in commands.indices {
            var bits = table.categories[index].intersection(open).rawValue
            let isRight = commands[index] == adds
            while bits != 0 {
                let category = bits.trailingZeroBitCount
                bits &= bits - 1
                if isRight { right[category] += 1 } else { wrong[category] += 1 }
            }
        }
        var best: Int?
        for category in right.indices where right[category] > wrong[category] {
            if let best, (wrong[category], -right[category]) >= (wrong[best], -right[best]) {
                continue
            }
            best = category
        }
        return best.map { CommandCategories(rawValue: 1 << UInt32($0)) }
    }
}
