import DataStructures
import Digests
import Memory
import Persistence
import Testing

/// A stream to write and to compare with.
private struct StreamModel {
    struct Group {
        var name: [UInt8] = []
        var pending: [RDBPendingEntry] = []
        /// How many of the pending entries each consumer has, in order.
        var consumers: [Int] = []
    }

    var entries: [(id: RDBStreamID, fields: [[UInt8]])] = []
    var state = RDBStreamState()
    var groups: [Group] = []

    init(_ random: inout RandomGenerator, entries count: Int, longest: Int = .max) {
        var id = RDBStreamID(UInt64(random.below(1000)), 0)
        let names = random.texts(1 + random.below(4), longest)
        for _ in 0..<count {
            if random.below(3) == 0 {
                id = RDBStreamID(id.milliseconds + 1 + UInt64(random.below(1 << 40)), 0)
            }
            id.sequence += 1 + UInt64(random.below(3))
            let own = random.below(4) == 0 ? random.texts(1 + random.below(3), longest) : names
            entries.append((id, own.flatMap { [$0, random.text(longest)] }))
        }
        state.count = count
        state.last = id
        state.first = entries.first?.id ?? .zero
        state.lastDeleted = RDBStreamID(0, 7)
        state.added = UInt64(count + 3)
        for index in 0..<random.below(3) {
            var group = Group(name: Array("group\(index)".utf8))
            for entry in entries where random.below(2) == 0 {
                group.pending.append(
                    RDBPendingEntry(
                        id: entry.id, deliveredAt: Int64(random.below(1 << 41)),
                        deliveries: UInt64(random.below(5))))
            }
            var left = group.pending.count
            while left > 0 {
                group.consumers.append(min(left, 1 + random.below(4)))
                left -= group.consumers.last ?? 0
            }
            groups.append(group)
        }
    }

    /// What a decoder should make of it.
    var parts: [Seen] {
        var parts: [Seen] = entries.map { .streamEntry($0.id, $0.fields) }
        parts.append(.state(state))
        for group in groups {
            parts.append(.group(group.name, last: state.last, read: 5))
            parts += group.pending.map { .pending($0) }
            var next = 0
            for (index, count) in group.consumers.enumerated() {
                parts.append(
                    .consumer(Array("c\(index)".utf8), seenAt: Int64(index), activeAt: nil))
                parts += group.pending[next..<next + count].map { .owned($0.id) }
                next += count
            }
        }
        return parts
    }

    /// A file with it under the key `k`, without checksum.
    func file(entriesOfNode: Int) -> [UInt8] {
        encode(compresses: false, checks: false) { encoder, buffer in
            let nodes = (entries.count + entriesOfNode - 1) / entriesOfNode
            encoder.beginCollection(.stream, ByteView("k"), count: nodes, into: &buffer)
            var node = StreamNodeBuilder(heap: Heap())
            for start in stride(from: 0, to: entries.count, by: entriesOfNode) {
                node.clear()
                for entry in entries[start..<min(start + entriesOfNode, entries.count)] {
                    var packed = ByteBuffer(heap: Heap())
                    for item in entry.fields {
                        item.withView { RDBItem(text: $0).append(to: &packed) }
                    }
                    node.append(entry.id, fields: packed.readable)
                }
                encoder.node(node.base, node.finish(), into: &buffer)
            }
            encoder.state(state, into: &buffer)
            encoder.partCount(groups.count, into: &buffer)
            for group in groups { write(group, &encoder, &buffer) }
        }
    }

