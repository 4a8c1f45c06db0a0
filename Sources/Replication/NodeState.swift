import Digests
import Memory

/// What a server watched by tandem-sentinels must remember over a crash, in a small file of its
/// own that is replaced and fsynced at every change, also when the data are not saved at all.
///
/// The file is text, one `name value` on a line, the first naming the version and the last the
/// CRC-64 of everything before it. Unknown names are an error: they were written by a newer
/// version whose promises this one could break.
package struct NodeState: Equatable, Sendable {
    package enum Role: String, Equatable, Sendable { case primary, replica }

    /// How the process ended, as far as the file knows.
    package enum Stop: Equatable, Sendable {
        /// The process is running, or died without a word.
        case unclean
        /// It stopped in order, and the data on disk are complete up to here.
        case clean(StreamPosition)
    }

    /// A tandem-sentinel that watches this node.
    package struct Watcher: Hashable, Sendable {
        /// Its ID: 40 hexadecimal digits.
        package let id: String
        package let host: String
        package let port: Int

        /// Nil for what could not be written and read back.
        package init?(id: String, host: String, port: Int) {
            guard ReplicationID(id) != nil, (0...65535).contains(port),
                (1...255).contains(host.utf8.count),
                host.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
            else { return nil }
            self.id = id.lowercased()
            self.host = host
            self.port = port
        }
    }

    /// Names this node for good, whatever its address: 40 hexadecimal digits.
    package var nodeID: String
    package var role: Role
    package var stop: Stop
    /// The newest epoch this node has been told.
    package var epoch: Int
    /// The histories that the node's data went through, the newest last; at most `historyLimit`,
    /// the oldest are forgotten. A history is named here before a file is that belongs to it, so
    /// whoever knows the one in which the node's data end can tell which others came before.
    package private(set) var histories: [ReplicationID] = []
    /// At most `watcherLimit`, one for each ID.
    package private(set) var watchers: [Watcher] = []

    /// Sentinels remembered.
    package static let watcherLimit = 64
    /// Histories remembered.
    package static let historyLimit = 64
    /// An epoch beyond this is not believed: it would leave no room for later ones, and nobody
    /// could let this server serve again.
    package static let epochLimit = Int.max - (1 << 32)
    /// Bytes a file may have.
    package static let fileLimit = 64 * 1024

    package init(nodeID: String, role: Role, stop: Stop = .unclean, epoch: Int = 0) {
        self.nodeID = nodeID
        self.role = role
        self.stop = stop
        self.epoch = epoch
    }

    /// Remembers a sentinel, or its new address. Returns whether anything changed; false also
    /// when there are too many.
    package mutating func watch(_ watcher: Watcher) -> Bool {
        if let index = watchers.firstIndex(where: { $0.id == watcher.id }) {
            guard watchers[index] != watcher else { return false }
            watchers[index] = watcher
            return true
        }
        guard watchers.count < NodeState.watcherLimit else { return false }
        watchers.append(watcher)
        return true
    }

    /// Forgets a sentinel. Returns whether it was known.
    package mutating func unwatch(id: String) -> Bool {
        guard let index = watchers.firstIndex(where: { $0.id == id.lowercased() }) else {
            return false
        }
        watchers.remove(at: index)
        return true
    }

    /// The data go on in `history`. Returns whether that is news.
    package mutating func enter(_ history: ReplicationID) -> Bool {
        guard histories.last != history else { return false }
        histories.removeAll { $0 == history }
        if histories.count == NodeState.historyLimit { histories.removeFirst() }
        histories.append(history)
        return true
    }

    /// The node starts with data of `history`. If that is none of those it knows, the data are
    /// not its own, and nothing is known of what came before or after.
    package mutating func resume(_ history: ReplicationID) {
        if !histories.contains(history) { histories = [history] }
    }

    /// The contents of the file.
    package var file: [UInt8] {
        var text = "tandem-node-state 1\nnode \(nodeID)\nrole \(role.rawValue)\n"
        switch stop {
        case .unclean: text += "stop unclean\n"
        case .clean(let position): text += "stop clean \(position.id) \(position.offset)\n"
        }
        text += "epoch \(epoch)\n"
        for history in histories { text += "history \(history)\n" }
        for watcher in watchers {
            text += "sentinel \(watcher.id) \(watcher.host) \(watcher.port)\n"
        }
        let body = Array(text.utf8)
        return body + Array("checksum \(NodeState.checksum(body))\n".utf8)
    }

    fileprivate static func checksum(_ body: [UInt8]) -> String {
        let digits = String(body.withView { CRC64.update(crc: 0, $0) }, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

/// Why a node-state file cannot be used.
package struct NodeStateError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        case tooLong
        case noVersion
        case unsupportedVersion(String)
        /// The last line is missing or cut off.
        case truncated
        case wrongChecksum
        case notText
        case unknownName(String)
        case badValue(String)
        case repeated(String)
        case missing(String)
    }

    /// Line of the file, counted from 1; 0 when it is the file as a whole.
    package let line: Int
    package let reason: Reason

    package init(line: Int, _ reason: Reason) {
        self.line = line
        self.reason = reason
    }

    package var description: String {
        let text =
            switch reason {
            case .tooLong: "the file is longer than \(NodeState.fileLimit) bytes"
            case .noVersion: "it does not start with 'tandem-node-state'"
            case .unsupportedVersion(let version): "version '\(version)' is not supported"
            case .truncated: "the file is cut off"
            case .wrongChecksum: "the checksum does not match"
            case .notText: "the file is not text"
            case .unknownName(let name): "unknown name '\(name)'"
            case .badValue(let name): "bad value of '\(name)'"
            case .repeated(let name): "'\(name)' stands twice"
            case .missing(let name): "'\(name)' is missing"
            }
        return line == 0 ? "node-state: \(text)" : "node-state, line \(line): \(text)"
    }
}

extension NodeState {
    /// Reads a file back.
    package init(file: [UInt8]) throws(NodeStateError) {
        guard file.count <= NodeState.fileLimit else { throw NodeStateError(line: 0, .tooLong) }
        guard let text = String(validating: file, as: UTF8.self) else {
            throw NodeStateError(line: 0, .notText)
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let first = lines[0].split(separator: " ", omittingEmptySubsequences: false)
        guard first.count == 2, first[0] == "tandem-node-state" else {
            throw NodeStateError(line: 1, .noVersion)
        }
        guard first[1] == "1" else {
            throw NodeStateError(line: 1, .unsupportedVersion(String(first[1])))
        }
        guard lines.count >= 3, lines.last == "" else { throw NodeStateError(line: 0, .truncated) }
        let last = lines[lines.count - 2]
        guard last.hasPrefix("checksum ") else { throw NodeStateError(line: 0, .truncated) }
        let body = Array(file.dropLast(last.utf8.count + 1))
        guard last.dropFirst("checksum ".count) == NodeState.checksum(body) else {
            throw NodeStateError(line: lines.count - 1, .wrongChecksum)
        }
        var fields = Fields()
        for (index, line) in lines.dropLast(2).enumerated().dropFirst() {
            do throws(FieldError) {
                try fields.read(line)
            } catch {
                throw NodeStateError(line: index + 1, error.reason)
            }
        }
        self = try fields.state()
    }

    private struct FieldError: Error { let reason: NodeStateError.Reason }

    private struct Fields {
        var nodeID: String?
        var role: Role?
        var stop: Stop?
        var epoch: Int?
        var histories: [ReplicationID] = []
        var watchers: [Watcher] = []

        mutating func read(_ line: String) throws(FieldError) {
            let words = line.split(separator: " ", omittingEmptySubsequences: false).map(
                String.init)
            let name = words[0]
            func set<Value>(
                _ field: inout Value?, _ value: Value?, words count: Int
            ) throws(FieldError) {
                guard field == nil else { throw FieldError(reason: .repeated(name)) }
                guard words.count == count, let value else {
                    throw FieldError(reason: .badValue(name))
                }
                field = value
            }
            let value = words.count > 1 ? words[1] : ""
            switch name {
            case "node": try set(&nodeID, ReplicationID(value)?.text, words: 2)
            case "role": try set(&role, Role(rawValue: value), words: 2)
            case "epoch": try set(&epoch, Fields.epoch(value), words: 2)
            case "stop":
                if value == "unclean" {
                    try set(&stop, .unclean, words: 2)
                } else {
                    try set(&stop, Fields.cleanStop(words), words: 4)
                }
            case "history":
                var history: ReplicationID?
                try set(&history, ReplicationID(value), words: 2)
                guard let history, histories.count < NodeState.historyLimit else {
                    throw FieldError(reason: .badValue(name))
                }
                guard !histories.contains(history) else {
                    throw FieldError(reason: .repeated(name))
                }
                histories.append(history)
            case "sentinel":
                var watcher: Watcher?
                let parsed =
                    words.count == 4
                    ? Int(words[3]).flatMap { Watcher(id: words[1], host: words[2], port: $0) }
                    : nil
                try set(&watcher, parsed, words: 4)
                guard let watcher, watchers.count < NodeState.watcherLimit else {
                    throw FieldError(reason: .badValue(name))
                }
                guard !watchers.contains(where: { $0.id == watcher.id }) else {
                    throw FieldError(reason: .repeated(name))
                }
                watchers.append(watcher)
            default:
                throw FieldError(reason: .unknownName(name))
            }
        }

        static func epoch(_ value: String) -> Int? {
            guard let epoch = Int(value), epoch >= 0 else { return nil }
            return min(epoch, NodeState.epochLimit)
        }

        static func cleanStop(_ words: [String]) -> Stop? {
            guard words.count == 4, words[1] == "clean", let id = ReplicationID(words[2]),
                let offset = Int(words[3]), offset >= 0
            else { return nil }
            return .clean(StreamPosition(id: id, offset: offset))
        }

        func state() throws(NodeStateError) -> NodeState {
            guard let nodeID else { throw NodeStateError(line: 0, .missing("node")) }
            guard let role else { throw NodeStateError(line: 0, .missing("role")) }
            guard let stop else { throw NodeStateError(line: 0, .missing("stop")) }
            guard let epoch else { throw NodeStateError(line: 0, .missing("epoch")) }
            var state = NodeState(nodeID: nodeID, role: role, stop: stop, epoch: epoch)
            state.histories = histories
            state.watchers = watchers
            return state
        }
    }
}
