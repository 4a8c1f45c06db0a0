import DataStructures
import Memory

/// Reads the entries of one listpack of a stream: the number of entries, that of deleted ones, the
/// fields of the first entry ever, and then the entries, whose IDs are told by what they lie above
/// the first. An entry with the same fields as the first has only values.
struct RDBStreamEntries {
    private var reader: RDBItemReader
    private let base: RDBStreamID
    /// Where the fields of the first entry begin, and how many they are.
    private let fieldsOffset: Int
    private let fieldCount: Int64
    /// Entries still to come, with the deleted ones.
    private var left: Int64

    var offset: Int { reader.offset }

    /// The entries of the listpack `bytes`, counted from `base`.
    init(_ bytes: ByteView, _ base: RDBStreamID) throws(RDBFlaw) {
        reader = try RDBItemReader(.listpack, bytes)
        self.base = base
        let live = try RDBStreamEntries.number(&reader, bytes)
        let deleted = try RDBStreamEntries.number(&reader, bytes)
        fieldCount = try RDBStreamEntries.number(&reader, bytes)
        fieldsOffset = reader.offset
        let (sum, overflow) = live.addingReportingOverflow(deleted)
        guard live >= 0, deleted >= 0, !overflow, fieldCount >= 0 else {
            throw RDBFlaw(.count, at: Listpack.headLength)
        }
        left = sum
        for _ in 0..<fieldCount { _ = try RDBStreamEntries.item(&reader, bytes) }
        guard try RDBStreamEntries.number(&reader, bytes) == 0 else {
            throw RDBFlaw(.form, at: reader.offset)
        }
    }

    /// Passes over the next entry that is not deleted and returns its ID; nil behind the last,
    /// which also means that the whole listpack is sound.
    mutating func next(_ bytes: ByteView) throws(RDBFlaw) -> RDBStreamID? {
        while let (id, isLive) = try head(bytes) {
            for _ in 0..<fields.count { _ = try item(bytes) }
            try tail(bytes)
            if isLive { return id }
        }
        return nil
    }

    /// The same, and appends the entry's fields and values to `packed`.
    mutating func next(
        _ bytes: ByteView, _ packed: inout ByteBuffer
    ) throws(RDBFlaw) -> RDBStreamID? {
        while let (id, isLive) = try head(bytes) {
            var names = fieldsOffset
            for _ in 0..<fields.count {
                let item = try item(bytes)
                guard isLive else { continue }
                if fields.areTheSame, let name = try Listpack.item(bytes, &names) {
                    name.append(to: &packed)
                }
                item.append(to: &packed)
            }
            try tail(bytes)
            if isLive { return id }
        }
        return nil
    }

    /// What follows the head of the present entry: its items, and whether they are values only.
    private var fields: (count: Int64, areTheSame: Bool) = (0, false)

    private mutating func head(
        _ bytes: ByteView
    ) throws(RDBFlaw) -> (id: RDBStreamID, isLive: Bool)? {
        guard left > 0 else {
            guard try reader.next(bytes) == nil else { throw RDBFlaw(.count, at: offset) }
            return nil
        }
        left -= 1
        let flags = try RDBStreamEntries.number(&reader, bytes)
        let milliseconds = try RDBStreamEntries.number(&reader, bytes)
        let sequence = try RDBStreamEntries.number(&reader, bytes)
        if flags & RDBFormat.StreamFlag.sameFields != 0 {
            fields = (fieldCount, true)
        } else {
            let count = try RDBStreamEntries.number(&reader, bytes)
            guard (0..<1 << 40).contains(count) else { throw RDBFlaw(.count, at: offset) }
            fields = (2 * count, false)
        }
        let id = RDBStreamID(
            base.milliseconds &+ UInt64(bitPattern: milliseconds),
            base.sequence &+ UInt64(bitPattern: sequence))
        return (id, flags & RDBFormat.StreamFlag.deleted == 0)
    }

    /// The number of items of the entry, by which it is read backwards.
    private mutating func tail(_ bytes: ByteView) throws(RDBFlaw) {
        let told = try RDBStreamEntries.number(&reader, bytes)
        guard told == fields.count + (fields.areTheSame ? 3 : 4) else {
            throw RDBFlaw(.count, at: offset)
        }
    }

    private mutating func item(_ bytes: ByteView) throws(RDBFlaw) -> RDBItem {
        try RDBStreamEntries.item(&reader, bytes)
    }

    private static func item(
        _ reader: inout RDBItemReader, _ bytes: ByteView
    ) throws(RDBFlaw) -> RDBItem {
        let start = reader.offset
        guard let item = try reader.next(bytes) else { throw RDBFlaw(.count, at: start) }
        return item
    }

    private static func number(
        _ reader: inout RDBItemReader, _ bytes: ByteView
    ) throws(RDBFlaw) -> Int64 {
        let start = reader.offset
        guard case .integer(let number) = try item(&reader, bytes) else {
            throw RDBFlaw(.item, at: start)
        }
        return number
    }
}
