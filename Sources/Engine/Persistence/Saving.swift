import Configuration
import Keyspace
import Memory
import Persistence
import RESP
import Sessions

/// Snapshots to disk.
extension DataEngine {
    /// Bytes handed to the host at a time.
    private static var filePiece: Int { 256 * 1024 }
    /// Seconds after a failed attempt before save points try again.
    private static var retrySeconds: Int64 { 5 }

    /// Path of a file in the data directory. A relative directory is where the process works.
    func dataPath(_ name: String) -> String {
        settings.dir.hasPrefix("/") ? "\(settings.dir)/\(name)" : name
    }

    /// Begins a snapshot to disk, or lets it follow the one under way. Inside EXEC it waits for
    /// the end of the turn: what was written before it is not in the stream yet.
    mutating func save(_ completion: SaveCompletion) {
        if persistence.target == nil, unit.isEmpty {
            beginSave([completion])
        } else {
            persistence.scheduled = (persistence.scheduled ?? []) + [completion]
        }
    }

    /// After FLUSHALL: a snapshot under way is of no use any more, and where snapshots are made at
    /// all, what was deleted shall not come back with the next start. Answers the request, where
    /// it can once that is on disk.
    mutating func saveNothing(_ call: Call) {
        if isSaving { abortRun("all keys were deleted") }
        guard !settings.savePoints.isEmpty else { return call.reply.ok() }
        let session = call.session
        // Where it must wait for something else, the client does not.
        let isNext = persistence.target == nil && unit.isEmpty
        guard isNext, session.value.flags.isDisjoint(with: [.executing, .primaryStream]) else {
            call.reply.ok()
            return save(.nothing)
        }
        session.value.flags.insert(.blocked)
        session.value.blocking = .host(0)
        save(.flushed(session: session.value.id))
    }

    mutating func beginSave(_ completions: [SaveCompletion]) {
        let file = nextToken
        nextToken += 1
        let path = dataPath("temp-\(file).rdb")
        frontend.requests.append(.createFile(id: file, path: path))
        persistence.statistics.lastAttempt = frontend.time.wall / 1_000_000
        beginRun(.disk(file: file, path: dataPath(settings.dbfilename)), completions: completions)
        frontend.log(.notice, "Background saving started without a child process")
        pumpDisk()
    }

    /// Makes the next piece, over several turns if need be, and hands it to the host when that
    /// is done with the last one.
    mutating func pumpDisk() {
        guard case .disk(let file, let path)? = persistence.target,
            persistence.run?.isCommitting == false
        else { return }
        var isComplete = true
        while let room = persistence.run?.room(in: DataEngine.filePiece), room > 0 {
            let offered = min(persistence.run?.encoder.output.count ?? 0, room)
            let count = bytesToCopy(of: offered)
            if count > 0 {
                persistence.run?.takePiece(count)
                continue
            }
            if offered == 0, persistence.run?.encoder.isFinished == true { break }
            if offered > 0 || !advanceRun() {
                isComplete = false
                break
            }
        }
        guard isComplete, persistence.run?.isWriting == false else { return }
        let piece = persistence.run?.pieceTaken() ?? []
        if !piece.isEmpty {
            persistence.run?.isWriting = true
            frontend.requests.append(.appendFile(id: file, bytes: piece))
        } else if persistence.run?.encoder.isFinished == true {
            commitSave(file, path)
        }
    }

    /// The file takes its place once node-state knows the history it belongs to: else nobody
    /// could tell after a crash which other data are older.
    private mutating func commitSave(_ file: Int, _ path: String) {
        switch replication.node.recording {
        case .done:
            persistence.run?.isCommitting = true
            frontend.requests.append(.commitFile(id: file, renameTo: path))
        case .underWay: break
        case .failed: saveFailed(file, "\(nodeStateFile) could not be written")
        }
    }

