import Foundation

/// A conversation to hold with two servers. One line is one step:
///
///     SET key "a value\x00"   a command; words and quotes as redis-cli reads them
///     2: GET key              the same on connection 2 (connection 1 otherwise)
///     <                       one more reply without a command (a message, a push)
///     later BLPOP key 0   a command whose connection has to wait; another `<` reads its reply
///     raw "*1\r\n$4\r\nPING\r\n"   bytes as they are, then one reply
///     close "*-5\r\n"         bytes as they are, then everything until the server hangs up
///
/// A mark before the command says how the replies are compared when not byte for byte: `~` as
/// lines in any order, `#` with runs of digits masked, `%` as an integer that may be one off (the
/// seconds a key still has, where a busy machine lost some), `?` by type and error code alone.
struct Transcript {
    enum Action: Equatable {
        case command([[UInt8]])
        /// Bytes that leave one more connection waiting.
        case later([UInt8])
        case next
        case raw([UInt8])
        case untilClosed([UInt8])
    }

    enum Comparison: Character {
        case exact = "="
        case anyOrder = "~"
        case masked = "#"
        case near = "%"
        case kind = "?"
    }

    struct Step {
        let line: Int
        let text: String
        let connection: Int
        let comparison: Comparison
        let action: Action
    }

    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    let name: String
    let steps: [Step]

