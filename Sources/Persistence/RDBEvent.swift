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
    case entry(RDBEntry)
    /// The code of a function library.
    case function(ByteView)
    /// Data of a module that belong to no key; they were skipped.
    case moduleAux(module: String)
    case end(RDBChecksum)
}

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
