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

    /// `user name rules`, from which the user can be made again.
    package func line(_ table: borrowing CommandTable) -> [UInt8] {
        let words = ["user", name] + flagNames + passwords.map { "#\($0)" }
        var line = Array(words.joined(separator: " ").utf8)
        for part in [keyRules, allowsAllChannels ? [] : Array("resetchannels".utf8), channelRules]
        where !part.isEmpty {
            line += [UInt8(ascii: " ")] + part
        }
        return line + Array(" \(commandRules(table))".utf8)
    }

    /// The shortest way found to say which commands are allowed: all or none of them, then the
    /// categories that fit best one after the other, then what is still different.
    package func commandRules(_ table: borrowing CommandTable) -> String {
        let adds = !allowsAllCommands
        var made = ACLUser(name: "", commandCount: commands.count, allowsAllChannels: false)
        made.allowAllCommands(!adds)
        var rules = [adds ? "-@all" : "+@all"]
        // What is not yet covered by a category.
        var left = self
        var applied: Set<String> = []
        while let category = left.bestCategory(adds: adds, without: applied, table) {
            rules.append((adds ? "+@" : "-@") + category)
            made.set(category, adds, table)
            left.set(category, !adds, table)
            applied.insert(category)
        }
        for index in table.rows.indices where table[index].parent < 0 {
            for part in [index] + table.subcommands(of: index) {
                if commands[part] != made.commands[part] {
                    rules.append((commands[part] ? "+" : "-") + table.rows[part].name)
                    made.set(part, commands[part], table)
                }
                guard !commands[part] else { continue }
                for argument in firstArguments[part] ?? [] {
                    rules.append("+\(table.rows[part].name)|\(argument)")
                }
            }
        }
        return rules.joined(separator: " ")
    }

    /// The category that changes most of what is left and least of what is right; nil if every
    /// one does more harm than good.
    private func bestCategory(
        adds: Bool, without applied: Set<String>, _ table: borrowing CommandTable
    ) -> String? {
        var best: (name: String, wrong: Int, right: Int)?
        for category in Command.allCategories where !applied.contains(category) {
            var (allowed, forbidden) = (0, 0)
            for index in table.rows.indices where table.categories[index].contains(category) {
                if commands[index] { allowed += 1 } else { forbidden += 1 }
            }
            let (wrong, right) = adds ? (forbidden, allowed) : (allowed, forbidden)
            guard right > wrong else { continue }
            if let best, (wrong, -right) >= (best.wrong, -best.right) { continue }
            best = (category, wrong, right)
        }
        return best?.name
    }
}
