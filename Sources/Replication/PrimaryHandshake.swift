/// The replica's side of the conversation before a resync: says who it is, asks to continue,
/// falls back step by step to what older primaries understand. Lines come in, requests go out.
package struct PrimaryHandshake: Equatable, Sendable {
    /// What the conversation needs to know; fixed while it lasts.
    package struct Settings: Equatable, Sendable {
        /// `masteruser` and `masterauth`; no AUTH without a password.
        package var user: [UInt8]?
        package var password: [UInt8]?
        /// The port the primary should show in its INFO.
        package var listeningPort: Int
        /// `replica-announce-ip`; not sent when nil.
        package var announcedAddress: String?
        /// History and offset to continue from; nil asks for everything.
        package var position: StreamPosition?
        /// Whether this is a primary that hands over: the target is to promote itself first.
        package var isFailover: Bool
        /// `repl-timeout` in µs.
        package var timeout: Int64

        package init(
            user: [UInt8]? = nil, password: [UInt8]? = nil, listeningPort: Int,
            announcedAddress: String? = nil, position: StreamPosition? = nil,
            isFailover: Bool = false, timeout: Int64 = 60_000_000
        ) {
            self.user = user
            self.password = password
            self.listeningPort = listeningPort
            self.announcedAddress = announcedAddress
            self.position = position
            self.isFailover = isFailover
            self.timeout = timeout
        }
    }

    /// Whose reply is due.
    private enum Step: Equatable {
        case unopened, ping, auth, port, address, capabilities, psync, over
    }

    /// How the conversation ended.
    package enum Outcome: Equatable, Sendable {
        /// A snapshot follows. `position` is where its stream goes on; nil after SYNC, whose
        /// primary does not tell, so that a later PSYNC is not possible.
        case snapshot(position: StreamPosition?)
        /// The stream goes on where we were. `id` is the primary's own history; nil when it
        /// keeps that to itself (it is the one we asked for).
        case continued(id: ReplicationID?)
        /// Nothing came of it; close the link and try again.
        case failed(atOnce: Bool)
        /// The target of a hand-over refused it.
        case failoverRejected
        /// The target of a hand-over is a primary already.
        case failoverTargetIsPrimary
    }

    /// What to do, in order.
    package enum Action: Equatable, Sendable {
        /// Send these requests, one after the other.
        case send([[[UInt8]]])
        /// Send these bytes, which are no array of strings.
        case sendInline(String)
        case log(LogLine)
        case end(Outcome)
    }

    private let settings: Settings
    private var step = Step.unopened
    /// When the link was opened or last gave a sign of life (monotonic µs).
    private var lastHeard: Int64

    /// A conversation on a link that is being opened at `now`.
    package init(_ settings: Settings, at now: Int64) {
        self.settings = settings
        lastHeard = now
    }

    /// When `tick` will give up.
    package var deadline: Int64 { lastHeard + settings.timeout + 1 }

    /// The link is open.
    package mutating func opened(at now: Int64) -> [Action] {
        guard step == .unopened else { return [] }
        step = .ping
        lastHeard = now
        return [.log(.notice(ReplicationText.connected)), .send([words("PING")])]
    }

    /// Time passes.
    package mutating func tick(at now: Int64) -> [Action] {
        guard step != .over, now - lastHeard > settings.timeout else { return [] }
        return [.log(.warning(ReplicationText.connectTimeout))] + end(.failed(atOnce: true))
    }

    /// The primary sent something that is no line of the protocol.
    package mutating func receivedNoLine() -> [Action] {
        return [.log(.warning(ReplicationText.noResponse))] + end(.failed(atOnce: false))
    }

    /// The primary sent `line`.
    package mutating func received(_ line: String, at now: Int64) -> [Action] {
        guard step != .over, step != .unopened else { return [] }
        lastHeard = now
        // Only the answer to PSYNC may take so long that newlines come first; Redis reads an
        // empty line as an answer to anything else.
        if line.isEmpty, step == .psync { return [] }
        let refused = line.hasPrefix("-")
        switch step {
        case .ping:
            return pinged(line)
        case .auth:
            step = .port
            guard refused else { return [] }
            return [.log(.warning(ReplicationText.notAuthenticated(line)))]
                + end(.failed(atOnce: false))
        case .port:
            step = settings.announcedAddress == nil ? .capabilities : .address
            return refused ? [misunderstood("listening-port", line)] : []
        case .address:
            step = .capabilities
            return refused ? [misunderstood("ip-address", line)] : []
        case .capabilities:
            return (refused ? [misunderstood("capa", line)] : []) + askToContinue()
        case .psync:
            return answered(line)
        case .unopened, .over:
            return []
        }
    }

    private func words(_ words: String...) -> [[UInt8]] { words.map { Array($0.utf8) } }

    private mutating func pinged(_ line: String) -> [Action] {
        // A primary that cannot save needs its replicas more than ever.
        let welcome = ["+", "-NOAUTH", "-NOPERM", "-ERR operation not permitted", "-MISCONF"]
        guard welcome.contains(where: line.hasPrefix) else {
            return [.log(.warning(ReplicationText.pingRefused(line)))]
                + end(.failed(atOnce: false))
        }
        var requests: [[[UInt8]]] = []
        step = .port
        if let password = settings.password {
            step = .auth
            requests.append(words("AUTH") + (settings.user.map { [$0] } ?? []) + [password])
        }
        requests.append(words("REPLCONF", "listening-port", "\(settings.listeningPort)"))
        if let address = settings.announcedAddress {
            requests.append(words("REPLCONF", "ip-address", address))
        }
        requests.append(words("REPLCONF", "capa", "eof", "capa", "psync2"))
        return [.log(.notice(ReplicationText.pong)), .send(requests)]
    }

    private func misunderstood(_ option: String, _ line: String) -> Action {
        .log(.notice(ReplicationText.misunderstood(option, line)))
    }

    private mutating func askToContinue() -> [Action] {
        step = .psync
        var request = words("PSYNC", "?", "-1")
        var text = ReplicationText.nothingToContinue
        if let position = settings.position {
            let next = position.offset + 1
            request = words("PSYNC", position.id.text, "\(next)")
            text = "Trying a partial resynchronization (request \(position.id.text):\(next))."
        }
        if settings.isFailover { request += words("FAILOVER") }
        return [.log(.notice(text)), .send([request])]
    }

    private mutating func answered(_ line: String) -> [Action] {
        if line.hasPrefix("+FULLRESYNC") { return fullResync(line) }
        if line.hasPrefix("+CONTINUE") { return continued(line) }
        if ReplicationText.transientRefusals.contains(where: line.hasPrefix) {
            return [.log(.notice(ReplicationText.cannotNow(line)))]
                + end(settings.isFailover ? .failoverRejected : .failed(atOnce: false))
        }
        let reason: Action =
            line.hasPrefix("-ERR")
            ? .log(.notice(ReplicationText.cannotEver(line)))
            : .log(.warning(ReplicationText.unexpected(line)))
        if settings.isFailover {
            let isPrimary = line.hasPrefix(ReplicationText.failoverToPrimary)
            return [reason] + end(isPrimary ? .failoverTargetIsPrimary : .failoverRejected)
        }
        return [reason, .log(.notice("Retrying with SYNC...")), .sendInline("SYNC\r\n")]
            + end(.snapshot(position: nil))
    }

    /// `+FULLRESYNC <id> <offset>`. Without a well-formed ID and offset we could later claim a
    /// history that is not ours, so such an answer ends the attempt.
    private mutating func fullResync(_ line: String) -> [Action] {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count >= 3, let id = ReplicationID(String(words[1])),
            let offset = Int(words[2]), (0...StreamPosition.longest).contains(offset)
        else {
            return [.log(.warning(ReplicationText.wrongSyntax))]
                + end(.failed(atOnce: false))
        }
        return [.log(.notice(ReplicationText.fullResync(id, offset)))]
            + end(.snapshot(position: StreamPosition(id: id, offset: offset)))
    }

    private mutating func continued(_ line: String) -> [Action] {
        guard let position = settings.position else {
            // We asked for everything; a stream without its beginning is of no use.
            return [.log(.warning(ReplicationText.unexpected(line)))]
                + end(.failed(atOnce: false))
        }
        var actions = [
            Action.log(.notice(ReplicationText.partialResync))
        ]
        let id = ReplicationID(String(line.dropFirst("+CONTINUE ".count)))
        if let id, id != position.id {
            actions.append(.log(.warning(ReplicationText.idChanged(id))))
        }
        return actions + end(.continued(id: id))
    }

    private mutating func end(_ outcome: Outcome) -> [Action] {
        step = .over
        return [.end(outcome)]
    }
}
