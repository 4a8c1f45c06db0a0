import Digests
import Memory
import RESP
import Sessions

/// How a number of different elements is chosen from a collection.
enum Sampling {
    /// Whether to choose `count` of `total` elements one by one, passing over those that were
    /// chosen already, rather than go through all of them.
    static func isSparse(_ count: Int, of total: Int) -> Bool { total > 256 && count * 3 < total }
}

/// Decides of elements that are visited one after the other which belong to a sample of a given
/// size, each sample being as likely as any other (selection sampling; Fan, Muller and Rezucha,
/// 1962).
struct Selection {
    private var wanted: Int
    private var left: Int

    /// A sample of `wanted` elements of `total`, all of which will be visited.
    init(_ wanted: Int, of total: Int) {
        self.wanted = wanted
        left = total
    }

    /// Whether the next element belongs to the sample.
    mutating func takes(_ random: inout RandomGenerator) -> Bool {
        guard wanted > 0, left > 0 else { return false }
        let isTaken = random.below(left) < wanted
        left -= 1
        if isTaken { wanted -= 1 }
        return isTaken
    }
}

/// The hashes of elements that were chosen, to pass over those that come again. Two elements of
/// one hash are taken for the same: of a keyed hash that hardly ever happens, and then another
/// element is chosen.
struct HashTally: ~Copyable {
    private var slots: FlatArray<UInt64>
    private(set) var count = 0

    /// Room for `capacity` hashes, in a table that is never more than half full.
    init(capacity: Int) {
        let size = max(capacity, 4).nextPowerOfTwo * 2
        slots = FlatArray(repeating: 0, count: size)
    }

    /// Adds a hash; whether it is new.
    mutating func insert(_ hash: UInt64) -> Bool {
        let hash = max(hash, 1)
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash >> 7) & mask
        while slots[index] != 0 {
            if slots[index] == hash { return false }
            index = (index + 1) & mask
        }
        slots[index] = hash
        count += 1
        return true
    }
}

extension Int {
    /// The least power of two that is not less.
    var nextPowerOfTwo: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}

extension Call {
    /// Whether a reply of which `left` elements are still to come, as many as the request asked
    /// for, may go on growing. The connection of one that grows over a gigabyte is closed.
    func mayGoOn(_ left: Int) -> Bool { left & 1023 != 0 || reply.buffer.count < 1 << 30 }
}
