import Memory
import RESP
import Sessions

/// What to do when the host answers a request that a session waits for.
package enum HostWait: Equatable, Sendable {
    /// Answer +OK, or an error with this text before the reason.
    case reply(session: Int, failure: String)
}

extension Engine {
    /// Blocks the session of `call` until the host answers request `token`.
    mutating func waitForHost(_ call: Call, failure: String) -> Int {
        let token = nextToken
        nextToken += 1
        hostWaits[token] = .reply(session: call.session.value.id, failure: failure)
        call.session.value.flags.insert(.blocked)
        call.session.value.blocking = .host(token)
        return token
    }

    /// The host answered; false if nobody waits for this token.
    mutating func finishHostWait(_ token: Int, error: String?) -> Bool {
        guard let wait = hostWaits.removeValue(forKey: token) else { return false }
        switch wait {
        case .reply(let id, let failure):
            guard let slot = frontend.sessions[id] else { return true }
            if let error {
                slot.value.reply.error(text: failure.isEmpty ? "ERR \(error)" : failure)
            } else {
                slot.value.reply.ok()
            }
            unblock(slot)
        }
        return true
    }
}
