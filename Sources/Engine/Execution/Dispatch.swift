import Memory
import RESP
import Sessions

extension DataEngine {
    /// Runs one request, or refuses or queues it. False if it must be tried again later.
    @inline(__always)
    mutating func dispatch(_ call: inout Call) -> Bool {
        guard _fastPath(call.command >= 0) else { return refuseUnknown(call) }
        let entry = frontend.table[call.command]
        let session = call.session
        if _fastPath(
            gates.isEmpty && !frontend.table.isContainer(call.command)
                && entry.accepts(arguments: call.count)
                && session.value.flags.rawValue & SessionFlags.special.rawValue == 0
                && session.value.flags.contains(.authenticated))
        {
            run(&call, entry.thunk)
            return true
        }
        return dispatchSlowly(call)
    }

    /// Executes an admitted request and propagates what it did.
    @inline(__always)
    mutating func run(_ call: inout Call, _ thunk: CommandThunk) {
        let session = call.session
        let start = session.value.reply.buffer.count
        let result = invoke(&call, thunk)
        frontend.table.statistics[call.command].calls &+= 1
        session.value.lastCommand = call.command
        if _fastPath(result == Propagation.none.rawValue && unit.isEmpty) {
            // A read; it is held back only when what it saw is not yet safe.
            if !replyGate.isOpen { hold(call, from: start, isWrite: false) }
            return
        }
        conclude(call, result, start)
    }

    /// Jumps to the handler, which only reads the call.
    @inline(__always)
    mutating func invoke(_ call: inout Call, _ thunk: CommandThunk) -> Int32 {
        withAddress(of: &self) { owner in
            withAddress(of: &Slot<DataEngine>(address: owner).value.frontend) { frontend in
                withAddress(of: &call) { thunk(owner, frontend, $0) }
            }
        }
    }

    /// Propagates, counts errors, holds replies.
    @inline(never)
    mutating func conclude(_ call: Call, _ result: Int32, _ start: Int) {
        if replication.isReplica, result != Propagation.failed.rawValue { noteLocalWrite(call) }
        switch result {
        case Propagation.verbatim.rawValue:
            if unit.isEmpty, !call.session.value.flags.contains(.executing) {
                propagateAlone(call, start)
                if keyWaits.hasReady { serveWaiters() }
                return
            }
            unit.append(call)
        case Propagation.failed.rawValue:
            frontend.table.statistics[call.command].failed &+= 1
            noteErrorReply(call, start)
        default:
            break
        }
        guard !call.session.value.flags.contains(.executing) else { return }
        let isWrite = !unit.isEmpty
        if isWrite {
            let isSplit = frontend.table[call.command].flags.contains(.arbitraryKeys)
            flushUnit(for: call.session, isSplit: isSplit)
        }
        if !replyGate.isOpen { hold(call, from: start, isWrite: isWrite) }
        if keyWaits.hasReady { serveWaiters() }
    }

    /// Counts an error reply by the code at its start.
    mutating func noteErrorReply(_ call: Call, _ start: Int) {
        let reply = call.session.value.reply.buffer.readable
        if call.session.value.role != .client { reportPeerError(call, reply, start) }
        guard start < reply.count, reply[start] == UInt8(ascii: "-") else {
            frontend.countError("ERR")
            return
        }
        var end = start + 1
        while end < reply.count, reply[end] != UInt8(ascii: " "), reply[end] != UInt8(ascii: "\r") {
            end += 1
        }
        frontend.countError(reply[start + 1..<end].string)
    }

    @inline(never)
    mutating func refuseUnknown(_ call: Call) -> Bool {
        if call[0].equalsIgnoringCase("post") || call[0].equalsIgnoringCase("host:") {
            // HTTP: somebody's browser was led here. The body must not be run.
            let peer = call.session.value.peer
            frontend.log(
                .warning, "Possible SECURITY ATTACK detected: \(peer) speaks HTTP. Closing it.")
            frontend.close(call.session)
            return true
        }
        refuse(call, call.unknownCommand)
        return true
    }

