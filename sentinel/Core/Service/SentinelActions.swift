import Memory
import RESP
import Sessions

/// Carrying out what the core asks for, and telling it what came of it.
extension SentinelService {
    mutating func perform(_ action: SentinelAction) {
        switch action {
        case .openLink(let id, let address, _):
            links[id] = LinkSession()
            frontend.requests.append(
                .connect(link: id, host: address.host, port: address.port, source: source))
        case .closeLink(let id): closeLink(id)
        case .send(let id, let requests): send(id, requests)
        case .persist(let token, let text):
            frontend.requests.append(
                .replaceFile(id: token, path: facts.statePath, bytes: Array(text.utf8)))
        case .rewriteConfiguration(let token, let lines):
            // The file is read first, so that what somebody wrote into it meanwhile stays.
            rewrites[token] = PendingRewrite(lines: lines)
            frontend.requests.append(.readFile(id: token, path: facts.configurationPath))
        case .reply(let session, let value): answer(session, value)
        case .publish(let channel, let text): publish(channel, text)
        case .log(let level, let text): frontend.log(level, text)
        case .runScript(let id, let path, let arguments, let limit):
            frontend.requests.append(
                .run(id: id, path: path, arguments: arguments, timeoutMicroseconds: limit))
        case .exit(let status): frontend.requests.append(.stop(status: status))
        }
    }

    /// The kernel chooses the address of our end.
    private var source: String? { nil }

    private mutating func closeLink(_ id: Int) {
        guard let link = links.removeValue(forKey: id) else { return }
        if let session = link.session {
            frontend.close(session)
        } else {
            frontend.requests.append(.cancelConnect(link: id))
        }
    }

    private mutating func send(_ id: Int, _ requests: [[String]]) {
        guard let session = links[id]?.session else { return }
        for request in requests {
            RequestWriter.append(request, to: &session.value.reply.buffer)
        }
        frontend.noteOutput(session)
    }

    mutating func linkOpened(_ id: Int, _ session: Slot<Session>, _ local: String) {
        guard links[id] != nil else { return frontend.close(session) }
        links[id]?.session = session
        // `host:port`, an IPv6 host in brackets.
        let host = session.value.peer.split(separator: ":", omittingEmptySubsequences: false)
            .dropLast().joined(separator: ":")
        let peer = host.filter { $0 != "[" && $0 != "]" }
        give(.linkOpened(id, localHost: local, peerHost: peer))
    }

    /// Takes the replies that a link has received.
    mutating func receive(_ session: Slot<Session>) {
        guard case .link(let id) = session.value.role else { return }
        var position = 0
        while links[id] != nil, !session.value.flags.contains(.closing) {
            let outcome = links[id]?.parser.next(session.value.input.readable, at: position)
            guard case .value(let value, let end) = outcome else {
                if case .failure(let error) = outcome { refuse(id, session, error) }
                break
            }
            position = end
            give(.reply(id, value))
        }
        session.value.input.consume(position)
        session.value.input.releaseIfEmpty()
    }

    /// What comes is no reply: whoever that is, it is of no use to us, and not tried again at once.
    private mutating func refuse(_ id: Int, _ session: Slot<Session>, _ error: RESPError) {
        frontend.log(
            .warning, "\(session.value.peer) does not speak our protocol: \(error.message)")
        links[id] = nil
        frontend.close(session)
        give(.linkFailed(id, reason: error.message))
    }

    /// Writes the reply of a command, at once or to a session that has waited for it.
    private mutating func answer(_ id: Int, _ value: RESPValue) {
        guard awaited.remove(id) != nil, let session = frontend.sessions[id] else { return }
        if !session.value.flags.contains(.repliesOff) { session.value.reply.value(value) }
        if value.isError { frontend.countError(code(value)) }
        if session.value.flags.contains(.blocked) {
            session.value.flags.remove(.blocked)
            session.value.blocking = .none
            frontend.enqueue(session)
        }
        frontend.noteOutput(session)
    }

    private func code(_ value: RESPValue) -> String {
        String((value.string ?? "").prefix { $0 != " " })
    }

    private mutating func publish(_ channel: String, _ text: String) {
        let (channel, text) = (Array(channel.utf8), Array(text.utf8))
        channel.withView { channel in
            text.withView { _ = frontend.publish(channel, $0) }
        }
    }

    /// A piece of the configuration file has come; the last one begins the rewrite.
    mutating func configurationRead(_ token: Int, _ bytes: [UInt8], _ isLast: Bool) {
        guard var rewrite = rewrites[token] else { return }
        rewrite.bytes += bytes
        guard isLast else {
            rewrites[token] = rewrite
            return frontend.requests.append(.readMore(id: token))
        }
        rewrites[token] = nil
        let text = ConfigurationRewrite.apply(rewrite.lines, to: rewrite.bytes)
        frontend.requests.append(
            .replaceFile(id: token, path: facts.configurationPath, bytes: text))
    }

    mutating func fileFailed(_ token: Int, _ reason: String) {
        rewrites[token] = nil
        give(.persistFailed(token, reason: reason))
    }
}
