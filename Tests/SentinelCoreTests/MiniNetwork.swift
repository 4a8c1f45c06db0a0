import Configuration
import Digests
import RESP
import SentinelCore
import Sessions

/// Sentinels and fake servers on a virtual clock and a network that delivers after a fixed time.
/// Data nodes listen on ports from 7000, sentinels on 26379 and up.
final class MiniNetwork {
    struct Peer {
        var state: SentinelState
        var random: RandomGenerator
        var isAlive = true
        /// What the disk does with the state file.
        var disk = Disk.works
        var stateFile: String?
        var configuration: [String] = []
        var persistsHeld: [Int] = []
        /// Whether the process is stopped; what arrives waits.
        var isStalled = false
        var held: [SentinelEvent] = []
        var runs: Bool { isAlive && !isStalled }
    }
    enum Disk { case works, fails, hangs }

    struct Published: Equatable {
        var time: Int64
        var sentinel: Int
        var channel: String
        var text: String
    }

    private struct Link {
        var sentinel: Int
        var id: Int
        var port: Int
        var isPubsub: Bool
        var isOpen = true
        /// Replies in the order of the requests; nil until known.
        var replies: [(Int, RESPValue?)] = []
    }

    private enum Delivery {
        case event(sentinel: Int, SentinelEvent)
        case requests(link: Int, [[String]])
        case connect(link: Int)
        case close(link: Int)
        case run((MiniNetwork) -> Void)
    }

    var now: Int64 = 0
    var peers: [Peer] = []
    var servers: [Int: FakeServer] = [:]
    private(set) var events: [Published] = []
    /// What all sentinels logged.
    private(set) var logs: [String] = []
    private(set) var replies: [Int: RESPValue] = [:]
    /// Pairs of ports between which nothing arrives.
    private var cuts: Set<[Int]> = []
    private var links: [Int: Link] = [:]
    private var linkNumbers: [[Int]: Int] = [:]
    private var nextLink = 1
    private var nextSession = 1_000_000
    private var nextReply = 1
    private var queue: [(time: Int64, order: Int, what: Delivery)] = []
    private var order = 0
    let latency: Int64 = 200

    static let firstSentinelPort = 26379

    /// `count` sentinels that watch the server at `primary` as group "g".
    init(
        sentinels count: Int, servers: [FakeServer], quorum: Int = 2, downAfter: Int64 = 1000,
        extra: [String] = [], seed: UInt64 = 1
    ) {
        for server in servers { self.servers[server.port] = server }
        let primary = servers.first { $0.primary == nil }?.port ?? 7000
        for index in 0..<count {
            let text =
                ([
                    "sentinel myid \(FakeServer.id(index + 1))",
                    "sentinel monitor g 127.0.0.1 \(primary) \(quorum)",
                    "sentinel down-after-milliseconds g \(downAfter)",
                    "sentinel failover-timeout g 20000",
                ] + extra).joined(separator: "\n")
            peers.append(
                Peer(
                    state: MiniNetwork.sentinel(text, index, now: now),
                    random: RandomGenerator(seed: seed &* 1000 &+ UInt64(index))))
            give(index, .started)
        }
    }

    static func sentinel(_ text: String, _ index: Int, now: Int64) -> SentinelState {
        var configuration = SentinelConfiguration()
        do {
            try configuration.apply(ConfigurationFile.lines(text))
        } catch {
            fatalError(error.reason)
        }
        return SentinelState(
            configuration, server: ServerSettings(port: firstSentinelPort + index), now: now)
    }

    // MARK: time

    /// Runs until `milliseconds` have passed.
    func run(_ milliseconds: Int64) { run(until: now + milliseconds * 1000) { false } }

    /// Runs until `isDone` says so; false if that did not happen within `milliseconds`.
    @discardableResult
    func run(atMost milliseconds: Int64, until isDone: () -> Bool) -> Bool {
        run(until: now + milliseconds * 1000, isDone)
        return isDone()
    }

    private func run(until end: Int64, _ isDone: () -> Bool) {
        while !isDone() {
            let ticking = peers.indices.filter { peers[$0].runs }
            let tick = ticking.map { (max(peers[$0].state.nextDeadline, now), $0) }.min { $0 < $1 }
            let next = min(queue.first?.time ?? .max, tick?.0 ?? .max)
            guard next <= end else { break }
            now = max(now, next)
            if let first = queue.first, first.time <= now {
                queue.removeFirst()
                deliver(first.what)
            } else if let tick {
                give(tick.1, .tick)
            }
        }
        if !isDone() { now = max(now, end) }
    }

