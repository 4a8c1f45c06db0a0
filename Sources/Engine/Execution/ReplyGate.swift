import Memory
import RESP
import Sessions

/// Which stream offset replies may depend on and still leave. Open while nothing demands that
/// writes be safe first; the bytes of a held reply stay in the session's output behind a tag.

package struct ReplyGate: ~Copyable {
    /// Slots of the table of last writes, by key hash: a read of a key whose last write is not
    /// safe waits for it. 65,536 offsets are 512 KiB, made when the gate is first closed.
    static var tableSize: Int { 65536 }

    package private(set) var isOpen = true
    /// Everything up to this offset is safe.
    package private(set) var safe = 0
    private var lastWrites = FlatArray<Int>(repeating: 0, count: 0)

    package init() {}

    /// From now on replies wait until the offset they depend on is safe.
    package mutating func close(safe: Int) {
        isOpen = false
        self.safe = safe
        lastWrites = FlatArray(repeating: safe, count: ReplyGate.tableSize)
    }

    /// Replies no longer wait.
    package mutating func open() {
        isOpen = true
        safe = Int.max
        lastWrites = FlatArray(repeating: 0, count: 0)
    }

    /// Everything up to `offset` became safe.
    package mutating func advance(to offset: Int) { safe = max(safe, offset) }

    /// Notes a write of the key with this hash, or of unknown keys.
    mutating func noteWrite(hash: UInt64, offset: Int) {
        if hash == 0 {
            for index in 0..<ReplyGate.tableSize { lastWrites[index] = offset }
        } else {
            lastWrites[Int(truncatingIfNeeded: hash & 0xFFFF)] = offset
        }
    }

    /// The offset that a read of this key depends on; without a key, everything so far.
    func lastWrite(hash: UInt64, end: Int) -> Int {
        hash == 0 ? end : lastWrites[Int(truncatingIfNeeded: hash & 0xFFFF)]
    }
}

extension DataEngine {
    /// Holds the reply written since `start` back if what it tells is not safe yet.
    @inline(never)
    mutating func hold(_ call: Call, from start: Int, isWrite: Bool) {
        hold(call.session, hash: call.hash, from: start, isWrite: isWrite)
    }

    /// The same for a session that had waited and whose key has this hash.
    mutating func hold(_ session: Slot<Session>, hash: UInt64, from start: Int, isWrite: Bool) {
        if isWrite { replyGate.noteWrite(hash: hash, offset: streamEnd) }
        let tag = isWrite ? streamEnd : replyGate.lastWrite(hash: hash, end: streamEnd)
        let depends = max(tag, session.value.held.last?.tag ?? 0)
        guard depends > replyGate.safe, session.value.reply.buffer.count > start else { return }
        if session.value.held.isEmpty { heldSessions.append(session.value.id) }
        session.value.hold(from: start, tag: depends)
    }

    /// Lets replies go that became safe.
    mutating func releaseReplies() {
        let (safe, list) = (replyGate.isOpen ? Int.max : replyGate.safe, heldSessions)
        heldSessions.removeAll(keepingCapacity: true)
        for id in list {
            guard let slot = frontend.sessions[id] else { continue }
            if slot.value.release(upTo: safe) { frontend.noteOutput(slot) }
            if !slot.value.held.isEmpty { heldSessions.append(id) }
        }
    }
}
