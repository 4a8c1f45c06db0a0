import Memory
import RESP
import Sessions

/// Requests of clients: from the batch to the handler of their row.
extension SentinelService {
    package mutating func process() {
        guard frontend.hasQueuedSessions else { return }
        let start = frontend.clock()
        repeat {
            var link: Slot<Session>?
            guard frontend.fillBatch(link: { link = $0 }) else { return }
            if let link { receive(link) }
            executeBatch()
            frontend.settleBatch()
        } while frontend.clock() - start < Self.turnBudget
    }

    private mutating func executeBatch() {
        for index in 0..<frontend.batchCount {
            let item = frontend.batch[index]
            let slot = Slot<Session>(address: item.session)
            guard slot.value.flags.intersection([.blocked, .closing, .closeAfterReply]).isEmpty
            else { continue }
            let call = Call(
                session: slot, arena: frontend.arena, first: Int(item.first),
                count: Int(item.count), command: Int(item.command))
            slot.value.lastInteraction = frontend.time.monotonic
            let start = slot.value.reply.buffer.count
            let isSilent = !slot.value.flags.intersection([.repliesOff, .skipNextReply]).isEmpty
            let skips = slot.value.flags.contains(.skipNextReply)
            dispatch(call)
            frontend.statistics.commandsProcessed += 1
            if isSilent {
                slot.value.reply.buffer.truncate(to: min(start, slot.value.reply.buffer.count))
                if skips { slot.value.flags.remove(.skipNextReply) }
            }
            frontend.finish(slot, upTo: item.end)
            frontend.noteOutput(slot)
        }
    }

    private mutating func dispatch(_ call: Call) {
        guard call.command >= 0 else { return refuseUnknown(call) }
        var call = call
        if frontend.table.isContainer(call.command), call.count > 1 {
            let index = frontend.table.find(call[1], in: call.command)
            let name = frontend.table.rows[call.command].name
            if index >= 0 {
                call = Call(
                    session: call.session, arena: frontend.arena, first: call.first,
                    count: call.count, command: index)
            } else if name != "sentinel" {
                return refuse(call, call.unknownSubcommand)
            }
            // The core knows its subcommands by more names than are listed.
        }
        let entry = frontend.table[call.command]
        let name = frontend.table.rows[call.command].name
        guard entry.accepts(arguments: call.count) else {
            return refuse(call, "ERR wrong number of arguments for '\(name)' command")
        }
        let flags = call.session.value.flags
        if !flags.contains(.authenticated), !entry.flags.contains(.noAuth) {
            return refuse(call, "NOAUTH Authentication required.")
        }
        if flags.contains(.restricted), let text = frontend.denial(call) {
            return refuse(call, text)
        }
        if flags.contains(.subscribed), call.reply.version == .two,
            !entry.flags.contains(.inSubscription)
        {
            return refuse(
                call,
                "ERR Can't execute '\(name)': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT "
                    + "/ RESET are allowed in this context")
        }
        run(call, entry)
    }

    private mutating func run(_ call: Call, _ entry: CommandEntry) {
        var call = call
        let start = call.session.value.reply.buffer.count
        let before = frontend.clock()
        let result = withAddress(of: &self) { owner in
            withAddress(of: &Slot<SentinelService>(address: owner).value.frontend) { frontend in
                withAddress(of: &call) { entry.thunk(owner, frontend, $0) }
            }
        }
        frontend.table.statistics[call.command].calls += 1
        frontend.table.statistics[call.command].microseconds += Int(frontend.clock() - before)
        call.session.value.lastCommand = call.command
        if result == Propagation.failed.rawValue {
            frontend.table.statistics[call.command].failed += 1
            countError(call, from: start)
        }
    }

    /// QUIT is no row of a sentinel's table, as in Redis 7.0, and still works.
    private mutating func refuseUnknown(_ call: Call) {
        if call[0].equalsIgnoringCase("quit") {
            call.reply.ok()
            return frontend.close(call.session, afterReply: true)
        }
        refuse(call, call.unknownCommand)
    }

    private mutating func refuse(_ call: Call, _ text: ErrorText) {
        if call.command >= 0 { frontend.table.statistics[call.command].rejected += 1 }
        let start = call.reply.buffer.count
        call.reply.error(quoting: text)
        countError(call, from: start)
    }

    /// Counts an error reply by the code at its start.
    private mutating func countError(_ call: Call, from start: Int) {
        let reply = call.session.value.reply.buffer.readable
        guard start < reply.count else { return }
        let code = reply[start..<reply.count].bytes.dropFirst().prefix { $0 != 32 && $0 != 13 }
        frontend.countError(String(decoding: code, as: UTF8.self))
    }
}
