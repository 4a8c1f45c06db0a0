import Keyspace
import Memory
import RESP
import Replication
import Sessions

/// The replica's side: the connection to the primary and how far it has come.
struct PrimaryLink {
    enum Stage: Equatable {
        /// This server follows nobody.
        case none
        /// Not connected; the next second tries.
        case disconnected
        case connecting
        case handshake(PrimaryHandshake)
        /// The snapshot of a full resync comes in.
        case receiving(SnapshotReceiver)
        /// The stream comes in.
        case online
    }

    var stage = Stage.none
    /// Number of the present connection; answers to older ones are ignored.
    var token = 0
    var session: Slot<Session>?
    /// When bytes last came, or the connection was begun (monotonic µs).
    var lastHeard: Int64 = 0
    /// When the link was lost (monotonic µs); nil while it is up and before it first was.
    var downSince: Int64?
    /// Whether the data are the state of our history at the stream's end, so that a primary may
    /// let us continue from there.
    var canContinue = false
    /// The database that the stream had selected at its end.
    var database = 0

    // A full resync under way.
    /// Where the stream goes on behind the snapshot; nil when the primary does not say.
    var snapshotPosition: StreamPosition?
    var emptyGuard: EmptyResyncGuard?
    var loaded: LoadedAux?

    // The stream.
    var applier = StreamApplier(offset: 0)
    var words = StreamWords()
    /// The offset last acknowledged.
    var acknowledged = -1
    /// The primary speaks only SYNC and takes no acknowledgements.
    var isLegacy = false

    /// What REPLICAOF said of the primary's data.
    var order = PrimaryOrder.none
    /// Since when the primary, unordered, offers data that are no continuation of ours (monotonic
    /// µs); nil when it does not.
    var strangeSince: Int64?
    /// A sentinel or operator said that an empty primary is right, since the link was last up.
    var acceptsEmpty = false

    var isOnline: Bool { stage == .online }

    /// The state's name in ROLE.
    var stateName: StaticString {
        switch stage {
        case .none: "none"
        case .disconnected: "connect"
        case .connecting: "connecting"
        case .handshake: "handshake"
        case .receiving: "sync"
        case .online: "connected"
        }
    }

    var isInHandshake: Bool {
        if case .handshake = stage { true } else { false }
    }

    var isReceiving: Bool {
        if case .receiving = stage { true } else { false }
    }
}

/// Places in the command table of the commands that mean something to the stream's reader.
struct StreamWords: Equatable {
    var multi = -1
    var exec = -1
    var discard = -1
    var replconf = -1
    var select = -1
    var ping = -1

    init() {}

    init(_ table: borrowing CommandTable) {
        multi = table.find("multi")
        exec = table.find("exec")
        discard = table.find("discard")
        replconf = table.find("replconf")
        select = table.find("select")
        ping = table.find("ping")
    }

    func kind(_ command: Int) -> StreamApplier.CommandKind {
        if command == multi { return .multi }
        if command == exec { return .exec }
        return command == discard ? .discard : .other
    }

    /// Whether the command frames the stream, though it neither reads nor writes data.
    func isFrame(_ command: Int) -> Bool {
        kind(command) != .other || command == select || command == ping
    }
}

extension CommandTable {
    fileprivate func find(_ name: String) -> Int { find(fullName: name) ?? -1 }
}

extension DataEngine {
    /// Opens the connection to the primary.
    mutating func connectToPrimary() {
        guard let address = settings.replicaOf else { return }
        let token = nextToken
        nextToken += 1
        replication.primary.token = token
        replication.primary.stage = .connecting
        replication.primary.lastHeard = frontend.time.monotonic
        frontend.requests.append(
            .connect(
                link: token, host: address.host, port: address.port, source: settings.bindSource))
        frontend.log(.notice, ReplicationText.started)
    }

    /// The host opened a connection that we asked for.
    mutating func linkOpened(_ token: Int, _ session: Slot<Session>) {
        guard token == replication.primary.token, replication.primary.stage == .connecting else {
            return frontend.close(session)
        }
        let now = frontend.time.monotonic
        session.value.flags.insert(.authenticated)
        replication.primary.session = session
        replication.primary.lastHeard = now
        var handshake = PrimaryHandshake(handshakeSettings, at: now)
        let actions = handshake.opened(at: now)
        replication.primary.stage = .handshake(handshake)
        perform(actions)
    }

