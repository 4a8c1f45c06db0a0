import Memory
import Platform
import RESP
import Reactor
import Sessions

/// Reading from and writing to sessions.
extension ServiceHost where Served: ~Copyable {
    /// Bytes a replica may be sent in one turn, so that it does not starve the others.
    private static var outputPerTurn: Int { 1 << 20 }
    /// Unparsed bytes after which a session that waits is not read from for a while.
    @inlinable @inline(__always)
    static var restingInput: Int { 1 << 20 }

    @inlinable @inline(__always)
    mutating func handle(_ event: Event) {
        guard case .session(let session) = Owner(event.user) else { return handleOther(event) }
        if event.isReadable { receive(session, event) }
        // Reading may have ended the session.
        if event.isWritable, loop.contains(event.token) { flush(session) }
    }

    @usableFromInline @inline(never)
    mutating func handleOther(_ event: Event) {
        startTurn()
        switch Owner(event.user) {
        case .session: break
        case .listener(let index): accept(at: index)
        case .attempt(let number): finishAttempt(number)
        }
    }

    @inlinable @inline(__always)
    mutating func receive(_ session: Slot<Session>, _ event: Event) {
        let transfer = loop.lend(
            event, to: &session.value.input, expecting: session.value.parser.expectedBytes)
        switch transfer {
        case .done(let count):
            frontend.value.statistics.bytesIn &+= count
            frontend.value.statistics.readsProcessed &+= 1
            session.value.bytesIn &+= count
            ready.append(session)
            frontend.value.enqueue(session)
            if session.value.input.count > Self.restingInput { rest(session, event.token) }
        case .wouldBlock:
            break
        case .closed, .failed:
            inputEnded(session, transfer)
        }
    }

    @usableFromInline @inline(never)
    mutating func inputEnded(_ session: Slot<Session>, _ transfer: Transfer) {
        if log.level <= .verbose {
            if case .failed(let number) = transfer {
                log.write(.verbose, "Reading from client: \(SystemError.reason(number))")
            } else {
                log.write(.verbose, "Client closed connection")
            }
        }
        disconnect(session)
    }

    /// Stops reading from a session that sends faster than it is served. One that waits for the
    /// end of a long value goes on.
    @usableFromInline @inline(never)
    mutating func rest(_ session: Slot<Session>, _ token: Token) {
        guard isHeldUp(session) else { return }
        if restingInputs.insert(session.address).inserted { loop.watchReads(token, false) }
        lookEveryTurn()
    }

    /// Whether input that is there waits to be served.
    private func isHeldUp(_ session: Slot<Session>) -> Bool {
        session.value.flags.contains(.blocked) || session.value.flags.contains(.queued)
    }

    mutating func resumeInputs() {
        for address in restingInputs {
            let session = Slot<Session>(address: address)
            // One that now waits for more bytes itself would wait for ever.
            if session.value.input.count > Self.restingInput, isHeldUp(session) { continue }
            restingInputs.remove(address)
            loop.watchReads(session.token, true)
        }
    }

    /// Writes to every session that the service has output for.
    @inlinable @inline(__always)
    mutating func flushOutputs() {
        frontend.value.takeFlushList(into: &flushing)
        for index in 0..<flushing.count {
            frontend.value.beginFlush(flushing[index])
            write(to: flushing[index])
        }
    }

    /// Writes to one session as much as it takes, outside the list.
    @usableFromInline @inline(never)
    mutating func flush(_ session: Slot<Session>) { write(to: session) }

    @inlinable @inline(__always)
    mutating func write(to session: Slot<Session>) {
        if _slowPath(session.value.role == .replica) { return flushReplica(session) }
        let token = session.token
        let bytes = frontend.value.sendable(session)
        if !bytes.isEmpty {
            let transfer = loop.write(token, bytes)
            guard case .done(let count) = transfer else {
                return outputFailed(session, token, transfer)
            }
            frontend.value.sent(session, count)
            if count < bytes.count { return outputBlocked(session, token) }
        }
        let closes = session.value.flags.contains(.closeAfterReply)
        if _slowPath(closes || !blockedOutputs.isEmpty) { outputEnded(session, token) }
    }

    /// A replica's output comes in pieces: what it was answered, a snapshot, the stream.
    @usableFromInline @inline(never)
    mutating func flushReplica(_ session: Slot<Session>) {
        isDeadlineOld = true
        let token = session.token
        var budget = Self.outputPerTurn
        while true {
            let bytes = service.value.nextOutput(session)
            if bytes.isEmpty { return outputEnded(session, token) }
            let transfer = loop.write(token, bytes)
            guard case .done(let count) = transfer else {
                return outputFailed(session, token, transfer)
            }
            service.value.outputSent(session, count)
            budget -= count
            if count < bytes.count || budget <= 0 { return outputBlocked(session, token) }
        }
    }

    @usableFromInline @inline(never)
    mutating func outputFailed(
        _ session: Slot<Session>, _ token: Token, _ transfer: Transfer
    ) {
        if case .wouldBlock = transfer { return outputBlocked(session, token) }
        if case .failed(let number) = transfer, log.level <= .verbose {
            log.write(.verbose, "Error writing to client: \(SystemError.reason(number))")
        }
        disconnect(session)
    }

    @usableFromInline @inline(never)
    mutating func outputEnded(_ session: Slot<Session>, _ token: Token) {
        if !blockedOutputs.isEmpty, blockedOutputs.remove(session.address) != nil {
            loop.watchWrites(token, false)
        }
        // Output that is held back is still in the buffer.
        if session.value.flags.contains(.closeAfterReply), session.value.reply.buffer.isEmpty,
            loop.unsentBytes(token) == 0
        {
            disconnect(session)
        }
    }

    @usableFromInline @inline(never)
    mutating func outputBlocked(_ session: Slot<Session>, _ token: Token) {
        if blockedOutputs.insert(session.address).inserted { loop.watchWrites(token, true) }
        frontend.value.enforceOutputLimit(session)
    }

    /// Closes the sessions that the service wants closed.
    @usableFromInline
    mutating func closeSessions() {
        while !frontend.value.closeList.isEmpty {
            let closing = frontend.value.closeList
            frontend.value.closeList = []
            for session in closing { disconnect(session) }
        }
    }

    /// Closes the connection and lets the service forget the session.
    mutating func disconnect(_ session: Slot<Session>) {
        loop.close(session.token)
        blockedOutputs.remove(session.address)
        restingInputs.remove(session.address)
        ready.removeAll { $0 == session }
        service.value.disconnected(session)
        isDeadlineOld = true
    }
}
