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
        var seen: Set<String> = []
        for line in lines {
            let name = line.words[1]
            func failed(_ what: String, _ reason: String) -> ConfigurationError {
                ConfigurationError(
                    line, reason: "Error in user declaration '\(what)': \(reason)")
            }
            guard seen.insert(name).inserted else {
                throw failed(
                    name,
                    "Duplicate user found. A user can only be defined once in config files")
            }
            guard !hasBlanks(Array(name.utf8)[...]) else {
                throw failed(name, "Spaces not allowed in ACL usernames")
            }
            // The default user is there already and begins anew.
            let rules = (name == "default" ? ["reset"] : []) + line.words.dropFirst(2)
            do throws(ACLChangeError) {
                let user = try acl.changed(
                    name, rules.map { Array($0.utf8) }, table: table,
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
        var seen: Set<String> = []
        var errors = ""
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let place = "\(path):\(index + 1)"
            let words = line.split { $0 == 32 || $0 == 9 || $0 == 13 }.map {
                String(decoding: $0, as: UTF8.self)
            }
            guard let first = words.first else { continue }
            guard first == "user", words.count > 1 else {
                errors += "\(place) should start with user keyword followed by the username. "
                continue
            }
            guard seen.insert(words[1]).inserted else {
                errors += "WARNING: Duplicate user '\(words[1])' found on line \(index + 1). "
                continue
            }
            acl[words[1]] = nil
            do throws(ACLChangeError) {
                let rules = words.dropFirst(2).map { Array($0.utf8) }
                acl[words[1]] = try acl.changed(
                    words[1], rules, table: frontend.table,
                    channelsByDefault: frontend.settings.channelsByDefault)
            } catch {
                errors +=
                    error.reason == .unknown
                    ? "\(place): Error in applying operation '\(error.rule)': "
                        + "\(error.reason.text). "
                    : "\(place): \(error.reason.text). "
            }
        }
        if errors.isEmpty { return (acl, "") }
        return (
            nil,
            errors + "WARNING: ACL errors detected, no change to the previously active ACL rules "
                + "was performed"
        )
    }
}
