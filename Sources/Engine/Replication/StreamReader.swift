import Memory
import RESP
import Replication
import Sessions

/// Applying the primary's stream: its commands run like a client's, and the same bytes go on to
/// sub-replicas and into our own backlog.
extension DataEngine {
    /// An argument may be as long as the primary allows it to be.
    private static var streamLimits: RequestLimits { RequestLimits(maxBulk: 4 << 30) }

    /// Runs up to a batch of commands; false when more bytes are needed.
    ///
    /// The input keeps what is not applied yet: inside MULTI … EXEC everything from MULTI on, so
    /// that what is handed on always ends in a state the primary was in.
    mutating func applyStream(_ link: Slot<Session>) -> Bool {
        let start = link.value.parsed
        guard parseStream(link) else { return false }
        if frontend.batchCount == 0 { return replication.primary.session == link }
        prefetchBatch()
        var previous = start
        var applied = 0
        for index in 0..<frontend.batchCount {
            let item = frontend.batch[index]
            let length = applyOne(item, link, length: item.end - previous)
            previous = item.end
            if length > 0 { applied = item.end }
            // A command could have told us to follow somebody else.
            guard replication.primary.session == link else { break }
        }
        frontend.statistics.commandsProcessed &+= frontend.batchCount
        frontend.batchCount = 0
        guard replication.primary.session == link else { return false }
        if applied > 0 { handOn(link, applied) }
        return true
    }

    /// Fills the batch from the link's input; false when there is nothing complete in it.
    private mutating func parseStream(_ link: Slot<Session>) -> Bool {
        frontend.batchCount = 0
        frontend.arena.value.removeAll()
        while frontend.batchCount < Frontend.batchSize {
            let outcome = link.value.parser.next(
                link.value.input.readable, at: link.value.parsed, limits: DataEngine.streamLimits,
                into: &frontend.arena.value)
            switch outcome {
            case .incomplete:
                return frontend.batchCount > 0
            case .skipped(let end):
                if frontend.batchCount > 0 { return true }
                guard link.value.parsed == 0 else { return streamIsBroken("an empty command") }
                // A newline that keeps the link alive is no part of the stream.
                link.value.input.consume(end)
                return true
            case .failure(let error):
                link.value.parser = RequestParser()
                return frontend.batchCount > 0 || streamIsBroken(error.message)
            case .request(let first, let count, let end):
                link.value.parsed = end
                add(link, first, count, end)
            }
        }
        return true
    }

    private mutating func add(_ link: Slot<Session>, _ first: Int, _ count: Int, _ end: Int) {
        var command = frontend.table.find(frontend.arena.value[first])
        if command < 0 {
            // What a primary makes up itself, such as DEL for an expired key, has its old name.
            let name = frontend.arena.value[first].string
            if let index = frontend.table.find(fullName: name), frontend.table[index].parent < 0 {
                command = index
            }
        }
        frontend.batch[frontend.batchCount].session = link.address
        frontend.batch[frontend.batchCount].first = Int32(truncatingIfNeeded: first)
        frontend.batch[frontend.batchCount].count = Int32(truncatingIfNeeded: count)
        frontend.batch[frontend.batchCount].command = Int32(truncatingIfNeeded: command)
        frontend.batch[frontend.batchCount].end = end
        frontend.batch[frontend.batchCount].hash = 0
        frontend.batchCount += 1
    }

    /// Runs one command of the stream. Returns how many bytes, ending with it, are now applied.
    private mutating func applyOne(
        _ item: BatchedRequest, _ link: Slot<Session>, length: Int
    ) -> Int {
        let command = Int(item.command)
        var call = Call(
            session: link, arena: frontend.arena, first: Int(item.first), count: Int(item.count),
            command: command, hash: item.hash)
        if command >= 0, command == replication.primary.words.replconf {
            replconfFromPrimary(call)
        } else if command < 0 || belongsInStream(call) {
            _ = dispatch(&call)
        } else {
            ignore(call)
        }
        return replication.primary.applier.executed(
            length: length, replication.primary.words.kind(command))
    }

    /// Whether the command is about data, or frames the stream. Others would turn the link into
    /// something else (a subscriber, a replica of ours) or this server off.
    private func belongsInStream(_ call: Call) -> Bool {
        var command = call.command
        if frontend.table.isContainer(command), call.count > 1 {
            command = frontend.table.find(call[1], in: command)
        }
        guard command >= 0 else { return false }
        return !frontend.table[command].flags.isDisjoint(with: [.write, .readonly, .mayReplicate])
            || replication.primary.words.isFrame(command)
    }

    private mutating func ignore(_ call: Call) {
        frontend.log(
            .warning,
            "Ignoring \(frontend.table.rows[call.command].name) from \(WireNames.primary): it has "
                + "no place in a stream of changes")
        statistics.unexpectedErrorReplies += 1
    }

    /// REPLCONF in the stream: GETACK is answered with what was applied before it.
    private mutating func replconfFromPrimary(_ call: Call) {
        if call.count > 1, call[1].equalsIgnoringCase("getack") { acknowledge() }
    }

    /// What has been applied goes into our own stream, byte by byte as it came.
    private mutating func handOn(_ link: Slot<Session>, _ applied: Int) {
        replication.stream.relay(link.value.input.readable[0..<applied])
        link.value.input.consume(applied)
        link.value.parsed -= applied
        link.value.input.releaseIfEmpty()
        replication.primary.database = link.value.database
    }

    private mutating func streamIsBroken(_ reason: String) -> Bool {
        frontend.log(
            .warning,
            "Protocol error (\(reason)) from \(WireNames.primary), resynchronising: "
                + (replication.primary.session.map { frontend.describe($0) } ?? ""))
        // We no longer know what the bytes mean, so we cannot claim to have them.
        dropLink()
        replication.primary.canContinue = false
        frontend.log(.notice, ReplicationText.discarding)
        return false
    }

    /// Tells the primary how far we are.
    mutating func acknowledge() {
        guard let session = replication.primary.session, replication.primary.isOnline,
            !replication.primary.isLegacy
        else { return }
        var offset = replication.primary.applier.applied
        if Mutation.acknowledgedBeforeApplied.isActive { offset += session.value.input.count }
        replication.primary.acknowledged = offset
        RequestWriter.head(3, to: &session.value.reply.buffer)
        RequestWriter.argument("REPLCONF", to: &session.value.reply.buffer)
        RequestWriter.argument("ACK", to: &session.value.reply.buffer)
        session.value.reply.buffer.append("$\(String(offset).utf8.count)\r\n\(offset)\r\n")
        frontend.noteOutput(session)
    }

    /// Once a turn, if something was applied.
    mutating func acknowledgeProgress() {
        guard replication.primary.isOnline,
            replication.primary.applier.applied != replication.primary.acknowledged
        else { return }
        acknowledge()
    }
}

extension RequestWriter {
    fileprivate static func argument(_ word: StaticString, to buffer: inout ByteBuffer) {
        argument(ByteView(word), to: &buffer)
    }
}
