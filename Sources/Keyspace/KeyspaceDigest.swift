import DataStructures
import Digests
import Memory

/// A digest of a set of entries: the sums modulo 2⁶⁴ of two keyed hashes of each. It does not
/// depend on order or layout and changes by one term when one entry does. Equal sets have equal
/// digests; different ones differ but for a chance of 2⁻¹²⁸. It is for checking ourselves, not
/// for defence against somebody who chooses entries.
@frozen @usableFromInline
package struct KeyspaceDigest: Equatable, Sendable {
    package private(set) var low: UInt64 = 0
    package private(set) var high: UInt64 = 0

    /// The digest of nothing.
    package init() {}

    /// 32 hexadecimal digits.
    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for word in [high, low] {
            for shift in stride(from: UInt64(60), through: 0, by: -4) {
                text.append(digits[Int(word >> shift & 15)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The digest of both sets together, for entries of different databases mixed with `salt`.
    package mutating func combine(_ other: KeyspaceDigest, salt: UInt64) {
        guard other != KeyspaceDigest() else { return }
        low &+= KeyspaceDigest.mix(other.low ^ KeyspaceDigest.mix(salt &+ 1))
        high &+= KeyspaceDigest.mix(other.high ^ KeyspaceDigest.mix(salt &+ 2))
    }

    mutating func add(_ record: Record) {
        let term = KeyspaceDigest.term(record)
        low &+= term.low
        high &+= term.high
    }

    mutating func remove(_ record: Record) {
        let term = KeyspaceDigest.term(record)
        low &-= term.low
        high &-= term.high
    }

    private static let firstKey = HashKey(k0: 0x7461_6e64_656d_2d31, k1: 0x6b65_7973_7061_6365)
    private static let secondKey = HashKey(k0: 0x7461_6e64_656d_2d32, k1: 0x6469_6765_7374_2d32)

    /// Both hashes of one entry: key, type, value as text, expiry.
    private static func term(_ record: Record) -> (low: UInt64, high: UInt64) {
        let entry = Entry(record)
        if entry.isString {
            return entry.withString { value in
                (
                    term(record, SipHash.hash(value, key: firstKey), firstKey),
                    term(record, SipHash.hash(value, key: secondKey), secondKey)
                )
            }
        }
        return (
            term(record, collection(entry, firstKey), firstKey),
            term(record, collection(entry, secondKey), secondKey)
        )
    }

    private static func term(_ record: Record, _ value: UInt64, _ key: HashKey) -> UInt64 {
        var word = mix(UInt64(record.kind & 15) &+ 1)
        word = mix(word ^ SipHash.hash(record.key, key: key))
        word = mix(word &+ value)
        guard let expiry = record.expiry else { return word }
        return mix(word ^ mix(UInt64(bitPattern: expiry) &+ key.k0))
    }

    /// A hash of all elements, which depends on their order in lists alone.
    private static func collection(_ entry: Entry, _ key: HashKey) -> UInt64 {
        func hash(_ item: PackedItem) -> UInt64 { item.withText { SipHash.hash($0, key: key) } }
        var word: UInt64 = 0
        switch entry.type {
        case .list:
            ListView(entry).forEach { item in
                word = mix(word ^ hash(item))
                return true
            }
        case .set:
            SetView(entry).forEach { word &+= mix(hash($0)) }
        case .hash:
            HashView(entry).forEach { word &+= mix(hash($0) &+ mix(hash($1))) }
        case .sortedSet:
            SortedSetView(entry).forEach { member, score in
                word &+= mix(hash(member) &+ mix(score.bitPattern))
                return true
            }
        case .string, .module, .stream: break
        }
        return word
    }

    /// The finaliser of SplitMix64: every bit of the result depends on every bit of `word`.
    private static func mix(_ word: UInt64) -> UInt64 {
        var word = word &+ 0x9e37_79b9_7f4a_7c15
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}
