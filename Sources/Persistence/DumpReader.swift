import Memory

/// Reads the value of an intact payload part by part, with the events of a file: an `entry` with
/// an empty key for a string, or all from `begin` to `endCollection`; then `end`.
///
/// Memory: one element, or one string of packed items. Views of what is not compressed point into
/// the payload.
package struct DumpReader: ~Copyable {
    private let body: ByteView
    private let stringLimit: Int
    private var offset = 0
    private var values: RDBValueReader
    private var scratch: ByteBuffer
    private var isRead = false

    /// At the value of `payload`, which must stay where it is.
    package init(
        _ payload: ByteView, heap: Heap, stringLimit: Int = RDBFormat.stringLimit
    ) {
        body = DumpPayload.body(payload)
        self.stringLimit = stringLimit
        values = RDBValueReader(heap: heap)
        scratch = ByteBuffer(heap: heap)
    }

    /// The next event; after the value it is `end` for ever. A value with nothing in it is an
    /// error.
    package mutating func next() throws(RDBError) -> RDBEvent {
        while true {
            var cursor = RDBCursor(
                body[offset..<body.count], at: offset, stringLimit: stringLimit)
            let event: RDBEvent?
            if isRead {
                guard offset == body.count else { throw cursor.error(.trailingBytes) }
                event = .end(.verified)
            } else if offset == 0 {
                event = try begin(&cursor)
            } else {
                event = try values.next(&cursor)
                if values.wasEmpty { throw cursor.error(.damaged(values.part, .empty)) }
                isRead = values.isFinished
            }
            guard cursor.missing == 0 else { throw cursor.error(.truncated) }
            offset += cursor.count
            if let event { return event }
        }
    }

    private mutating func begin(_ cursor: inout RDBCursor) throws(RDBError) -> RDBEvent? {
        guard let number = cursor.byte() else { return nil }
        let type = try RDBDecoder.type(number, cursor)
        guard type == .string else {
            values.begin(type, key: .empty, RDBAttributes())
            return nil
        }
        guard let text = try cursor.text() else { return nil }
        isRead = true
        return .entry(
            RDBEntry(
                key: .empty, value: try cursor.value(text, &scratch),
                attributes: RDBAttributes()))
    }
}
