import Memory
import RESP
import Replication
import Sessions

/// SHUTDOWN, SIGTERM and SIGINT on their way: replicas get the end of the stream, the data are
/// saved, then the server stops.
struct Shutdown: Equatable {
    enum Stage: Equatable {
        /// Writes are paused until every replica has the stream's end.
        case waitingForReplicas
        case saving
        /// The node-state file is being written.
        case recording
        case leaving
    }
    var request: ShutdownRequest
    var stage = Stage.waitingForReplicas
    /// When waiting for replicas ends (monotonic µs).
    var deadline: Int64
    /// Sessions that asked for it.
    var sessions: [Int] = []
    /// Where the data on disk end, once they are saved.
    var saved: StreamPosition?
}

extension DataEngine {
    /// SHUTDOWN. Its reply comes only if the server does not stop.
    mutating func shutDown(
        _ request: ShutdownRequest, _ call: Call
    ) throws(ReplyError) -> Propagation {
        if request.abort {
            if introspection.stopToCome != nil {
                introspection.stopToCome = nil
                frontend.log(.notice, "Shutdown manually aborted.")
                call.reply.ok()
                return .none
            }
            guard replication.shutdown?.stage == .waitingForReplicas else {
                throw ReplyError("ERR No shutdown in progress.")
            }
            frontend.log(.notice, "Shutdown manually aborted.")
            cancelShutdown()
            call.reply.ok()
            return .none
        }
        let session = call.session
        session.value.flags.insert(.blocked)
        session.value.blocking = .host(0)
        beginShutdown(request, for: session.value.id)
        return .suspended
    }

    /// A signal asks the server to stop; `options` are bits of `ShutdownOptions`.
    mutating func shutDown(options: Int) {
        var request = ShutdownRequest()
        if options & ShutdownOptions.save != 0 { request.saves = true }
        if options & ShutdownOptions.noSave != 0 { request.saves = false }
        request.now = options & ShutdownOptions.now != 0
        request.force = options & ShutdownOptions.force != 0
        beginShutdown(request, for: nil)
    }

    private mutating func beginShutdown(_ request: ShutdownRequest, for session: Int?) {
        if replication.shutdown != nil {
            if let session { replication.shutdown?.sessions.append(session) }
            return
        }
        let deadline = frontend.time.monotonic + Int64(settings.shutdownTimeout) * 1_000_000
        var shutdown = Shutdown(request: request, deadline: deadline)
        if let session { shutdown.sessions.append(session) }
        replication.shutdown = shutdown
        frontend.log(.warning, "User requested shutdown...")
        setPause(.shutdown, PauseState.Pause(until: .max, all: false))
        if !request.now, settings.shutdownTimeout > 0, !laggingReplicas.isEmpty {
            frontend.log(.notice, "Waiting for replicas before shutting down.")
        } else {
            saveForShutdown()
        }
    }

    private var laggingReplicas: [AttachedReplicas.Member] {
        replication.replicas.members.filter {
            !$0.link.wantsSnapshotOnly && $0.link.acknowledged != streamEnd
        }
    }

    /// Goes on when replicas have everything, or when time is up; called every turn.
    mutating func advanceShutdown() {
        guard let shutdown = replication.shutdown, shutdown.stage == .waitingForReplicas,
            laggingReplicas.isEmpty || frontend.time.monotonic >= shutdown.deadline
        else { return }
        saveForShutdown()
    }

    private mutating func saveForShutdown() {
        reportLaggingReplicas()
        let isComplete = !gates.contains(.loading) && !gates.contains(.fenced)
        let saves = replication.shutdown?.request.saves ?? !settings.savePoints.isEmpty
        guard saves, isComplete else { return recordStop() }
        replication.shutdown?.stage = .saving
        frontend.log(.notice, "Saving the final RDB snapshot before exiting.")
        if persistence.target != nil { abortRun("the server is shutting down") }
        if replication.stream.isActive {
            let position = StreamPosition(id: replication.history.id, offset: streamEnd)
            replication.shutdown?.saved = position
        }
        save(.shutdown)
    }

    private mutating func reportLaggingReplicas() {
        let all = replication.replicas.members.count { !$0.link.wantsSnapshotOnly }
        guard all > 0 else { return }
        let now = frontend.time.monotonic
        let lagging = laggingReplicas
        for member in lagging {
            frontend.log(
                .warning,
                "Lagging replica \(member.link.name) reported offset "
                    + "\(streamEnd - member.link.acknowledged) behind \(WireNames.primary), "
                    + "lag=\(member.link.lag(at: now)), "
                    + "state=\(member.link.stateName ?? "unknown").")
        }
        frontend.log(
            lagging.isEmpty ? .notice : .warning,
            "\(all - lagging.count) of \(all) replicas are in sync when shutting down.")
    }

    /// The final snapshot is written, or could not be.
    mutating func shutdownSaved(error: String?) {
        guard replication.shutdown != nil else { return }
        if let error {
            replication.shutdown?.saved = nil
            guard replication.shutdown?.request.force == true else {
                frontend.log(.warning, "Error trying to save the DB, can't exit: \(error)")
                return cancelShutdown()
            }
            frontend.log(.warning, "Error trying to save the DB. Exit anyway.")
        }
        recordStop()
    }

    /// A stop with saved data is remembered as a clean one, so that the primary may serve at once
    /// when it comes back.
    private mutating func recordStop() {
        guard replication.node.isWatched, let saved = replication.shutdown?.saved,
            !replication.isReplica
        else { return leave() }
        replication.shutdown?.stage = .recording
        replication.node.state.stop = .clean(saved)
        saveNode(.stop)
    }

    mutating func leave() {
        replication.shutdown?.stage = .leaving
        frontend.requests.append(.stop(status: 0))
    }

    private mutating func cancelShutdown() {
        let sessions = replication.shutdown?.sessions ?? []
        replication.shutdown = nil
        setPause(.shutdown, nil)
        frontend.log(
            .warning, "Errors trying to shut down the server. Check the logs for more information.")
        for id in sessions {
            guard let slot = frontend.sessions[id] else { continue }
            slot.value.reply.error("ERR Errors trying to SHUTDOWN. Check logs.")
            unblock(slot)
        }
    }

    /// Milliseconds until a shutdown that waits for replicas goes on; for INFO.
    var shutdownMilliseconds: Int? {
        guard let shutdown = replication.shutdown, shutdown.stage == .waitingForReplicas else {
            return nil
        }
        return max(0, Int(shutdown.deadline - frontend.time.monotonic) / 1000)
    }
}
