import Configuration
import Memory
import Sessions

/// Users in configuration files and in files of their own (`aclfile`).
package enum UserFile {
    /// The users that lines `user name rule…` of a configuration make. They are made when all of it
    /// is read, because a directive behind them says which channels a new user may use.
    static func users(
        _ lines: [ConfigurationLine], channelsByDefault: Bool
    ) throws(ConfigurationError) -> [ACLUser] {
        guard !lines.isEmpty else { return [] }
        let table = CommandTable(CommandRows.dataServer)
        let acl = ACL(commandCount: table.rows.count)
        var users: [ACLUser] = []
        var seen: Set<[UInt8]> = []
        for line in lines {
            let name = line.bytes[1]
            func failed(_ what: [UInt8], _ reason: String) -> ConfigurationError {
                let what = String(decoding: what, as: UTF8.self)
                return ConfigurationError(
                    line, reason: "Error in user declaration '\(what)': \(reason)")
            }
            guard seen.insert(name).inserted else {
                throw failed(
                    name,
                    "Duplicate user found. A user can only be defined once in config files")
            }
            guard !hasBlanks(name[...]) else {
                throw failed(name, "Spaces not allowed in ACL usernames")
            }
            // The default user is there already and begins anew.
            let reset = name == ACLUser.standardName ? [Array("reset".utf8)] : []
            var unmatched = 0
            let words = Array(line.bytes.dropFirst(2))
            guard let rules = ACLUser.merged(words, unmatched: &unmatched) else {
                // Redis counts the words from the name here.
                throw failed(line.bytes[unmatched], ACLRuleError.unmatched.text)
            }
            do throws(ACLChangeError) {
                let user = try acl.changed(
                    name, reset + rules, table: table,
                    channelsByDefault: channelsByDefault)
                users.append(user)
            } catch {
                throw failed(error.rule, error.reason.text)
            }
        }
        return users
    }

    /// Reads a whole file of users; the text says all that is wrong with it, nil if nothing is.
    package static func read(
        _ bytes: [UInt8], path: String, _ frontend: borrowing Frontend
    ) -> (acl: ACL?, errors: String) {
        var acl = ACL(commandCount: frontend.table.rows.count)
        acl.log = frontend.acl.log
        var seen: Set<[UInt8]> = []
        var errors = ""
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let place = "\(path):\(index + 1)"
            let line = Lexer.trimmed(line)
            if line.isEmpty { continue }
            let words = line.split(
                separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard line.starts(with: "user ".utf8), words.count > 1 else {
                errors += "\(place) should start with user keyword followed by the username. "
                continue
            }
            let name = Array(words[1])
            let shown = String(decoding: name, as: UTF8.self)
            guard !hasBlanks(name[...]) else {
                errors += "'\(place): username '\(shown)' contains invalid characters. "
                continue
            }
            guard seen.insert(name).inserted else {
                errors += "WARNING: Duplicate user '\(shown)' found on line \(index + 1). "
                continue
            }
            var unmatched = 0
            let rules = words[2...].map { Lexer.trimmed($0) }
            guard let rules = ACLUser.merged(rules, unmatched: &unmatched) else {
                errors += "\(place): Unmatched parenthesis in selector definition."
                continue
            }
            var user = acl.new(name, channelsByDefault: frontend.settings.channelsByDefault)
            errors += apply(rules, to: &user, frontend, place: place)
            acl[name] = user
        }
        if errors.isEmpty { return (acl, "") }
        return (
            nil,
            errors + "WARNING: ACL errors detected, no change to the previously active ACL rules "
                + "was performed"
        )
    }

    /// Applies the rules of a line; what is wrong with them: all commands that are none, and the
    /// first of other mistakes, which may only follow from it.
    private static func apply(
        _ rules: [[UInt8]], to user: inout ACLUser, _ frontend: borrowing Frontend,
        place: String
    ) -> String {
        var errors = ""
        var hasOther = false
        for rule in rules {
            do throws(ACLRuleError) {
                try user.apply(
                    rule, table: frontend.table,
                    channelsByDefault: frontend.settings.channelsByDefault)
            } catch {
                if error == .unknown {
                    let shown = String(decoding: rule, as: UTF8.self)
                    errors += "\(place): Error in applying operation '\(shown)': "
                } else if hasOther {
                    continue
                } else {
                    hasOther = true
                    errors += "\(place): "
                }
                errors += "\(error.text). "
            }
        }
        return errors
    }
}
