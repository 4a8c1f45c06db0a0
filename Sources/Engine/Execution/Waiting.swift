import Memory
import RESP
import Sessions

/// What to do when the host answers a request that a session waits for.
package enum HostWait: Equatable, Sendable {
    /// Answer +OK, or an error with this text before the reason.
    case reply(session: Int, failure: String)
    /// The same for CONFIG REWRITE, which wrote this text.
    case rewrite(session: Int, text: [UInt8])
    /// The same for ACL LOAD, which read this much.
    case users(session: Int, bytes: [UInt8])
}

extension DataEngine {
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
            answer(id, error.map { failure.isEmpty ? "ERR \($0)" : failure })
        case .users(let id, _):
            answer(id, error.map { "ERR \($0)" })
        case .rewrite(let id, let text):
            if error == nil { configurationText = text }
            frontend.log(
                error == nil ? .notice : .warning,
                error.map { "CONFIG REWRITE failed: \($0)" }
                    ?? "CONFIG REWRITE executed with success.")
            answer(id, error.map { "ERR Rewriting config file: \($0)" })
        }
        return true
    }

    /// +OK or an error to a session that waited, which then goes on.
    private mutating func answer(_ id: Int, _ error: String?) {
        guard let slot = frontend.sessions[id], slot.value.flags.contains(.blocked) else { return }
        let start = slot.value.reply.buffer.count
        if let error { slot.value.reply.error(text: error) } else { slot.value.reply.ok() }
        unblock(slot, from: start)
    }
}
