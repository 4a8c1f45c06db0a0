import DataStructures
import Keyspace
import Memory

/// Writes a collection as it was when a snapshot began: in one string of packed items while it is
/// compact, else part by part, as many at a time as there is room for.
///
/// A large list is written element by element, not as listpacks: its elements may be of any
/// length, and nothing then depends on more than one piece of it.
struct CollectionWriter {
    private enum Value {
        case list(FrozenList)
        case set(FrozenSet)
        case hash(FrozenHash)
        case sortedSet(FrozenSortedSet)
    }
    private var value: Value
    /// How it stands in the file.
    let type: RDBValueType
    /// What the head says of the number of parts.
    let partCount: Int?

    /// For an entry that is no string and no stream.
    init(_ entry: SnapshotEntry) {
        switch entry.type {
        case .list:
            let list = entry.list
            value = .list(list)
            type = list.packed == nil ? .list : .quicklist
            partCount = list.packed == nil ? list.count : 1
        case .set:
            let set = entry.set
            value = .set(set)
            let isPacked = set.packed != nil && entry.encoding == .intset
            type = isPacked ? .intset : .set
            partCount = isPacked ? nil : set.count
        case .hash:
            let hash = entry.hash
            value = .hash(hash)
            type = hash.packed == nil ? .hash : .listpackHash
            partCount = hash.packed == nil ? hash.count : nil
        case .sortedSet:
            let members = entry.sortedSet
            value = .sortedSet(members)
            type = members.packed == nil ? .sortedSet : .listpackSortedSet
            partCount = members.packed == nil ? members.count : nil
        case .string, .stream, .module:
            invariant(false, "written as a collection, but it is none")
            value = .set(entry.set)
            type = .set
            partCount = nil
        }
    }

    /// Whether it is written in one go and needs nothing of the keyspace afterwards.
    var isCompact: Bool {
        switch value {
        case .list(let list): list.packed != nil
        case .set(let set): set.packed != nil
        case .hash(let hash): hash.packed != nil
        case .sortedSet(let members): members.packed != nil
        }
    }

    /// Whether all parts were written.
    var isEmpty: Bool {
        switch value {
        case .list(let list): list.isEmpty
        case .set(let set): set.isEmpty
        case .hash(let hash): hash.isEmpty
        case .sortedSet(let members): members.isEmpty
        }
    }

    /// Appends parts until there are about `limit` bytes more, or no more parts.
    mutating func write(
        _ limit: Int, _ encoder: inout RDBEncoder, _ packing: inout ListpackBuilder,
        into buffer: inout ByteBuffer
    ) {
        if writePacked(&encoder, &packing, into: &buffer) { return }
        let end = buffer.count + limit
        while !isEmpty, buffer.count < end { writePiece(&encoder, into: &buffer) }
    }

    private mutating func writePiece(_ encoder: inout RDBEncoder, into buffer: inout ByteBuffer) {
        switch value {
        case .list(var list):
            list.next { encoder.element($0, into: &buffer) }
            value = .list(list)
        case .set(var set):
            set.next { encoder.element($0, into: &buffer) }
            value = .set(set)
        case .hash(var hash):
            hash.next { encoder.field($0, $1, into: &buffer) }
            value = .hash(hash)
        case .sortedSet(var members):
            members.next { encoder.member($0, score: $1, into: &buffer) }
            value = .sortedSet(members)
        }
    }

    /// The whole of a value that is one string; false for any other.
    private func writePacked(
        _ encoder: inout RDBEncoder, _ packing: inout ListpackBuilder, into buffer: inout ByteBuffer
    ) -> Bool {
        switch value {
        case .list(let list):
            guard let items = list.packed else { return false }
            packing.clear()
            packing.append(all: items)
            encoder.node(packing.finish(), into: &buffer)
        case .hash(let hash):
            guard let items = hash.packed else { return false }
            packing.clear()
            packing.append(all: items)
            encoder.packed(packing.finish(), into: &buffer)
        case .sortedSet(var members):
            guard members.packed != nil else { return false }
            packing.clear()
            members.next { member, score in
                packing.append(member)
                packing.append(score: score)
            }
            encoder.packed(packing.finish(), into: &buffer)
        case .set(let set):
            guard type == .intset, let items = set.packed else { return false }
            CollectionWriter.writeIntset(items, &encoder, into: &buffer)
        }
        return true
    }

    /// The integers of a compact set, which are in order.
    private static func writeIntset(
        _ items: ByteView, _ encoder: inout RDBEncoder, into buffer: inout ByteBuffer
    ) {
        var lowest: Int64?
        var highest: Int64 = 0
        func each(_ body: (Int64) -> Void) {
            var reader = PackedReader(items)
            while case .integer(let member)? = reader.next() { body(member) }
        }
        each {
            lowest = lowest ?? $0
            highest = $0
        }
        var intset = IntsetBuilder(heap: buffer.heap, from: lowest ?? 0, to: highest)
        each { intset.append($0) }
        encoder.packed(intset.finish(), into: &buffer)
    }
}

extension DumpPayload {
    /// Appends the payload of a collection as it is now.
    package static func append(
        _ entry: Entry, compresses: Bool = true, heap: Heap, to buffer: inout ByteBuffer
    ) {
        var writer = CollectionWriter(entry.collection)
        append(writer.type, compresses: compresses, heap: heap, to: &buffer) { encoder, buffer in
            var packing = ListpackBuilder(heap: heap)
            if let count = writer.partCount { encoder.partCount(count, into: &buffer) }
            writer.write(.max - buffer.count, &encoder, &packing, into: &buffer)
        }
    }
}
