import Configuration
import Memory
import Sessions

/// A user as a line of a file has it: `user name rule…`.
package struct UserLine: Equatable, Sendable {
    package var name: String
    package var rules: [String]
    package init(name: String, rules: [String]) {
        self.name = name
        self.rules = rules
    }
}

/// Users in configuration files and in files of their own (`aclfile`).
package enum UserFile {
    /// Reads what follows `user` in a configuration file.
    static func line(
        _ arguments: [String], after earlier: [UserLine]
    ) throws(DirectiveError) -> UserLine {
        guard let name = arguments.first else { throw DirectiveError("wrong number of arguments") }
        let line = UserLine(name: name, rules: Array(arguments.dropFirst()))
        if earlier.contains(where: { $0.name == name }) {
            throw DirectiveError(
                "Error in user declaration '\(name)': Duplicate user found. A user can only be "
                    + "defined once in config files")
        }
        let frontend = Frontend(
            heap: Heap(), commands: CommandRows.dataServer, seed: 0, isSentinel: false,
            clock: { 0 })
        do throws(ACLChangeError) {
            _ = try acl([line], frontend)
        } catch {
            throw DirectiveError(
                "Error in user declaration '\(error.rule)': \(error.reason.text)")
        }
        return line
    }

    /// The users of `lines` in addition to those of `frontend`; each begins anew.
    package static func acl(
        _ lines: [UserLine], _ frontend: borrowing Frontend
    ) throws(ACLChangeError) -> ACL {
        var acl = frontend.acl
        for line in lines {
            acl[line.name] = nil
            let rules = line.name == "default" ? ["resetchannels"] : []
            let user = try acl.changed(
                line.name, (rules + line.rules).map { Array($0.utf8) }, table: frontend.table,
                channelsByDefault: frontend.settings.channelsByDefault)
            acl[line.name] = user
        }
        return acl
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