    func after(_ milliseconds: Int64, _ body: @escaping (MiniNetwork) -> Void) {
        post(milliseconds * 1000, .run(body))
    }

    private func post(_ delay: Int64, _ what: Delivery) {
        order += 1
        let entry = (time: now + delay, order: order, what: what)
        let index = queue.firstIndex { $0.time > entry.time } ?? queue.endIndex
        queue.insert(entry, at: index)
    }

    // MARK: sentinels

    func give(_ index: Int, _ event: SentinelEvent) {
        guard peers[index].isAlive else { return }
        guard !peers[index].isStalled else {
            if event != .tick { peers[index].held.append(event) }
            return
        }
        var random = peers[index].random
        let actions = peers[index].state.handle(event, at: now, &random)
        peers[index].random = random
        for action in actions { perform(action, index) }
    }

    private func perform(_ action: SentinelAction, _ index: Int) {
        switch action {
        case .openLink(let id, let address, let purpose):
            let number = nextLink
            nextLink += 1
            links[number] = Link(
                sentinel: index, id: id, port: address.port, isPubsub: purpose == .pubsub)
            linkNumbers[[index, id]] = number
            post(latency, .connect(link: number))
        case .closeLink(let id):
            if let number = linkNumbers.removeValue(forKey: [index, id]) { links[number] = nil }
        case .send(let id, let requests):
            if let number = linkNumbers[[index, id]] {
                post(latency, .requests(link: number, requests))
            }
        case .persist(let token, let text): persist(index, token, text)
        case .rewriteConfiguration(let token, let lines):
            peers[index].configuration = lines
            post(100, .event(sentinel: index, .persisted(token)))
        case .reply(let session, let value): answered(session, value)
        case .publish(let channel, let text):
            events.append(Published(time: now, sentinel: index, channel: channel, text: text))
        case .exit: crash(index)
        case .log(_, let text): logs.append(text)
        case .runScript: break
        }
    }

    private func persist(_ index: Int, _ token: Int, _ text: String) {
        switch peers[index].disk {
        case .works:
            peers[index].stateFile = text
            post(500, .event(sentinel: index, .persisted(token)))
        case .fails:
            post(500, .event(sentinel: index, .persistFailed(token, reason: "No space left")))
        case .hangs: peers[index].persistsHeld.append(token)
        }
    }

    /// Lets a hanging disk finish.
    func releaseDisk(_ index: Int) {
        peers[index].disk = .works
        for token in peers[index].persistsHeld { give(index, .persisted(token)) }
        peers[index].persistsHeld = []
    }

    /// Lets everything that a hanging disk was given fail; it goes on hanging.
    func failHeldWrites(_ index: Int) {
        let tokens = peers[index].persistsHeld
        peers[index].persistsHeld = []
        for token in tokens { give(index, .persistFailed(token, reason: "No space left")) }
    }

    /// Ends a sentinel's process: its connections close.
    func crash(_ index: Int) {
        peers[index].isAlive = false
        peers[index].isStalled = false
        peers[index].held = []
        closeLinks { $0.sentinel == index || $0.port == Self.firstSentinelPort + index }
    }

    /// Starts it again from its files.
    func restart(_ index: Int) {
        let text = peers[index].configuration.joined(separator: "\n")
        var configuration = SentinelConfiguration()
        do {
            try configuration.apply(ConfigurationFile.lines(text))
            let state = try SentinelConfiguration.state(peers[index].stateFile ?? "")
            _ = configuration.adopt(state: state)
        } catch {
            fatalError(error.reason)
        }
        peers[index].state = SentinelState(
            configuration, server: ServerSettings(port: Self.firstSentinelPort + index), now: now)
        peers[index].isAlive = true
        give(index, .started)
    }

    /// Stops a process for a while: what arrives waits.
    func stall(_ index: Int, _ milliseconds: Int64) {
        peers[index].isStalled = true
        after(milliseconds) { network in
            network.peers[index].isStalled = false
            let held = network.peers[index].held
            network.peers[index].held = []
            for event in held { network.give(index, event) }
        }
    }

