import DataStructures
import Memory

/// Reads the parts of a stream. The entries come in listpacks, each verified as a whole before
/// the first of its entries is given out.
struct RDBStreamReader {
    private enum State {
        case nodeCount, node, entries
        case state, groupCount, group
        case pending, consumerCount, consumer, owned
        case finished
    }

    private let type: RDBValueType
    private var stage = State.nodeCount
    /// Listpacks, groups, pending entries of the group, consumers, and entries of the consumer
    /// still to come.
    private var nodes: UInt64 = 0
    private var groups: UInt64 = 0
    private var pending: UInt64 = 0
    private var consumers: UInt64 = 0
    private var owned: UInt64 = 0
    /// Pending entries of the group that no consumer has claimed yet.
    private var unowned: UInt64 = 0
    private var entries: RDBStreamEntries?
    private var state = RDBStreamState()
    /// The last ID of the row that is being read.
    private var last = RDBStreamID.zero
    private var isFirstOfRow = true

    init(_ type: RDBValueType = .stream) { self.type = type }

    var isFinished: Bool { stage == .finished }

    /// The next part, if this step comes to one. `bytes` holds a listpack while its entries are
    /// given out, `scratch` what is lent.
    mutating func next(
        _ cursor: inout RDBCursor, _ bytes: inout ByteBuffer, _ scratch: inout ByteBuffer
    ) throws(RDBError) -> RDBStreamPart? {
        switch stage {
        case .nodeCount:
            guard let count = try cursor.number() else { return nil }
            nodes = count
            stage = .node
        case .node: try node(&cursor, &bytes, &scratch)
        case .entries: return try entry(cursor, bytes, &scratch)
        case .state: return try streamState(&cursor)
        case .groupCount:
            guard let count = try cursor.number() else { return nil }
            groups = count
            stage = .group
        case .group: return try group(&cursor, &scratch)
        case .pending: return try pendingEntry(&cursor)
        case .consumerCount:
            guard let count = try cursor.number() else { return nil }
            consumers = count
            stage = .consumer
        case .consumer: return try consumer(&cursor, &scratch)
        case .owned: return try ownedEntry(&cursor)
        case .finished: break
        }
        return nil
    }

    private mutating func node(
        _ cursor: inout RDBCursor, _ bytes: inout ByteBuffer, _ scratch: inout ByteBuffer
    ) throws(RDBError) {
        guard nodes > 0 else {
            stage = .state
            return
        }
        guard let name = try cursor.text(), let text = try cursor.text() else { return }
        let id = try cursor.view(name, &scratch)
        guard id.count == 16 else { throw cursor.error(.damaged(.stream, .length)) }
        let view = try cursor.view(text, &bytes)
        if case .plain = text {
            bytes.removeAll()
            if bytes.capacity > 64 * 1024 { bytes.releaseIfEmpty() }
        }
        let first = RDBStreamID(id.bigEndian(0, 8), id.bigEndian(8, 8))
        do throws(RDBFlaw) {
            var entries = try RDBStreamEntries(view, first)
            let start = entries
            while let id = try entries.next(view) {
                guard id > last else { throw RDBFlaw(.order, at: entries.offset) }
                last = id
                if state.first == .zero { state.first = id }
            }
            self.entries = start
        } catch {
            throw cursor.error(error, in: .stream, of: text)
        }
        if case .plain = text { bytes.append(view) }
        nodes -= 1
        stage = .entries
    }

    private mutating func entry(
        _ cursor: RDBCursor, _ bytes: borrowing ByteBuffer, _ scratch: inout ByteBuffer
    ) throws(RDBError) -> RDBStreamPart? {
        scratch.removeAll()
        do throws(RDBFlaw) {
            if let id = try entries?.next(bytes.readable, &scratch) {
                return .entry(id, fields: scratch.readable)
            }
        } catch {
            // The whole listpack was read before.
            throw cursor.error(.damaged(.stream, error.damage))
        }
        entries = nil
        stage = .node
        return nil
    }

