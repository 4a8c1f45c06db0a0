import RESP
import Sessions

/// Opening, closing and using connections to instances.
extension SentinelState {
    static let helloChannel = "\(PubSub.helloChannel)"

    /// Opens what is missing and gives up what is dead. A sentinel needs no pub/sub connection.
    mutating func maintainConnections(_ ref: InstanceRef) {
        guard self[ref].address.port != 0 else { return }
        maintain(ref, .command)
        if self[ref].kind != .sentinel { maintain(ref, .pubsub) }
    }

    private mutating func maintain(_ ref: InstanceRef, _ purpose: LinkPurpose) {
        let key = key(ref)
        let link = link(ref)
        guard let connection = link[purpose] else {
            let due = link[retry: purpose].at
            if now >= due { open(key, purpose) } else { wake(ref.group, at: due) }
            return
        }
        if !connection.isOpen {
            let limit = connection.since + microseconds(Timing.connectLimit)
            if now >= limit { dropConnection(connection.id) } else { wake(ref.group, at: limit) }
        } else if let dead = deadline(ref, link, connection, purpose) {
            if now > dead { dropConnection(connection.id) } else { wake(ref.group, at: dead + 1) }
        }
    }

    /// When an open connection that shows no life is given up, so that a new one may find out
    /// whether the peer is back.
    private func deadline(
        _ ref: InstanceRef, _ link: InstanceLink, _ connection: Connection, _ purpose: LinkPurpose
    ) -> Int64? {
        let settled = connection.since + microseconds(timing.minimumLinkReconnectPeriod)
        if purpose == .pubsub {
            let silent = connection.lastActivity + microseconds(timing.publishPeriod * 3)
            return max(settled, silent)
        }
        guard let ping = link.activePing else { return nil }
        let half = microseconds(groups[ref.group].settings.downAfter) / 2
        return max(settled, max(ping, link.lastPong) + half)
    }

    private mutating func open(_ key: LinkKey, _ purpose: LinkPurpose) {
        guard let address = links[key]?.address else { return }
        let id = nextConnection
        nextConnection += 1
        links[key]?[purpose] = Connection(id: id, since: now, lastActivity: now)
        connections[id] = ConnectionOwner(key: key, purpose: purpose)
        actions.append(.openLink(id, address, purpose))
        for ref in users(of: key) {
            wake(ref.group, at: now + microseconds(Timing.connectLimit))
        }
    }

    /// Closes a connection that we no longer believe in; it is tried again later.
    private mutating func dropConnection(_ id: Int) {
        actions.append(.closeLink(id))
        connectionLost(id, wasOpen: false)
    }

    /// Closes both connections of a link and opens new ones at once.
    mutating func closeConnections(_ key: LinkKey) {
        for purpose in [LinkPurpose.command, .pubsub] {
            guard let id = links[key]?[purpose]?.id else { continue }
            actions.append(.closeLink(id))
            connectionLost(id, wasOpen: true)
        }
    }

    /// Points a shared link at a peer's new address.
    mutating func moveLink(_ key: LinkKey, to address: Address) {
        closeConnections(key)
        links[key]?.address = address
        links[key]?.restartPatience(now)
    }

    mutating func connectionOpened(_ id: Int, _ localHost: String, _ peerHost: String) {
        guard let owner = connections[id] else { return }
        if let name = links[owner.key]?.address.host { names.learn(name, peerHost) }
        links[owner.key]?[owner.purpose]?.isOpen = true
        links[owner.key]?[owner.purpose]?.since = now
        links[owner.key]?[owner.purpose]?.lastActivity = now
        links[owner.key]?[owner.purpose]?.localHost = localHost
        links[owner.key]?[retry: owner.purpose].failures = 0
        let refs = users(of: owner.key)
        guard let first = refs.first else { return }
        greet(first, id, owner.purpose)
        for ref in refs {
            if owner.purpose == .command {
                self[ref].report.connectionChanged()
                self[ref].lastPublish = nil
                self[ref].opinion.askedAt = nil
            }
            touch(ref.group)
        }
        if owner.purpose == .command {
            ping(first)
            if first.place.isDataNode { requestInfo(first) }
        }
    }

    mutating func connectionLost(_ id: Int, wasOpen: Bool) {
        guard let owner = connections.removeValue(forKey: id) else { return }
        links[owner.key]?[owner.purpose] = nil
        if wasOpen {
            links[owner.key]?[retry: owner.purpose].lost(now)
        } else {
            let limit = microseconds(timing.pingPeriod)
            links[owner.key]?[retry: owner.purpose].failed(now, limit: limit)
        }
        for ref in users(of: owner.key) {
            if owner.purpose == .command {
                self[ref].report.connectionChanged()
                promotionInterrupted(ref)
            }
            touch(ref.group)
        }
        if owner.purpose == .command { endFarewell(owner.key) }
        // From here on the peer owes a sign of life.
        if owner.purpose == .command, links[owner.key]?.activePing == nil {
            links[owner.key]?.activePing = now
        }
    }

