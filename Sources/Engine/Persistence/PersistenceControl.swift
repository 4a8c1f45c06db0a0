import Keyspace
import Memory
import Persistence
import Replication
import Sessions

/// Everything the engine holds for snapshots and for loading: at most one snapshot walk and one
/// load at a time.
package struct PersistenceControl: ~Copyable {
    /// The walk under way, and where its bytes go.
    var run: SnapshotRun?
    var target: SnapshotTarget?
    /// Snapshots for replicas, by session, from the request to the last byte.
    var transfers: [Int: SnapshotTransfer] = [:]
    /// A disk snapshot that waits for the walk under way.
    var scheduled: [SaveCompletion]?
    var loader: Loader?
    /// The files that are read for replicas which need their length first, by the host's id, and
    /// whether a piece of each is on its way. A file is replaced by the next one while it is read.
    var filesRead: [Int: Bool] = [:]
    /// Data that were replaced as a whole and are still being freed.
    var graveyard: Slot<Databases>?
    /// Room left for slices of the walk in this turn.
    var slicesLeft = 0
    /// Consumers stopped only because the turn was over.
    var isHungry = false
    /// Whether old values take more than they may, and the snapshot must go on whatever the time.
    var isPressed = false
    /// Bytes that were copied since the last slice of the walk, or of the copy, began.
    var copied = 0
    /// When `rdb-key-save-delay`, which makes snapshots slow for tests, lets the walk go on
    /// (monotonic µs); 0 while it is not waited for.
    var delayedUntil: Int64 = 0
    /// The data came from a primary and are not on disk as they are.
    var isUnsaved = false
    package var statistics = PersistenceStatistics()

    package init() {}

    deinit { graveyard?.free() }

    /// Whether nothing is written, sent or freed, nor waits for it.
    var isIdle: Bool {
        guard transfers.isEmpty, !isHungry, delayedUntil == 0 else { return false }
        guard case nil = target, case nil = scheduled, case nil = graveyard else { return false }
        return true
    }
}

/// What INFO persistence tells.
package struct PersistenceStatistics: Equatable, Sendable {
    /// `Keyspace.changes` when the last good snapshot began.
    package var changesAtSave = 0
    /// Seconds since 1970.
    package var lastSave: Int64 = 0
    package var lastSaveSucceeded = true
    /// Seconds; -1 before the first.
    package var lastSaveSeconds: Int64 = -1
    /// When a snapshot was last begun, in seconds since 1970; failed attempts wait after it.
    package var lastAttempt: Int64 = 0
    package var saves = 0
    package var keysLoaded = 0
    package var keysLoadedExpired = 0
    /// Seconds since 1970; 0 while nothing loads.
    package var loadingSince: Int64 = 0
    package var loadedBytes = 0
    package init() {}
}

/// What to do when a disk snapshot is written, or could not be.
enum SaveCompletion: Equatable {
    case nothing
    /// Answer +OK to this session (SAVE).
    case reply(session: Int)
    /// Answer +OK to this session, whether it was saved or not (FLUSHALL).
    case flushed(session: Int)
    /// Load it again, then answer (DEBUG RELOAD).
    case reload(session: Int)
    /// Go on with stopping the server.
    case shutdown
    /// Send the file to replicas that need its length first.
    case transfer

    /// Whether somebody waits for it, whom Redis would have saved for without a child.
    var isWaitedFor: Bool {
        switch self {
        case .reply, .flushed, .reload, .shutdown: true
        case .nothing, .transfer: false
        }
    }
}

/// Where a walk's bytes go.
enum SnapshotTarget: Equatable {
    /// A temporary file, by the host's id, and the name it gets.
    case disk(file: Int, path: String)
    case sockets
}

/// One walk over all databases and what it is for.
struct SnapshotRun: ~Copyable {
    var encoder: SnapshotEncoder
    let changesAtStart: Int
    /// Monotonic microseconds.
    let startedAt: Int64
    var completions: [SaveCompletion]
    /// Bytes handed to the host that it has not confirmed.
    var isWriting = false
    var isCommitting = false
    /// Bytes for the next piece of a file.
    private var piece: [UInt8] = []

