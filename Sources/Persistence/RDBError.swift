/// Why bytes are not an RDB file, or none that can be loaded.
package struct RDBError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        /// It does not begin with `REDIS` and four digits.
        case wrongSignature
        case unsupportedVersion(Int)
        /// The bytes stop before the end.
        case truncated
        case unknownLength(UInt8)
        /// A length that stands where an encoded string cannot.
        case misplacedEncoding
        case unknownEncoding(UInt8)
        case stringTooLong(UInt64)
        /// A compressed string is damaged, or claims a length no compression yields.
        case invalidLZF
        case unknownType(UInt8)
        /// A value, or something else, that this server does not hold; the name says what.
        case unsupportedType(String)
        case databaseOutOfRange(UInt64)
        case invalidModuleData
        case wrongChecksum(stored: UInt64, computed: UInt64)
        /// Bytes are left over behind the end.
        case trailingBytes
        /// A value does not hang together.
        case damaged(RDBPart, RDBDamage)
    }

    /// Position in the file of the byte where it went wrong.
    package let offset: Int
    package let reason: Reason

    package init(offset: Int, _ reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    package var description: String {
        switch reason {
        case .wrongSignature: "Wrong signature trying to load DB from file"
        case .unsupportedVersion(let version): "Can't handle RDB format version \(version)"
        case .wrongChecksum(let stored, let computed):
            "RDB CRC error: expected \(String(computed, radix: 16)), but the file says "
                + String(stored, radix: 16)
        default: "Internal error in RDB reading offset \(offset) -> \(cause)"
        }
    }

    private var cause: String {
        switch reason {
        case .wrongSignature, .unsupportedVersion, .wrongChecksum: ""
        case .truncated: "Unexpected EOF reading RDB file"
        case .unknownLength(let byte): "Unknown length encoding \(byte)"
        case .misplacedEncoding: "Encoded string where a length belongs"
        case .unknownEncoding(let encoding): "Unknown RDB string encoding type \(encoding)"
        case .stringTooLong(let length): "String of \(length) bytes is too long"
        case .invalidLZF: "Invalid LZF compressed string"
        case .unknownType(let type): "Unknown RDB encoding type \(type)"
        case .unsupportedType(let name): "Values of type '\(name)' are not supported"
        case .databaseOutOfRange(let number): "Database number \(number) is out of range"
        case .invalidModuleData: "Invalid module data"
        case .trailingBytes: "Bytes behind the end"
        case .damaged(let part, let damage): "Damaged \(part.rawValue): \(damage.rawValue)"
        }
    }
}

/// What is damaged: a value, or the string into which its items are packed.
package enum RDBPart: String, Sendable {
    case listpack, ziplist, intset, zipmap, list, set, hash, stream
    case sortedSet = "sorted set"
}

/// What is wrong with it.
package enum RDBDamage: String, Sendable {
    case length = "wrong length"
    case end = "no end mark where one belongs"
    case item = "no such item, or one beyond the end"
    case link = "wrong length of the item before"
    case tail = "wrong place of the last item"
    case count = "wrong number of items"
    case order = "not in order"
    case duplicate = "the same item twice"
    case score = "a score that is no number"
    case expiry = "an expiry that is no time"
    case empty = "nothing in it"
    case form = "no such form"
}

/// What is wrong with a string of packed items, and at which of its bytes.
struct RDBFlaw: Error {
    let damage: RDBDamage
    let position: Int

    init(_ damage: RDBDamage, at position: Int) {
        self.damage = damage
        self.position = position
    }
}
