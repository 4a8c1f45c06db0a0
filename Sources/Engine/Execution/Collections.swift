import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

/// What commands about collections have in common: finding a value of the right type, and
/// changing one.
///
/// A change goes `place` (look, and refuse what is of another type), `open`, mutations of the
/// keyspace, `close`. Between `open` and `close` nothing else may be modified.
extension DataEngine {
    /// As `lookup`, for a key that must hold a value of `type` if it is there.
    @inline(__always)
    mutating func lookup(
        _ call: Call, _ index: Int = 1, _ type: ValueType
    ) throws(ReplyError) -> Entry? {
        guard let entry = lookup(call, index) else { return nil }
        guard entry.type == type else { throw .wrongType }
        return entry
    }

    /// As `lookupForWrite`, for a key that must hold a value of `type` if it is there.
    @inline(__always)
    mutating func lookupForWrite(
        _ call: Call, _ index: Int = 1, _ type: ValueType
    ) throws(ReplyError) -> Entry? {
        guard let entry = lookupForWrite(call, index) else { return nil }
        guard entry.type == type else { throw .wrongType }
        return entry
    }

    /// Looks for the key at argument `index`, which may be about to be changed and must hold a
    /// value of `type` if it is there; `entry` of the place says whether it is. As after `claim`,
    /// no expired key is left there.
    @inline(__always)
    mutating func place(
        _ call: Call, _ index: Int = 1, _ type: ValueType
    ) throws(ReplyError) -> Place {
        let hash = hash(call, index)
        let place = keyspace.place(call.database, call[index], hash)
        guard let entry = place.entry else { return place }
        if _slowPath(entry.isExpired(at: keyspace.now)) {
            return try placeOfExpired(call, index, type)
        }
        if !call.session.value.flags.contains(.noTouch) { keyspace.touch(entry) }
        guard entry.type == type else { throw .wrongType }
        return place
    }

    @inline(never)
    private mutating func placeOfExpired(
        _ call: Call, _ index: Int, _ type: ValueType
    ) throws(ReplyError) -> Place {
        // The primary's own commands find what it thinks is there.
        if let entry = claim(call, index), entry.type != type { throw .wrongType }
        return keyspace.place(call.database, call[index], hash(call, index))
    }

    /// Begins to change the value at a place, which is that of the key at argument `index`. A
    /// key that is made is announced.
    @inline(__always)
    mutating func open(_ place: inout Place, _ call: Call, _ index: Int = 1, _ type: ValueType) {
        if _slowPath(notifications.contains(.new)), place.entry == nil {
            notify(call[index], call.database, "new", .new)
        }
        keyspace.open(&place, type)
    }

    /// Ends changing the value of the key at argument `index`: tells of `event` if there were
    /// `changes`, and of the key's end if nothing is left of it. Returns whether it was deleted.
    @inline(__always) @discardableResult
    mutating func close(
        _ place: inout Place, _ call: Call, _ index: Int = 1, changes: Int,
        _ event: StaticString, _ kind: NotificationClasses
    ) -> Bool {
        let isGone = keyspace.close(&place, changes: changes)
        if changes > 0 { keyChanged(call[index], call.database, event, kind) }
        if isGone { keyChanged(call[index], call.database, "del", .generic) }
        return isGone
    }

    /// Deletes the key at argument `index` of a command that stores its result there, as there is
    /// none. Returns whether it was there.
    mutating func removeDestination(_ call: Call, _ index: Int) -> Bool {
        remove(call, index, lazily: settings.lazyfreeLazyServerDel)
    }

    /// Makes the key at argument `index` anew for a result that has elements: announces and
    /// opens it; what it held is gone. It ends with `close`.
    mutating func openDestination(_ call: Call, _ index: Int, _ type: ValueType) -> Place {
        if peek(call, index) == nil {
            announceNew(call[index], call.database)
        }
        let hash = hash(call, index)
        let changes = keyspace.changes
        keyspace.delete(
            call.database, call[index], hash, lazily: settings.lazyfreeLazyServerDel)
        keyspace.changes = changes
        var place = keyspace.place(call.database, call[index], hash)
        keyspace.open(&place, type)
        return place
    }
}

extension ReplyWriter {
    /// A bulk string with the text of an item.
    @inline(__always)
    mutating func bulk(_ item: PackedItem) {
        switch item {
        case .bytes(let bytes): bulk(bytes)
        case .integer(let value): bulk(decimal: Int(value))
        }
    }
}

extension ByteBuffer {
    /// An item as RESP frames strings.
    mutating func append(framed item: PackedItem) {
        item.withText { append(framed: $0) }
    }
}

extension Call {
    /// Argument `index` as an integer that is not negative; anything else is answered with
    /// `error`.
    func nonNegative(
        _ index: Int,
        orFailWith error: ReplyError = ReplyError("ERR value is out of range, must be positive")
    ) throws(ReplyError) -> Int {
        guard let value = self[index].integer, value >= 0 else { throw error }
        return Int(value)
    }
}

/// The count of SRANDMEMBER, HRANDFIELD and ZRANDMEMBER: so many different elements, or, if it is
/// negative, so many choices of any element.
struct SampleCount {
    let count: Int
    let isUnique: Bool

    /// Reads argument `index`.
    init(_ call: Call, _ index: Int) throws(ReplyError) {
        let number = try call.integer(index)
        guard number != Int64.min else {
            throw ReplyError(
                """
                ERR value is out of range, value must between -9223372036854775807 and \
                9223372036854775807
                """)
        }
        count = Int(number.magnitude)
        isUnique = number >= 0
    }

    /// Refuses what would not fit twice in an integer, as the replies of pairs are counted.
    func checkPairs() throws(ReplyError) {
        guard count <= Int.max / 2 else { throw ReplyError("ERR value is out of range") }
    }
}
