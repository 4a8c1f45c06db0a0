import DataStructures
import Memory

/// What a value is, by the number Redis gives the type.
@frozen @usableFromInline
package enum ValueType: UInt8, Sendable {
    case string = 0
    case list = 1
    case set = 2
    case sortedSet = 3
    case hash = 4
    case module = 5
    case stream = 6

    /// As TYPE prints it.
    package var name: StaticString {
        switch self {
        case .string: "string"
        case .list: "list"
        case .set: "set"
        case .sortedSet: "zset"
        case .hash: "hash"
        case .module: "module"
        case .stream: "stream"
        }
    }
}

/// How a value is stored, by the number Redis gives the encoding. Of collections it is only the
/// name that Redis 7.0 would give them; their layout here does not follow from it.
@frozen @usableFromInline
package enum Encoding: UInt8, Sendable {
    case raw = 0
    case integer = 1
    case hashtable = 2
    case intset = 6
    case skiplist = 7
    case embedded = 8
    case quicklist = 9
    case stream = 10
    case listpack = 11

    /// As OBJECT ENCODING prints it.
    package var name: StaticString {
        switch self {
        case .raw: "raw"
        case .integer: "int"
        case .hashtable: "hashtable"
        case .intset: "intset"
        case .skiplist: "skiplist"
        case .embedded: "embstr"
        case .quicklist: "quicklist"
        case .stream: "stream"
        case .listpack: "listpack"
        }
    }

    /// Strings up to this many bytes are `embedded` when they are set as a whole.
    @inlinable package static var embeddedLimit: Int { 44 }
}

/// Which encodings a string may get when it is set.
@frozen @usableFromInline
package enum StringForm: Sendable {
    /// An integer if its text is one, else by length: what SET does.
    case automatic
    /// By length only: results of INCRBYFLOAT.
    case text
    /// Raw whatever the length: results of SETBIT and BITOP.
    case raw
}

/// What happens to the expiry of a key that is set.
@frozen @usableFromInline
package enum ExpiryChange: Sendable {
    case clear
    case keep
    /// Milliseconds since 1970.
    case at(Int64)
}

/// A reference to one key and its value, freely copied; valid until that key is next modified,
/// and safe to use until the keyspace is next modified at all.
@frozen @usableFromInline
package struct Entry {
    @usableFromInline let record: Record

    @inlinable @inline(__always)
    init(_ record: Record) { self.record = record }

    @inlinable @inline(__always)
    static func kind(_ type: ValueType, _ encoding: Encoding) -> UInt8 {
        type.rawValue | encoding.rawValue &<< 4
    }

    @inlinable
    package var key: ByteView { @inline(__always) get { record.key } }

    @inlinable
    package var type: ValueType {
        @inline(__always) get {
            guard let type = ValueType(rawValue: record.kind & 15) else {
                invariant(false, "unknown type in a record")
                return .string
            }
            return type
        }
    }

    @inlinable
    package var isString: Bool { @inline(__always) get { record.kind & 15 == 0 } }

    @inlinable
    package var encoding: Encoding {
        guard let encoding = Encoding(rawValue: record.kind &>> 4) else {
            invariant(false, "unknown encoding in a record")
            return .raw
        }
        return encoding
    }

    /// When the key expires, in milliseconds since 1970.
    @inlinable
    package var expiry: Int64? { @inline(__always) get { record.expiry } }

    /// Whether the key has an expiry that is not later than `now`.
    @inlinable @inline(__always)
    package func isExpired(at now: Int64) -> Bool {
        guard let expiry = record.expiry else { return false }
        return expiry <= now
    }

    @inlinable
    package var isInteger: Bool {
        @inline(__always) get { record.kind == Entry.kind(.string, .integer) }
    }

    /// The value when it is stored as an integer.
    @inlinable
    package var integer: Int64? {
        @inline(__always) get { isInteger ? record.integer : nil }
    }

    /// The string value; an integer is written to `scratch`, anything else is lent in place.
    @inlinable @inline(__always)
    package func string(_ scratch: inout DecimalScratch) -> ByteView {
        isInteger ? scratch.text(record.integer) : record.bytes
    }

    /// Lends the string value while `body` runs.
    package func withString<Result>(_ body: (ByteView) -> Result) -> Result {
        isInteger ? withDecimal(record.integer, body) : body(record.bytes)
    }

    /// Bytes of the string value as text.
    @inlinable
    package var stringLength: Int {
        isInteger ? decimalCount(record.integer) : record.valueCount
    }

    /// Bytes the allocator holds for key and value.
    package var footprint: Int { record.wholeFootprint }

    /// 24 bits: last access in seconds (LRU), or minutes and a logarithmic counter (LFU).
    @inlinable
    package var clock: UInt32 { record.clock }
}