    init(
        encoder: consuming SnapshotEncoder, changesAtStart: Int, startedAt: Int64,
        completions: [SaveCompletion]
    ) {
        self.encoder = encoder
        self.changesAtStart = changesAtStart
        self.startedAt = startedAt
        self.completions = completions
    }

    /// How much the piece may still grow to be of `size` bytes.
    mutating func room(in size: Int) -> Int {
        if piece.isEmpty { piece.reserveCapacity(size) }
        return size - piece.count
    }

    /// Moves `count` bytes that the walk offers to the piece.
    mutating func takePiece(_ count: Int) {
        encoder.output[0..<count].append(to: &piece)
        encoder.consume(count)
    }

    /// The piece, and an empty one in its place.
    mutating func pieceTaken() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &piece)
        return taken
    }
}

/// A snapshot on its way to one replica.
struct SnapshotTransfer {
    enum Stage: Equatable {
        /// Waits for a walk to begin.
        case waiting
        case sending
        /// The file it is to be read from is being written.
        case filing
        /// It is read from a file, which has this id.
        case reading(file: Int)
        /// Everything is in the spool.
        case ending
    }
    var stage: Stage
    /// Ends the payload, 40 bytes; nil where the length is told first.
    var mark: [UInt8]?
    let spool: Slot<ByteBuffer>
}

extension DataEngine {
    /// Bytes a spool may hold before the walk waits for its reader.
    static var spoolLimit: Int { 128 * 1024 }
    /// Bytes of a long value that a slice copies: with their checksum some 50 µs.
    static var copiedBytes: Int { 64 * 1024 }
    /// About how many bytes of entries a slice of the walk visits: some 50 µs.
    static var sliceBytes: Int { 8 * 1024 }
    /// Slices in one turn at most, for hosts whose clock stands still during a turn.
    static var slicesPerTurn: Int { 64 }

    /// Whether a snapshot to disk is being written.
    package var isSaving: Bool {
        if case .disk? = persistence.target { true } else { false }
    }

    /// Whether a snapshot is being made, for the disk or for replicas.
    package var isSnapshotting: Bool { persistence.target != nil }

    /// Options of a snapshot, from the settings.
    func snapshotOptions(includesKeys: Bool = true) -> SnapshotEncoder.Options {
        var options = SnapshotEncoder.Options()
        options.compresses = settings.rdbCompression
        options.checks = settings.rdbChecksum
        options.includesKeys = includesKeys
        if settings.maxmemoryPolicy.usesLRU { options.usage = .recency }
        if settings.maxmemoryPolicy.usesLFU {
            options.usage = .frequency(decayMinutes: settings.lfuDecayTime)
        }
        return options
    }

    /// Begins a walk; there must be none.
    mutating func beginRun(
        _ target: SnapshotTarget, includesKeys: Bool = true, completions: [SaveCompletion] = []
    ) {
        noteHistory()
        let information = RDBInformation(
            version: "7.0.15", createdAt: frontend.time.wall / 1_000_000, usedMemory: heap.used,
            stream: snapshotStreamPosition(),
            history: replication.node.isWatched ? replication.history.id.text : nil)
        persistence.target = target
        persistence.run = SnapshotRun(
            encoder: SnapshotEncoder(
                &keyspace, information: information,
                options: snapshotOptions(includesKeys: includesKeys), heap: heap),
            changesAtStart: keyspace.changes,
            startedAt: frontend.time.monotonic, completions: completions)
    }

    /// Ends the walk, finished or not, and lets the next one begin.
    mutating func endRun() {
        persistence.run?.encoder.end(&keyspace)
        persistence.run = nil
        persistence.target = nil
        persistence.delayedUntil = 0
        persistence.isPressed = false
        persistence.isHungry = true
    }