    private func write(_ group: Group, _ encoder: inout RDBEncoder, _ buffer: inout ByteBuffer) {
        group.name.withView { name in
            encoder.group(
                RDBStreamGroup(name: name, last: state.last, read: 5),
                pending: group.pending.count, into: &buffer)
        }
        for entry in group.pending { encoder.pending(entry, into: &buffer) }
        encoder.partCount(group.consumers.count, into: &buffer)
        var next = 0
        for (index, count) in group.consumers.enumerated() {
            Array("c\(index)".utf8).withView { name in
                encoder.consumer(
                    RDBStreamConsumer(name: name, seenAt: Int64(index), activeAt: nil),
                    owned: count, into: &buffer)
            }
            for entry in group.pending[next..<next + count] {
                encoder.owned(entry.id, into: &buffer)
            }
            next += count
        }
    }
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// An ID as 16 bytes.
private func raw(_ id: RDBStreamID) -> [UInt8] {
    OldPacking.little(Int(id.milliseconds), 8).reversed()
        + OldPacking.little(Int(id.sequence), 8).reversed()
}

@Suite struct StreamTests {
    @Test func streamsComeBackThroughAnyCut() {
        var random = RandomGenerator(seed: 8)
        for round in 0..<60 {
            let model = StreamModel(&random, entries: random.below(round == 0 ? 1 : 60))
            let file = model.file(entriesOfNode: 1 + random.below(20))
            for piece in [1, 7, 65536] { #expect(parts(file, piece: piece) == model.parts) }
        }
    }

    @Test func fieldsThatAllEntriesHaveAreWrittenOnce() {
        func size(_ second: [String]) -> Int {
            var node = StreamNodeBuilder(heap: Heap())
            for (index, texts) in [["temperature", "1"], second].enumerated() {
                var packed = ByteBuffer(heap: Heap())
                for text in texts { bytes(text).withView { RDBItem(text: $0).append(to: &packed) } }
                node.append(RDBStreamID(1, UInt64(index)), fields: packed.readable)
            }
            return node.finish().count
        }
        #expect(size(["temperature", "2"]) + 15 == size(["temperaturf", "2"]))
    }

    /// A stream of one entry, `1-1 a b`, and what comes behind its state.
    private func stream(
        _ type: RDBValueType, node: [UInt8]? = nil, base: RDBStreamID = RDBStreamID(1, 1),
        state: [UInt8]? = nil, groups: [UInt8] = [0]
    ) -> [UInt8] {
        let listpack = node ?? NewPacking.listpack(one.map { bytes($0) })
        let counts: [UInt8] = type == .firstStream ? [1, 1, 1] : [1, 1, 1, 1, 1, 0, 0, 9]
        return file(
            type, [1, 16] + raw(base) + text(listpack) + (state ?? counts) + groups)
    }

    /// One entry, none deleted, one field `a`; then flags, ID, value, items.
    private let one = ["1", "0", "1", "a", "0", "2", "0", "0", "b", "4"]

    @Test func deletedEntriesAreLeftOut() {
        let head = ["1", "1", "1", "a", "0"]
        let entries = ["3", "0", "0", "x", "4", "2", "0", "4", "b", "4"]
        let node = NewPacking.listpack((head + entries).map { bytes($0) })
        let parts = parts(stream(.stream, node: node, state: [1, 1, 5, 1, 5, 0, 0, 2]))
        #expect(parts.first == .streamEntry(RDBStreamID(1, 5), [bytes("a"), bytes("b")]))
        #expect(parts.count == 2)
    }

    @Test func theFirstFormOfStreamsCountsByItself() {
        let group = text("g") + [0, 0, 0, 0]
        let parts = parts(stream(.firstStream, groups: [2] + group + text("h") + [1, 1, 0, 0]))
        var state = RDBStreamState()
        (state.count, state.last, state.added) = (1, RDBStreamID(1, 1), 1)
        state.first = RDBStreamID(1, 1)
        #expect(
            parts == [
                .streamEntry(RDBStreamID(1, 1), [[97], [98]]), .state(state),
                .group(bytes("g"), last: .zero, read: 0),
                .group(bytes("h"), last: RDBStreamID(1, 1), read: 1),
            ])
    }

