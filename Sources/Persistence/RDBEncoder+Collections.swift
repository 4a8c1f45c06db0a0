import DataStructures
import Memory

// Values of many parts. `beginCollection` is followed by as many parts as it announced:
//
//     list, set                               element
//     hash                                    field
//     sortedSet                               member
//     intset, and all named listpack          packed, once
//     quicklist                               node or longElement
//     stream                                  node, state, groupCount, then the groups
//
// In a payload of DUMP `partCount` alone stands in place of `beginCollection`.
extension RDBEncoder {
    /// A key with a value of `type`. `count`: the number of its parts (nodes of a list or a
    /// stream), nil where all parts are packed into one string.
    package mutating func beginCollection(
        _ type: RDBValueType, _ key: ByteView, _ attributes: RDBAttributes = RDBAttributes(),
        count: Int?, into buffer: inout ByteBuffer
    ) {
        let start = buffer.count
        head(type, key, attributes, into: &buffer)
        if let count { RDBEncoder.length(count, into: &buffer) }
        sum(buffer, from: start)
    }

    /// The number of parts, or of consumer groups, pending entries or consumers, that follow.
    package mutating func partCount(_ count: Int, into buffer: inout ByteBuffer) {
        let start = buffer.count
        RDBEncoder.length(count, into: &buffer)
        sum(buffer, from: start)
    }

    /// An element of a list, or a member of a set.
    package mutating func element(_ item: RDBItem, into buffer: inout ByteBuffer) {
        let start = buffer.count
        self.item(item, into: &buffer)
        sum(buffer, from: start)
    }

    /// A field of a hash and its value.
    package mutating func field(
        _ field: RDBItem, _ value: RDBItem, into buffer: inout ByteBuffer
    ) {
        let start = buffer.count
        item(field, into: &buffer)
        item(value, into: &buffer)
        sum(buffer, from: start)
    }

    /// A member of a sorted set.
    package mutating func member(
        _ item: RDBItem, score: Double, into buffer: inout ByteBuffer
    ) {
        let start = buffer.count
        self.item(item, into: &buffer)
        RDBEncoder.littleEndian(score.bitPattern, 8, into: &buffer)
        sum(buffer, from: start)
    }

    /// A string of packed items, as a builder made it: a whole value.
    package mutating func packed(_ bytes: ByteView, into buffer: inout ByteBuffer) {
        let start = buffer.count
        string(bytes, into: &buffer)
        sum(buffer, from: start)
    }

    /// A listpack of elements of a list.
    package mutating func node(_ bytes: ByteView, into buffer: inout ByteBuffer) {
        let start = buffer.count
        RDBEncoder.number(RDBFormat.Container.packed, into: &buffer)
        string(bytes, into: &buffer)
        sum(buffer, from: start)
    }

    /// One element of a list, not empty, that is too long for a listpack.
    package mutating func longElement(_ bytes: ByteView, into buffer: inout ByteBuffer) {
        let start = buffer.count
        RDBEncoder.number(RDBFormat.Container.plain, into: &buffer)
        string(bytes, into: &buffer)
        sum(buffer, from: start)
    }

    private mutating func item(_ item: RDBItem, into buffer: inout ByteBuffer) {
        switch item {
        case .bytes(let bytes): string(bytes, into: &buffer)
        case .integer(let number): integer(number, into: &buffer)
        }
    }
}

// MARK: - Streams

extension RDBEncoder {
    /// A listpack of entries of a stream, counted from `base`.
    package mutating func node(
        _ base: RDBStreamID, _ bytes: ByteView, into buffer: inout ByteBuffer
    ) {
        let start = buffer.count
        buffer.append(16)
        RDBEncoder.rawID(base, into: &buffer)
        string(bytes, into: &buffer)
        sum(buffer, from: start)
    }

    /// What a stream knows besides its entries; then comes the number of groups (`partCount`).
    package mutating func state(_ state: RDBStreamState, into buffer: inout ByteBuffer) {
        let start = buffer.count
        RDBEncoder.length(state.count, into: &buffer)
        for id in [state.last, state.first, state.lastDeleted] {
            RDBEncoder.numbers(id, into: &buffer)
        }
        RDBEncoder.number(state.added, into: &buffer)
        sum(buffer, from: start)
    }

    /// A consumer group with `pending` entries, which follow; then come the number of consumers
    /// (`partCount`) and the consumers.
    package mutating func group(
        _ group: RDBStreamGroup, pending: Int, into buffer: inout ByteBuffer
    ) {
        let start = buffer.count
        string(group.name, into: &buffer)
        RDBEncoder.numbers(group.last, into: &buffer)
        RDBEncoder.number(UInt64(bitPattern: group.read ?? -1), into: &buffer)
        RDBEncoder.length(pending, into: &buffer)
        sum(buffer, from: start)
    }

    /// An entry that a group was given.
    package mutating func pending(_ entry: RDBPendingEntry, into buffer: inout ByteBuffer) {
        let start = buffer.count
        RDBEncoder.rawID(entry.id, into: &buffer)
        RDBEncoder.littleEndian(UInt64(bitPattern: entry.deliveredAt), 8, into: &buffer)
        RDBEncoder.number(entry.deliveries, into: &buffer)
        sum(buffer, from: start)
    }

    /// A consumer with `owned` pending entries, whose IDs follow.
    package mutating func consumer(
        _ consumer: RDBStreamConsumer, owned: Int, into buffer: inout ByteBuffer
    ) {
        let start = buffer.count
        string(consumer.name, into: &buffer)
        RDBEncoder.littleEndian(UInt64(bitPattern: consumer.seenAt), 8, into: &buffer)
        RDBEncoder.length(owned, into: &buffer)
        sum(buffer, from: start)
    }

    /// The ID of a pending entry of a consumer.
    package mutating func owned(_ id: RDBStreamID, into buffer: inout ByteBuffer) {
        let start = buffer.count
        RDBEncoder.rawID(id, into: &buffer)
        sum(buffer, from: start)
    }

    private static func rawID(_ id: RDBStreamID, into buffer: inout ByteBuffer) {
        littleEndian(id.milliseconds.byteSwapped, 8, into: &buffer)
        littleEndian(id.sequence.byteSwapped, 8, into: &buffer)
    }

    private static func numbers(_ id: RDBStreamID, into buffer: inout ByteBuffer) {
        number(id.milliseconds, into: &buffer)
        number(id.sequence, into: &buffer)
    }
}
