import DataStructures
import Digests
import Keyspace
import Memory
import Testing

/// Collections in a keyspace and beside it.
extension Twins {
    /// Changes a key as `type`, in both; `body` gets the place and says how many changes there
    /// were.
    mutating func change(
        _ database: Int, _ key: [UInt8], _ type: ValueType,
        _ body: (inout Databases, inout Place, inout RandomGenerator) -> Int
    ) {
        var generator = random
        key.withView { view in
            var place = keyspace.place(database, view, keyspace.hash(view))
            keyspace.open(&place, type)
            let before = keyspace.changes
            let changes = body(&keyspace, &place, &generator)
            let isGone = keyspace.close(&place, changes: changes)
            check(keyspace.changes == before + changes)
            check(!isGone || keyspace.find(database, view, keyspace.hash(view)) == nil)
        }
        random = generator
    }

    /// What the model holds at a key, or an empty one; nil if it is something else.
    func held(
        _ database: Int, _ key: [UInt8], _ empty: ModelCollection
    ) -> ModelCollection? {
        guard let value = model[database][key] else { return empty }
        switch (value.collection, empty) {
        case (.list?, .list), (.set?, .set), (.hash?, .hash), (.sortedSet?, .sortedSet):
            return value.collection
        default: return nil
        }
    }

    mutating func store(
        _ database: Int, _ key: [UInt8], _ collection: ModelCollection, _ encoding: Encoding
    ) {
        let expiry = model[database][key]?.expiry
        model[database][key] =
            collection.count == 0
            ? nil
            : ModelValue(bytes: [], expiry: expiry, encoding: encoding, collection: collection)
    }

    /// A text out of so many: a number, short, or as long as some limit.
    static func text(_ pool: Int, _ longest: Int, _ random: inout RandomGenerator) -> [UInt8] {
        let number = random.below(pool)
        let text = Array("\(number):".utf8)
        switch number % 8 {
        case 0...3: return Array("\((number % 5 - 2) * number * number * 37)".utf8)
        case 4: return text + [UInt8](repeating: 120, count: number % 58)
        case 5:
            let count = [62, 63, 64, 65, 250, 1020, 1100][number % 7]
            guard count <= longest else { return text }
            return text + [UInt8](repeating: 121, count: count - text.count)
        default: return text
        }
    }

    mutating func changeHash(_ database: Int, _ key: [UInt8], _ bounds: CollectionBounds) {
        guard case .hash(var fields)? = held(database, key, .hash([:])) else { return }
        var name = model[database][key]?.encoding ?? .listpack
        change(database, key, .hash) { keyspace, place, random in
            let isShrinking = random.below(3) == 0 || fields.count > bounds.most
            var changes = 0
            for _ in 0..<random.below(isShrinking ? 12 : bounds.batch) + 1 {
                let field = Twins.text(bounds.pool, bounds.longest, &random)
                let value = Twins.text(bounds.pool, bounds.longest, &random)
                if isShrinking {
                    let removed = field.withView { keyspace.hashRemove(&place, field: $0) }
                    check(removed == (fields.removeValue(forKey: field) != nil))
                    changes += removed ? 1 : 0
                    continue
                }
                let isNew = field.withView { field in
                    value.withView { keyspace.hashSet(&place, field: field, value: $0) }
                }
                check(isNew == (fields.updateValue(value, forKey: field) == nil))
                changes += 1
                let limits = keyspace.encodings
                if max(field.count, value.count) > limits.hashValue
                    || fields.count > limits.hashEntries
                {
                    name = .hashtable
                }
            }
            if let entry = place.entry { Twins.checkHash(HashView(entry), fields, &random) }
            return changes
        }
        store(database, key, .hash(fields), name)
    }

    /// What a view of a hash says one by one.
    private static func checkHash(
        _ view: HashView, _ fields: [[UInt8]: [UInt8]], _ random: inout RandomGenerator
    ) {
        check(view.count == fields.count)
        guard let (field, value) = fields.first else { return }
        check(field.withView { view.value(of: $0)?.text } == value)
        check(field.withView { view.contains($0) && view.expiry(of: $0) == .some(nil) })
        let none = Array("not there".utf8)
        check(none.withView { view.value(of: $0) == nil && !view.contains($0) })
        let any = view.random(&random)
        check(fields[any.0.text] == any.1.text)
        var seen: [[UInt8]: [UInt8]] = [:]
        var cursor: UInt64 = 0
        repeat {
            cursor = view.scan(cursor, count: 10) { seen[$0.text] = $1.text }
        } while cursor != 0
        check(seen == fields)
    }

    mutating func changeSet(_ database: Int, _ key: [UInt8], _ bounds: CollectionBounds) {
        guard case .set(var members)? = held(database, key, .set([])) else { return }
        var name = model[database][key]?.encoding ?? .intset
        change(database, key, .set) { keyspace, place, random in
            let isShrinking = random.below(3) == 0 || members.count > bounds.most
            let isNumbers = members.allSatisfy { Twins.isNumber($0) } && random.below(6) > 0
            var changes = 0
            for _ in 0..<random.below(isShrinking ? 12 : bounds.batch) + 1 {
                var member = Twins.text(bounds.pool, bounds.longest, &random)
                if isShrinking, random.below(4) == 0, place.entry != nil, !members.isEmpty {
                    keyspace.setPop(&place, &random) { member = $0.text }
                    check(members.remove(member) != nil)
                    changes += 1
                    continue
                }
                if isShrinking {
                    let removed = member.withView { keyspace.setRemove(&place, member: $0) }
                    check(removed == (members.remove(member) != nil))
                    changes += removed ? 1 : 0
                    continue
                }
                if isNumbers, !Twins.isNumber(member) { continue }
                let isNew = member.withView { keyspace.setAdd(&place, member: $0) }
                check(isNew == members.insert(member).inserted)
                changes += isNew ? 1 : 0
                if isNew,
                    !Twins.isNumber(member)
                        || members.count > keyspace.encodings.setIntsetEntries
                {
                    name = .hashtable
                }
            }
            if let entry = place.entry { Twins.checkSet(SetView(entry), members, &random) }
            return changes
        }
        store(database, key, .set(members), name)
    }

    private static func isNumber(_ text: [UInt8]) -> Bool {
        text.withView { $0.integer != nil }
    }

    private static func checkSet(
        _ view: SetView, _ members: Set<[UInt8]>, _ random: inout RandomGenerator
    ) {
        check(view.count == members.count)
        guard let member = members.first else { return }
        check(member.withView { view.contains($0) })
        let none = Array("not there".utf8)
        check(!none.withView { view.contains($0) })
        check(members.contains(view.random(&random).text))
        var seen: Set<[UInt8]> = []
        var cursor: UInt64 = 0
        repeat { cursor = view.scan(cursor, count: 10) { seen.insert($0.text) } } while cursor != 0
        check(seen == members)
    }
}

/// How big collections get.
struct CollectionBounds {
    /// Texts to choose from, and the length of the longest.
    var pool = 60
    var longest = 70
    /// Elements from which on collections are only made smaller.
    var most = 40
    /// Elements added in one go.
    var batch = 8
}