    init(name: String, text: String) throws {
        self.name = name
        var steps: [Step] = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let trimmed = line.trimmingCharacters(in: .whitespaces)
            if trimmed.isEmpty || trimmed.hasPrefix("#!") { continue }
            do {
                steps.append(try Transcript.step(trimmed, line: index + 1))
            } catch {
                throw Malformed(description: "\(name):\(index + 1): \(error)")
            }
        }
        self.steps = steps
    }

    private static func step(_ text: String, line: Int) throws -> Step {
        var rest = Substring(text)
        var connection = 1
        if rest.dropFirst().first == ":", let number = rest.first?.wholeNumberValue {
            connection = number
            rest = rest.dropFirst(2).drop { $0 == " " }
        }
        var comparison = Comparison.exact
        if let mark = rest.first, let known = Comparison(rawValue: mark) {
            comparison = known
            rest = rest.dropFirst().drop { $0 == " " }
        }
        let words = try split(rest)
        guard let first = words.first else { throw Malformed(description: "no command") }
        let action: Action =
            switch String(decoding: first, as: UTF8.self) {
            case "<": .next
            case "later": .later(Transcript.delayed(words.dropFirst()))
            case "raw": .raw(Array(words.dropFirst().joined()))
            case "close": .untilClosed(Array(words.dropFirst().joined()))
            default: .command(words)
            }
        return Step(
            line: line, text: text, connection: connection, comparison: comparison, action: action)
    }

    /// What follows `later`: a command, or bytes as they are.
    private static func delayed(_ words: ArraySlice<[UInt8]>) -> [UInt8] {
        words.first == Array("raw".utf8)
            ? Array(words.dropFirst().joined()) : WireClient.request(Array(words))
    }

    /// Words at blanks; double quotes take \n, \r, \t, \" , \\ and \xHH.
    static func split(_ text: Substring) throws -> [[UInt8]] {
        var words: [[UInt8]] = []
        var bytes = ArraySlice(Array(text.utf8))
        while true {
            bytes = bytes.drop { $0 == UInt8(ascii: " ") }
            guard let first = bytes.first else { return words }
            if first == UInt8(ascii: "\"") {
                words.append(try quoted(&bytes))
            } else {
                let word = bytes.prefix { $0 != UInt8(ascii: " ") }
                words.append(Array(word))
                bytes = bytes.dropFirst(word.count)
            }
        }
    }

    private static func quoted(_ bytes: inout ArraySlice<UInt8>) throws -> [UInt8] {
        var word: [UInt8] = []
        bytes.removeFirst()
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "\"") { return word }
            guard byte == UInt8(ascii: "\\"), let escape = bytes.popFirst() else {
                word.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "n"): word.append(10)
            case UInt8(ascii: "r"): word.append(13)
            case UInt8(ascii: "t"): word.append(9)
            case UInt8(ascii: "x"):
                let digits = String(decoding: bytes.prefix(2), as: UTF8.self)
                guard let value = UInt8(digits, radix: 16) else {
                    throw Malformed(description: "bad \\x")
                }
                bytes = bytes.dropFirst(2)
                word.append(value)
            default: word.append(escape)
            }
        }
        throw Malformed(description: "unbalanced quotes")
    }

    /// Holds the conversation and returns the reply to every step. Connections are opened when
    /// first used, and greeted with HELLO in RESP3.
    func play(on server: RunningServer, resp version: Int) throws -> [[UInt8]] {
        var clients: [Int: WireClient] = [:]
        var replies: [[UInt8]] = []
        for step in steps {
            let client = try clients[step.connection] ?? Transcript.greet(server, version)
            clients[step.connection] = client
            do {
                replies.append(try Transcript.perform(step.action, on: client, of: server))
            } catch {
                throw Malformed(
                    description: "\(name):\(step.line): \(step.text): \(error)\n\(server.log)")
            }
            if case .untilClosed = step.action { clients[step.connection] = nil }
        }
        return replies
    }

    private static func greet(_ server: RunningServer, _ version: Int) throws -> WireClient {
        let client = try server.connect()
        if version == 3 { _ = try client.command("HELLO", "3") }
        return client
    }

    /// Sends what leaves a connection waiting, and returns when the server says that it waits.
    private static func block(
        _ client: WireClient, _ bytes: [UInt8], _ observer: WireClient
    ) throws {
        let before = try blockedClients(observer)
        try client.send(bytes)
        let deadline = ContinuousClock.now + .seconds(10)
        while try blockedClients(observer) <= before {
            guard ContinuousClock.now < deadline else {
                throw Malformed(description: "the connection does not wait")
            }
        }
    }

    private static func blockedClients(_ observer: WireClient) throws -> Int {
        let info = try observer.command("INFO", "clients")
        let field = info.split(separator: "\r\n").first { $0.hasPrefix("blocked_clients:") }
        return field.flatMap { Int($0.dropFirst("blocked_clients:".count)) } ?? 0
    }

    private static func perform(
        _ action: Action, on client: WireClient, of server: RunningServer
    ) throws -> [UInt8] {
        switch action {
        case .command(let words):
            return try client.command(words)
        case .next:
            return try client.reply()
        case .later(let bytes):
            try block(client, bytes, server.connect())
            return []
        case .raw(let bytes):
            try client.send(bytes)
            return try client.reply()
        case .untilClosed(let bytes):
            try client.send(bytes)
            return try client.untilClosed()
        }
    }

    /// Whether two replies are the same for this comparison.
    static func agree(_ one: [UInt8], _ other: [UInt8], _ comparison: Comparison) -> Bool {
        if comparison == .near, let first = integer(one), let second = integer(other) {
            return first == second || min(first, second) > 0 && abs(first - second) == 1
        }
        return view(one, comparison) == view(other, comparison)
    }

    private static func integer(_ reply: [UInt8]) -> Int? {
        reply.first == UInt8(ascii: ":")
            ? Int(String(decoding: reply.dropFirst().dropLast(2), as: UTF8.self)) : nil
    }

    /// What of a reply is compared.
    static func view(_ reply: [UInt8], _ comparison: Comparison) -> String {
        let text = reply.reduce(into: "") { text, byte in
            let isPlain = (32...126).contains(byte) || byte == 13 || byte == 10
            text += isPlain ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16)
        }
        switch comparison {
        case .exact, .near:
            return text
        case .anyOrder:
            return text.components(separatedBy: "\r\n").sorted().joined(separator: "\r\n")
        case .masked:
            return text.replacingOccurrences(of: "[0-9]+", with: "N", options: .regularExpression)
        case .kind:
            return text.hasPrefix("-") ? String(text.prefix { $0 != " " }) : String(text.prefix(1))
        }
    }
}
