import Digests
import Memory
import Persistence
import RESP
import Replication
import Sessions

/// Snapshots to replicas. All that wait when a walk begins share it; each has a spool of its own
/// and the walk goes no faster than the slowest reader.
extension DataEngine {
    /// A replica wants a snapshot.
    mutating func attachTransfer(_ session: Slot<Session>) {
        persistence.transfers[session.value.id] = SnapshotTransfer(
            stage: .waiting, mark: nil, spool: Slot(ByteBuffer(heap: heap)))
        persistence.isHungry = true
    }

    /// Forgets the transfer of a session, which may be gone.
    mutating func dropTransfer(_ id: Int) {
        guard let transfer = persistence.transfers.removeValue(forKey: id) else { return }
        transfer.spool.free()
        guard case .sockets? = persistence.target else { return }
        if !persistence.transfers.values.contains(where: { $0.stage == .sending }) {
            frontend.log(.notice, "Diskless rdb transfer, last replica dropped, ending snapshot")
            endRun()
        } else {
            // It may have been the one for which the others waited.
            persistence.isHungry = true
        }
    }

    /// Begins a walk for the replicas that wait, when the delay is over or enough are there.
    /// Those that can tell its end by a mark get it while it is made; the others from a file.
    mutating func beginTransfers() {
        if persistence.transfers.isEmpty { return }
        let policy = AttachedReplicas.SnapshotPolicy(
            isDiskless: settings.replDisklessSync,
            delay: Int64(settings.replDisklessSyncDelay) * 1_000_000,
            enough: settings.replDisklessSyncMaxReplicas)
        guard let group = replication.replicas.snapshotDue(policy, at: frontend.time.monotonic)
        else { return }
        if group.understandsMarks, policy.isDiskless || !group.wantsKeys {
            beginSending(group.members, includesKeys: group.wantsKeys)
        } else {
            beginFiling(group.members)
        }
    }

    private mutating func beginSending(_ ids: [Int], includesKeys: Bool) {
        beginRun(.sockets, includesKeys: includesKeys)
        for id in ids {
            persistence.transfers[id]?.stage = .sending
            persistence.transfers[id]?.mark = Array(frontend.random.hex(40).utf8)
            guard let slot = frontend.sessions[id], let transfer = persistence.transfers[id] else {
                continue
            }
            transferBegan(slot)
            transfer.spool.value.append("$EOF:")
            transfer.spool.value.append(transfer.mark ?? [])
            transfer.spool.value.append("\r\n")
            frontend.noteOutput(slot)
        }
    }

    /// The next bytes of the session's snapshot; empty when there are none now.
    mutating func transferOutput(_ session: Slot<Session>) -> ByteView {
        guard let transfer = persistence.transfers[session.value.id] else { return .empty }
        if transfer.stage == .waiting { return .empty }
        if transfer.spool.value.isEmpty, transfer.stage == .sending { fillSpools() }
        return transfer.spool.value.readable
    }

    /// The host wrote `count` bytes of it.
    mutating func transferSent(_ session: Slot<Session>, _ count: Int) {
        guard let transfer = persistence.transfers[session.value.id] else { return }
        transfer.spool.value.consume(count)
        guard transfer.spool.value.isEmpty else { return }
        if transfer.stage == .reading { readMoreOfFile() }
        guard transfer.stage == .ending else { return }
        transfer.spool.free()
        persistence.transfers[session.value.id] = nil
        transferFinished(session, marked: transfer.mark != nil)
    }

    /// Makes more of the snapshot while no reader is behind.
    private mutating func fillSpools() {
        guard case .sockets? = persistence.target else { return }
        let readers = persistence.transfers.filter { $0.value.stage == .sending }
        while readers.allSatisfy({ $0.value.spool.value.count < DataEngine.spoolLimit }) {
            guard let view = persistence.run?.encoder.output else { return }
            if !view.isEmpty {
                let count = bytesToCopy(of: view.count)
                if count == 0 { break }
                for (_, transfer) in readers { transfer.spool.value.append(view[0..<count]) }
                persistence.run?.encoder.consume(count)
                continue
            }
            if persistence.run?.encoder.isFinished == true { return endSending() }
            if !advanceRun() { break }
        }
        noteReaders()
    }