    /// The reply to a command; nil if it does not come within a second.
    func command(_ index: Int, _ words: String...) -> RESPValue? {
        let session = ask(index, words)
        run(atMost: 1000) { replies[session] != nil }
        return replies[session]
    }

    /// Gives a command without waiting; the session under which `replies` will have the answer.
    func ask(_ index: Int, _ words: [String]) -> Int {
        let session = nextSession
        nextSession += 1
        give(index, .command(session: session, words))
        return session
    }

    // MARK: connections

    /// Cuts the network between two ports, or joins it again.
    func cut(_ a: Int, _ b: Int, _ isCut: Bool = true) {
        if isCut {
            cuts.insert([min(a, b), max(a, b)])
        } else {
            cuts.remove([min(a, b), max(a, b)])
        }
    }

    private func isCut(_ link: Link) -> Bool {
        let own = Self.firstSentinelPort + link.sentinel
        return cuts.contains([min(own, link.port), max(own, link.port)])
    }

    /// Whether a sentinel has a connection to `port`.
    func isLinked(_ index: Int, _ port: Int) -> Bool {
        links.values.contains { $0.sentinel == index && $0.port == port }
    }

    private func closeLinks(_ where: (Link) -> Bool) {
        for (number, link) in links.sorted(by: { $0.key < $1.key }) where `where`(link) {
            post(latency, .close(link: number))
        }
    }

    private func listens(_ port: Int) -> Bool {
        if let server = servers[port] { return server.isAlive }
        let index = port - Self.firstSentinelPort
        return peers.indices.contains(index) && peers[index].isAlive
    }

    private func deliver(_ what: Delivery) {
        switch what {
        case .event(let index, let event): give(index, event)
        case .run(let body): body(self)
        case .connect(let number):
            guard let link = links[number], !isCut(link) else { return }
            if listens(link.port) {
                give(
                    link.sentinel,
                    .linkOpened(link.id, localHost: "127.0.0.1", peerHost: "127.0.0.1"))
            } else {
                drop(number)
                give(link.sentinel, .linkFailed(link.id, reason: "Connection refused"))
            }
        case .close(let number):
            guard let link = links[number], !isCut(link) else { return }
            drop(number)
            give(link.sentinel, .linkClosed(link.id))
        case .requests(let number, let requests):
            guard let link = links[number], !isCut(link), listens(link.port) else { return }
            for request in requests { serve(request, number) }
        }
    }

    private func drop(_ number: Int) {
        guard let link = links.removeValue(forKey: number) else { return }
        linkNumbers[[link.sentinel, link.id]] = nil
    }

    /// Kills a server; its connections are reset.
    func kill(_ port: Int) {
        servers[port]?.isAlive = false
        closeLinks { $0.port == port }
    }

    private func answered(_ session: Int, _ value: RESPValue) {
        replies[session] = value
        for (number, link) in links.sorted(by: { $0.key < $1.key }) {
            guard let index = link.replies.firstIndex(where: { $0.0 == session }) else { continue }
            links[number]?.replies[index].1 = value
            flush(number)
        }
    }

    /// Sends the replies that are next in line.
    private func flush(_ number: Int) {
        while let link = links[number], let first = link.replies.first, let value = first.1 {
            links[number]?.replies.removeFirst()
            if !isCut(link) {
                post(latency, .event(sentinel: link.sentinel, .reply(link.id, value)))
            }
        }
    }

    private func serve(_ request: [String], _ number: Int) {
        guard let link = links[number] else { return }
        let index = link.port - Self.firstSentinelPort
        nextReply += 1
        if peers.indices.contains(index) {
            let session = -nextReply
            let name = request[0].uppercased()
            let isOwn = ["SENTINEL", "PUBLISH"].contains(name)
            let reply = RESPValue.simple(name == "PING" ? "PONG" : "OK")
            links[number]?.replies.append((session, isOwn ? nil : reply))
            if isOwn { give(index, .command(session: session, request)) }
        } else {
            let reply = answer(request, link)
            links[number]?.replies.append((-nextReply, reply))
        }
        flush(number)
    }

    // MARK: data nodes