    private var handshakeSettings: PrimaryHandshake.Settings {
        let link = replication.primary
        let hasSecret = !settings.primaryAuth.isEmpty
        return PrimaryHandshake.Settings(
            user: settings.primaryUser.isEmpty ? nil : settings.primaryUser,
            password: hasSecret ? settings.primaryAuth : nil,
            listeningPort: settings.replicaAnnouncePort > 0
                ? settings.replicaAnnouncePort : settings.port,
            announcedAddress: settings.replicaAnnounceIP.isEmpty
                ? nil : settings.replicaAnnounceIP,
            position: link.canContinue
                ? StreamPosition(id: replication.history.id, offset: streamEnd) : nil,
            isFailover: replication.failover.isInProgress,
            timeout: Int64(settings.replTimeout) * 1_000_000)
    }

    /// REPLICAOF names the primary that is followed already: as it is now it is meant.
    mutating func repeatOrder() {
        if !replication.primary.isOnline { replication.primary.order = .given }
    }

    /// The host could not open it.
    mutating func linkFailed(_ token: Int, _ reason: String) {
        guard token == replication.primary.token, replication.primary.stage == .connecting else {
            return
        }
        frontend.log(.warning, "Error condition on socket for SYNC: \(reason)")
        replication.primary.stage = .disconnected
        replication.primary.order.noteSilence()
        failoverLinkFailed()
    }

    /// Bytes arrived on a connection that we opened.
    mutating func receive(on link: Slot<Session>) {
        guard link == replication.primary.session else {
            link.value.input.removeAll()
            return
        }
        replication.primary.lastHeard = frontend.time.monotonic
        var budget = DataEngine.linkBytesPerTurn
        var mayGoOn = true
        while mayGoOn, replication.primary.session == link, !link.value.input.isEmpty {
            let before = link.value.input.count - link.value.parsed
            let goesOn: Bool
            switch replication.primary.stage {
            case .handshake: goesOn = readHandshake(link)
            case .receiving: goesOn = readSnapshot(link)
            case .online: goesOn = mayApply(link) && applyStream(link)
            default: goesOn = false
            }
            let done = before - (link.value.input.count - link.value.parsed)
            frontend.statistics.replicationBytesIn &+= done
            budget -= max(done, 1)
            if !goesOn { return }
            mayGoOn = budget > 0 && hasTimeLeft
        }
        if !mayGoOn, replication.primary.session == link { frontend.enqueue(link) }
    }

    /// Whether the stream may change data now. A pause stops it like any writer; the host reads a
    /// little ahead and leaves the rest to the primary.
    private mutating func mayApply(_ link: Slot<Session>) -> Bool {
        guard gates.contains(.paused), pause.isActive(frontend.time) else { return true }
        postpone(link)
        return false
    }

    /// Bytes of a link that are worked on in one turn, if time allows.
    static var linkBytesPerTurn: Int { 256 * 1024 }

    /// One line of the handshake; false when it is not all there.
    private mutating func readHandshake(_ link: Slot<Session>) -> Bool {
        guard case .handshake(var handshake) = replication.primary.stage else { return false }
        let now = frontend.time.monotonic
        let actions: [PrimaryHandshake.Action]
        switch WireLine.next(link.value.input.readable, at: 0) {
        case .incomplete: return false
        case .tooLong: actions = handshake.receivedNoLine()
        case .line(let text, let end):
            link.value.input.consume(end)
            actions = handshake.received(text, at: now)
        }
        replication.primary.stage = .handshake(handshake)
        perform(actions)
        return true
    }

    mutating func perform(_ actions: [PrimaryHandshake.Action]) {
        for action in actions {
            switch action {
            case .log(let line): log(line)
            case .send(let requests):
                for request in requests { sendToPrimary(request) }
            case .sendInline(let text):
                replication.primary.session?.value.reply.buffer.append(text)
                if let session = replication.primary.session { frontend.noteOutput(session) }
            case .end(let outcome): handshakeEnded(outcome)
            }
        }
    }

    /// Sends a request on the link.
    private mutating func sendToPrimary(_ request: [[UInt8]]) {
        guard let session = replication.primary.session else { return }
        if request.last == Array("FAILOVER".utf8) { replication.failoverRequests += 1 }
        session.value.reply.buffer.append(requests: request)
        frontend.noteOutput(session)
    }

    private mutating func handshakeEnded(_ outcome: PrimaryHandshake.Outcome) {
        switch outcome {
        case .snapshot(let position):
            replication.primary.order.noteOffer(position?.id)
            if isTooStrange(position) { return dropLink() }
            failoverAccepted()
            replication.primary.snapshotPosition = position
            replication.primary.loaded = nil
            replication.primary.emptyGuard = nil
            replication.primary.stage = .receiving(SnapshotReceiver())
        case .continued(let id):
            failoverAccepted()
            continued(as: id)
        case .failed(let atOnce):
            dropLink()
            failoverLinkFailed()
            if atOnce, replication.isReplica { connectToPrimary() }
        case .failoverRejected:
            dropLink()
            perform(replication.failover.rejected())
        case .failoverTargetIsPrimary:
            failoverTargetIsPrimary()
        }
    }

