import DataStructures
import Keyspace
import Memory
import Persistence

/// A collection that comes part by part, on its way into a keyspace. Nothing else may be changed
/// there between `begin` and the end.
struct CollectionLoader: ~Copyable {
    private var key: ByteBuffer
    private var place: Place?
    private var database = 0
    private var isList = false
    private var attributes = RDBAttributes()

    init(heap: Heap) { key = ByteBuffer(heap: heap) }

    /// Begins a value under `key`, which loses what it holds; false for a type that there is not.
    mutating func begin(
        _ value: RDBCollection, key name: ByteView, _ database: Int, _ keyspace: inout Databases
    ) -> Bool {
        guard value.kind != .stream else { return false }
        key.removeAll()
        key.append(name)
        let hash = keyspace.hash(key.readable)
        _ = keyspace.delete(database, key.readable, hash)
        var place = keyspace.place(database, key.readable, hash)
        switch value.kind {
        case .list: keyspace.open(&place, .list)
        case .set: keyspace.open(&place, .set)
        case .hash: keyspace.open(&place, .hash)
        case .sortedSet, .stream: keyspace.open(&place, .sortedSet)
        }
        attributes = value.attributes
        isList = value.kind == .list
        self.database = database
        self.place = place
        return true
    }

    /// Adds a part of the value. Returns whether it fits: whether it did not come before.
    mutating func add(_ part: RDBEvent, _ keyspace: inout Databases) -> Bool {
        guard var place = place.take() else { return false }
        let isList = isList
        defer { self.place = place }
        switch part {
        case .element(let item):
            return item.withText { text in
                if isList {
                    keyspace.listPush(&place, text, atFront: false)
                    return true
                }
                return keyspace.setAdd(&place, member: text)
            }
        case .field(let field, let value, expiry: nil):
            return field.withText { name in
                value.withText { keyspace.hashSet(&place, field: name, value: $0) }
            }
        case .member(let member, let score):
            return member.withText {
                keyspace.sortedSetPut(&place, member: $0, score: score) == .added
            }
        default:
            return false
        }
    }

    /// The value is complete: gives its entry, nil if it is empty or was never begun.
    mutating func finish(_ keyspace: inout Databases) -> Entry? {
        guard var place = place.take() else { return nil }
        let hash = keyspace.hash(key.readable)
        _ = keyspace.close(&place, changes: 1)
        if let expiry = attributes.expiry {
            keyspace.setExpiry(database, key.readable, hash, at: expiry)
        }
        guard let entry = keyspace.find(database, key.readable, hash) else { return nil }
        if let idle = attributes.idle { keyspace.setIdleSeconds(entry, Int64(idle)) }
        if let frequency = attributes.frequency {
            keyspace.setFrequency(entry, Int(frequency))
        }
        return entry
    }

    /// Gives up a value that is not complete, and what of it is there.
    mutating func abandon(_ keyspace: inout Databases) {
        guard var place = place.take() else { return }
        let hash = keyspace.hash(key.readable)
        _ = keyspace.close(&place, changes: 0)
        _ = keyspace.delete(database, key.readable, hash)
    }
}
