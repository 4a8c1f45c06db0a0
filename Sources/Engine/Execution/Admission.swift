import Memory
import RESP
import Replication
import Sessions

/// What becomes of a request at the door.
enum Admission {
    case run
    /// An error reply was written.
    case refused
    /// Put into the session's transaction.
    case queued
    /// The session is blocked and asks again later.
    case postponed
}

extension DataEngine {
    /// Decides about a request whose name and number of arguments are right. The order of the
    /// gates is Redis's, because clients see which one speaks first.
    mutating func admit(_ call: Call, _ entry: CommandEntry) -> Admission {
        let session = call.session
        let flags = session.value.flags
        if flags.contains(.primaryStream) { return transactionStep(call, entry) }
        if flags.contains(.inTransaction), entry.flags.contains(.noMulti) {
            return refusal(call, "ERR Command not allowed inside a transaction")
        }
        if !flags.contains(.authenticated), !entry.flags.contains(.noAuth) {
            return refusal(call, "NOAUTH Authentication required.")
        }
        if flags.contains(.restricted), let text = frontend.denial(call) {
            return refusal(call, text)
        }
        let effective = effectiveFlags(call, entry)
        if gates.contains(.memoryLimit), !makeRoom(), effective.contains(.denyOOM) {
            return refusal(call, "OOM command not allowed when used memory > 'maxmemory'.")
        }
        if let text = gateRefusal(call, effective) { return refusal(call, ErrorText(text)) }
        if flags.contains(.subscribed), session.value.reply.version == .two,
            !entry.flags.contains(.inSubscription)
        {
            let name = frontend.table.rows[call.command].name
            return refusal(
                call,
                "ERR Can't execute '\(name)': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT "
                    + "/ RESET are allowed in this context")
        }
        if let text = staleRefusal(effective) { return refusal(call, ErrorText(text)) }
        if call.session.value.role == .replica,
            !effective.isDisjoint(with: [.write, .readonly, .mayReplicate])
        {
            return refusal(call, "ERR Replica can't interact with the keyspace")
        }
        if gates.contains(.paused), mustWaitForUnpause(call, effective) {
            postpone(call.session)
            return .postponed
        }
        return transactionStep(call, entry)
    }

    /// The flags of a command. EXEC does what any request it will run does, and may run only
    /// where all of them may.
    func effectiveFlags(_ call: Call, _ entry: CommandEntry) -> CommandFlags {
        var result = entry.flags
        guard entry.identity == .exec else { return result }
        let permissions: CommandFlags = [.stale, .loading]
        for request in call.session.value.queue.requests {
            let flags = frontend.table[request.command].flags
            result.formUnion(flags.intersection([.write, .denyOOM, .mayReplicate]))
            result.subtract(permissions.subtracting(flags))
        }
        return result
    }

    /// Refusals that protect the data.
    private func gateRefusal(_ call: Call, _ flags: CommandFlags) -> String? {
        guard !gates.isEmpty else { return nil }
        let isWrite = flags.contains(.write)
        if gates.contains(.fenced), !flags.contains(.stale), !isPing(call) {
            let epoch = replication.node.state.epoch
            return "FENCED this former primary waits for its sentinels to decide whether its "
                + "data are current. \(ReplicationText.resume(epoch: epoch))"
        }
        if gates.contains(.saveFailed), isWrite || isPing(call) {
            return "MISCONF Redis is configured to save RDB snapshots, but it's currently unable "
                + "to persist to disk. Commands that may modify the data set are disabled, because "
                + "this instance is configured to report errors during writes if RDB snapshotting "
                + "fails (stop-writes-on-bgsave-error option). Please check the Redis logs for "
                + "details about the RDB error."
        }
        if gates.contains(.fewReplicas), isWrite {
            return "NOREPLICAS Not enough good replicas to write."
        }
        if gates.contains(.readOnlyReplica), isWrite {
            return "READONLY You can't write against a read only replica."
        }
        return nil
    }

    private func isPing(_ call: Call) -> Bool {
        frontend.table[call.command].identity == .ping
    }

    private func staleRefusal(_ flags: CommandFlags) -> String? {
        if gates.contains(.stale), !flags.contains(.stale) {
            return "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to "
                + "'no'."
        }
        if gates.contains(.loading), !flags.contains(.loading) {
            return "LOADING Redis is loading the dataset in memory"
        }
        return nil
    }

    private mutating func refusal(_ call: Call, _ text: ErrorText) -> Admission {
        refuse(call, text)
        return .refused
    }

    /// Inside MULTI most requests are queued.
    private mutating func transactionStep(_ call: Call, _ entry: CommandEntry) -> Admission {
        let session = call.session
        guard session.value.flags.contains(.inTransaction), !entry.flags.contains(.notQueued)
        else { return .run }
        // A broken transaction will not run, so nothing more is kept of it.
        if !session.value.flags.contains(.transactionBroken) {
            session.value.queue.append(command: call.command, count: call.count) { call[$0] }
        }
        let start = call.reply.buffer.count
        call.reply.simple("QUEUED")
        trimSilenced(call, start)
        session.value.flags.remove(.skipNextReply)
        return .queued
    }
}