    /// How long a watched replica keeps its data from a primary of an unknown history, in µs: the
    /// sentinels need a second to see that the primary has lost its own, and to promote a replica.
    private static var strangerPatience: Int64 { 5_000_000 }

    /// Whether the primary offers, in place of data that we asked it to continue, those of a
    /// history of which we have never heard, and nobody has ordered us to take them.
    private mutating func isTooStrange(_ position: StreamPosition?) -> Bool {
        let (link, node) = (replication.primary, replication.node)
        guard node.isWatched, link.canContinue, !link.order.holds, !link.acceptsEmpty,
            !settings.acceptEmptyPrimary, !replication.failover.isInProgress,
            let position, position.id != replication.history.id,
            !node.state.histories.contains(position.id),
            (0..<keyspace.databaseCount).contains(where: { keyspace.size($0) > 0 })
        else { return false }
        let now = frontend.time.monotonic
        if link.strangeSince == nil {
            replication.primary.strangeSince = now
            frontend.log(.warning, ReplicationText.strangePrimary)
        }
        return now - (link.strangeSince ?? now) < DataEngine.strangerPatience
    }

    /// The primary lets us go on where we were.
    private mutating func continued(as id: ReplicationID?) {
        let offset = streamEnd
        if let id, replication.history.continued(as: id, at: offset) {
            noteHistory()
            // Sub-replicas must learn of the new name.
            closeReplicas()
        }
        if !replication.stream.isActive { activateStream() }
        replication.primary.order = .none
        replication.primary.isLegacy = false
        linkIsUp(offset: offset, database: replication.primary.database)
        frontend.log(.notice, ReplicationText.continued)
    }

    /// The stream comes in from now on, behind `offset`.
    mutating func linkIsUp(offset: Int, database: Int) {
        guard let session = replication.primary.session else { return }
        replication.primary.stage = .online
        replication.primary.strangeSince = nil
        replication.primary.downSince = nil
        replication.primary.canContinue = !replication.primary.isLegacy
        replication.primary.applier = StreamApplier(offset: offset)
        replication.primary.words = StreamWords(frontend.table)
        replication.primary.acknowledged = -1
        replication.primary.acceptsEmpty = false
        replication.primary.database = database
        session.value.flags.insert(.primaryStream)
        session.value.database = database
        session.value.parsed = 0
        refreshPropagation()
        refreshReplicationGates()
    }

    /// Closes the link and forgets what it was about to do. What was applied stays.
    mutating func dropLink() {
        let link = replication.primary
        if link.stage == .connecting { frontend.requests.append(.cancelConnect(link: link.token)) }
        if link.isReceiving { abandonLoad() }
        if link.stage == .connecting || link.isInHandshake {
            replication.primary.order.noteSilence()
        }
        if link.isOnline {
            replication.primary.downSince = frontend.time.monotonic
            replication.primary.applier.disconnect()
        }
        replication.primary.token = 0
        replication.primary.session = nil
        replication.primary.emptyGuard = nil
        replication.primary.loaded = nil
        if link.stage != .none { replication.primary.stage = .disconnected }
        if let session = link.session { frontend.close(session) }
        refreshReplicationGates()
    }

    /// The connection to the primary ended by itself.
    mutating func linkLost() {
        let wasOnline = replication.primary.isOnline
        reportLostLink()
        if replication.primary.isReceiving {
            frontend.log(.warning, "I/O error trying to sync with MASTER: connection lost")
        }
        let wasHandshake = replication.primary.isInHandshake
        // The host has closed it.
        replication.primary.session = nil
        dropLink()
        if wasHandshake { failoverLinkFailed() }
        guard wasOnline, let address = settings.replicaOf else { return }
        frontend.log(.notice, ReplicationText.reconnecting(address.host, address.port))
        connectToPrimary()
    }
}

extension DataEngine {
    /// What the log says when the stream ends.
    mutating func reportLostLink() {
        guard replication.primary.isOnline else { return }
        frontend.log(.warning, "Connection with \(WireNames.primary) lost.")
        frontend.log(.notice, ReplicationText.caching)
    }
}

extension ByteBuffer {
    /// Appends one request.
    mutating func append(requests arguments: [[UInt8]]) {
        RequestWriter.append(arguments, to: &self)
    }
}
