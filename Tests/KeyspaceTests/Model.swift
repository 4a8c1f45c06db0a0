import Digests
import Keyspace
import Memory
import Testing

/// What a key holds, told apart by everything a client can see of it.
struct ModelValue: Equatable {
    var bytes: [UInt8]
    var expiry: Int64?
    var encoding: Encoding
    /// What it is if it is no string; there are no bytes then.
    var collection: ModelCollection?
}

typealias ModelDatabase = [[UInt8]: ModelValue]

/// Like `#expect`, for checks made thousands of times: that one takes a backtrace every time, this
/// one only when the check fails.
func check(
    _ holds: Bool, _ message: @autoclosure () -> String = "",
    at location: SourceLocation = #_sourceLocation
) {
    if !holds { Issue.record(Comment(rawValue: message()), sourceLocation: location) }
}

/// What differs between two sets of databases, in few words.
func differences(_ left: [ModelDatabase], _ right: [ModelDatabase]) -> [String] {
    var found: [String] = []
    for (index, (left, right)) in zip(left, right).enumerated() {
        for key in Set(left.keys).union(right.keys) where left[key] != right[key] {
            let name = String(decoding: key.prefix(20), as: UTF8.self)
            found.append("\(index) \(name): \(brief(left[key])) is not \(brief(right[key]))")
        }
    }
    return Array(found.prefix(5))
}

/// A value in few words.
func brief(_ value: ModelValue?) -> String {
    guard let value else { return "nothing" }
    let sum = value.bytes.reduce(into: 0) { $0 = ($0 &* 31 &+ Int($1)) & 0xff_ffff }
    let expiry = value.expiry.map { ", expires \($0)" } ?? ""
    if let collection = value.collection {
        return "\(value.encoding), \(collection.brief)\(expiry)"
    }
    return "\(value.encoding) of \(value.bytes.count) (\(sum))\(expiry)"
}

extension Entry {
    /// A copy.
    var model: ModelValue {
        guard isString else {
            return ModelValue(
                bytes: [], expiry: expiry, encoding: encoding, collection: ModelCollection(self))
        }
        return ModelValue(bytes: withString { $0.bytes }, expiry: expiry, encoding: encoding)
    }
}

/// The encoding of a string that is set as a whole.
func encoding(_ bytes: [UInt8], _ form: StringForm = .automatic) -> Encoding {
    // Text that cannot be a number is not tried: a failure costs a backtrace under the test runner.
    if form == .automatic, bytes.allSatisfy({ $0 == 45 || $0 >= 48 && $0 < 58 }), bytes.last != 45,
        let integer = Int64(String(decoding: bytes.prefix(30), as: UTF8.self)),
        Array("\(integer)".utf8) == bytes
    {
        return .integer
    }
    return bytes.count > 44 || form == .raw ? .raw : .embedded
}

/// A keyspace and the plain dictionaries that should hold the same; every operation is done to
/// both.
struct Twins: ~Copyable {
    let heap: Heap
    var keyspace: Databases
    var model: [ModelDatabase]
    var random: RandomGenerator
    /// Keys are drawn from the first of so many.
    var keyPool = 200

    init(seed: UInt64, databases: Int = 3) {
        heap = Heap()
        random = RandomGenerator(seed: seed)
        keyspace = Databases(
            heap: heap, databaseCount: databases, hashKey: HashKey(k0: seed, k1: ~seed),
            random: random)
        model = Array(repeating: [:], count: databases)
        keyspace.now = 1_000_000
    }

    /// Key number `number`; some are long.
    static func key(_ number: Int) -> [UInt8] {
        let name = Array("key:\(number)".utf8)
        return number % 50 == 49 ? name + [UInt8](repeating: 46, count: number % 400) : name
    }

    mutating func anyKey() -> [UInt8] { Twins.key(random.below(keyPool)) }

