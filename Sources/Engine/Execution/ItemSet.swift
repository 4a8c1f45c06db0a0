import DataStructures
import Digests
import Memory

/// Different items with their texts, gathered while a command runs: unions and differences, and
/// results that are stored when the sources need not be read any more. It takes as much memory as
/// what it holds, up to twice that while it grows.
struct ItemSet: ~Copyable {
    private struct Slot: BitwiseCopyable {
        var hash: UInt64
        /// Of the item in `bytes`, plus one; 0 if nothing was ever here.
        var offset: Int
    }

    private var bytes: ByteBuffer
    private var slots: FlatArray<Slot>
    private var used = 0
    private(set) var count = 0
    private let key: HashKey

    /// An empty set; `key` is that of the keyspace, which outsiders do not know.
    init(heap: Heap, key: HashKey) {
        bytes = ByteBuffer(heap: heap)
        slots = FlatArray(repeating: Slot(hash: 0, offset: 0), count: 16)
        self.key = key
    }

    /// Stands for an item that was removed.
    private static let removed = -1

    private func hash(_ item: PackedItem) -> UInt64 {
        item.withText { SipHash.hash($0, key: key) }
    }

    /// Where `item` is, or the free slot at the end of its search.
    private func locate(_ item: PackedItem, _ hash: UInt64) -> (index: Int, isThere: Bool) {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while slots[index].offset != 0 {
            let slot = slots[index]
            if slot.hash == hash, slot.offset > 0, self.item(at: slot.offset) == item {
                return (index, true)
            }
            index = (index + 1) & mask
        }
        return (index, false)
    }

    private func item(at offset: Int) -> PackedItem {
        var reader = PackedReader(bytes.readable, at: offset - 1)
        guard let item = reader.next() else {
            invariant(false, "an item that is not where it was put")
            return .integer(0)
        }
        return item
    }

    /// Adds an item; whether it is new.
    @discardableResult
    mutating func insert(_ item: PackedItem) -> Bool {
        let hash = hash(item)
        if used * 2 >= slots.count { grow() }
        let (index, isThere) = locate(item, hash)
        guard !isThere else { return false }
        slots[index] = Slot(hash: hash, offset: bytes.count + 1)
        item.append(to: &bytes)
        used += 1
        count += 1
        return true
    }

    /// Removes an item if it is there.
    mutating func remove(_ item: PackedItem) {
        let (index, isThere) = locate(item, hash(item))
        guard isThere else { return }
        slots[index].offset = ItemSet.removed
        count -= 1
    }

    private mutating func grow() {
        let size = count * 4 > slots.count ? slots.count * 2 : slots.count
        var larger = FlatArray(repeating: Slot(hash: 0, offset: 0), count: size)
        for index in 0..<slots.count where slots[index].offset > 0 {
            var place = Int(truncatingIfNeeded: slots[index].hash) & (size - 1)
            while larger[place].offset != 0 { place = (place + 1) & (size - 1) }
            larger[place] = slots[index]
        }
        slots = larger
        used = count
    }

    /// All items, one behind the other.
    consuming func packed() -> ByteBuffer {
        if used == count { return bytes }
        var kept = ByteBuffer(heap: bytes.heap)
        for index in 0..<slots.count where slots[index].offset > 0 {
            item(at: slots[index].offset).append(to: &kept)
        }
        return kept
    }
}
