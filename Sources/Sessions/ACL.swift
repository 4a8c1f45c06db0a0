import Digests
import Memory
import RESP

/// A denied request, or several like it.
package struct ACLLogEntry: Equatable, Sendable {
    package var count = 1
    package var reason: String
    package var context: String
    package var object: [UInt8]
    package var user: [UInt8]
    /// Microseconds since 1970, of the last of them.
    package var time: Int64
    package var client: [UInt8]
}

/// The users of a server and what was denied to them. Users are as many as the operator makes;
/// entries of the log are at most `acllog-max-len`.
package struct ACL: Equatable, Sendable {
    /// By name. Names are bytes: two that look alike, or that are no text, are two users.
    package private(set) var users: [[UInt8]: ACLUser]
    package var log: [ACLLogEntry] = []
    private let commandCount: Int

    package init(commandCount: Int) {
        self.commandCount = commandCount
        users = [ACLUser.standardName: .standard(commandCount: commandCount)]
    }

    /// The user that connections have before they say who they are.
    package var standard: ACLUser {
        get { users[ACLUser.standardName] ?? .standard(commandCount: commandCount) }
        set { users[ACLUser.standardName] = newValue }
    }

    /// Users in the order of their names.
    package var sorted: [ACLUser] {
        users.values.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    package subscript(name: [UInt8]) -> ACLUser? {
        get { users[name] }
        set { users[name] = newValue }
    }

    /// What `rules` make of the user `name`, who may be new. Nothing changes when one is wrong.
    package func changed(
        _ name: [UInt8], _ rules: [[UInt8]], table: borrowing CommandTable, channelsByDefault: Bool
    ) throws(ACLChangeError) -> ACLUser {
        var user = users[name] ?? new(name, channelsByDefault: channelsByDefault)
        for rule in rules {
            do throws(ACLRuleError) {
                try user.apply(rule, table: table, channelsByDefault: channelsByDefault)
            } catch {
                throw ACLChangeError(rule: rule, reason: error)
            }
        }
        return user
    }

    /// A user who may do nothing yet.
    package func new(_ name: [UInt8], channelsByDefault: Bool) -> ACLUser {
        ACLUser(name: name, commandCount: commandCount, allowsAllChannels: channelsByDefault)
    }

    /// Adds an entry, or counts it with one of the last ten that is like it and not older than a
    /// minute.
    mutating func note(_ entry: ACLLogEntry, most: Int) {
        var entry = entry
        let like = log.prefix(10).firstIndex {
            $0.reason == entry.reason && $0.context == entry.context && $0.object == entry.object
                && $0.user == entry.user && abs(entry.time - $0.time) <= 60_000_000
        }
        if let like { entry.count += log.remove(at: like).count }
        log.insert(entry, at: 0)
        if like == nil, log.count > most { log.removeLast(log.count - most) }
    }
}

/// A rule that cannot be applied.
package struct ACLChangeError: Error, Equatable {
    package let rule: [UInt8]
    package let reason: ACLRuleError
}

extension Frontend {
    /// Whether a connection needs no password.
    package var isOpen: Bool { acl.standard.needsNoPassword && acl.standard.isEnabled }

    /// Puts changed settings into effect. When the password goes away everybody is let in, as in
    /// Redis.
    mutating func settingsChanged(from old: FrontendSettings) {
        slowlog.trim(to: settings.slowlogMaxLength)
        guard old.requirePass != settings.requirePass else { return }
        var user = acl.standard
        let digest = settings.requirePass.withView { SHA256.hex($0) }
        user.passwords = settings.requirePass.isEmpty ? [] : [digest]
        user.needsNoPassword = settings.requirePass.isEmpty
        put(user)
    }

    /// Lets the session in as `user`, or throws WRONGPASS.
    mutating func authenticate(
        _ call: Call, user: ByteView, password: ByteView
    ) throws(ReplyError) {
        let session = call.session
        guard let found = acl[user.bytes], found.accepts(password) else {
            noteDenial(call, "auth", object: call[0].bytes, user: user.bytes)
            throw ReplyError("WRONGPASS invalid username-password pair or user is disabled.")
        }
        session.value.flags.insert(.authenticated)
        session.value.flags.remove(.letIn)
        session.value.user = found.name
        restrict(session)
    }

    /// Makes a session one of the default user's.
    mutating func makeStandard(_ session: Slot<Session>) {
        session.value.user = ACLUser.standardName
        session.value.flags.subtract([.authenticated, .letIn])
        if isOpen { session.value.flags.insert(.authenticated) }
        restrict(session)
    }

    /// Marks the session if its user may not do everything, so that its requests are looked at.
    mutating func restrict(_ session: Slot<Session>) {
        // What we asked for ourselves is nobody's request.
        if case .link = session.value.role { return }
        let user = acl[session.value.user]
        if user?.isUnrestricted ?? false {
            session.value.flags.remove(.restricted)
        } else {
            session.value.flags.insert(.restricted)
        }
    }

    /// Puts a user's new rules into effect for the sessions that are there.
    package mutating func put(_ user: ACLUser) {
        let old = acl[user.name]
        acl[user.name] = user
        for slot in sessions.values where slot.value.user == user.name {
            if user.name == ACLUser.standardName { openOrClose(slot) }
            restrict(slot)
            if old != nil, loses(slot, user) { close(slot) }
        }
    }

    /// Lets a session of the default user in while nobody needs a password, and no longer.
    private func openOrClose(_ slot: Slot<Session>) {
        if isOpen, !slot.value.flags.contains(.authenticated) {
            slot.value.flags.formUnion([.authenticated, .letIn])
        } else if !isOpen, slot.value.flags.contains(.letIn) {
            slot.value.flags.subtract([.authenticated, .letIn])
        }
    }

    /// Takes over a whole set of users. Sessions of those that are gone are closed.
    package mutating func replaceUsers(_ new: ACL) {
        let names = acl.users.keys
        acl = new
        for name in names {
            if let user = new[name] {
                put(user)
            } else {
                for slot in sessions.values where slot.value.user == name { expel(slot) }
            }
        }
    }

    /// Closes a session whose user is gone, after the reply if it asked for that itself.
    private mutating func expel(_ slot: Slot<Session>, afterReply: Bool = false) {
        makeStandard(slot)
        slot.value.flags.remove(.authenticated)
        close(slot, afterReply: afterReply)
    }

    /// Whether the session listens to what its user may not listen to any more.
    private func loses(_ slot: Slot<Session>, _ user: ACLUser) -> Bool {
        guard slot.value.flags.contains(.subscribed), !user.root.allowsAllChannels else {
            return false
        }
        func isDenied(_ names: Set<[UInt8]>, isPattern: Bool) -> Bool {
            names.contains { name in
                !name.withView { user.allows(channel: $0, isPattern: isPattern) }
            }
        }
        return isDenied(slot.value.channels, isPattern: false)
            || isDenied(slot.value.patterns, isPattern: true)
            || isDenied(slot.value.shardChannels, isPattern: false)
    }

    /// Removes a user and closes the sessions of it; false if there is none.
    mutating func removeUser(_ name: [UInt8], _ call: Call) -> Bool {
        guard name != ACLUser.standardName, acl[name] != nil else { return false }
        acl[name] = nil
        for slot in sessions.values where slot.value.user == name {
            expel(slot, afterReply: slot == call.session)
        }
        return true
    }

    /// Why the session may not make this request, as an error reply; nil if it may. Writes the log.
    package mutating func denial(_ call: Call) -> ErrorText? {
        guard let denial = deny(call) else { return nil }
        switch denial {
        case .command:
            let name = table.rows[call.command].name
            return "NOPERM this user has no permissions to run the '\(name)' command"
        case .key:
            return "NOPERM this user has no permissions to access one of the keys used as "
                + "arguments"
        case .channel:
            return "NOPERM this user has no permissions to access one of the channels used as "
                + "arguments"
        }
    }

    /// The same for a request that EXEC is about to run.
    package mutating func denialInExec(_ call: Call) -> ErrorText? {
        guard let denial = deny(call) else { return nil }
        let reason =
            switch denial {
            case .command: "no permission to execute the command or subcommand"
            case .key: "no permission to touch the specified keys"
            case .channel:
                "no permission to access one of the channels used as arguments to the command"
            }
        return "NOPERM ACLs rules changed between the moment the transaction was accumulated and "
            + "the EXEC call. This command is no longer allowed for the following reason: "
            + "\(reason)"
    }

    private mutating func deny(_ call: Call) -> ACLDenial? {
        guard let user = acl[call.session.value.user] else { return nil }
        guard let denial = user.denial(call.command, call, table: table) else { return nil }
        switch denial {
        case .command:
            let name = Array(table.rows[call.command].name.utf8)
            noteDenial(call, "command", object: name, user: user.name)
        case .key(let index):
            noteDenial(call, "key", object: call[index].bytes, user: user.name)
        case .channel(let index):
            noteDenial(call, "channel", object: call[index].bytes, user: user.name)
        }
        return denial
    }

    private mutating func noteDenial(
        _ call: Call, _ reason: String, object: [UInt8], user: [UInt8]
    ) {
        let isMulti = !call.session.value.flags.isDisjoint(with: [.inTransaction, .executing])
        let entry = ACLLogEntry(
            reason: reason, context: isMulti ? "multi" : "toplevel", object: object, user: user,
            time: time.wall, client: description(of: call.session, caller: call))
        acl.note(entry, most: settings.aclLogLength)
    }
}
