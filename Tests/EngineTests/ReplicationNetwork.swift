import Digests
import Engine
import Keyspace
import Memory
import RESP
import Replication
import Sessions

/// Engines that talk over connections in memory, with files in dictionaries and a clock that moves
/// only when a test says so.
final class TestNetwork {
    private(set) var now: Int64 = 1_000_000
    private(set) var servers: [TestServer] = []
    private var pipes: [Int: Pipe] = [:]
    private var nextPipe = 1
    /// What clients whose connection was closed have not taken yet.
    private var leftovers: [Int: [UInt8]] = [:]
    /// Hosts whose end of a connection a test plays itself, and the pipe of the latest to each.
    var strangers: [String: Int] = [:]
    /// Bytes carried per connection and round; small numbers cut requests into pieces.
    var chunk = 64 * 1024

    /// Both ends of a connection: sessions of servers, or a test's client.
    final class Pipe {
        struct End {
            var server: TestServer?
            var session: Slot<Session>?
            var inbox: [UInt8] = []
        }
        var ends: [End]
        init(_ ends: [End]) { self.ends = ends }
    }

    /// Adds a server reached as `name`, and starts it.
    func add(_ name: String, _ change: (inout ServerSettings) -> Void = { _ in }) -> TestServer {
        var settings = ServerSettings()
        settings.port = 6379
        settings.savePoints = []
        settings.replDisklessSyncDelay = 0
        settings.replicaAnnounceIP = name
        settings.enableDebugCommand = .yes
        change(&settings)
        let server = TestServer(name, self, settings)
        servers.append(server)
        server.start()
        settle()
        return server
    }

    // MARK: Time

    /// Runs turns until nothing moves any more.
    func settle() {
        for _ in 0..<100_000 where !round() { return }
        fatalError("the servers never come to rest")
    }

    /// One turn of every server and one piece on every connection; whether anything happened.
    @discardableResult
    func round() -> Bool {
        var moved = false
        for server in servers where server.turn(at: now) { moved = true }
        for id in pipes.keys.sorted() where carry(id) { moved = true }
        return moved
    }

    /// Lets time pass in steps of `step` milliseconds.
    func pass(milliseconds: Int, step: Int = 50) {
        for _ in 0..<(milliseconds / step) {
            now += Int64(step) * 1000
            settle()
        }
    }

    /// Passes time until `condition` holds; false after `milliseconds`.
    func wait(milliseconds: Int = 20_000, _ condition: () -> Bool) -> Bool {
        settle()
        var left = milliseconds
        while !condition(), left > 0 {
            pass(milliseconds: 50)
            left -= 50
        }
        return condition()
    }

    // MARK: Connections

    func dial(from server: TestServer, link: Int, host: String, port: Int) {
        if strangers[host] != nil { return dialStranger(from: server, link, "\(host):\(port)") }
        guard let target = servers.first(where: { $0.name == host }), let engine = target.engine,
            !target.isCutOff, !server.isCutOff
        else {
            server.engine?.value.handle(.linkFailed(link: link, reason: "Connection refused"))
            return
        }
        let id = nextPipe
        nextPipe += 1
        let accepted = engine.value.frontend.open(
            connection: id, peer: "\(server.name):\(40_000 + id)", local: "\(host):\(port)")
        guard
            let session = server.engine?.value.frontend.open(
                role: .link(link), connection: id, peer: "\(host):\(port)", local: server.name)
        else { return }
        pipes[id] = Pipe([
            Pipe.End(server: server, session: session),
            Pipe.End(server: target, session: accepted),
        ])
        server.engine?.value.handle(
            .linkOpened(link: link, session: session, localAddress: server.name))
    }

    private func dialStranger(from server: TestServer, _ link: Int, _ peer: String) {
        let id = nextPipe
        nextPipe += 1
        guard
            let session = server.engine?.value.frontend.open(
                role: .link(link), connection: id, peer: peer, local: server.name)
        else { return }
        pipes[id] = Pipe([Pipe.End(), Pipe.End(server: server, session: session)])
        strangers[String(peer.prefix { $0 != ":" })] = id
        server.engine?.value.handle(
            .linkOpened(link: link, session: session, localAddress: server.name))
    }

    func openClient(to server: TestServer) -> (pipe: Int, session: Slot<Session>)? {
        guard let engine = server.engine else { return nil }
        let id = nextPipe
        nextPipe += 1
        let session = engine.value.frontend.open(
            connection: id, peer: "client:\(id)", local: server.name)
        pipes[id] = Pipe([Pipe.End(), Pipe.End(server: server, session: session)])
        return (id, session)
    }

