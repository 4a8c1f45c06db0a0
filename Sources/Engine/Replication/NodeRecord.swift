import Memory
import RESP
import Replication
import Sessions

/// The node-state file: what a server watched by sentinels must know after a crash. A server
/// that nobody watches writes none.
package struct NodeRecord: Equatable {
    /// What to do when the file is written, or could not be.
    enum Completion: Equatable {
        /// Answer a session.
        case reply(session: Int)
        /// Go on with starting the server.
        case start
        /// Go on with stopping it.
        case stop
    }

    package internal(set) var state: NodeState
    /// When its watchers were last heard.
    var sightings = WatcherSightings()
    /// The host's id of the write under way; nil for none.
    var writing: Int?
    /// Who waits for it, and who for the next one.
    var waiting: [Completion] = []
    var next: [Completion] = []
    /// The state changed since the write under way was begun, or the last one failed.
    var isStale = false

    init(nodeID: String) { state = NodeState(nodeID: nodeID, role: .primary) }

    var isWatched: Bool { !state.watchers.isEmpty }

    /// Whether what must survive a crash is on disk.
    enum Recording: Equatable {
        case done
        case underWay
        /// The last attempt failed; there will be another.
        case failed
    }

    var recording: Recording {
        if !isWatched { return .done }
        if writing != nil { return .underWay }
        return isStale ? .failed : .done
    }
}

extension DataEngine {
    /// Name of the node-state file. Servers that share a directory tell theirs by the port; one
    /// that moves to another port is another server to its sentinels as well.
    var nodeStateFile: String {
        settings.port > 0 ? "node-state-\(settings.port)" : "node-state"
    }

    /// Writes the file. A write under way is followed by another one.
    mutating func saveNode(_ completion: NodeRecord.Completion? = nil) {
        if let completion { replication.node.next.append(completion) }
        replication.node.isStale = true
        if replication.node.writing == nil { writeNode() }
    }

    private mutating func writeNode() {
        let id = nextToken
        nextToken += 1
        replication.node.writing = id
        replication.node.waiting = replication.node.next
        replication.node.next = []
        replication.node.isStale = false
        frontend.requests.append(
            .replaceFile(
                id: id, path: dataPath(nodeStateFile), bytes: replication.node.state.file
            ))
    }

    /// The host wrote the file, or could not. Whether the id was this file's.
    mutating func nodeWritten(_ id: Int, error: String?) -> Bool {
        guard replication.node.writing == id else { return false }
        let waiting = replication.node.waiting
        replication.node.writing = nil
        replication.node.waiting = []
        if let error {
            frontend.log(.warning, "Cannot write \(nodeStateFile): \(error)")
            replication.node.isStale = true
        }
        for completion in waiting { complete(completion, error) }
        if replication.node.isStale, error == nil { writeNode() }
        return true
    }

    private mutating func complete(_ completion: NodeRecord.Completion, _ error: String?) {
        switch completion {
        case .reply(let id):
            guard let slot = frontend.sessions[id] else { return }
            if let error {
                slot.value.reply.error(text: "ERR Cannot write node-state: \(error)")
            } else {
                slot.value.reply.ok()
            }
            unblock(slot)
        case .start: nodeRecorded(error)
        case .stop: leave()
        }
    }

    /// Tries again what could not be written; called every second.
    mutating func retryNode() {
        if replication.node.isStale, replication.node.writing == nil { writeNode() }
    }

    /// The role changed.
    mutating func rememberRole() {
        let role: NodeState.Role = replication.isReplica ? .replica : .primary
        guard replication.node.state.role != role else { return }
        replication.node.state.role = role
        if replication.node.isWatched { saveNode() }
    }

    /// The present history is about to be named to others or in a file, or its data have become
    /// ours. Those that nobody ever got to know need not be remembered.
    mutating func noteHistory() {
        guard replication.node.state.enter(replication.history.id) else { return }
        if replication.node.isWatched { saveNode() }
    }

    /// The history to which the data belong. While fenced it is that of the file they were loaded
    /// from, since in the new one nothing has happened yet; `none` if the file did not say.
    var dataHistory: ReplicationID {
        replication.fence.isClosed ? replication.loadedHistory ?? .none : replication.history.id
    }

    /// Lets a fenced primary serve, as a primary.
    mutating func resumeService() {
        liftFence()
        // What was consented to was for following somebody.
        replication.primary.acceptsEmpty = false
    }

    /// Opens the fence, in whatever role.
    mutating func liftFence() {
        guard replication.fence.isClosed else { return }
        replication.fence.open()
        replication.noReplicasSince = frontend.time.monotonic
        gates.remove(.fenced)
        frontend.log(.warning, "Fence lifted")
    }
}