    /// The walk is over; what is in the spools still has to leave.
    private mutating func endSending() {
        for (id, transfer) in persistence.transfers where transfer.stage == .sending {
            transfer.spool.value.append(transfer.mark ?? [])
            persistence.transfers[id]?.stage = .ending
        }
        endRun()
        noteReaders()
    }

    private mutating func noteReaders() {
        for id in persistence.transfers.keys.sorted() {
            guard let transfer = persistence.transfers[id], !transfer.spool.value.isEmpty else {
                continue
            }
            if let slot = frontend.sessions[id] { frontend.noteOutput(slot) }
        }
    }

    // MARK: With the length first

    /// Old peers must be told the length of the snapshot before its bytes, so it is written to
    /// the disk first.
    private mutating func beginFiling(_ ids: [Int]) {
        save(.transfer)
        guard isSaving else { return }
        for id in ids {
            guard let slot = frontend.sessions[id] else { continue }
            persistence.transfers[id]?.stage = .filing
            transferBegan(slot)
            frontend.noteOutput(slot)
        }
    }

    /// The file is written, or could not be: it is read back and sent.
    mutating func sendSavedFile(length: Int, error: String?) {
        let ids = persistence.transfers.keys.sorted().filter {
            persistence.transfers[$0]?.stage == .filing
        }
        for id in ids {
            guard let slot = frontend.sessions[id], let transfer = persistence.transfers[id] else {
                continue
            }
            if error != nil {
                frontend.close(slot)
                continue
            }
            transfer.spool.value.append("$")
            transfer.spool.value.append(decimal: length)
            transfer.spool.value.append("\r\n")
            persistence.transfers[id]?.stage = .reading
            transferReading(slot)
            frontend.noteOutput(slot)
        }
        guard error == nil, !ids.isEmpty else { return }
        persistence.fileRead = nextToken
        nextToken += 1
        frontend.requests.append(
            .readFile(id: persistence.fileRead, path: dataPath(settings.dbfilename)))
    }

    /// A piece of the file came back. Whether the id was ours.
    mutating func transferRead(_ id: Int, _ bytes: [UInt8], isLast: Bool) -> Bool {
        guard id == persistence.fileRead else { return false }
        for (id, transfer) in persistence.transfers where transfer.stage == .reading {
            transfer.spool.value.append(bytes)
            if isLast { persistence.transfers[id]?.stage = .ending }
        }
        persistence.isAwaitingPiece = false
        if isLast { persistence.fileRead = -1 }
        noteReaders()
        return true
    }

    /// The file could not be read back. Whether the id was ours.
    mutating func transferUnreadable(_ id: Int, reason: String) -> Bool {
        guard id == persistence.fileRead else { return false }
        frontend.log(.warning, "Can't open RDB file for replicas: \(reason)")
        persistence.fileRead = -1
        closeReaders(at: .reading)
        return true
    }

    /// Closes the replicas whose transfer is at `stage`.
    mutating func closeReaders(at stage: SnapshotTransfer.Stage) {
        for id in persistence.transfers.keys.sorted()
        where persistence.transfers[id]?.stage == stage {
            if let slot = frontend.sessions[id] { frontend.close(slot) }
        }
    }

    /// Asks for the next piece of the file once the last one has left.
    private mutating func readMoreOfFile() {
        guard persistence.fileRead >= 0, !persistence.isAwaitingPiece else { return }
        let isEmpty = persistence.transfers.values.allSatisfy {
            $0.stage != .reading || $0.spool.value.isEmpty
        }
        guard isEmpty else { return }
        persistence.isAwaitingPiece = true
        frontend.requests.append(.readMore(id: persistence.fileRead))
    }
}