    func send(_ bytes: [UInt8], on pipe: Int) { pipes[pipe]?.ends[1].inbox += bytes }

    /// What a client received; nil once its connection is closed and everything was taken.
    func take(from pipe: Int) -> [UInt8]? {
        guard let bytes = pipes[pipe]?.ends[0].inbox else {
            return leftovers.removeValue(forKey: pipe)
        }
        pipes[pipe]?.ends[0].inbox = []
        return bytes
    }

    func output(_ bytes: [UInt8], of server: TestServer, on id: Int) {
        guard let pipe = pipes[id] else { return }
        let own = pipe.ends[0].server === server ? 0 : 1
        pipe.ends[1 - own].inbox += bytes
    }

    private func carry(_ id: Int) -> Bool {
        guard let pipe = pipes[id] else { return false }
        var moved = false
        for index in 0...1 {
            let end = pipe.ends[index]
            guard let server = end.server, let session = end.session, !end.inbox.isEmpty,
                !server.isCutOff, pipe.ends[1 - index].server?.isCutOff != true
            else { continue }
            let piece = Array(end.inbox.prefix(chunk))
            pipe.ends[index].inbox.removeFirst(piece.count)
            session.value.input.append(piece)
            server.ready.append(session)
            moved = true
        }
        return moved
    }

    /// Ends a connection; both servers hear of it, unless the network does not reach them.
    func close(_ id: Int, from closer: TestServer? = nil) {
        guard let pipe = pipes.removeValue(forKey: id) else { return }
        leftovers[id] = pipe.ends[0].inbox
        let isCutOff = pipe.ends.contains { $0.server?.isCutOff == true }
        for end in pipe.ends {
            guard let server = end.server, let session = end.session else { continue }
            if !isCutOff || closer == nil || closer === server { server.forget(session) }
        }
    }

    /// A server closes its end; false when the other end is gone already.
    func close(_ session: Slot<Session>, of server: TestServer) -> Bool {
        guard pipes[session.value.connection] != nil else { return false }
        close(session.value.connection, from: server)
        return true
    }

    /// Ends all connections of a server; `telling` it too, else it is gone and hears of nothing.
    func closeAll(of server: TestServer, telling: Bool = false) {
        for (id, pipe) in pipes.sorted(by: { $0.key < $1.key })
        where pipe.ends.contains(where: { $0.server === server }) {
            for index in 0...1 where pipe.ends[index].server === server && !telling {
                pipe.ends[index].session = nil
            }
            close(id)
        }
    }
}

/// One server, over all its lives.
final class TestServer {
    let name: String
    private unowned let network: TestNetwork
    var settings: ServerSettings
    private(set) var engine: Slot<DataEngine>?
    var disk = TestFiles()
    var ready: [Slot<Session>] = []
    /// The network does not reach it.
    var isCutOff = false
    private(set) var exitStatus: Int32?
    private(set) var log: [String] = []
    private var lives: UInt64 = 0
    private var client: TestClient?
    private var events: [HostEvent] = []

    init(_ name: String, _ network: TestNetwork, _ settings: ServerSettings) {
        self.name = name
        self.network = network
        self.settings = settings
    }

    deinit { engine?.free() }

    /// Starts the process anew from its files.
    func start() {
        lives += 1
        let seed = Array(name.utf8).reduce(lives) { $0 &* 31 &+ UInt64($1) }
        let slot = Slot(DataEngine(settings: settings, seed: seed, clock: { 0 }))
        slot.value.keyspace.digestEnabled = true
        engine = slot
        exitStatus = nil
        begin(slot, at: network.now)
        slot.value.start(configurationPath: nil, configurationText: [])
    }

    /// Ends the process without a word.
    func kill() {
        network.closeAll(of: self)
        engine?.free()
        engine = nil
        client = nil
        (ready, events) = ([], [])
        disk.closeAll()
    }

    func restart() {
        if engine != nil { kill() }
        start()
        network.settle()
    }

    private func begin(_ engine: Slot<DataEngine>, at now: Int64) {
        engine.value.beginTurn(TurnTime(monotonic: now, wall: 1_700_000_000_000_000 + now))
    }

