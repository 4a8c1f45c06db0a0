import DataStructures
import Digests
import Keyspace
import Memory
import Testing

/// Lists and sorted sets in a keyspace and beside it.
extension Twins {
    mutating func changeList(_ database: Int, _ key: [UInt8], _ bounds: CollectionBounds) {
        guard case .list(var elements)? = held(database, key, .list([])) else { return }
        change(database, key, .list) { keyspace, place, random in
            let isShrinking = random.below(3) == 0 || elements.count > bounds.most
            for _ in 0..<random.below(isShrinking ? 12 : bounds.batch) + 1 {
                let text = Twins.text(bounds.pool, bounds.longest, &random)
                if isShrinking {
                    Twins.shrinkList(&keyspace, &place, &elements, &random)
                } else {
                    Twins.growList(&keyspace, &place, &elements, text, &random)
                }
            }
            if let entry = place.entry { Twins.checkList(ListView(entry), elements, &random) }
            return 1
        }
        store(database, key, .list(elements), .quicklist)
    }

    private static func growList(
        _ keyspace: inout Databases, _ place: inout Place, _ elements: inout [[UInt8]],
        _ text: [UInt8], _ random: inout RandomGenerator
    ) {
        text.withView { view in
            switch random.below(4) {
            case 0:
                keyspace.listPush(&place, view, atFront: true)
                elements.insert(text, at: 0)
            case 1:
                keyspace.listPush(&place, view, atFront: false)
                elements.append(text)
            case 2:
                let index = random.below(elements.count + 1)
                keyspace.listInsert(&place, at: index, view)
                elements.insert(text, at: index)
            default:
                guard !elements.isEmpty else { return }
                let index = random.below(elements.count)
                keyspace.listSet(&place, at: index, view)
                elements[index] = text
            }
        }
    }

    private static func shrinkList(
        _ keyspace: inout Databases, _ place: inout Place, _ elements: inout [[UInt8]],
        _ random: inout RandomGenerator
    ) {
        guard !elements.isEmpty else { return }
        var popped: [UInt8] = []
        switch random.below(3) {
        case 0:
            keyspace.listPop(&place, fromFront: true) { popped = $0.text }
            check(popped == elements.removeFirst())
        case 1:
            keyspace.listPop(&place, fromFront: false) { popped = $0.text }
            check(popped == elements.removeLast())
        default:
            let first = random.below(elements.count)
            let range =
                first..<min(elements.count, first + random.below(random.below(8) == 0 ? 200 : 4))
            keyspace.listRemove(&place, range)
            elements.removeSubrange(range)
        }
    }

    private static func checkList(
        _ view: ListView, _ elements: [[UInt8]], _ random: inout RandomGenerator
    ) {
        check(view.count == elements.count)
        check(view.item(at: elements.count) == nil && view.item(at: -1) == nil)
        guard !elements.isEmpty else { return }
        let from = random.below(elements.count)
        check(view.item(at: from)?.text == elements[from])
        let count = random.below(elements.count + 3)
        var seen: [[UInt8]] = []
        view.forEach(from: from, count: count) { item in
            seen.append(item.text)
            return true
        }
        check(seen == Array(elements[from...].prefix(count)))
        seen = []
        view.forEach(from: from, count: count, reversed: true) { item in
            seen.append(item.text)
            return seen.count < 30
        }
        check(seen == Array(elements[...from].reversed().prefix(min(30, count))))
    }

    mutating func changeSortedSet(_ database: Int, _ key: [UInt8], _ bounds: CollectionBounds) {
        guard case .sortedSet(var scores)? = held(database, key, .sortedSet([:])) else { return }
        var name = model[database][key]?.encoding ?? .listpack
        change(database, key, .sortedSet) { keyspace, place, random in
            let isShrinking = random.below(3) == 0 || scores.count > bounds.most
            var changes = 0
            for _ in 0..<random.below(isShrinking ? 12 : bounds.batch) + 1 {
                let member = Twins.text(bounds.pool, bounds.longest, &random)
                if isShrinking {
                    changes += Twins.shrinkSorted(&keyspace, &place, &scores, member, &random)
                    continue
                }
                let score = Twins.score(&random)
                let change = member.withView {
                    keyspace.sortedSetPut(&place, member: $0, score: score)
                }
                let old = scores[member]
                check(change == (old == nil ? .added : old == score ? .same : .changed))
                if change != .same { scores[member] = score }
                changes += change == .same ? 0 : 1
                if old == nil,
                    member.count > keyspace.encodings.zsetValue
                        || scores.count > keyspace.encodings.zsetEntries
                {
                    name = .skiplist
                }
            }
            if let entry = place.entry {
                Twins.checkSorted(SortedSetView(entry), scores, &random)
            }
            return changes
        }
        store(database, key, .sortedSet(scores), name)
    }