    /// Answers a request with an error instead of executing it. Inside MULTI the transaction is
    /// broken by it; EXEC itself is answered with EXECABORT.
    mutating func refuse(_ call: Call, _ text: ErrorText) {
        let session = call.session
        if call.command >= 0 { frontend.table.statistics[call.command].rejected &+= 1 }
        if session.value.flags.contains(.inTransaction) {
            session.value.flags.insert(.transactionBroken)
        }
        let start = session.value.reply.buffer.count
        if call.command >= 0, frontend.table[call.command].identity == .exec {
            discardTransaction(session)
            if !monitors.isEmpty { feedMonitors(call, frontend.table[call.command]) }
            // As in Redis the plain code is left out, a telling one is not.
            let reason = text.withoutPlainCode
            call.reply.error(quoting: "EXECABORT Transaction discarded because of: " + reason)
        } else {
            call.reply.error(quoting: text)
        }
        noteErrorReply(call, start)
        trimSilenced(call, start)
    }

    /// Drops what was written since `start` when the client asked for silence.
    mutating func trimSilenced(_ call: Call, _ start: Int) {
        let flags = call.session.value.flags
        if case .replica = call.session.value.role { replicaMisbehaved(call) }
        if flags.contains(.repliesOff) || flags.contains(.skipNextReply)
            || flags.contains(.primaryStream)
        {
            call.session.value.reply.buffer.truncate(to: start)
        }
        call.session.value.flags.remove(.skipNextReply)
    }

    /// The long way: subcommands, every gate, transactions, silenced clients.
    @inline(never)
    mutating func dispatchSlowly(_ call: Call) -> Bool {
        frontend.quietUntil = 0
        var (call, entry) = (call, frontend.table[call.command])
        if frontend.table.isContainer(call.command), call.count > 1 {
            let index = frontend.table.find(call[1], in: call.command)
            if index < 0 {
                refuse(call, call.unknownSubcommand)
                return true
            }
            call = Call(
                session: call.session, arena: frontend.arena, first: call.first, count: call.count,
                command: index, hash: call.hash)
            entry = frontend.table[index]
        }
        if gates.contains(.clientLimit) {
            evictClients()
            if call.session.value.flags.contains(.closing) { return true }
        }
        guard entry.accepts(arguments: call.count) else {
            let name = frontend.table.rows[call.command].name
            refuse(call, "ERR wrong number of arguments for '\(name)' command")
            return true
        }
        switch admit(call, entry) {
        case .run:
            runSlowly(&call, entry)
            return true
        case .refused, .queued:
            return true
        case .postponed:
            return false
        }
    }

    private mutating func runSlowly(_ call: inout Call, _ entry: CommandEntry) {
        let session = call.session
        let wasSilent = session.value.flags.contains(.repliesOff)
        let start = session.value.reply.buffer.count
        // The request itself may be a CLIENT REPLY that changes these.
        if session.value.flags.contains(.skipNextReply) {
            session.value.flags.remove(.skipNextReply)
            session.value.flags.insert(.silenced)
        }
        run(&call, entry.thunk)
        if !monitors.isEmpty { feedMonitors(call, entry) }
        if gates.contains(.clientLimit) { countAfterCommand(session) }
        let isSilent = wasSilent && session.value.flags.contains(.repliesOff)
        if isSilent, case .replica = session.value.role, session.value.reply.buffer.count > start {
            replicaMisbehaved(call)
        }
        let isSkipped = session.value.flags.contains(.silenced)
        // The reply of one that waits is still to come.
        if !session.value.flags.contains(.blocked) { session.value.flags.remove(.silenced) }
        if session.value.flags.contains(.primaryStream)
            || (isSilent || isSkipped) && !entry.flags.contains(.pushes)
        {
            session.value.reply.buffer.truncate(to: min(start, session.value.reply.buffer.count))
        }
    }
}