    /// One turn; whether anything happened.
    func turn(at now: Int64) -> Bool {
        guard let engine else { return false }
        begin(engine, at: now)
        let batch = ready
        ready = []
        var moved = !batch.isEmpty || !events.isEmpty || engine.value.hasPendingWork
        engine.value.process(batch)
        let news = events
        events = []
        for event in news { engine.value.handle(event) }
        _ = engine.value.tick()
        while self.engine != nil, let request = engine.value.nextRequest() {
            if perform(request) { moved = true }
        }
        guard self.engine != nil else { return true }
        if flush(engine) { moved = true }
        return moved
    }

    private func flush(_ engine: Slot<DataEngine>) -> Bool {
        var moved = false
        for slot in engine.value.frontend.takeFlushList() {
            while true {
                let view = engine.value.nextOutput(slot)
                if view.isEmpty { break }
                moved = true
                network.output(view.bytes, of: self, on: slot.value.connection)
                engine.value.outputSent(slot, view.count)
            }
            if slot.value.flags.contains(.closeAfterReply) { engine.value.frontend.close(slot) }
        }
        while let slot = engine.value.frontend.closeList.first {
            engine.value.frontend.closeList.removeFirst()
            moved = true
            if !network.close(slot, of: self) { forget(slot) }
        }
        return moved
    }

    /// A connection ended.
    func forget(_ session: Slot<Session>) {
        ready.removeAll { $0 == session }
        engine?.value.disconnected(session)
    }

    // MARK: Requests

    /// Does what the engine asks; whether that may lead to more.
    private func perform(_ request: HostRequest) -> Bool {
        switch request {
        case .log(_, let text): log.append(text)
        case .connect(let link, let host, let port, _):
            network.dial(from: self, link: link, host: host, port: port)
        case .stop(let status):
            if let engine { _ = flush(engine) }
            kill()
            exitStatus = status
        default:
            guard case .done(let event) = disk.answer(request) else { return false }
            if let event { events.append(event) }
        }
        return true
    }

    // MARK: Asking

    /// Runs a request on a client of the server's own and returns the reply.
    @discardableResult
    func run(_ words: String...) -> RESPValue { run(words) }

    @discardableResult
    func run(_ words: [String]) -> RESPValue {
        if client?.isOpen != true { client = TestClient(network, self) }
        return client?.run(words) ?? .error("closed")
    }

    /// Sends a request on the same client without waiting for the network to come to rest.
    func send(_ words: String...) {
        if client?.isOpen != true { client = TestClient(network, self) }
        client?.post(words)
    }

    /// Takes the reply to what was sent.
    @discardableResult
    func takeReply() -> RESPValue? {
        network.settle()
        return client?.reply()
    }

    /// The field of INFO; empty if there is none.
    func info(_ field: String) -> String {
        guard let engine else { return "" }
        for line in engine.value.info(Set(InfoSection.allCases)).split(separator: "\r\n")
        where line.hasPrefix("\(field):") {
            return String(line.dropFirst(field.count + 1))
        }
        return ""
    }

    func get(_ key: String) -> String? { run("GET", key).string }

    /// All data as one number of text, equal for equal data.
    var digest: String { engine.map { "\($0.value.keyspace.digest())" } ?? "" }

    func follow(_ other: TestServer) {
        run("REPLICAOF", other.name, "6379")
    }

    var isLinkUp: Bool { info("master_link_status") == "up" }

    /// Where its data are in which history.
    var place: String { info("master_replid") + ":" + info("master_repl_offset") }

    func logged(_ text: String) -> Bool { log.contains { $0.contains(text) } }
}

/// A client of one server.
final class TestClient {
    private let network: TestNetwork
    private let pipe: Int
    private var received: [UInt8] = []
    private(set) var isOpen = true

    init?(_ network: TestNetwork, _ server: TestServer) {
        guard let (pipe, _) = network.openClient(to: server) else { return nil }
        self.network = network
        self.pipe = pipe
    }

    func post(_ words: [String]) { network.send(RequestWriter.bytes(words), on: pipe) }

    func send(_ words: [String]) {
        post(words)
        network.settle()
    }

    func send(_ words: String...) { send(words) }

    /// The next reply that has come; nil while there is none.
    func reply() -> RESPValue? {
        if let bytes = network.take(from: pipe) { received += bytes } else { isOpen = false }
        var parser = ReplyParser()
        return received.withView { view -> (RESPValue, Int)? in
            if case .value(let value, let end) = parser.next(view, at: 0) { return (value, end) }
            return nil
        }.map { value, end in
            received.removeFirst(end)
            return value
        }
    }

    func run(_ words: [String]) -> RESPValue? {
        send(words)
        return reply()
    }

    func run(_ words: String...) -> RESPValue? { run(words) }

    func close() { network.close(pipe) }
}
