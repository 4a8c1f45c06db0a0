import Keyspace
import Memory
import RESP
import Replication
import Sessions

/// Taking the primary's data in place of our own.
extension DataEngine {
    /// Bytes of a snapshot that are decoded at a time.
    private static var snapshotPiece: Int { 4 * 1024 }

    /// One step of the snapshot; false when more bytes are needed.
    mutating func readSnapshot(_ link: Slot<Session>) -> Bool {
        guard case .receiving(var receiver) = replication.primary.stage else { return false }
        let input = link.value.input.readable
        let window = input[0..<min(input.count, DataEngine.snapshotPiece)]
        let step = receiver.next(window, at: 0)
        replication.primary.stage = .receiving(receiver)
        switch step {
        case .incomplete:
            return false
        case .keepAlive(let end):
            link.value.input.consume(end)
        case .header(let length, let end):
            frontend.log(.notice, ReplicationText.receiving(length: length, toDisk: false))
            link.value.input.consume(end)
            beginReceiving()
        case .payload(let range):
            guard feedSnapshot(window[range]) else { return false }
            link.value.input.consume(range.upperBound)
        case .finished(let end):
            link.value.input.consume(end)
            endSnapshot(isMarked: receiver.isMarked)
        case .failed(let text):
            frontend.log(.warning, text)
            dropLink()
            return false
        }
        return true
    }

    private mutating func beginReceiving() {
        let keys = (0..<keyspace.databaseCount).reduce(0) { $0 + keyspace.size($1) }
        replication.primary.emptyGuard = EmptyResyncGuard(keys: keys, consent: emptyConsent)
        replication.primary.loaded = nil
        frontend.log(.notice, ReplicationText.loading)
        beginLoad(.primary, dropsExpired: false)
    }

    /// Why an empty data set of the primary would be fine.
    private var emptyConsent: EmptyResyncGuard.Consent {
        if replication.primary.acceptsEmpty { return .confirmed }
        if settings.acceptEmptyPrimary || replication.node.state.watchers.isEmpty {
            return .unwatched
        }
        return replication.primary.order.holds ? .ordered : .none
    }

    /// Decodes a piece of the payload; false when it is no good.
    private mutating func feedSnapshot(_ piece: ByteView) -> Bool {
        guard replication.primary.loaded == nil else {
            resyncFailed("bytes behind the end of the snapshot")
            return false
        }
        switch feedLoad(piece) {
        case .more: break
        case .finished(let aux): replication.primary.loaded = aux
        case .failed(let reason):
            resyncFailed(reason)
            return false
        }
        if persistence.loader?.keys ?? 0 > 0 { replication.primary.emptyGuard?.sawKey() }
        return true
    }

    private mutating func resyncFailed(_ reason: String) {
        frontend.log(
            .warning,
            "Failed trying to load the MASTER synchronization DB, the old data are kept: \(reason)"
        )
        dropLink()
    }

    /// The payload is complete: the new data replace the old ones.
    private mutating func endSnapshot(isMarked: Bool) {
        guard let aux = replication.primary.loaded else {
            return resyncFailed("the snapshot ends before its time")
        }
        replication.primary.emptyGuard?.sawEnd()
        if let emptyGuard = replication.primary.emptyGuard, emptyGuard.decision == .refuse {
            log(emptyGuard.refusal)
            return dropLink()
        }
        adoptLoad()
        replication.localExpiry = LocalExpiry()
        let position =
            replication.primary.snapshotPosition
            ?? StreamPosition(id: newHistoryID(), offset: streamEnd)
        replication.primary.isLegacy = replication.primary.snapshotPosition == nil
        replication.primary.order = .none
        replication.history.adopt(position.id)
        noteHistory()
        // Sub-replicas follow what is gone: they have to start over too.
        closeReplicas()
        replication.stream.reset(to: position.offset)
        replication.stream.resize(limit: settings.replBacklogSize)
        replication.stream.activate()
        replication.fedOffset = -1
        linkIsUp(offset: position.offset, database: aux.streamDatabase ?? 0)
        frontend.log(.notice, ReplicationText.finished)
        if isMarked { acknowledge() }
    }
}
