import Memory

/// One slow command.
package struct SlowlogEntry: Equatable, Sendable {
    package var id: Int
    /// Seconds since 1970.
    package var time: Int64
    package var microseconds: Int64
    package var arguments: [[UInt8]]
    package var peer: String
    package var name: [UInt8]
}

/// The newest slow commands, newest first, at most `slowlog-max-len`.
package struct Slowlog: Equatable, Sendable {
    package private(set) var entries: [SlowlogEntry] = []
    private var nextID = 0

    /// Arguments kept of one command, and bytes kept of one argument.
    package static let maxArguments = 32
    package static let maxArgumentBytes = 128

    package init() {}

    /// Adds an entry, trimming its arguments to the bounds above as Redis does. `command` is what
    /// was run, which tells the secrets among them.
    package mutating func add(
        _ call: Call, _ command: CommandIdentity, microseconds: Int64, wallSeconds: Int64,
        maxLength: Int
    ) {
        var arguments: [[UInt8]] = []
        let kept = min(call.count, Slowlog.maxArguments)
        let secret = Secrets.positions(call, of: command)
        for index in 0..<kept {
            if secret.contains(index) {
                arguments.append(Array(Secrets.shown.utf8))
            } else if kept != call.count, index == kept - 1 {
                arguments.append(Array("... (\(call.count - kept + 1) more arguments)".utf8))
            } else if call[index].count > Slowlog.maxArgumentBytes {
                let rest = call[index].count - Slowlog.maxArgumentBytes
                arguments.append(
                    call[index][0..<Slowlog.maxArgumentBytes].bytes
                        + Array("... (\(rest) more bytes)".utf8))
            } else {
                arguments.append(call[index].bytes)
            }
        }
        entries.insert(
            SlowlogEntry(
                id: nextID, time: wallSeconds, microseconds: microseconds, arguments: arguments,
                peer: call.session.value.peer, name: call.session.value.name), at: 0)
        nextID += 1
        trim(to: maxLength)
    }

    package mutating func trim(to length: Int) {
        if entries.count > length { entries.removeLast(entries.count - max(length, 0)) }
    }

    package mutating func removeAll() { entries = [] }
}