    /// Moves snapshots, loads and freeing on; called at the end of every turn.
    mutating func pumpPersistence() {
        if persistence.delayedUntil > 0, frontend.time.monotonic >= persistence.delayedUntil {
            // Told once: the walk may have to wait for a reader, who says so himself.
            persistence.delayedUntil = 0
            persistence.isHungry = true
        }
        if persistence.isHungry {
            persistence.isHungry = false
            for id in persistence.transfers.keys.sorted() {
                if let slot = frontend.sessions[id] { frontend.noteOutput(slot) }
            }
        }
        if persistence.target == nil { beginWaitingRun() }
        if isSaving { pumpDisk() }
        checkSnapshotBuffer()
        if let old = persistence.graveyard, !old.value.maintain(budget: 200) {
            old.free()
            persistence.graveyard = nil
        }
    }

    /// Whether this turn has a slice left, of which every turn has one; else the next comes at
    /// once.
    private mutating func hasSliceLeft() -> Bool {
        let isFirst = persistence.slicesLeft == DataEngine.slicesPerTurn
        if persistence.slicesLeft > 0, isFirst || persistence.isPressed || hasTimeLeft {
            return true
        }
        persistence.isHungry = true
        return false
    }

    /// How many of the bytes that the walk offers may be copied now; 0 when this turn has no slice
    /// left. The first 64 KiB of what a slice of the walk wrote are not counted once more; a long
    /// value is offered in pieces of any size, as it was changed meanwhile.
    mutating func bytesToCopy(of offered: Int) -> Int {
        let count = min(offered, DataEngine.copiedBytes)
        if persistence.copied + count > DataEngine.copiedBytes {
            guard hasSliceLeft() else { return 0 }
            persistence.slicesLeft -= 1
            persistence.copied = 0
        }
        persistence.copied += count
        return count
    }

    /// One slice of the walk; false when this turn has none left.
    mutating func advanceRun() -> Bool {
        guard hasSliceLeft() else { return false }
        persistence.copied = 0
        let delay = settings[number: "rdb-key-save-delay", default: 0]
        guard delay > 0 else {
            persistence.slicesLeft -= 1
            persistence.run?.encoder.advance(&keyspace, limit: DataEngine.sliceBytes)
            return true
        }
        guard frontend.time.monotonic >= persistence.delayedUntil else { return false }
        let before = persistence.run?.encoder.keysWritten ?? 0
        persistence.run?.encoder.advance(&keyspace, limit: 1)
        let keys = (persistence.run?.encoder.keysWritten ?? 0) - before
        persistence.delayedUntil = frontend.time.monotonic + Int64(keys * delay)
        return true
    }

    /// Whether the next turn should come at once.
    var persistenceWantsTurn: Bool { persistence.isHungry || persistence.graveyard != nil }

    /// The old values kept for a walk have a bound. Replicas that cannot keep up are dropped. For
    /// a disk snapshot the bound is a soft one: it takes all the slices of a turn, however long,
    /// so that who writes waits for some of it, but a disk that is slower than the writers lets the
    /// old values grow, at most to the size of the data. What is being read does not count: a
    /// replica would come back for the same value and never get to its end.
    private mutating func checkSnapshotBuffer() {
        let limit = settings.snapshotBufferLimit
        persistence.isPressed = false
        guard limit > 0, persistence.target != nil, keyspace.snapshotSideBytes > limit,
            keyspace.snapshotSideBytes - keyspace.snapshotLentBytes > limit
        else { return }
        if isSaving {
            persistence.isPressed = true
            return
        }
        frontend.log(
            .warning,
            "Closing replicas that read their snapshot too slowly: values changed meanwhile take "
                + "more than snapshot-buffer-limit.")
        closeReaders(at: .sending)
    }

    /// Begins what waits for a walk: a scheduled save first, else replicas whose delay is over.
    private mutating func beginWaitingRun() {
        if let completions = persistence.scheduled {
            persistence.scheduled = nil
            beginSave(completions)
        } else {
            beginTransfers()
        }
    }
}