    private func answer(_ request: [String], _ link: Link) -> RESPValue {
        let port = link.port
        guard let server = servers[port] else { return .error("ERR gone") }
        let name = request[0].uppercased()
        let isRoutine = ["PING", "INFO", "PUBLISH", "ROLE", "SUBSCRIBE"].contains(name)
        if !isRoutine && request != ["CLIENT", "SETNAME", request.last ?? ""] {
            servers[port]?.requests.append(request)
        }
        switch name {
        case "PING": return server.pingReply
        case "INFO":
            let replicas = servers.values.filter { $0.primary == port && $0.isAlive }
            guard !server.refusesInfo else { return .error("NOPERM no INFO for you") }
            return .bulk(Array(server.info(replicas: replicas.sorted { $0.port < $1.port }).utf8))
        case "ROLE":
            return .array([.text(server.primary == nil ? "master" : "slave")])
        case "PUBLISH":
            for (_, other) in links.sorted(by: { $0.key < $1.key })
            where other.port == port && other.isPubsub && !isCut(other) {
                let message = RESPValue.array([
                    .text("message"), .text(request[1]), .text(request[2]),
                ])
                post(latency, .event(sentinel: other.sentinel, .reply(other.id, message)))
            }
            return .integer(1)
        case "SLAVEOF":
            if request[1].uppercased() == "NO" {
                if server.obeysPromotion { servers[port]?.primary = nil }
            } else {
                servers[port]?.primary = Int(request[2])
                servers[port]?.isFenced = false
            }
            return .simple("QUEUED")
        case "FAILOVER": return handOver(port, request)
        case "TANDEM":
            guard server.isOurs else { return .error("ERR unknown command 'TANDEM'") }
            return tandem(port, request)
        default: return .simple("OK")
        }
    }

    private func tandem(_ port: Int, _ request: [String]) -> RESPValue {
        let epoch = servers[port]?.epoch ?? 0
        switch request[1] {
        case "NODE": return .map([.text("epoch"), .text(String(epoch))])
        case "RESUME":
            guard Int(request[2]) ?? 0 >= epoch else { return .error("ERR The epoch is older") }
            servers[port]?.isFenced = false
            return .simple("OK")
        default: return .simple("OK")
        }
    }

    private func handOver(_ port: Int, _ request: [String]) -> RESPValue {
        guard let server = servers[port], request.count > 3, let target = Int(request[3]) else {
            servers[port]?.isHandingOver = false
            return .simple("OK")
        }
        switch server.handOver {
        case .unknown: return .error("ERR unknown command 'FAILOVER', with args beginning with: ")
        case .refuses(let text): return .error(text)
        case .givesUp:
            servers[port]?.isHandingOver = true
            after(300) { $0.servers[port]?.isHandingOver = false }
        case .works:
            servers[port]?.isHandingOver = true
            after(5) { network in
                network.servers[port]?.isHandingOver = false
                network.servers[port]?.primary = target
                network.servers[target]?.primary = nil
            }
        }
        return .simple("OK")
    }
}

// MARK: what tests ask

extension MiniNetwork {
    func group(_ index: Int) -> MonitoredGroup { peers[index].state.groups[0] }

    /// The port that the sentinel gives to clients.
    func primaryPort(_ index: Int) -> Int { group(index).currentAddress.port }

    /// Whether every living sentinel gives this port, with nothing under way.
    func allAgree(on port: Int) -> Bool {
        peers.indices.filter { peers[$0].isAlive }.allSatisfy {
            primaryPort($0) == port && group($0).failover == nil
        }
    }

    /// Whether any sentinel has told the server to follow the other.
    func wasTold(_ port: Int, toFollow other: Int) -> Bool {
        servers[port]?.requests.contains { $0.first == "SLAVEOF" && $0.last == String(other) }
            ?? false
    }

    func events(_ channel: EventName) -> [Published] {
        events.filter { $0.channel == channel.rawValue }
    }

    func time(of channel: EventName, since start: Int64 = 0) -> Int64? {
        events.first { $0.channel == channel.rawValue && $0.time >= start }?.time
    }

    /// Runs until all sentinels know each other and all replicas.
    func settle() -> Bool {
        let replicas = servers.values.count { $0.primary != nil }
        return run(atMost: 15000) {
            peers.indices.allSatisfy { index in
                let watched = group(index)
                return watched.sentinels.count == peers.count - 1
                    && watched.replicas.count == replicas
                    && watched.replicas.allSatisfy { $0.report.refreshedAt != nil }
            }
        }
    }
}
