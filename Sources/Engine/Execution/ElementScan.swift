import DataStructures
import Digests
import Memory
import RESP
import Sessions

/// A step of HSCAN, SSCAN or ZSCAN: what was asked for, and what it found. Elements go into a
/// buffer of their own, as the next cursor stands before them in the reply and is known last.
struct ElementScan: ~Copyable {
    let cursor: UInt64
    /// How many elements to look at, more or less.
    private(set) var count = 10
    private var pattern: ByteView?
    private var found: ByteBuffer
    private var items = 0

    /// Argument 2 as a cursor, or Redis's error. Redis reads it before it looks for the key, and
    /// the options only if there is one.
    static func cursor(_ call: Call) throws(ReplyError) -> UInt64 {
        guard let cursor = ScanCursor.parse(call[2]) else { throw ReplyError("ERR invalid cursor") }
        return cursor
    }

    /// Reads the options, which begin at argument 3.
    init(_ call: Call, cursor: UInt64, heap: Heap) throws(ReplyError) {
        self.cursor = cursor
        found = ByteBuffer(heap: heap)
        var index = 3
        while index < call.count {
            guard index + 1 < call.count else { throw .syntax }
            if call[index].equalsIgnoringCase("count") {
                count = Int(try call.integer(index + 1))
                guard count >= 1 else { throw .syntax }
            } else if call[index].equalsIgnoringCase("match") {
                pattern = call[index + 1] == "*" ? nil : call[index + 1]
            } else {
                throw .syntax
            }
            index += 2
        }
    }

    /// Whether the text of `item` matches the pattern.
    func accepts(_ item: PackedItem) -> Bool {
        guard let pattern else { return true }
        return item.withText { Glob.matches(pattern: pattern, text: $0) }
    }

    /// Adds an item to the reply.
    mutating func add(_ item: PackedItem) {
        found.append(framed: item)
        items += 1
    }

    /// Adds text to the reply.
    mutating func add(_ text: ByteView) {
        found.append(framed: text)
        items += 1
    }

    /// Answers with what was found and where to go on.
    consuming func answer(_ call: Call, next: UInt64) {
        call.reply.array(2)
        call.reply.bulk(text: String(next))
        call.reply.array(items)
        call.reply.buffer.append(found.readable)
    }

    /// The answer where there is no key.
    static func answerEmpty(_ call: Call) {
        call.reply.array(2)
        call.reply.bulk("0")
        call.reply.emptyArray()
    }
}
