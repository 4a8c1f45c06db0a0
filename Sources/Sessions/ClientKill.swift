import Memory
import RESP

/// Whom CLIENT KILL closes: every condition given must hold.
private struct KillFilter {
    var id: Int?
    var kind: ClientClass?
    var address: [UInt8]?
    var localAddress: [UInt8]?
    var user: [UInt8]?
    var skipsCaller = true

    /// CLIENT KILL address, or pairs of option and value.
    init(_ call: Call, _ frontend: borrowing Frontend) throws(ReplyError) {
        guard call.count > 3 else {
            address = call[2].bytes
            skipsCaller = false
            return
        }
        for index in stride(from: 2, to: call.count, by: 2) {
            guard index + 1 < call.count else { throw .syntax }
            try add(call, call[index], call[index + 1], frontend)
        }
    }

    private mutating func add(
        _ call: Call, _ option: ByteView, _ value: ByteView, _ frontend: borrowing Frontend
    ) throws(ReplyError) {
        if option.equalsIgnoringCase("id") {
            guard let number = value.integer, number > 0 else {
                throw ReplyError("ERR client-id should be greater than 0")
            }
            id = Int(number)
        } else if option.equalsIgnoringCase("type") {
            guard let kind = ClientClass(value) else {
                throw call.fail("ERR Unknown client type '\(value)'")
            }
            self.kind = kind
        } else if option.equalsIgnoringCase("addr") {
            address = value.bytes
        } else if option.equalsIgnoringCase("laddr") {
            localAddress = value.bytes
        } else if option.equalsIgnoringCase("user") {
            guard frontend.acl[value.bytes] != nil else {
                throw call.fail("ERR No such user '\(value)'")
            }
            user = value.bytes
        } else if option.equalsIgnoringCase("skipme"), value.equalsIgnoringCase("yes") {
            skipsCaller = true
        } else if option.equalsIgnoringCase("skipme"), value.equalsIgnoringCase("no") {
            skipsCaller = false
        } else {
            throw .syntax
        }
    }

    func matches(_ slot: Slot<Session>, _ call: Call, _ kind: ClientClass) -> Bool {
        if let address, address != Array(slot.value.peer.utf8) { return false }
        if let localAddress, localAddress != Array(slot.value.local.utf8) { return false }
        if let id, id != slot.value.id { return false }
        if let user, user != slot.value.user { return false }
        if let wanted = self.kind, wanted != kind { return false }
        return slot != call.session || !skipsCaller
    }
}

func clientKill(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    let filter = try KillFilter(call, frontend)
    var killed = 0
    for slot in frontend.listedSessions
    where !slot.value.flags.contains(.closing)
        && filter.matches(slot, call, frontend.clientClass(slot))
    {
        // The caller still gets its reply.
        frontend.close(slot, afterReply: slot == call.session)
        killed += 1
    }
    if call.count > 3 {
        call.reply.integer(killed)
    } else if killed > 0 {
        call.reply.ok()
    } else {
        throw ReplyError("ERR No such client")
    }
    return .none
}