    private mutating func streamState(
        _ cursor: inout RDBCursor
    ) throws(RDBError) -> RDBStreamPart? {
        var told = state
        guard let count = try cursor.number(), let last = try cursor.streamIDNumbers() else {
            return nil
        }
        told.count = Int(clamping: count)
        told.last = last
        told.added = count
        if type != .firstStream {
            guard let first = try cursor.streamIDNumbers(),
                let deleted = try cursor.streamIDNumbers(), let added = try cursor.number()
            else { return nil }
            told.first = first
            told.lastDeleted = deleted
            told.added = added
        }
        guard last >= self.last, count == 0 || self.last != .zero else {
            throw cursor.error(.damaged(.stream, .count))
        }
        state = told
        stage = .groupCount
        return .state(told)
    }
}

// MARK: - Groups

extension RDBStreamReader {
    private mutating func group(
        _ cursor: inout RDBCursor, _ scratch: inout ByteBuffer
    ) throws(RDBError) -> RDBStreamPart? {
        guard groups > 0 else {
            stage = .finished
            return nil
        }
        guard let name = try cursor.text(), let last = try cursor.streamIDNumbers() else {
            return nil
        }
        var read = estimate(last)
        if type != .firstStream {
            guard let told = try cursor.number() else { return nil }
            read = Int64(bitPattern: told) < 0 ? nil : Int64(bitPattern: told)
        }
        guard let count = try cursor.number() else { return nil }
        let group = RDBStreamGroup(
            name: try cursor.view(name, &scratch), last: last, read: read)
        groups -= 1
        (pending, unowned, isFirstOfRow) = (count, count, true)
        stage = .pending
        return .group(group)
    }

    /// How many entries a group was given that came to `id`, where nobody counted.
    private func estimate(_ id: RDBStreamID) -> Int64? {
        let count = Int64(clamping: state.added)
        if count == 0 { return 0 }
        if id == state.last { return count }
        if id > state.last { return nil }
        if id < state.first { return 0 }
        return id == state.first ? 1 : nil
    }

    private mutating func pendingEntry(
        _ cursor: inout RDBCursor
    ) throws(RDBError) -> RDBStreamPart? {
        guard pending > 0 else {
            stage = .consumerCount
            return nil
        }
        guard let id = cursor.streamID(), let time = cursor.time(),
            let deliveries = try cursor.number()
        else { return nil }
        try ascend(id, cursor)
        pending -= 1
        return .pending(RDBPendingEntry(id: id, deliveredAt: time, deliveries: deliveries))
    }

    private mutating func consumer(
        _ cursor: inout RDBCursor, _ scratch: inout ByteBuffer
    ) throws(RDBError) -> RDBStreamPart? {
        guard consumers > 0 else {
            guard unowned == 0 else { throw cursor.error(.damaged(.stream, .count)) }
            stage = .group
            return nil
        }
        guard let name = try cursor.text(), let seen = cursor.time() else { return nil }
        var active: Int64?
        if type == .activeStream {
            guard let time = cursor.time() else { return nil }
            active = time
        }
        guard let count = try cursor.number() else { return nil }
        guard count <= unowned else { throw cursor.error(.damaged(.stream, .count)) }
        let consumer = RDBStreamConsumer(
            name: try cursor.view(name, &scratch), seenAt: seen, activeAt: active)
        consumers -= 1
        unowned -= count
        (owned, isFirstOfRow) = (count, true)
        stage = .owned
        return .consumer(consumer)
    }

    private mutating func ownedEntry(
        _ cursor: inout RDBCursor
    ) throws(RDBError) -> RDBStreamPart? {
        guard owned > 0 else {
            stage = .consumer
            return nil
        }
        guard let id = cursor.streamID() else { return nil }
        try ascend(id, cursor)
        owned -= 1
        return .owned(id)
    }

    private mutating func ascend(_ id: RDBStreamID, _ cursor: RDBCursor) throws(RDBError) {
        guard isFirstOfRow || id > last else { throw cursor.error(.damaged(.stream, .order)) }
        (last, isFirstOfRow) = (id, false)
    }
}