    /// AUTH, a name for CLIENT LIST, and on a pub/sub connection the subscription.
    private mutating func greet(_ ref: InstanceRef, _ id: Int, _ purpose: LinkPurpose) {
        var requests: [[String]] = []
        let names = groups[ref.group].settings
        let isPeer = !ref.place.isDataNode
        func name(_ command: String) -> String { isPeer ? command : names.name(of: command) }
        if let credentials = credentials(ref) { requests.append([name("AUTH")] + credentials) }
        let ownName = "sentinel-\(id8)-\(purpose.rawValue)"
        requests.append([name("CLIENT"), "SETNAME", ownName])
        if purpose == .pubsub { requests.append([name("SUBSCRIBE"), Self.helloChannel]) }
        if purpose == .command {
            send(ref, requests.map { ($0, .ignored) })
        } else {
            let last = Question.subscription
            links[key(ref)]?.pubsub?.pending = requests.dropLast().map { _ in .ignored } + [last]
            actions.append(.send(id, requests))
        }
    }

    private var id8: String { String(id.prefix(8)) }

    private func credentials(_ ref: InstanceRef) -> [String]? {
        let settings = groups[ref.group].settings
        if ref.place.isDataNode {
            guard let password = settings.password else { return nil }
            return settings.user.map { [$0, password] } ?? [password]
        }
        if !globals.sentinelPassword.isEmpty {
            let user = globals.sentinelUser
            return user.isEmpty ? [globals.sentinelPassword] : [user, globals.sentinelPassword]
        }
        return server.password.isEmpty ? nil : [server.password]
    }

    /// Sends requests to an instance on its command connection, in one piece; false without one.
    @discardableResult
    mutating func send(_ ref: InstanceRef, _ requests: [([String], Question)]) -> Bool {
        let key = key(ref)
        guard let connection = links[key]?.command, connection.isOpen, !requests.isEmpty else {
            return false
        }
        links[key]?.command?.pending.append(contentsOf: requests.map { $0.1 })
        actions.append(.send(connection.id, requests.map { $0.0 }))
        return true
    }

    mutating func connectionReplied(_ id: Int, _ value: RESPValue) {
        guard let owner = connections[id] else { return }
        if owner.purpose == .pubsub { return pubsubReplied(id, owner.key, value) }
        guard let pending = links[owner.key]?.command?.pending, let question = pending.first else {
            return
        }
        links[owner.key]?.command?.pending.removeFirst()
        if question == .farewell { return endFarewell(owner.key) }
        let refs = users(of: owner.key)
        guard let ref = refs.first else { return }
        answered(question, value, by: ref, owner.key)
        for ref in refs where ref.group < groups.count { touch(ref.group) }
    }

    /// A message, or the answer to AUTH, CLIENT SETNAME or SUBSCRIBE.
    private mutating func pubsubReplied(_ id: Int, _ key: LinkKey, _ value: RESPValue) {
        links[key]?.pubsub?.lastActivity = now
        if let items = value.elements, items.count == 3, items[0].string == "message" {
            guard items[1].string == Self.helloChannel, let text = items[2].string else { return }
            return receiveHello(text)
        }
        guard let question = links[key]?.pubsub?.pending.first else { return }
        links[key]?.pubsub?.pending.removeFirst()
        if question == .subscription, value.isError { dropConnection(id) }
    }

    private mutating func answered(
        _ question: Question, _ value: RESPValue, by ref: InstanceRef, _ key: LinkKey
    ) {
        switch question {
        case .ignored, .scriptKill, .hello, .subscription, .farewell: break
        case .ping: pinged(key, value)
        case .info: if let text = value.string, !value.isError { receiveInfo(text, from: ref) }
        case .role: receiveRole(value, from: ref)
        case .watch: watchAnswered(value, ref)
        case .primaryDown(let group): receiveOpinion(value, key, about: group)
        case .handOver(let epoch): handOverAnswered(value, ref, epoch)
        case .resume(let epoch): resumeAnswered(value, ref, epoch)
        case .node: nodeAnswered(value, ref)
        case .promotion: requestInfo(ref)
        }
        if case .info = question, value.isError { self[ref].report.isAwaited = false }
    }
}

extension InstanceRef.Place {
    /// A primary or a replica.
    var isDataNode: Bool {
        if case .sentinel = self { false } else { true }
    }
}