    /// A score; many are the same.
    private static func score(_ random: inout RandomGenerator) -> Double {
        switch random.below(10) {
        // Not minus zero, which loses its sign in small sets: the transcripts look at that.
        case 0: [0, .infinity, -.infinity, 0x1p53, -0x1p60, 1e300][random.below(6)]
        case 1: Double(random.below(1000)) / 8
        default: Double(random.below(12) - 3)
        }
    }

    private static func shrinkSorted(
        _ keyspace: inout Databases, _ place: inout Place, _ scores: inout [[UInt8]: Double],
        _ member: [UInt8], _ random: inout RandomGenerator
    ) -> Int {
        if random.below(4) > 0 {
            let removed = member.withView { keyspace.sortedSetRemove(&place, member: $0) }
            check(removed == (scores.removeValue(forKey: member) != nil))
            return removed ? 1 : 0
        }
        guard !scores.isEmpty else { return 0 }
        let order = ModelCollection.sorted(scores)
        let first = random.below(order.count)
        let range = first..<min(order.count, first + random.below(random.below(8) == 0 ? 200 : 4))
        keyspace.sortedSetRemove(&place, ranks: range)
        for (member, _) in order[range] { scores[member] = nil }
        return range.count
    }

    private static func checkSorted(
        _ view: SortedSetView, _ scores: [[UInt8]: Double], _ random: inout RandomGenerator
    ) {
        check(view.count == scores.count)
        guard !scores.isEmpty else { return }
        let order = ModelCollection.sorted(scores)
        let from = random.below(order.count)
        let (member, score) = order[from]
        check(member.withView { view.score(of: $0) } == score)
        check(member.withView { view.rank(of: $0) } == from)
        let found = view.item(at: from)
        check(found?.0.text == member && found?.1 == score)
        let count = random.below(order.count + 3)
        var seen: [[UInt8]] = []
        view.forEach(from: from, count: count) { item, _ in
            seen.append(item.text)
            return true
        }
        check(seen == order[from...].prefix(count).map(\.0))
        seen = []
        view.forEach(from: from, count: count, reversed: true) { item, _ in
            seen.append(item.text)
            return true
        }
        check(seen == order[...from].reversed().prefix(count).map(\.0))
        let below = order.count { $0.1 < score }
        check(view.countBelow(score: score, inclusive: false) == below)
        let upTo = order.count { $0.1 <= score }
        check(view.countBelow(score: score, inclusive: true) == upTo)
        let any = view.random(&random)
        check(scores[any.0.text] == any.1)
        var scanned: [[UInt8]: Double] = [:]
        var cursor: UInt64 = 0
        repeat {
            cursor = view.scan(cursor, count: 10) { scanned[$0.text] = $1 }
        } while cursor != 0
        check(scanned == scores)
        guard order.allSatisfy({ $0.1 == score }) else { return }
        check(member.withView { view.countBelow(member: $0, inclusive: false) } == from)
        check(member.withView { view.countBelow(member: $0, inclusive: true) } == from + 1)
    }

    /// Does something to collections, or to any key.
    mutating func anyCollectionOperation(_ bounds: CollectionBounds) {
        let database = random.below(model.count)
        let key = anyKey()
        switch random.below(40) {
        case 0..<6: changeHash(database, key, bounds)
        case 6..<12: changeSet(database, key, bounds)
        case 12..<18: changeList(database, key, bounds)
        case 18..<25: changeSortedSet(database, key, bounds)
        case 25..<27: set(database, key, anyValue(), random.below(2) == 0 ? .clear : .keep)
        case 27..<30: delete(database, key, lazily: random.below(2) == 0)
        case 30..<32: setExpiry(database, key, random.below(3) == 0 ? nil : anyExpiry())
        case 32: rename(database, key, anyKey())
        case 33: move(database, random.below(model.count), key)
        case 34..<36: copy(database, key, random.below(model.count), anyKey())
        case 36: expire(budget: random.below(10) + 1)
        case 37: keyspace.maintain(budget: random.below(20) + 1)
        case 38: if random.below(8) == 0 { swap(database, random.below(model.count)) }
        default: if random.below(20) == 0 { flush(random.below(3) == 0 ? nil : database) }
        }
        if model[database][key] != nil || random.below(4) == 0 { verify(database, key) }
    }
}
