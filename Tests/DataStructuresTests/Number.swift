import DataStructures
import Digests
import Memory
import Testing

/// An element that is nothing but its address, which stands for a number. How good its hash is
/// depends on the key: the bits of `k0` that are clear are clear in every hash.
struct Number: DictElement, Hashable {
    let address: UInt

    init(address: UInt) { self.address = address }

    init(_ number: Int) { address = UInt(number + 1) << 3 }

    var number: Int { Int(address >> 3) - 1 }

    var key: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: address >> (8 * $0)) } }

    func hash(_ key: HashKey) -> UInt64 {
        self.key.withView { SipHash.hash($0, key: key) } & key.k0
    }

    func hasKey(_ key: ByteView) -> Bool { self.key.withView { $0 == key } }
}

/// The ways to hash that the tests go through: well, into few buckets, with few tags, all alike.
let hashKeys = [
    HashKey(k0: ~0, k1: 1), HashKey(k0: ~0xfc, k1: 2), HashKey(k0: ~0 >> 8, k1: 3),
    HashKey(k0: 0, k1: 4),
]

/// Forwards to a dict of numbers by their own hashes.
struct Numbers: ~Copyable {
    var dict: Dict<Number>
    let hashKey: HashKey

    init(heap: Heap, hashKey: HashKey) {
        dict = Dict(heap: heap, hashKey: hashKey)
        self.hashKey = hashKey
    }

    func position(_ number: Int) -> DictPosition? {
        let element = Number(number)
        return element.key.withView { dict.locate(element.hash(hashKey), $0) }
    }

    func contains(_ number: Int) -> Bool {
        let element = Number(number)
        return element.key.withView { dict.find(element.hash(hashKey), $0) } == element
    }

    mutating func insert(_ number: Int, marked: Bool = false) {
        let element = Number(number)
        dict.insert(element.hash(hashKey), element, marked: marked)
    }

    /// Removes the number and says whether it was there.
    mutating func remove(_ number: Int) -> Bool {
        guard let position = position(number) else { return false }
        return dict.remove(position) == Number(number)
    }

    mutating func mark(_ number: Int, _ marked: Bool) {
        if let position = position(number) { dict.setMark(position, marked) }
    }

    /// Everything in it, sorted.
    var contents: [Int] {
        var found: [Int] = []
        dict.forEach { found.append($0.number) }
        return found.sorted()
    }
}

/// Like `#expect`, for checks made thousands of times: that one takes a backtrace every time, this
/// one only when the check fails.
func check(
    _ holds: Bool, _ message: @autoclosure () -> String = "",
    at location: SourceLocation = #_sourceLocation
) {
    if !holds { Issue.record(Comment(rawValue: message()), sourceLocation: location) }
}