    /// The host wrote a piece, finished the file, or could not. Whether the id was ours.
    mutating func saveProgressed(_ id: Int, failure: String?, isDone: Bool) -> Bool {
        guard case .disk(let file, _)? = persistence.target, file == id else { return false }
        if let failure {
            saveFailed(file, failure)
        } else if isDone {
            saveSucceeded()
        } else {
            persistence.run?.isWriting = false
            pumpDisk()
        }
        return true
    }

    private mutating func saveSucceeded() {
        let started = persistence.run?.startedAt ?? 0
        let completions = persistence.run?.completions ?? []
        let length = persistence.run?.encoder.bytesTaken ?? 0
        persistence.statistics.changesAtSave = persistence.run?.changesAtStart ?? 0
        persistence.statistics.lastSave = frontend.time.wall / 1_000_000
        persistence.statistics.lastSaveSucceeded = true
        persistence.statistics.lastSaveSeconds = (frontend.time.monotonic - started) / 1_000_000
        persistence.statistics.saves += 1
        persistence.isUnsaved = false
        gates.remove(.saveFailed)
        frontend.log(.notice, "DB saved on disk")
        frontend.log(.notice, "Background saving terminated with success")
        endRun()
        for completion in completions { complete(completion, length: length, error: nil) }
    }

    private mutating func saveFailed(_ file: Int, _ reason: String) {
        // As in Redis a save that somebody waits for tells them alone; others may go on writing.
        let isWaitedFor = persistence.run?.completions.contains { $0.isWaitedFor } ?? false
        if !isWaitedFor { persistence.statistics.lastSaveSucceeded = false }
        let stopsWrites = settings.stopWritesOnSaveError && !settings.savePoints.isEmpty
        frontend.log(.warning, "Write error saving DB on disk: \(reason)")
        frontend.log(.warning, "Background saving error")
        if stopsWrites, !isWaitedFor {
            gates.insert(.saveFailed)
        }
        abandonSave(file, reason)
    }

    /// Gives a snapshot to disk up; by itself that is no failure.
    mutating func abandonSave(_ file: Int, _ reason: String) {
        let completions = persistence.run?.completions ?? []
        frontend.requests.append(.abandonFile(id: file))
        endRun()
        for completion in completions { complete(completion, length: 0, error: reason) }
    }

    private mutating func complete(_ completion: SaveCompletion, length: Int, error: String?) {
        switch completion {
        case .nothing: break
        case .reply(let id):
            guard let slot = frontend.sessions[id] else { return }
            if error == nil { slot.value.reply.ok() } else { slot.value.reply.error("ERR") }
            unblock(slot)
        case .flushed(let id):
            guard let slot = frontend.sessions[id] else { return }
            slot.value.reply.ok()
            unblock(slot)
        case .reload(let id):
            if error == nil { return reload(for: id) }
            guard let slot = frontend.sessions[id] else { return }
            slot.value.reply.error("ERR Error trying to load the RDB dump, check server logs")
            unblock(slot)
        case .shutdown: shutdownSaved(error: error)
        case .transfer: sendSavedFile(length: length, error: error)
        }
    }

    /// Begins a snapshot when a save point is reached; called by the cron.
    mutating func checkSavePoints() {
        guard persistence.target == nil, persistence.loader == nil, !gates.contains(.fenced) else {
            return
        }
        let now = frontend.time.wall / 1_000_000
        let statistics = persistence.statistics
        let changes = keyspace.changes - statistics.changesAtSave
        let mayTry =
            statistics.lastSaveSucceeded || now - statistics.lastAttempt > DataEngine.retrySeconds
        if persistence.isUnsaved, !settings.savePoints.isEmpty, mayTry { return save(.nothing) }
        for point in settings.savePoints
        where changes >= point.changes && now - statistics.lastSave > point.seconds && mayTry {
            frontend.log(
                .notice, "\(point.changes) changes in \(point.seconds) seconds. Saving...")
            return save(.nothing)
        }
    }
}
