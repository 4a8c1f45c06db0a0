import DataStructures
import Memory

/// What a decoder found. Views in it are valid until the decoder is next asked or fed.
package enum RDBEvent {
    /// Everything fed so far is used up.
    case needMore
    /// A field of information about the file.
    case aux(key: ByteView, value: ByteView)
    /// The entries that follow belong to this database.
    case selectDatabase(Int)
    /// How many keys, and keys with expiry, the database is said to have. A hint by whoever wrote
    /// the file: not to be trusted with an allocation.
    case resize(keys: Int, expires: Int)
    /// A key with a string.
    case entry(RDBEntry)
    /// A key with a value of many parts, which follow one by one until `endCollection`.
    case begin(RDBCollection)
    /// The next element of a list, or a member of a set.
    case element(RDBItem)
    /// A field of a hash and its value; `expiry` in ms since 1970, if it has one of its own.
    case field(RDBItem, RDBItem, expiry: Int64?)
    /// A member of a sorted set; the score is never NaN.
    case member(RDBItem, score: Double)
    case stream(RDBStreamPart)
    /// The value is complete.
    case endCollection
    /// The code of a function library.
    case function(ByteView)
    /// Data of a module that belong to no key; they were skipped.
    case moduleAux(module: String)
    case end(RDBChecksum)
}

/// An element, member, field or value. What spells an integer is always given as one.
package typealias RDBItem = PackedItem

/// A key and its value.
package struct RDBEntry {
    package let key: ByteView
    package let value: RDBValue
    package let attributes: RDBAttributes
}

package enum RDBValue {
    case string(ByteView)
    /// A string that was stored as the integer it spells.
    case integer(Int64)
}

/// A key whose value has parts. It has at least one, unless it is a stream.
///
/// Members and fields that come twice are an error of the decoder where the value was packed into
/// one string; else whoever takes them must refuse them (`RDBDamage.duplicate`).
package struct RDBCollection {
    package enum Kind: Equatable, Sendable { case list, set, hash, sortedSet, stream }

    package let key: ByteView
    package let kind: Kind
    package let attributes: RDBAttributes
    /// How many parts it is said to have, 0 if that is not known: a hint, not to be trusted with
    /// an allocation.
    package let count: Int
}

/// The parts of a stream in their order: entries, then the state, then groups. After each group
/// come its pending entries, then its consumers, and after each consumer the pending entries that
/// are its own.
package enum RDBStreamPart {
    /// IDs ascend from entry to entry. `fields` is a packed sequence of fields and values.
    case entry(RDBStreamID, fields: ByteView)
    case state(RDBStreamState)
    case group(RDBStreamGroup)
    /// IDs ascend within the group.
    case pending(RDBPendingEntry)
    case consumer(RDBStreamConsumer)
    /// IDs ascend within the consumer, and the consumers of a group have as many as it has
    /// pending entries; that they are the same ones is to be seen by whoever takes them.
    case owned(RDBStreamID)
}

/// The name of an entry: when it was made, in ms since 1970, and a number to tell those of one
/// millisecond apart.
package struct RDBStreamID: Equatable, Comparable, Sendable {
    package var milliseconds: UInt64
    package var sequence: UInt64

    package init(_ milliseconds: UInt64, _ sequence: UInt64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    package static var zero: RDBStreamID { RDBStreamID(0, 0) }

    package static func < (left: RDBStreamID, right: RDBStreamID) -> Bool {
        (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
    }
}

/// What a stream knows besides its entries.
package struct RDBStreamState: Equatable, Sendable {
    /// Entries it is said to have.
    package var count = 0
    /// The highest ID it ever had; not below that of any entry.
    package var last = RDBStreamID.zero
    /// The ID of the first entry, zero if there is none.
    package var first = RDBStreamID.zero
    /// The highest ID that was deleted.
    package var lastDeleted = RDBStreamID.zero
    /// Entries ever added.
    package var added: UInt64 = 0

    package init() {}
}

/// A consumer group of a stream.
package struct RDBStreamGroup {
    package let name: ByteView
    /// The last entry it was given.
    package let last: RDBStreamID
    /// How many entries it was given or passed over; nil if nobody knows.
    package let read: Int64?

    package init(name: ByteView, last: RDBStreamID, read: Int64?) {
        self.name = name
        self.last = last
        self.read = read
    }
}

/// An entry that a group was given and has not acknowledged.
package struct RDBPendingEntry: Equatable, Sendable {
    package let id: RDBStreamID
    /// When it was last given, in ms since 1970.
    package let deliveredAt: Int64
    /// How often it was given.
    package let deliveries: UInt64

    package init(id: RDBStreamID, deliveredAt: Int64, deliveries: UInt64) {
        self.id = id
        self.deliveredAt = deliveredAt
        self.deliveries = deliveries
    }
}

/// A consumer of a group.
package struct RDBStreamConsumer {
    package let name: ByteView
    /// When it last tried to read, in ms since 1970.
    package let seenAt: Int64
    /// When it last got something, in ms since 1970; nil where that was not recorded.
    package let activeAt: Int64?

    package init(name: ByteView, seenAt: Int64, activeAt: Int64?) {
        self.name = name
        self.seenAt = seenAt
        self.activeAt = activeAt
    }
}

/// What may stand before a key.
package struct RDBAttributes: Equatable, Sendable {
    /// When the key expires, in ms since 1970.
    package var expiry: Int64?
    /// Seconds since its last use, where eviction is by recency.
    package var idle: Int?
    /// Its access counter, where eviction is by frequency.
    package var frequency: UInt8?

    package init(expiry: Int64? = nil, idle: Int? = nil, frequency: UInt8? = nil) {
        self.expiry = expiry
        self.idle = idle
        self.frequency = frequency
    }
}

/// What is known of a file's integrity. A checksum that does not match is an error.
package enum RDBChecksum: Equatable, Sendable {
    case verified
    /// It was written with `rdbchecksum no`.
    case disabled
    /// The version has none.
    case absent
    /// The reader was told not to look.
    case unchecked
}
