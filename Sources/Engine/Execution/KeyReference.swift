import Keyspace
import Memory
import Sessions

/// A key by its name, where there is no request to take it from: a session that waited is served.
struct KeyReference {
    let database: Int
    let key: ByteView
    let hash: UInt64
}

extension Call {
    /// The key at argument `index`, whose hash is known.
    @inline(__always)
    func key(_ index: Int, _ hash: UInt64) -> KeyReference {
        KeyReference(database: database, key: self[index], hash: hash)
    }
}

extension DataEngine {
    /// The key at argument `index`.
    @inline(__always)
    func key(_ call: Call, _ index: Int) -> KeyReference { call.key(index, hash(call, index)) }

    /// As `claim(_:_:)`, on behalf of `session`; the access clock stays.
    mutating func claim(_ key: KeyReference, _ session: Slot<Session>) -> Entry? {
        if let entry = peek(key.key, key.database, key.hash, session) { return entry }
        if !mayExpire { keyspace.delete(key.database, key.key, key.hash) }
        return nil
    }

    /// Looks for a key that is about to be changed, whatever it holds.
    @inline(__always)
    func place(_ key: KeyReference) -> Place { keyspace.place(key.database, key.key, key.hash) }

    /// As `open(_:_:_:_:)`.
    @inline(__always)
    mutating func open(_ place: inout Place, _ key: KeyReference, _ type: ValueType) {
        if _slowPath(notifications.contains(.new)), place.entry == nil {
            notify(key.key, key.database, "new", .new)
        }
        keyspace.open(&place, type)
    }

    /// As `close(_:_:_:changes:_:_:)`; with `changes` of 0 the event is told all the same.
    @inline(__always) @discardableResult
    mutating func close(
        _ place: inout Place, _ key: KeyReference, changes: Int, _ event: StaticString,
        _ kind: NotificationClasses
    ) -> Bool {
        let isGone = keyspace.close(&place, changes: changes)
        keyChanged(key.key, key.database, event, kind)
        if isGone { keyChanged(key.key, key.database, "del", .generic) }
        return isGone
    }
}
