import DataStructures
import Memory

extension Databases {
    /// What does not hold of a collection.
    func collectionFault(_ record: Record) -> String? {
        let encoding = Encoding(rawValue: record.kind >> 4)
        switch (ValueType(rawValue: record.kind & 15), encoding) {
        case (.list?, .quicklist?), (.set?, .intset?), (.set?, .hashtable?), (.hash?, .listpack?),
            (.hash?, .hashtable?), (.sortedSet?, .listpack?), (.sortedSet?, .skiplist?):
            break
        default: return "a type with an encoding that it cannot have"
        }
        return record.isExternal ? largeFault(record) : compactFault(record)
    }

    private func largeFault(_ record: Record) -> String? {
        let block = record.large
        if block.liveHolders != 1 { return "a large value with \(block.liveHolders) keys" }
        if block.head.type != record.kind & 15 { return "a large value of another type" }
        if block.count == 0 { return "a collection without elements" }
        return block.faults().first
    }

    private func compactFault(_ record: Record) -> String? {
        var reader = record.items
        var texts: [[UInt8]] = []
        var items = 0
        var last: (member: [UInt8], score: Double)?
        var integer = Int64.min
        let entry = Entry(record)
        let isPaired = entry.type == .hash || entry.type == .sortedSet
        while let item = reader.next() {
            items += 1
            let text = item.withText { $0.bytes }
            if entry.encoding == .intset {
                guard case .integer(let value) = item else { return "text among integers" }
                if value <= integer, items > 1 { return "integers out of order" }
                integer = value
            }
            texts.append(text)
            guard isPaired else { continue }
            guard let second = reader.next() else { return "half a pair" }
            items += 1
            guard entry.type == .sortedSet else { continue }
            if let last {
                let isOrdered =
                    last.score < second.score
                    || last.score == second.score
                        && last.member.lexicographicallyPrecedes(text)
                if !isOrdered { return "members out of order" }
            }
            last = (text, second.score)
        }
        if items != record.itemCount { return "\(items) items where \(record.itemCount) count" }
        if items == 0 { return "a collection without elements" }
        if entry.type != .list, Set(texts).count != texts.count { return "an element twice" }
        return nil
    }
}
