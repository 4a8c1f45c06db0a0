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
        if case .reading(let file) = transfer.stage { readerLeft(file) }
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
        if case .reading(let file) = transfer.stage { readMore(of: file) }
        if transfer.stage == .ending { endTransfer(session, transfer) }
    }

    /// All of the snapshot has left.
    private mutating func endTransfer(_ session: Slot<Session>, _ transfer: SnapshotTransfer) {
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
        let ids = transfers(at: .filing)
        let file = nextToken
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
            persistence.transfers[id]?.stage = .reading(file: file)
            transferReading(slot)
            frontend.noteOutput(slot)
        }
        guard error == nil, !ids.isEmpty else { return }
        nextToken += 1
        persistence.filesRead[file] = true
        frontend.requests.append(.readFile(id: file, path: dataPath(settings.dbfilename)))
    }

    /// A piece of the file came back. Whether the id was ours.
    mutating func transferRead(_ file: Int, _ bytes: [UInt8], isLast: Bool) -> Bool {
        guard persistence.filesRead[file] != nil else { return false }
        for id in transfers(at: .reading(file: file)) {
            guard let transfer = persistence.transfers[id] else { continue }
            transfer.spool.value.append(bytes)
            guard isLast else { continue }
            persistence.transfers[id]?.stage = .ending
            // The last piece is empty where the length is a multiple of the host's pieces: then
            // no byte is left whose leaving would end the transfer.
            if transfer.spool.value.isEmpty, let slot = frontend.sessions[id] {
                endTransfer(slot, transfer)
            }
        }
        persistence.filesRead[file] = isLast ? nil : false
        noteReaders()
        return true
    }

    /// The file could not be read back. Whether the id was ours.
    mutating func transferUnreadable(_ file: Int, reason: String) -> Bool {
        guard persistence.filesRead.removeValue(forKey: file) != nil else { return false }
        frontend.log(.warning, "Can't open RDB file for replicas: \(reason)")
        closeReaders(at: .reading(file: file))
        return true
    }

    /// Closes the replicas whose transfer is at `stage`.
    mutating func closeReaders(at stage: SnapshotTransfer.Stage) {
        for id in transfers(at: stage) {
            if let slot = frontend.sessions[id] { frontend.close(slot) }
        }
    }

    /// The sessions whose transfer is at `stage`, in the order of their numbers.
    private func transfers(at stage: SnapshotTransfer.Stage) -> [Int] {
        persistence.transfers.filter { $0.value.stage == stage }.keys.sorted()
    }

    /// Asks for the next piece of a file once the last one has left for everybody.
    private mutating func readMore(of file: Int) {
        guard persistence.filesRead[file] == false else { return }
        let isEmpty = transfers(at: .reading(file: file)).allSatisfy {
            persistence.transfers[$0]?.spool.value.isEmpty != false
        }
        guard isEmpty else { return }
        persistence.filesRead[file] = true
        frontend.requests.append(.readMore(id: file))
    }

    /// One of those who read a file is gone: the others may have waited for it, and without
    /// others nobody needs the file.
    private mutating func readerLeft(_ file: Int) {
        guard transfers(at: .reading(file: file)).isEmpty else { return readMore(of: file) }
        if persistence.filesRead.removeValue(forKey: file) != nil {
            frontend.requests.append(.abandonFile(id: file))
        }
    }
}
