import Digests
import Memory

/// A pattern of keys, and what may be done with those that match.
package struct KeyPattern: Equatable, Sendable {
    package var pattern: [UInt8]
    package var reads: Bool
    package var writes: Bool
}

/// What a user may do. Commands are named by their indices in the command table.
package struct ACLUser: Equatable, Sendable {
    package var name: [UInt8]
    package var isEnabled = false
    /// Any password will do.
    package var needsNoPassword = false
    /// SHA-256 of the passwords in hexadecimal.
    package var passwords: [String] = []
    /// `sanitize-payload` or `skip-sanitize-payload`, if it was said; payloads are always checked.
    package var payload: String?
    package var commands: [Bool]
    /// Whether commands of the future are allowed too: the rules began with `+@all`.
    package var allowsAllCommands = false
    /// First arguments that a command is allowed with although it is not by itself.
    package var firstArguments: [Int: [[UInt8]]] = [:]
    package var allowsAllKeys = false
    package var keys: [KeyPattern] = []
    package var allowsAllChannels: Bool
    package var channels: [[UInt8]] = []

    /// A user who may do nothing yet.
    package init(name: [UInt8], commandCount: Int, allowsAllChannels: Bool) {
        self.name = name
        commands = Array(repeating: false, count: commandCount)
        self.allowsAllChannels = allowsAllChannels
    }

    /// The name of the user that every connection has at first.
    package static let standardName = Array("default".utf8)

    /// The user that every connection has at first, and who may do everything.
    package static func standard(commandCount: Int) -> ACLUser {
        var user = ACLUser(
            name: standardName, commandCount: commandCount, allowsAllChannels: true)
        user.isEnabled = true
        user.needsNoPassword = true
        user.allowsAllKeys = true
        user.allowAllCommands(true)
        return user
    }

    /// Whether nothing is forbidden, so that no request has to be looked at.
    package var isUnrestricted: Bool {
        allowsAllKeys && allowsAllChannels && allowsAllCommands && !commands.contains(false)
    }

    mutating func allowAllCommands(_ isAllowed: Bool) {
        for index in commands.indices { commands[index] = isAllowed }
        allowsAllCommands = isAllowed
        firstArguments = [:]
    }

    /// Whether the password lets the user in.
    func accepts(_ password: ByteView) -> Bool {
        guard isEnabled else { return false }
        if needsNoPassword { return true }
        // Digests are compared, so that the time tells nothing about the password.
        let digest = SHA256.hex(password)
        return passwords.contains { Array($0.utf8) == Array(digest.utf8) }
    }
}

/// Why a request is denied.
package enum ACLDenial: Equatable, Sendable {
    case command
    /// The key, or channel, that is this argument.
    case key(Int)
    case channel(Int)
}

extension ACLUser {
    /// Why the user may not run the command `index` with the arguments of `call` from `start` on;
    /// nil if nothing is against it.
    package func denial(
        _ index: Int, _ call: Call, from start: Int = 0, table: borrowing CommandTable
    ) -> ACLDenial? {
        let entry = table[index]
        if !commands[index], !entry.flags.contains(.noAuth),
            !isFirstArgumentAllowed(index, call, start, isSubcommand: entry.parent >= 0)
        {
            return .command
        }
        if !allowsAllKeys, let found = deniedKey(index, call, start, table) {
            return .key(found)
        }
        if !allowsAllChannels, let found = deniedChannel(entry.identity, call, start) {
            return .channel(found)
        }
        return nil
    }

    private func isFirstArgumentAllowed(
        _ index: Int, _ call: Call, _ start: Int, isSubcommand: Bool
    ) -> Bool {
        let position = start + (isSubcommand ? 2 : 1)
        guard let allowed = firstArguments[index], position < call.count else { return false }
        return allowed.contains { $0.withView { call[position].equalsIgnoringCase($0) } }
    }

    private func deniedKey(
        _ index: Int, _ call: Call, _ start: Int, _ table: borrowing CommandTable
    ) -> Int? {
        let command = table[index].identity
        // Arguments that cannot be right are left to the command to refuse.
        for spec in table.keySpecs[index] where !spec.use.isNoKey {
            if spec.positions(call, from: start) == nil { return nil }
        }
        for spec in table.keySpecs[index] where !spec.use.isNoKey {
            guard let positions = spec.positions(call, from: start) else { return nil }
            let use = spec.use.isVariable ? command.keyUse(call, from: start) : spec.use
            for position in positions where !allows(key: call[start + position], use) {
                return start + position
            }
        }
        return nil
    }

    private func allows(key: ByteView, _ use: KeyUse) -> Bool {
        keys.contains { pattern in
            (pattern.reads || !use.reads) && (pattern.writes || !use.writes)
                && pattern.pattern.withView { Glob.matches(pattern: $0, text: key) }
        }
    }

    private func deniedChannel(
        _ command: CommandIdentity, _ call: Call, _ start: Int
    ) -> Int? {
        var last = call.count - 1
        switch command {
        case .subscribe, .subscribeShard, .subscribePattern: break
        case .publish, .publishShard: last = start + 1
        default: return nil
        }
        guard start + 1 <= last, last < call.count else { return nil }
        for index in start + 1...last
        where !allows(channel: call[index], isPattern: command == .subscribePattern) {
            return index
        }
        return nil
    }

    /// Whether the user may use the channel. A pattern must be allowed literally.
    func allows(channel: ByteView, isPattern: Bool) -> Bool {
        allowsAllChannels
            || channels.contains { allowed in
                allowed.withView {
                    isPattern ? $0 == channel : Glob.matches(pattern: $0, text: channel)
                }
            }
    }
}
