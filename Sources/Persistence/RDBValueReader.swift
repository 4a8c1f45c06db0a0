import DataStructures
import Memory

/// Reads one value of many parts, whatever its type: each step reads as much as one element needs
/// or gives out one that was read.
///
/// Memory: one element, or one string of packed items; its key.
struct RDBValueReader: ~Copyable {
    private enum State {
        /// The earliest expiry of a field.
        case earliest
        /// How many elements, or nodes of a list.
        case count
        case elements
        case nodes
        /// The one string that has all items.
        case packed
        /// Items of `bytes` are given out.
        case items
        case stream
        case closing
        case finished
    }

    private let passing = PassedByAddress()
    private var state = State.finished
    private var type = RDBValueType.list
    private var attributes = RDBAttributes()
    private var key: ByteBuffer
    /// Elements, or nodes of a list, still to come.
    private var left: UInt64 = 0
    private var earliest: UInt64 = 0
    private var hasBegun = false
    /// A whole string of packed items, and where we are in it.
    private var bytes: ByteBuffer
    private var items: RDBItemReader?
    private var check = RDBItemCheck()
    private var rules = RDBItemCheck.Rules(.list)
    private var stream = RDBStreamReader()
    private var firstScratch: ByteBuffer
    private var secondScratch: ByteBuffer

    init(heap: Heap) {
        key = ByteBuffer(heap: heap)
        bytes = ByteBuffer(heap: heap)
        firstScratch = ByteBuffer(heap: heap)
        secondScratch = ByteBuffer(heap: heap)
    }

    var isFinished: Bool { state == .finished }

    /// Whether the value that was read last had no parts, so that there is no key either.
    var wasEmpty: Bool { isFinished && !hasBegun }

    /// What is read, for errors.
    var part: RDBPart {
        switch type.kind {
        case .set: .set
        case .hash: .hash
        case .sortedSet: .sortedSet
        case .stream: .stream
        default: .list
        }
    }

    /// The key of the value.
    var keyText: ByteView { key.readable }

    /// What follows is a value of `type`, of many parts.
    mutating func begin(_ type: RDBValueType, key: ByteView, _ attributes: RDBAttributes) {
        self.type = type
        self.attributes = attributes
        rules = RDBItemCheck.Rules(type)
        self.key.removeAll()
        self.key.append(key)
        hasBegun = false
        earliest = 0
        left = 0
        if type.kind == .stream {
            stream = RDBStreamReader(type)
            state = .stream
        } else if type.beginsWithExpiry {
            state = .earliest
        } else {
            state = afterHead
        }
    }

    private var afterHead: State {
        type.packing == nil || type.isQuicklist ? .count : .packed
    }

    /// Gives back the room that long strings took.
    mutating func shrink() {
        guard isFinished else { return }
        RDBValueReader.shrink(&key)
        RDBValueReader.shrink(&bytes)
        RDBValueReader.shrink(&firstScratch)
        RDBValueReader.shrink(&secondScratch)
    }

    static func shrink(_ buffer: inout ByteBuffer) {
        guard buffer.capacity > 64 * 1024 else { return }
        buffer.removeAll()
        buffer.releaseIfEmpty()
    }

    /// The next event, if this step comes to one. When `cursor` lacks bytes nothing has changed.
    mutating func next(_ cursor: inout RDBCursor) throws(RDBError) -> RDBEvent? {
        switch state {
        case .earliest:
            guard let time = cursor.littleEndian(8) else { return nil }
            earliest = time
            state = afterHead
            return nil
        case .count: return try count(&cursor)
        case .elements: return try element(&cursor)
        case .nodes: return try node(&cursor)
        case .packed: return try packed(&cursor)
        case .items: return try item(cursor)
        case .stream: return try streamPart(&cursor)
        case .closing:
            state = .finished
            return .endCollection
        case .finished: return nil
        }
    }

    private mutating func begun(_ count: Int) -> RDBEvent {
        hasBegun = true
        return .begin(
            RDBCollection(
                key: key.readable, kind: type.kind ?? .list, attributes: attributes, count: count))
    }

    private mutating func close() { state = hasBegun ? .closing : .finished }

    private mutating func count(_ cursor: inout RDBCursor) throws(RDBError) -> RDBEvent? {
        guard let count = try cursor.number() else { return nil }
        left = count
        if type.isQuicklist {
            state = .nodes
            return nil
        }
        guard count > 0 else {
            close()
            return nil
        }
        state = .elements
        return begun(Int(clamping: count))
    }
}

// MARK: - Elements one by one

extension RDBValueReader {
    private mutating func element(_ cursor: inout RDBCursor) throws(RDBError) -> RDBEvent? {
        guard left > 0 else {
            close()
            return nil
        }
        let event: RDBEvent?
        switch type {
        case .textSortedSet, .sortedSet: event = try member(&cursor)
        case .hash: event = try field(&cursor, expiry: nil)
        case .expiringHash, .earlyExpiringHash: event = try expiringField(&cursor)
        default:
            guard let text = try cursor.text() else { return nil }
            event = .element(try cursor.item(text, &firstScratch))
        }
        if event != nil { left -= 1 }
        return event
    }

    private mutating func field(
        _ cursor: inout RDBCursor, expiry: Int64?
    ) throws(RDBError) -> RDBEvent? {
        guard let field = try cursor.text(), let value = try cursor.text() else { return nil }
        return .field(
            try cursor.item(field, &firstScratch), try cursor.item(value, &secondScratch),
            expiry: expiry)
    }

