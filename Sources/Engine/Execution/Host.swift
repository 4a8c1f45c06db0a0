import Memory
import RESP
import Replication
import Sessions

extension DataEngine {
    package mutating func nextOutput(_ session: Slot<Session>) -> ByteView {
        if case .replica = session.value.role { return replicaOutput(session) }
        return frontend.sendable(session)
    }

    package mutating func outputSent(_ session: Slot<Session>, _ count: Int) {
        if case .replica = session.value.role { return replicaOutputSent(session, count) }
        frontend.sent(session, count)
    }

    package mutating func outputsWritten() {
        if clientMemory.isCounted { recountTouchedClients() }
    }

    package mutating func disconnected(_ session: Slot<Session>) {
        frontend.quietUntil = 0
        clientMemory.total -= session.value.countedMemory
        if !session.value.watched.isEmpty { watchers.removeAll(of: session) }
        if session.value.flags.contains(.monitor) { stopMonitoring(session) }
        switch session.value.role {
        case .link: if session == replication.primary.session { linkLost() }
        case .replica, .client: replicaLeft(session)
        }
        if case .wait = session.value.blocking {
            replication.acknowledgements.remove(client: session.value.id)
        }
        forgetWait(of: session)
        frontend.drop(session)
    }

    package mutating func nextRequest() -> HostRequest? {
        // A host that asks for the next request has done what it was given before.
        if frontend.awaitsHost { settingsApplied() }
        guard !frontend.requests.isEmpty else { return nil }
        let request = frontend.requests.removeFirst()
        if case .applySettings = request { frontend.awaitsHost = true }
        return request
    }

    package mutating func handle(_ event: HostEvent) {
        if case .usage(let usage) = event {
            self.usage = usage
            return
        }
        frontend.quietUntil = 0
        switch event {
        case .linkOpened(let link, let session, _): linkOpened(link, session)
        case .linkFailed(let link, let reason): linkFailed(link, reason)
        case .fileProgress(let id, _):
            _ = saveProgressed(id, failure: nil, isDone: false)
        case .fileDone(let id):
            _ =
                saveProgressed(id, failure: nil, isDone: true) || nodeWritten(id, error: nil)
                || finishHostWait(id, error: nil)
        case .fileFailed(let id, _, let errno, let reason):
            fileFailed(id, errno, reason)
        case .fileBytes(let id, let bytes, let isLast):
            _ =
                nodeRead(id, bytes, isLast: isLast) || loadRead(id, bytes, isLast: isLast)
                || transferRead(id, bytes, isLast: isLast) || usersRead(id, bytes, isLast: isLast)
        case .stopRequested(let signal):
            let options =
                signal == 2 ? settings.shutdownOnInterrupt : settings.shutdownOnTerminate
            if introspection.isCronPaused {
                introspection.stopToCome = options
            } else {
                shutDown(options: options)
            }
        case .settingsFailed(let reason):
            settingsFailed(reason)
        case .usage, .reloadRequested, .exited:
            break
        }
    }

    private mutating func fileFailed(_ id: Int, _ errno: Int32, _ reason: String) {
        _ =
            saveProgressed(id, failure: reason, isDone: false)
            || nodeWritten(id, error: reason)
            || nodeUnreadable(id, errno: errno, reason: reason)
            || loadUnreadable(id, errno: errno, reason: reason)
            || transferUnreadable(id, reason: reason)
            || finishHostWait(id, error: reason)
    }
}
