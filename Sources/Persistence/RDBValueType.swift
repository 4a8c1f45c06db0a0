/// How a value is laid out in a file: the byte before its key.
package enum RDBValueType: UInt8, Sendable, CaseIterable {
    case string = 0
    /// Elements one by one.
    case list = 1
    case set = 2
    /// Scores as text.
    case textSortedSet = 3
    case hash = 4
    /// Scores as eight bytes.
    case sortedSet = 5
    case zipmapHash = 9
    case ziplistList = 10
    case intset = 11
    case ziplistSortedSet = 12
    case ziplistHash = 13
    /// A list as ziplists.
    case ziplistQuicklist = 14
    /// A stream without its first ID and what has to do with counting.
    case firstStream = 15
    case listpackHash = 16
    case listpackSortedSet = 17
    /// A list as listpacks and single long elements.
    case quicklist = 18
    case stream = 19
    case listpackSet = 20
    /// A stream whose consumers have a time of activity.
    case activeStream = 21
    /// Hashes whose fields may expire, as candidates of Redis 7.4 wrote them.
    case earlyExpiringHash = 22
    case earlyExpiringListpackHash = 23
    /// Hashes whose fields may expire.
    case expiringHash = 24
    case expiringListpackHash = 25

    /// The kind of a value of many parts; nil for a string.
    package var kind: RDBCollection.Kind? {
        switch self {
        case .string: nil
        case .list, .ziplistList, .ziplistQuicklist, .quicklist: .list
        case .set, .intset, .listpackSet: .set
        case .textSortedSet, .sortedSet, .ziplistSortedSet, .listpackSortedSet: .sortedSet
        case .hash, .zipmapHash, .ziplistHash, .listpackHash: .hash
        case .earlyExpiringHash, .earlyExpiringListpackHash, .expiringHash,
            .expiringListpackHash:
            .hash
        case .firstStream, .stream, .activeStream: .stream
        }
    }

    /// How the items are packed, where they are all in one string or, for lists, in several.
    var packing: RDBPacking? {
        switch self {
        case .string, .list, .set, .textSortedSet, .hash, .sortedSet: nil
        case .earlyExpiringHash, .expiringHash: nil
        case .zipmapHash: .zipmap
        case .ziplistList, .ziplistSortedSet, .ziplistHash, .ziplistQuicklist: .ziplist
        case .intset: .intset
        case .listpackHash, .listpackSortedSet, .listpackSet, .quicklist: .listpack
        case .earlyExpiringListpackHash, .expiringListpackHash: .listpack
        case .firstStream, .stream, .activeStream: .listpack
        }
    }

    /// Whether the items of a packed hash come in threes: field, value, expiry.
    var hasPackedExpiries: Bool {
        self == .earlyExpiringListpackHash || self == .expiringListpackHash
    }

    /// Whether the earliest expiry of a field stands before everything else.
    var beginsWithExpiry: Bool { self == .expiringHash || self == .expiringListpackHash }

    var isQuicklist: Bool { self == .ziplistQuicklist || self == .quicklist }
}
