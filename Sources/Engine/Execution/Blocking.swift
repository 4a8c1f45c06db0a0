import Keyspace
import Memory
import RESP
import Sessions

/// Sessions that wait for keys (BLPOP and the like), and what wakes them: every change of a key
/// that somebody waits for marks it, and when the command, transaction or cycle that did it is
/// through, marked keys are looked at in the order in which they were marked. Who waited first is
/// served first, each in a unit of propagation of its own; what that changes may mark more keys.
extension DataEngine {
    /// Whether the session may be left waiting: not inside a transaction, and nobody waits on
    /// behalf of the primary.
    func mayWait(_ call: Call) -> Bool {
        call.session.value.flags.isDisjoint(with: [.executing, .primaryStream])
    }

    /// Lets the session wait for the keys at arguments `keys`.
    mutating func wait(
        _ call: Call, for keys: Range<Int>, _ request: KeyRequest, deadline: Int64?
    ) -> Propagation {
        let session = call.session
        let wait = keyWaits.begin(session, request, deadline: deadline)
        for index in keys {
            let bytes = keyWaits.join(wait, key(call, index), index - keys.lowerBound)
            session.value.heldNames += bytes
        }
        session.value.flags.insert(.blocked)
        session.value.blocking = .keys(wait.address)
        frontend.quietUntil = 0
        return .suspended
    }

    /// The end of a wait that argument `index` names in seconds, as monotonic microseconds; nil
    /// for never. Redis calculates in milliseconds and rounds up.
    func deadline(_ call: Call, _ index: Int) throws(ReplyError) -> Int64? {
        guard let seconds = LongDouble(call[index]) else {
            throw ReplyError("ERR timeout is not a float or out of range")
        }
        // What does not fit is negative to Redis.
        guard let milliseconds = seconds.milliseconds, milliseconds >= 0 else {
            throw ReplyError("ERR timeout is negative")
        }
        return milliseconds == 0 ? nil : moment(inMilliseconds: milliseconds)
    }

    /// That time from now, in monotonic microseconds; nil if it is beyond the clock and never
    /// comes.
    func moment(inMilliseconds milliseconds: Int64) -> Int64? {
        let (span, isLong) = milliseconds.multipliedReportingOverflow(by: 1000)
        let (end, isLate) = frontend.time.monotonic.addingReportingOverflow(span)
        return isLong || isLate ? nil : end
    }

    // MARK: Being ready

    /// A key was changed that somebody may wait for.
    @inline(never)
    mutating func markForWaiters(_ key: ByteView, _ database: Int) {
        keyWaits.mark(
            KeyReference(database: database, key: key, hash: keyspace.hash(key)))
        // Whatever is not served by the command itself is served at the end of the turn.
        if keyWaits.hasReady { frontend.quietUntil = 0 }
    }

    /// All keys of a database changed at once, or of all databases.
    mutating func markForWaiters(allOf database: Int?) {
        guard !keyWaits.isEmpty else { return }
        keyWaits.markAll(of: database)
        frontend.quietUntil = 0
    }

    /// Serves those who wait for keys that were changed. To be called between units.
    @inline(never)
    mutating func serveWaiters() {
        while let queue = keyWaits.takeReady() {
            serve(queue)
            keyWaits.release(queue)
        }
    }

    private mutating func serve(_ queue: Slot<KeyQueue>) {
        let key = queue.value.reference
        var next = queue.value.first
        while let link = next {
            next = link.value.next
            let wait = link.value.wait
            let session = wait.value.session
            // Whoever is being closed must not take anything away.
            guard session.value.flags.isDisjoint(with: [.closing, .closeAfterReply]) else {
                continue
            }
            let entry = peek(key.key, key.database, key.hash, session)
            if entry == nil, queue.value.lossListeners == 0 { break }
            let start = session.value.reply.buffer.count
            if serve(wait, link.value.index, key, entry) { endWait(wait, key.hash, from: start) }
        }
        // A key may be found expired.
        flushUnit(for: nil)
    }

    /// Does what a session waits for with a key that may be ready; false if it goes on waiting.
    private mutating func serve(
        _ wait: Slot<KeyWait>, _ index: Int, _ key: KeyReference, _ entry: Entry?
    ) -> Bool {
        let session = wait.value.session
        switch wait.value.request {
        case .pop(let end):
            guard entry?.type == .list else { return false }
            popWithKey(place(key), key, end, session)
        case .popMany(let end, let count):
            guard entry?.type == .list else { return false }
            popWithKey(place(key), key, end, count, session)
        case .popScored(let pop, let isMany):
            guard entry?.type == .sortedSet else { return false }
            popWithKey(place(key), key, pop, isMany: isMany, session)
        case .move(let from, let target, let to, let isClassic):
            guard entry?.type == .list else { return false }
            target.withView { name in
                let target = KeyReference(
                    database: key.database, key: name, hash: keyspace.hash(name))
                serveMove(key, from, target, to, isClassic: isClassic, session)
            }
        }
        return true
    }

    /// Ends a wait whose reply was written from `start` on, and what was done for it.
    private mutating func endWait(_ wait: Slot<KeyWait>, _ hash: UInt64, from start: Int) {
        let session = wait.value.session
        noteIfFailed(session, from: start)
        let isWrite = !unit.isEmpty
        flushUnit(for: session)
        if !replyGate.isOpen { hold(session, hash: hash, from: start, isWrite: isWrite) }
        leave(wait, from: start)
    }

    /// Counts a reply that is an error.
    private mutating func noteIfFailed(_ session: Slot<Session>, from start: Int) {
        let reply = session.value.reply.buffer.readable
        guard start < reply.count, reply[start] == UInt8(ascii: "-") else { return }
        let end = reply.firstIndex(of: UInt8(ascii: " "), from: start) ?? reply.count
        frontend.countError(reply[start + 1..<end].string)
        frontend.table.statistics[session.value.lastCommand].failed &+= 1
    }

    /// Lets a session go on whose wait is over; its reply was written from `start` on.
    private mutating func leave(_ wait: Slot<KeyWait>, from start: Int) {
        let session = wait.value.session
        forget(wait)
        unblock(session, from: start)
    }

    private mutating func forget(_ wait: Slot<KeyWait>) {
        let session = wait.value.session
        session.value.heldNames -= keyWaits.end(wait)
    }

    // MARK: Ending otherwise

    /// Answers who has waited long enough.
    mutating func endOverdueWaits() {
        while let wait = keyWaits.due(at: frontend.time.monotonic) { timeOut(wait) }
    }

    private mutating func timeOut(_ wait: Slot<KeyWait>) {
        let start = wait.value.session.value.reply.buffer.count
        wait.value.session.value.reply.nullArray()
        leave(wait, from: start)
    }

    /// The wait of a session, if it waits for keys.
    private func keyWait(_ session: Slot<Session>) -> Slot<KeyWait>? {
        guard case .keys(let address) = session.value.blocking else { return nil }
        return Slot(address: address)
    }

    /// Ends the wait of a session for keys before its time: with an error, or as if its time were
    /// over; false if it is in none.
    mutating func stopWaiting(_ session: Slot<Session>, error: StaticString?) -> Bool {
        guard let wait = keyWait(session) else { return false }
        guard let error else {
            timeOut(wait)
            return true
        }
        let start = session.value.reply.buffer.count
        session.value.reply.error(error)
        noteIfFailed(session, from: start)
        leave(wait, from: start)
        return true
    }

    /// A session is gone: nothing more is kept for it.
    mutating func forgetWait(of session: Slot<Session>) {
        if let wait = keyWait(session) { forget(wait) }
    }
}