    /// A value of any length that changes the layout, mostly short.
    mutating func anyValue() -> [UInt8] {
        let count: Int
        switch random.below(40) {
        case 0..<8:
            return Array("\(Int64(truncatingIfNeeded: random.next()) >> random.below(60))".utf8)
        case 8..<30: count = random.below(70)
        case 30..<35: count = random.below(600)
        case 35..<37: count = 4050 + random.below(100)
        case 37..<39: count = 4097 + random.below(3000)
        default: count = random.below(40_000)
        }
        let first = UInt8(random.below(26)) + 97
        return (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0 / 7) }
    }

    mutating func anyExpiry() -> Int64 { keyspace.now + Int64(random.below(3000)) - 500 }

    /// Checks one key.
    func verify(_ database: Int, _ key: [UInt8]) {
        let found = key.withView { view in
            keyspace.find(database, view, keyspace.hash(view))?.model
        }
        let (held, expected) = (brief(found), brief(model[database][key]))
        check(held == expected, "\(held) is not \(expected)")
    }

    /// Checks everything.
    func checkAll() {
        let faults = keyspace.checkInvariants()
        #expect(faults == [])
        for database in model.indices {
            var held: ModelDatabase = [:]
            keyspace.forEach(database) { held[$0.key.bytes] = $0.model }
            let wrong = differences([held], [model[database]])
            #expect(wrong == [])
            let (size, expires) = (keyspace.size(database), keyspace.expires(database))
            #expect(size == model[database].count)
            #expect(expires == model[database].values.count { $0.expiry != nil })
        }
    }

    mutating func set(
        _ database: Int, _ key: [UInt8], _ value: [UInt8], _ expiry: ExpiryChange = .clear,
        _ form: StringForm = .automatic
    ) {
        key.withView { key in
            value.withView { value in
                let hash = keyspace.hash(key)
                _ = keyspace.set(database, key, hash, string: value, expiry: expiry, form: form)
            }
        }
        let time: Int64? =
            switch expiry {
            case .clear: nil
            case .keep: model[database][key]?.expiry
            case .at(let time): time
            }
        model[database][key] = ModelValue(
            bytes: value, expiry: time, encoding: encoding(value, form))
    }

    mutating func append(_ database: Int, _ key: [UInt8], _ bytes: [UInt8]) {
        let length = key.withView { key in
            bytes.withView { keyspace.append(database, key, keyspace.hash(key), $0) }
        }
        if let old = model[database][key] {
            model[database][key] = ModelValue(
                bytes: old.bytes + bytes, expiry: old.expiry, encoding: .raw)
        } else {
            model[database][key] = ModelValue(
                bytes: bytes, expiry: nil, encoding: encoding(bytes))
        }
        check(length == model[database][key]?.bytes.count)
    }

    mutating func setRange(_ database: Int, _ key: [UInt8], _ offset: Int, _ bytes: [UInt8]) {
        let length = key.withView { key in
            bytes.withView { keyspace.setRange(database, key, keyspace.hash(key), offset, $0) }
        }
        if !bytes.isEmpty {
            var value =
                model[database][key] ?? ModelValue(bytes: [], expiry: nil, encoding: .raw)
            let missing = offset + bytes.count - value.bytes.count
            if missing > 0 { value.bytes += [UInt8](repeating: 0, count: missing) }
            value.bytes.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            value.encoding = .raw
            model[database][key] = value
        }
        check(length == model[database][key]?.bytes.count ?? 0)
    }

    mutating func delete(_ database: Int, _ key: [UInt8], lazily: Bool = false) {
        let deleted = key.withView { key in
            keyspace.delete(database, key, keyspace.hash(key), lazily: lazily)
        }
        check(deleted == (model[database].removeValue(forKey: key) != nil))
    }

    mutating func setExpiry(_ database: Int, _ key: [UInt8], _ expiry: Int64?) {
        let there = key.withView { key in
            keyspace.setExpiry(database, key, keyspace.hash(key), at: expiry)
        }
        check(there == (model[database][key] != nil))
        model[database][key]?.expiry = expiry
    }

    mutating func rename(_ database: Int, _ key: [UInt8], _ newKey: [UInt8]) {
        let there = key.withView { key in
            newKey.withView { newKey in
                keyspace.rename(
                    database, from: key, keyspace.hash(key), to: newKey, keyspace.hash(newKey))
            }
        }
        let value = model[database].removeValue(forKey: key)
        check(there == (value != nil))
        if let value { model[database][newKey] = value }
    }

    mutating func move(_ database: Int, _ target: Int, _ key: [UInt8]) {
        let moved = key.withView { key in
            keyspace.move(from: database, to: target, key, keyspace.hash(key))
        }
        let may =
            database != target && model[database][key] != nil && model[target][key] == nil
        check(moved == may)
        if may { model[target][key] = model[database].removeValue(forKey: key) }
    }

    mutating func copy(_ database: Int, _ key: [UInt8], _ target: Int, _ newKey: [UInt8]) {
        let copied = key.withView { key in
            newKey.withView { newKey in
                keyspace.copy(
                    from: database, key, keyspace.hash(key), to: target, newKey,
                    keyspace.hash(newKey))
            }
        }
        let value = database == target && key == newKey ? nil : model[database][key]
        check(copied == (value != nil))
        if let value { model[target][newKey] = value }
    }

    mutating func flush(_ database: Int?) {
        keyspace.flush(database)
        for index in model.indices where database == nil || database == index {
            model[index] = [:]
        }
    }

    mutating func swap(_ first: Int, _ second: Int) {
        keyspace.swap(first, second)
        model.swapAt(first, second)
    }

    /// Looks for expired keys and deletes those found.
    mutating func expire(budget: Int) {
        var found: [(Int, [UInt8])] = []
        keyspace.expireSlice(budget: budget) { found.append(($0, $1.bytes)) }
        for (database, key) in found {
            check((model[database][key]?.expiry ?? .max) <= keyspace.now)
            delete(database, key)
        }
    }

    /// Does something, anything.
    mutating func anyOperation() {
        let database = random.below(model.count)
        let key = anyKey()
        switch random.below(100) {
        case 0..<30: set(database, key, anyValue())
        case 30..<36: set(database, key, anyValue(), .at(anyExpiry()))
        case 36..<40: set(database, key, anyValue(), .keep, random.below(2) == 0 ? .text : .raw)
        case 40..<52: append(database, key, anyValue())
        case 52..<58: setRange(database, key, random.below(100), anyValue())
        case 58..<60: setRange(database, key, random.below(9000), anyValue())
        case 60..<75: delete(database, key, lazily: random.below(2) == 0)
        case 75..<82: setExpiry(database, key, random.below(3) == 0 ? nil : anyExpiry())
        case 82..<87: rename(database, key, anyKey())
        case 87..<90: move(database, random.below(model.count), key)
        case 90..<93: copy(database, key, random.below(model.count), anyKey())
        case 93..<96: expire(budget: random.below(30) + 1)
        case 96..<98: keyspace.maintain(budget: random.below(20) + 1)
        case 98: keyspace.now += Int64(random.below(200))
        default: anyUpheaval(database)
        }
        if model[database][key] != nil || random.below(4) == 0 { verify(database, key) }
    }

    private mutating func anyUpheaval(_ database: Int) {
        switch random.below(20) {
        case 0..<9: swap(database, random.below(model.count))
        case 9..<11: flush(database)
        case 11: flush(nil)
        default: keyPool = [20, 200, 2000][random.below(3)]
        }
    }

    /// A length at which something about long values changes, or any; seldom a very long one.
    private mutating func anyLongCount() -> Int {
        let edges = [4096, 16_384, 32_768, 65_536]
        switch random.below(20) {
        case 0..<10: return edges[random.below(4)] - 40 + random.below(80)
        case 10: return 262_144 - 40 + random.below(80)
        default: return random.below(60_000)
        }
    }

    private mutating func anyBytes(_ count: Int) -> [UInt8] {
        let first = UInt8(truncatingIfNeeded: random.next())
        return (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0 / 5) }
    }

    /// Does something to long values, mostly in the middle of one.
    mutating func anyLongOperation() {
        let database = random.below(model.count)
        let key = anyKey()
        let count = model[database][key]?.bytes.count ?? 0
        switch random.below(40) {
        case 0..<4: set(database, key, anyBytes(anyLongCount()))
        case 4..<18:
            let length = [1, 1, 9, 300, 20_000][random.below(5)]
            setRange(database, key, random.below(count + 1), anyBytes(length))
        case 18..<20: setRange(database, key, anyLongCount(), [1])
        case 20..<26: append(database, key, anyBytes([1, 30, 5000, 17_000][random.below(4)]))
        case 26..<28: delete(database, key, lazily: random.below(2) == 0)
        case 28..<30: setExpiry(database, key, random.below(2) == 0 ? nil : anyExpiry())
        case 30..<32: rename(database, key, anyKey())
        case 32: move(database, random.below(model.count), key)
        case 33..<36: copy(database, key, random.below(model.count), anyKey())
        case 36: set(database, key, anyBytes(count))
        case 37: swap(database, random.below(model.count))
        case 38: if random.below(4) == 0 { flush(random.below(2) == 0 ? nil : database) }
        default: keyspace.maintain(budget: random.below(3) + 1)
        }
        if model[database][key] != nil { verify(database, key) }
    }
}
