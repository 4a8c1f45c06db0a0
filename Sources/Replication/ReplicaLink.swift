import Memory

/// What a primary knows of one replica. The session it belongs to is the caller's business.
package struct ReplicaLink: Equatable, Sendable {
    /// How far the replica has come.
    package enum State: Equatable, Sendable {
        /// It has not asked for anything yet (`REPLCONF` before `PSYNC`).
        case handshake
        /// It waits until a snapshot starts.
        case waitingForSnapshot
        /// A snapshot is being taken into a file for it.
        case waitingForFile
        /// It receives a snapshot.
        case receivingSnapshot
        /// It has the snapshot and must acknowledge that before the stream goes on.
        case waitingForAcknowledgement
        /// It follows the stream.
        case online
        /// It wanted a snapshot alone and has it; the link may be closed.
        case snapshotDelivered
    }

    /// What an option of `REPLCONF` came to.
    package enum Configured: Equatable, Sendable {
        case ok
        /// `ack`: no reply.
        case acknowledged
        /// `getack`: no reply; a replica answers it with its own offset.
        case acknowledgementRequested
        /// The text of the error, with its code.
        case refused(String)
    }

    package var state = State.handshake
    /// The port its clients use; 0 until it said so.
    package private(set) var listeningPort = 0
    /// The address it wants to be known by; nil for the address of its link.
    package private(set) var announcedAddress: String?
    /// The numeric address of its link.
    package let peerAddress: String
    /// It can tell a snapshot's end by a mark.
    package private(set) var understandsMarks = false
    /// It expects the history's ID behind `+CONTINUE`.
    package private(set) var understandsNewIDs = false
    /// It wants a snapshot and no stream.
    package private(set) var wantsSnapshotOnly = false
    /// What it wants of the snapshot.
    package private(set) var wantsKeys = true
    package private(set) var wantsFunctions = true
    /// It came by SYNC: it never acknowledges and is never timed out.
    package private(set) var isLegacy = false

    /// Stream position of the next byte to send.
    package var position = 0
    /// Bytes of stream it has acknowledged.
    package private(set) var acknowledged = 0
    /// Bytes of stream that it has in a file of its own; nil if it never said so.
    package private(set) var persisted: Int?
    /// When it last acknowledged, or came online (monotonic µs).
    package private(set) var acknowledgedAt: Int64
    /// When its state last changed, for how long it has been waiting (monotonic µs).
    package private(set) var since: Int64

    package init(peerAddress: String, at now: Int64) {
        self.peerAddress = peerAddress
        acknowledgedAt = now
        since = now
    }

    /// The address it is known by.
    package var address: String { announcedAddress ?? peerAddress }

    /// `address:port`, as the log names it.
    package var name: String { "\(address):\(listeningPort)" }

    /// The state's name in INFO; nil when the replica is not listed.
    package var stateName: String? {
        switch state {
        case .handshake: nil
        case .waitingForSnapshot, .waitingForFile: "wait_bgsave"
        case .receivingSnapshot: "send_bulk"
        case .waitingForAcknowledgement, .online: "online"
        case .snapshotDelivered: "rdb_transmitted"
        }
    }

    /// Whether it asked to be synchronised.
    package var isAttached: Bool { state != .handshake }

    /// Whether it waits for a snapshot that is not being sent to it: newlines tell it that we
    /// are alive.
    package var needsKeepAlive: Bool { state == .waitingForSnapshot || state == .waitingForFile }

    /// Whether stream bytes may be sent to it.
    package var takesStream: Bool { state == .online }

    /// Whether bytes of the stream behind `position` must be kept for it.
    package var holdsStream: Bool {
        switch state {
        case .handshake, .waitingForSnapshot, .snapshotDelivered: false
        case .waitingForFile, .receivingSnapshot: !wantsSnapshotOnly
        case .waitingForAcknowledgement, .online: true
        }
    }

    /// Whole seconds since it last acknowledged.
    package func lag(at now: Int64) -> Int { Int(max(0, now - acknowledgedAt) / 1_000_000) }

    /// Whether it is silent for longer than `timeout` µs while it should acknowledge, or takes
    /// nothing of its snapshot for as long.
    package func isTimedOut(at now: Int64, timeout: Int64) -> Bool {
        switch state {
        case .online, .waitingForAcknowledgement: !isLegacy && now - acknowledgedAt > timeout
        case .receivingSnapshot: now - acknowledgedAt > timeout
        default: false
        }
    }

    /// The replica continues with the byte at `position`.
    package mutating func resume(at position: Int, now: Int64) {
        self.position = position
        enter(.online, at: now)
    }

    /// The replica waits for a snapshot. `legacy`: it asked by SYNC.
    package mutating func waitForSnapshot(legacy: Bool, at now: Int64) {
        isLegacy = legacy
        enter(.waitingForSnapshot, at: now)
    }

    /// A snapshot of the data at `offset` is on its way, directly or by way of a file.
    package mutating func beginSnapshot(at offset: Int, viaFile: Bool, now: Int64) {
        position = offset
        enter(viaFile ? .waitingForFile : .receivingSnapshot, at: now)
    }

    /// The file it waited for is complete and is being sent.
    package mutating func sendFile(at now: Int64) { enter(.receivingSnapshot, at: now) }

    /// The whole snapshot has been sent; with a mark at its end the stream waits for the
    /// acknowledgement.
    package mutating func endSnapshot(marked: Bool, at now: Int64) {
        if wantsSnapshotOnly {
            enter(.snapshotDelivered, at: now)
        } else {
            enter(marked && !isLegacy ? .waitingForAcknowledgement : .online, at: now)
        }
    }

    /// It took some more bytes of its snapshot.
    package mutating func noteProgress(at now: Int64) {
        if state == .receivingSnapshot { acknowledgedAt = now }
    }

    private mutating func enter(_ next: State, at now: Int64) {
        state = next
        since = now
        acknowledgedAt = now
    }

    /// One option of `REPLCONF`.
    package mutating func configure(
        _ option: ByteView, _ value: ByteView, at now: Int64
    ) -> Configured {
        if option.equalsIgnoringCase("ack") { return acknowledge(value, at: now) }
        if option.equalsIgnoringCase("getack") { return .acknowledgementRequested }
        if option.equalsIgnoringCase("listening-port") {
            guard let port = value.integer else { return .refused(ReplicaLink.notAnInteger) }
            listeningPort = Int(port)
        } else if option.equalsIgnoringCase("ip-address") {
            guard value.count < 256 else {
                return .refused(
                    "ERR REPLCONF ip-address provided by replica instance is too long: "
                        + "\(value.count) bytes")
            }
            announcedAddress = value.isEmpty ? nil : value.string
        } else if option.equalsIgnoringCase("capa") {
            if value.equalsIgnoringCase("eof") { understandsMarks = true }
            if value.equalsIgnoringCase("psync2") { understandsNewIDs = true }
        } else if option.equalsIgnoringCase("rdb-only") {
            guard let flag = value.integer else { return .refused(ReplicaLink.notAnInteger) }
            guard flag == 0 || flag == 1 else {
                return .refused("ERR value is out of range, value must between 0 and 1")
            }
            wantsSnapshotOnly = flag == 1
        } else if option.equalsIgnoringCase("rdb-filter-only") {
            return filter(value.string)
        } else {
            return .refused("ERR Unrecognized REPLCONF option: \(option.string)")
        }
        return .ok
    }

    /// The second half of an acknowledgement: what is in a file of the replica's own.
    package mutating func notePersisted(_ option: ByteView, _ value: ByteView) {
        guard option.equalsIgnoringCase("fack"), let offset = value.integer else { return }
        persisted = max(persisted ?? 0, Int(offset))
    }

    private mutating func acknowledge(_ value: ByteView, at now: Int64) -> Configured {
        guard isAttached, let offset = value.integer else { return .acknowledged }
        acknowledged = max(acknowledged, Int(offset))
        acknowledgedAt = now
        if state == .waitingForAcknowledgement { enter(.online, at: now) }
        return .acknowledged
    }

    private mutating func filter(_ words: String) -> Configured {
        wantsKeys = false
        wantsFunctions = false
        for word in words.split(separator: " ") {
            guard word.lowercased() == "functions" else {
                return .refused("ERR Unsupported rdb-filter-only option: \(word)")
            }
            wantsFunctions = true
        }
        return .ok
    }

    private static let notAnInteger = "ERR value is not an integer or out of range"
}