    private mutating func expiringField(_ cursor: inout RDBCursor) throws(RDBError) -> RDBEvent? {
        guard let number = try cursor.number() else { return nil }
        var expiry = number
        if number > 0, type == .expiringHash {
            // Counted from the earliest, which is 1.
            expiry = number &+ earliest &- 1
            guard expiry >= earliest else { throw cursor.error(.damaged(.hash, .expiry)) }
        }
        guard expiry <= RDBFormat.latestFieldExpiry else {
            throw cursor.error(.damaged(.hash, .expiry))
        }
        return try field(&cursor, expiry: number == 0 ? nil : Int64(expiry))
    }

    private mutating func member(_ cursor: inout RDBCursor) throws(RDBError) -> RDBEvent? {
        guard let text = try cursor.text() else { return nil }
        let score: Double
        if type == .sortedSet {
            guard let bits = cursor.littleEndian(8) else { return nil }
            score = Double(bitPattern: bits)
        } else {
            guard let spelt = try RDBValueReader.score(&cursor) else { return nil }
            score = spelt
        }
        guard !score.isNaN else { throw cursor.error(.damaged(.sortedSet, .score)) }
        return .member(try cursor.item(text, &firstScratch), score: score)
    }

    /// A score as text behind a byte with its length.
    private static func score(_ cursor: inout RDBCursor) throws(RDBError) -> Double? {
        guard let length = cursor.byte() else { return nil }
        switch length {
        case RDBFormat.ScoreLength.nan: return .nan
        case RDBFormat.ScoreLength.infinity: return .infinity
        case RDBFormat.ScoreLength.minusInfinity: return -.infinity
        default:
            guard let text = cursor.bytes(Int(length)) else { return nil }
            guard let score = text.double else {
                throw cursor.error(.damaged(.sortedSet, .score))
            }
            return score
        }
    }
}

// MARK: - Packed items

extension RDBValueReader {
    private mutating func packed(_ cursor: inout RDBCursor) throws(RDBError) -> RDBEvent? {
        guard let text = try cursor.text(), let packing = type.packing else { return nil }
        let count = try take(text, packing, cursor)
        guard count > 0 else {
            close()
            return nil
        }
        return begun(count / rules.group)
    }

    private mutating func node(_ cursor: inout RDBCursor) throws(RDBError) -> RDBEvent? {
        guard left > 0 else {
            close()
            return nil
        }
        var container = RDBFormat.Container.packed
        if type == .quicklist {
            guard let number = try cursor.number() else { return nil }
            container = number
        }
        guard container == RDBFormat.Container.packed || container == RDBFormat.Container.plain
        else { throw cursor.error(.damaged(.list, .form)) }
        guard let text = try cursor.text(), let packing = type.packing else { return nil }
        if container == RDBFormat.Container.packed {
            left -= 1
            let isOnly = left == 0
            let count = try take(text, packing, cursor)
            guard count > 0, !hasBegun else { return nil }
            return begun(isOnly ? count : 0)
        }
        if case .plain(let bytes) = text, bytes.isEmpty {
            throw cursor.error(.damaged(.list, .empty))
        }
        guard hasBegun else {
            cursor.rewind()
            return begun(0)
        }
        left -= 1
        return .element(try cursor.item(text, &firstScratch))
    }

    /// Takes a string of packed items, if it is sound, to give them out; returns their number.
    private mutating func take(
        _ text: RDBCursor.Text, _ packing: RDBPacking, _ cursor: RDBCursor
    ) throws(RDBError) -> Int {
        let view = try cursor.view(text, &bytes)
        if case .plain = text {
            bytes.removeAll()
            if bytes.capacity > 64 * 1024 { bytes.releaseIfEmpty() }
        }
        do throws(RDBFlaw) {
            let count = try check.count(packing, view, rules)
            if case .plain = text, count > 0 { bytes.append(view) }
            items = try RDBItemReader(packing, view)
            if count > 0 { state = .items }
            return count
        } catch {
            throw cursor.error(error, in: packing.part, of: text)
        }
    }

    private mutating func item(_ cursor: RDBCursor) throws(RDBError) -> RDBEvent? {
        do throws(RDBFlaw) {
            guard let item = try items?.next(bytes.readable) else {
                items = nil
                if type.isQuicklist { state = .nodes } else { close() }
                return nil
            }
            guard rules.group > 1, let second = try items?.next(bytes.readable) else {
                return .element(item)
            }
            if rules.hasScores { return .member(item, score: second.textualScore ?? 0) }
            guard rules.group > 2, let third = try items?.next(bytes.readable) else {
                return .field(item, second, expiry: nil)
            }
            let expiry = third.fieldExpiry ?? 0
            return .field(item, second, expiry: expiry == 0 ? nil : Int64(expiry))
        } catch {
            // The whole string was read before.
            throw cursor.error(.damaged(items?.packing.part ?? .listpack, error.damage))
        }
    }

    private mutating func streamPart(_ cursor: inout RDBCursor) throws(RDBError) -> RDBEvent? {
        guard hasBegun else { return begun(0) }
        let part = try stream.next(&cursor, &bytes, &firstScratch)
        if stream.isFinished, cursor.missing == 0 { close() }
        return part.map { .stream($0) }
    }
}
