import Memory
import Persistence
import Replication
import Sessions

/// How far starting the server has come.
enum Startup: Equatable {
    case notBegun
    /// The node-state file is being read.
    case readingNode(file: Int, bytes: [UInt8])
    case loading
    /// The node-state file is being written.
    case recording
    case done
}

/// From an engine that exists to a server that serves: what it was before, its data, its role.
extension DataEngine {
    /// Begins to start. Called once by the host, in its first turn. Clients are answered with
    /// -LOADING until it is done, and the host is told by `ready`.
    package mutating func start(configurationPath: String?, configurationText: [UInt8]) {
        self.configurationPath = configurationPath
        self.configurationText = configurationText
        gates.insert(.loading)
        replication.isReplica = settings.replicaOf != nil
        replication.primary.stage = settings.replicaOf == nil ? .none : .disconnected
        let file = nextToken
        nextToken += 1
        startup = .readingNode(file: file, bytes: [])
        frontend.requests.append(.readFile(id: file, path: dataPath(nodeStateFile)))
    }

    /// A piece of the node-state file. Whether the id was this file's.
    mutating func nodeRead(_ id: Int, _ bytes: [UInt8], isLast: Bool) -> Bool {
        guard case .readingNode(let file, let before) = startup, file == id else { return false }
        let all = before + bytes
        startup = .readingNode(file: file, bytes: all)
        guard isLast || all.count > NodeState.fileLimit else {
            frontend.requests.append(.readMore(id: id))
            return true
        }
        do throws(NodeStateError) {
            replication.node.state = try NodeState(file: all)
            loadAtStart()
        } catch {
            giveUp("Cannot use \(dataPath(nodeStateFile)): \(error)")
        }
        return true
    }

    /// The node-state file could not be read. Whether the id was this file's.
    mutating func nodeUnreadable(_ id: Int, errno: Int32, reason: String) -> Bool {
        guard case .readingNode(let file, _) = startup, file == id else { return false }
        // No file: nobody ever watched this server.
        if errno == 2 { loadAtStart() } else { giveUp("Cannot read \(nodeStateFile): \(reason)") }
        return true
    }

    private mutating func loadAtStart() {
        startup = .loading
        loadFile(for: nil)
    }

    private mutating func giveUp(_ reason: String) {
        frontend.log(.warning, reason)
        frontend.requests.append(.stop(status: 1))
    }

    /// The data file is loaded, or there is none, or it is no good.
    mutating func startDataLoaded(_ result: FileLoad) {
        gates.insert(.loading)
        var loaded: StreamPosition?
        switch result {
        case .failure(let reason):
            return giveUp(
                "Fatal error loading the DB: \(reason). Terminating server after rdb file reading "
                    + "failure.")
        case .missing: break
        case .success(let aux):
            let statistics = persistence.statistics
            frontend.log(
                .notice,
                "Done loading RDB, keys loaded: \(statistics.keysLoaded), keys expired: "
                    + "\(statistics.keysLoadedExpired).")
            let elapsed = frontend.time.monotonic - startedAt.monotonic
            let milliseconds = String(1000 + elapsed / 1000 % 1000).dropFirst()
            frontend.log(
                .notice, "DB loaded from disk: \(elapsed / 1_000_000).\(milliseconds) seconds")
            restoreHistory(aux)
            loaded = aux.position
            replication.loadedHistory = aux.lastHistory
            if let history = aux.lastHistory { replication.node.state.resume(history) }
        }
        takeRole(loaded)
    }

    /// The history that the loaded data end, so that replication can go on instead of starting
    /// over. Does nothing the second time.
    private mutating func restoreHistory(_ aux: LoadedAux) {
        guard !replication.stream.isActive, let position = aux.position else { return }
        let (id, offset) = (position.id, position.offset)
        if replication.isReplica {
            replication.history.adopt(id)
            replication.primary.canContinue = true
            replication.primary.database = aux.streamDatabase ?? 0
        } else {
            // It cannot know what it sent after this file, so it never speaks for that history.
            replication.history = ReplicationHistory(
                restartedFrom: id, at: offset, newID: newHistoryID())
            if Mutation.restartResumesHistory.isActive { replication.history.adopt(id) }
        }
        replication.stream.reset(to: offset)
        activateStream()
    }

    /// A key of the file had expired and is left out: replicas that continue still have it.
    mutating func expireWhileLoading(_ database: Int, _ key: ByteView, _ aux: LoadedAux) {
        guard startup == .loading, !replication.isReplica else { return }
        restoreHistory(aux)
        propagate(database, settings.lazyfreeLazyExpire ? "UNLINK" : "DEL", key)
        flushUnit(for: nil)
    }

    /// Decides whether the server serves at once. One that comes back as a primary from a crash
    /// while sentinels watched it does not: they may have chosen another one.
    private mutating func takeRole(_ loaded: StreamPosition?) {
        let isPrimary = !replication.isReplica
        let now = frontend.time.monotonic
        replication.fence = Fence(
            replication.node.state, isPrimary: isPrimary, loaded: loaded, at: now)
        if replication.fence.isClosed { gates.insert(.fenced) }
        if let reminder = replication.remindOfFence(at: now) { log(reminder) }
        refreshPropagation()
        refreshReplicationGates()
        replication.node.state.role = isPrimary ? .primary : .replica
        guard replication.node.isWatched else { return serve() }
        startup = .recording
        replication.node.state.stop = .unclean
        saveNode(.start)
    }

    /// The node-state file says that the server is running, or cannot be made to say so.
    mutating func nodeRecorded(_ error: String?) {
        if error != nil { return giveUp("The server cannot start without its node-state file.") }
        serve()
    }

    private mutating func serve() {
        startup = .done
        gates.remove(.loading)
        let path = settings.unixSocket
        if settings.port > 0 || path.isEmpty {
            frontend.log(.notice, "Ready to accept connections")
        }
        if !path.isEmpty {
            frontend.log(.notice, "The server is now ready to accept connections at \(path)")
        }
        frontend.requests.append(.ready)
        persistence.statistics.lastSave = frontend.time.wall / 1_000_000
        if let address = settings.replicaOf {
            frontend.log(.notice, ReplicationText.connecting(address.host, address.port))
            connectToPrimary()
        }
    }
}
