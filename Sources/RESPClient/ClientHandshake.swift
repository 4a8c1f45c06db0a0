import RESP

/// What an outgoing connection says first: who it is.
package struct ClientIdentity: Equatable, Sendable {
    package var user: String?
    package var password: String?
    /// Shown by CLIENT LIST.
    package var name: String?
    package var libraryName: String?
    package var libraryVersion: String?
    package var version: RESPVersion = .two

    /// A client without a name and password.
    package init() {}
}

/// Authenticates, chooses the protocol and gives the connection its name. All requests of a
/// round go out together. A peer that does not know HELLO (Redis before 6) is greeted again in
/// RESP2; one that does not know SETINFO (Redis before 7.2) is left alone with it.
package struct ClientHandshake: Equatable, Sendable {
    private enum Step: Equatable, Sendable { case authentication, hello, name, information }

    /// What to do after a reply.
    package enum Action: Equatable, Sendable {
        /// More replies are to come.
        case wait
        /// Send these and wait for their replies.
        case send([[String]])
        case ready
        /// The peer refused; the text is its error.
        case failed(String)
    }

    private let identity: ClientIdentity
    private var waiting: [Step] = []
    /// The version agreed upon.
    package private(set) var version = RESPVersion.two
    /// The fields the peer told in its reply to HELLO.
    package private(set) var peer: [String: String] = [:]

    /// A handshake that has not begun.
    package init(_ identity: ClientIdentity) { self.identity = identity }

    /// The first requests; `ready` if there is nothing to say.
    package mutating func start() -> Action {
        identity.version == .three ? round(withHello: true) : round(withHello: false)
    }

    /// A reply to the oldest request.
    package mutating func received(_ reply: RESPValue) -> Action {
        guard !waiting.isEmpty else { return .failed("reply without a request") }
        let step = waiting.removeFirst()
        if case .error(let text) = reply {
            switch step {
            case .information: break
            case .hello where text.hasPrefix("ERR unknown command"):
                waiting = []
                return round(withHello: false)
            // A password for a peer that needs none is no reason to stay away.
            case .authentication where text.hasPrefix("ERR AUTH <password> called without"): break
            default: return .failed(text)
            }
        } else if step == .hello {
            version = .three
            let items = reply.elements ?? []
            for index in stride(from: 0, to: items.count - 1, by: 2) {
                guard let key = items[index].string else { continue }
                if case .integer(let number) = items[index + 1] {
                    peer[key] = String(number)
                } else {
                    peer[key] = items[index + 1].string
                }
            }
            return afterHello()
        }
        return waiting.isEmpty ? .ready : .wait
    }

    /// HELLO goes alone, because its refusal decides what follows.
    private mutating func round(withHello: Bool) -> Action {
        var requests: [[String]] = []
        if withHello {
            waiting.append(.hello)
            var hello = ["HELLO", "3"]
            if let password = identity.password {
                hello += ["AUTH", identity.user ?? "default", password]
            }
            if let name = identity.name { hello += ["SETNAME", name] }
            return .send([hello])
        }
        if let password = identity.password {
            waiting.append(.authentication)
            requests.append(["AUTH"] + (identity.user.map { [$0] } ?? []) + [password])
        }
        if let name = identity.name {
            waiting.append(.name)
            requests.append(["CLIENT", "SETNAME", name])
        }
        requests += information()
        return requests.isEmpty ? .ready : .send(requests)
    }

    private mutating func afterHello() -> Action {
        let requests = information()
        return requests.isEmpty ? .ready : .send(requests)
    }

    private mutating func information() -> [[String]] {
        var requests: [[String]] = []
        for (field, value) in [
            ("LIB-NAME", identity.libraryName), ("LIB-VER", identity.libraryVersion),
        ] {
            guard let value else { continue }
            waiting.append(.information)
            requests.append(["CLIENT", "SETINFO", field, value])
        }
        return requests
    }
}
