import Memory
import RESP
import Sessions

extension Engine {
    package mutating func nextOutput(_ session: Slot<Session>) -> ByteView {
        frontend.sendable(session)
    }

    package mutating func outputSent(_ session: Slot<Session>, _ count: Int) {
        frontend.sent(session, count)
    }

    package mutating func disconnected(_ session: Slot<Session>) {
        if !session.value.watched.isEmpty { watchers.removeAll(of: session) }
        monitors.removeAll { $0 == session }
        frontend.drop(session)
    }

    package mutating func nextRequest() -> HostRequest? {
        frontend.requests.isEmpty ? nil : frontend.requests.removeFirst()
    }

    package mutating func handle(_ event: HostEvent) {
        switch event {
        case .fileDone(let id):
            _ = finishHostWait(id, error: nil)
        case .fileFailed(let id, _, _, let reason):
            _ = finishHostWait(id, error: reason)
        case .usage(let usage):
            self.usage = usage
        default:
            break
        }
    }

    /// Shows a request to the sessions under MONITOR.
    mutating func feedMonitors(_ call: Call, _ entry: CommandEntry) {}
}