    @Test func theThirdFormKnowsWhenConsumersWereActive() {
        let time = [UInt8](repeating: 1, count: 8)
        let consumer = text("c") + time + [2, 0, 0, 0, 0, 0, 0, 0] + [0]
        let parts = parts(
            stream(.activeStream, groups: [1] + text("g") + [0, 0, 3, 0, 1] + consumer))
        #expect(
            parts.last
                == .consumer(bytes("c"), seenAt: 0x0101_0101_0101_0101, activeAt: 2))
    }

    @Test func whatDoesNotHangTogetherIsRefused() {
        func reason(_ file: [UInt8]) -> RDBError.Reason? { decode(file).error?.reason }
        func node(_ items: [String]) -> [UInt8] { NewPacking.listpack(items.map { bytes($0) }) }
        #expect(decode(stream(.stream)).error == nil)
        for (index, wrong) in [
            (0, "2"), (1, "1"), (2, "2"), (4, "1"), (9, "5"), (5, "x"), (2, "-1"),
        ] {
            var items = one
            items[index] = wrong
            guard case .damaged(.stream, _) = reason(stream(.stream, node: node(items))) else {
                Issue.record("\(items) was read as entries")
                continue
            }
        }
        #expect(reason(stream(.stream, node: node([]))) == .damaged(.stream, .count))
        #expect(reason(stream(.stream, base: .zero)) == .damaged(.stream, .order))
        let twice = [2, 16] + raw(RDBStreamID(1, 1)) + text(node(one))
        let again = [16] + raw(RDBStreamID(1, 1)) + text(node(one))
        #expect(reason(file(.stream, twice + again)) == .damaged(.stream, .order))
        #expect(
            reason(stream(.stream, state: [1, 1, 0, 1, 1, 0, 0, 9])) == .damaged(.stream, .count))
        #expect(reason(file(.stream, [0, 5, 1, 1, 0, 0, 0, 0, 5, 0])) == .damaged(.stream, .count))
    }

    @Test func pendingEntriesMustBeOrderedAndOwned() {
        func reason(_ pending: [RDBStreamID], _ owned: [[RDBStreamID]]) -> RDBError.Reason? {
            var group = text("g") + [0, 0, 0, UInt8(pending.count)]
            for id in pending { group += raw(id) + [UInt8](repeating: 0, count: 8) + [1] }
            group.append(UInt8(owned.count))
            for ids in owned {
                group += text("c") + [UInt8](repeating: 0, count: 8) + [UInt8(ids.count)]
                for id in ids { group += raw(id) }
            }
            return decode(stream(.stream, groups: [1] + group)).error?.reason
        }
        let (a, b) = (RDBStreamID(1, 1), RDBStreamID(2, 1))
        #expect(reason([a, b], [[b], [a]]) == nil)
        #expect(reason([b, a], [[b, a]]) == .damaged(.stream, .order))
        #expect(reason([a, a], [[a]]) == .damaged(.stream, .order))
        #expect(reason([a, b], [[b, a]]) == .damaged(.stream, .order))
        #expect(reason([a, b], [[a]]) == .damaged(.stream, .count))
        #expect(reason([a], [[a], [a]]) == .damaged(.stream, .count))
        #expect(reason([a], []) == .damaged(.stream, .count))
    }

    @Test func aDamagedByteIsAnErrorOrASoundStreamButNeverACrash() {
        var random = RandomGenerator(seed: 9)
        var refused = 0
        for _ in 0..<4 {
            let model = StreamModel(&random, entries: 1 + random.below(8), longest: 12)
            let file = model.file(entriesOfNode: 4)
            for index in 12..<file.count - 9 {
                for change in [1, 0x80, UInt8(1 + random.below(255))] {
                    var damaged = file
                    damaged[index] ^= change
                    let whole = decode(damaged, stringLimit: 1 << 20)
                    let cut = decode(damaged, stringLimit: 1 << 20, piece: { 64 })
                    #expect(whole == cut.with(whole.peak))
                    if whole.error != nil { refused += 1 }
                }
                #expect(decode(Array(file[0..<index])).error?.reason == .truncated)
            }
        }
        #expect(refused > 1000)
    }
}
