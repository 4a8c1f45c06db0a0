import Memory
import RESP

extension Frontend {
    /// Queues a session with input to parse, once.
    @inlinable
    package mutating func enqueue(_ slot: Slot<Session>) {
        if !slot.value.flags.contains(.queued) {
            slot.value.flags.insert(.queued)
            queue.push(slot)
        }
    }

    /// Whether sessions wait to be parsed.
    @inlinable package var hasQueuedSessions: Bool { !queue.isEmpty }

    /// They, in the order in which they are served.
    package var queuedSessions: [Slot<Session>] { queue.array }

    /// Parses requests of waiting sessions into the batch until it is full; false if there was
    /// nothing to parse. Links are handed to `link` instead.
    @inlinable @inline(__always)
    package mutating func fillBatch(link: (Slot<Session>) -> Void) -> Bool {
        batchCount = 0
        arena.value.removeAll()
        // Each session is looked at once: what queues itself again waits for this batch.
        var waiting = queue.count
        while batchCount < Frontend.batchSize, waiting > 0, let slot = queue.pop() {
            waiting &-= 1
            slot.value.flags.remove(.queued)
            if case .link = slot.value.role {
                // Its bytes may run commands of their own, so it never shares a batch.
                if batchCount > 0 {
                    enqueue(slot)
                    return true
                }
                link(slot)
                return true
            }
            parse(slot)
        }
        return batchCount > 0
    }

    /// Adds the session's complete requests to the batch.
    @inlinable @inline(__always)
    mutating func parse(_ slot: Slot<Session>) {
        let limits = requestLimits(slot)
        while true {
            if slot.value.flags.rawValue
                & (SessionFlags.blocked.rawValue | SessionFlags.closing.rawValue
                    | SessionFlags.closeAfterReply.rawValue) != 0
            {
                return dropInput(slot)
            }
            if batchCount == Frontend.batchSize {
                enqueue(slot)
                return
            }
            let outcome = slot.value.parser.next(
                slot.value.input.readable, at: slot.value.parsed, limits: limits,
                into: &arena.value)
            switch outcome {
            case .incomplete:
                checkQueryBuffer(slot)
                return
            case .skipped(let end):
                slot.value.parsed = end
                if batchCount == 0 || batch[batchCount - 1].session != slot.address {
                    slot.value.executed = end
                    settle(slot)
                }
            case .failure(let error):
                if slot.value.executed == slot.value.parsed {
                    protocolError(slot, error)
                } else {
                    // The requests before it are answered first.
                    slot.value.parser = RequestParser()
                    enqueue(slot)
                }
                return
            case .request(let first, let count, let end):
                slot.value.parsed = end
                add(slot, first, count, end)
                // Limits and protocol may change with the next request.
                if !slot.value.flags.contains(.authenticated) { return enqueue(slot) }
                if end == slot.value.input.count { return }
            }
        }
    }

    /// Forgets what a session sends that is being closed: nothing of it will be served, and it may
    /// send without end.
    @usableFromInline @inline(never)
    mutating func dropInput(_ slot: Slot<Session>) {
        guard !slot.value.flags.isDisjoint(with: [.closing, .closeAfterReply]) else { return }
        // What is in the batch was parsed from it.
        guard batchCount == 0 || batch[batchCount - 1].session != slot.address else { return }
        slot.value.parser = RequestParser()
        slot.value.input.removeAll()
        slot.value.input.releaseIfEmpty()
        slot.value.executed = 0
        slot.value.parsed = 0
    }

    @inlinable @inline(__always)
    mutating func add(_ slot: Slot<Session>, _ first: Int, _ count: Int, _ end: Int) {
        let index = table.find(arena.value[first])
        batch[batchCount].session = slot.address
        batch[batchCount].first = Int32(truncatingIfNeeded: first)
        batch[batchCount].count = Int32(truncatingIfNeeded: count)
        batch[batchCount].command = Int32(truncatingIfNeeded: index)
        batch[batchCount].end = end
        batch[batchCount].hash = 0
        batchCount &+= 1
    }

    /// Marks the input of the session as executed up to `end`, where a request ends.
    @inlinable @inline(__always)
    package func finish(_ slot: Slot<Session>, upTo end: Int) { slot.value.executed = end }

    /// After a batch: drops executed input and rewinds what was parsed but not executed.
    @inlinable @inline(__always)
    package mutating func settleBatch() {
        for index in 0..<batchCount {
            let slot = Slot<Session>(address: batch[index].session)
            if slot.value.executed != 0 || slot.value.parsed != 0 { settle(slot) }
        }
        batchCount = 0
    }

    @inlinable
    mutating func settle(_ slot: Slot<Session>) {
        if slot.value.parsed > slot.value.executed {
            // Something stopped the session; its later requests are parsed again.
            let held = slot.value.flags.rawValue & SessionFlags.blocked.rawValue != 0
            slot.value.parser = RequestParser()
            if !held { enqueue(slot) }
        }
        slot.value.input.consume(slot.value.executed)
        slot.value.executed = 0
        slot.value.parsed = 0
        slot.value.input.releaseIfEmpty()
    }

    @usableFromInline
    func requestLimits(_ slot: Slot<Session>) -> RequestLimits {
        RequestLimits(
            maxBulk: settings.maxBulkLength,
            isAuthenticated: slot.value.flags.contains(.authenticated))
    }

    @usableFromInline @inline(never)
    mutating func protocolError(_ slot: Slot<Session>, _ error: RESPError) {
        log(
            .verbose,
            "Protocol error (\(error.message)) from client: id=\(slot.value.id) "
                + "addr=\(slot.value.peer)")
        slot.value.reply.error(text: "ERR \(error.message)")
        countError("ERR")
        close(slot, afterReply: true)
    }

    @usableFromInline
    mutating func checkQueryBuffer(_ slot: Slot<Session>) {
        guard slot.value.input.count > settings.queryBufferLimit else { return }
        statistics.queryLimitDisconnections += 1
        log(
            .warning,
            "Closing client that reached max query buffer length: id=\(slot.value.id) "
                + "addr=\(slot.value.peer)")
        close(slot)
    }

    /// Counts an error reply under its code.
    package mutating func countError(_ code: String) {
        statistics.errorReplies += 1
        // A client must not be able to grow this without bound.
        if statistics.errors.count < 128 || statistics.errors[code] != nil {
            statistics.errors[code, default: 0] += 1
        }
    }
}
