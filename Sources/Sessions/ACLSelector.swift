import Digests
import Memory

/// A pattern of keys, and what may be done with those that match.
package struct KeyPattern: Equatable, Sendable {
    package var pattern: [UInt8]
    package var reads: Bool
    package var writes: Bool
}

/// Commands, keys and channels that are allowed together. A user has one, and may have more: a
/// request must be allowed by one of them as a whole. Commands are named by their indices in the
/// command table.
package struct ACLSelector: Equatable, Sendable {
    package var commands: [Bool]
    /// Whether commands of the future are allowed too: the rules began with `+@all`.
    package var allowsAllCommands = false
    /// First arguments that a command is allowed with although it is not by itself.
    package var firstArguments: [Int: [[UInt8]]] = [:]
    package var allowsAllKeys = false
    package var keys: [KeyPattern] = []
    package var allowsAllChannels: Bool
    package var channels: [[UInt8]] = []

    /// Nothing is allowed yet, or all channels.
    package init(commandCount: Int, allowsAllChannels: Bool) {
        commands = Array(repeating: false, count: commandCount)
        self.allowsAllChannels = allowsAllChannels
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
}

/// Why a request is denied.
package enum ACLDenial: Equatable, Sendable {
    case command
    /// The key, or channel, that is this argument.
    case key(Int)
    case channel(Int)

    /// How much of the request was allowed.
    var closeness: (Int, Int) {
        switch self {
        case .command: (0, 0)
        case .key(let index): (1, index)
        case .channel(let index): (2, index)
        }
    }
}

extension ACLSelector {
    /// Why it does not allow the command `index` with the arguments of `call` from `start` on;
    /// nil if it does.
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

    /// Whether the channel may be used. A pattern must be allowed literally.
    func allows(channel: ByteView, isPattern: Bool) -> Bool {
        allowsAllChannels
            || channels.contains { allowed in
                allowed.withView {
                    isPattern ? $0 == channel : Glob.matches(pattern: $0, text: channel)
                }
            }
    }
}
