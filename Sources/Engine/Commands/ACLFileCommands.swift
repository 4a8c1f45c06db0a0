import Memory
import RESP
import Sessions

func aclLoad(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try engine.useUserFile(call) {
        .users(session: $0, bytes: [])
    } request: { engine, id in
        .readFile(id: id, path: engine.settings.aclFile)
    }
}

func aclSave(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let failure =
        "ERR There was an error trying to save the ACLs. Please check the server logs for more "
        + "information"
    return try engine.useUserFile(call) {
        .reply(session: $0, failure: failure)
    } request: { engine, id in
        var bytes: [UInt8] = []
        for user in engine.frontend.acl.sorted {
            bytes += user.line(engine.frontend.table) + [UInt8(ascii: "\n")]
        }
        return .replaceFile(id: id, path: engine.settings.aclFile, bytes: bytes)
    }
}

extension DataEngine {
    /// Asks the host for something about the users' file. Inside EXEC nobody can wait for it.
    fileprivate mutating func useUserFile(
        _ call: Call, wait: (Int) -> HostWait, request: (borrowing DataEngine, Int) -> HostRequest
    ) throws(ReplyError) -> Propagation {
        if settings.aclFile.isEmpty { return try aclWithoutFile(&frontend, call) }
        let waits = !call.session.value.flags.contains(.executing)
        let token = waits ? waitForHost(call, failure: "") : nextToken
        if !waits {
            nextToken += 1
            call.reply.ok()
        }
        hostWaits[token] = wait(waits ? call.session.value.id : -1)
        frontend.requests.append(request(self, token))
        return waits ? .suspended : .none
    }

    /// A piece of the users' file. Whether the id was this file's.
    mutating func usersRead(_ id: Int, _ bytes: [UInt8], isLast: Bool) -> Bool {
        guard case .users(let session, let before)? = hostWaits[id] else { return false }
        let all = before + bytes
        hostWaits[id] = .users(session: session, bytes: all)
        if isLast {
            let (acl, errors) = UserFile.read(all, path: settings.aclFile, frontend)
            if let acl { frontend.replaceUsers(acl) }
            _ = finishHostWait(id, error: acl == nil ? errors : nil)
        } else {
            frontend.requests.append(.readMore(id: id))
        }
        return true
    }
}
