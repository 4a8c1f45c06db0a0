import Digests
import Keyspace
import Memory
import RESP
import Sessions

/// Classes of keyspace events, with Redis's letters.
package struct NotificationClasses: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let keyspace = Self(rawValue: 1 << 0)
    package static let keyevent = Self(rawValue: 1 << 1)
    package static let generic = Self(rawValue: 1 << 2)
    package static let string = Self(rawValue: 1 << 3)
    package static let list = Self(rawValue: 1 << 4)
    package static let set = Self(rawValue: 1 << 5)
    package static let hash = Self(rawValue: 1 << 6)
    package static let sortedSet = Self(rawValue: 1 << 7)
    package static let expired = Self(rawValue: 1 << 8)
    package static let evicted = Self(rawValue: 1 << 9)
    package static let stream = Self(rawValue: 1 << 10)
    package static let keyMiss = Self(rawValue: 1 << 11)
    package static let module = Self(rawValue: 1 << 13)
    package static let new = Self(rawValue: 1 << 14)
    package static let all: Self = [
        .generic, .string, .list, .set, .hash, .sortedSet, .expired, .evicted, .stream, .module,
    ]

    private static let letters: [(Character, Self)] = [
        ("g", .generic), ("$", .string), ("l", .list), ("s", .set), ("h", .hash),
        ("z", .sortedSet), ("x", .expired), ("e", .evicted), ("t", .stream), ("d", .module),
        ("n", .new), ("K", .keyspace), ("E", .keyevent), ("m", .keyMiss),
    ]

    /// From the letters of `notify-keyspace-events`; nil if one is unknown.
    package init?(letters text: String) {
        var result: Self = []
        for letter in text {
            if letter == "A" {
                result.formUnion(.all)
            } else if let known = Self.letters.first(where: { $0.0 == letter }) {
                result.formUnion(known.1)
            } else {
                return nil
            }
        }
        self = result
    }

    /// The letters, as CONFIG GET shows them.
    package var letters: String {
        var result = ""
        var rest = self
        if isSuperset(of: .all) {
            result = "A"
            rest.subtract(.all)
        }
        for (letter, kind) in Self.letters where rest.contains(kind) { result.append(letter) }
        return result
    }
}

/// A session that watches a key.
package struct Watcher: Equatable {
    package var session: Slot<Session>
    /// The key was expired when it was watched, so that its deletion changes nothing.
    package var wasExpired: Bool
}

/// Who watches which key.
package struct Watchers {
    package private(set) var sessions: [WatchedKey: [Watcher]] = [:]
    package init() {}
    package var isEmpty: Bool { sessions.isEmpty }

    package mutating func add(_ key: WatchedKey, _ slot: Slot<Session>, wasExpired: Bool) {
        guard !has(key, slot) else { return }
        slot.value.watched.append(key)
        slot.value.heldNames += key.key.count
        sessions[key, default: []].append(Watcher(session: slot, wasExpired: wasExpired))
    }

    /// Whether the session watches `key`. Looks where there is less to look through: one session
    /// may watch many keys, and many sessions one key.
    private func has(_ key: WatchedKey, _ slot: Slot<Session>) -> Bool {
        guard let list = sessions[key] else { return false }
        return list.count < slot.value.watched.count
            ? list.contains { $0.session == slot } : slot.value.watched.contains(key)
    }

    package mutating func removeAll(of slot: Slot<Session>) {
        for key in slot.value.watched {
            slot.value.heldNames -= key.key.count
            sessions[key]?.removeAll { $0.session == slot }
            if sessions[key]?.isEmpty == true { sessions[key] = nil }
        }
        slot.value.watched = []
    }

    /// Trips the watchers of `key` for whom `trips` says so; it may change what is known of them.
    mutating func visit(_ key: WatchedKey, _ trips: (inout Watcher) -> Bool) {
        guard var list = sessions[key] else { return }
        for index in list.indices where trips(&list[index]) {
            list[index].session.value.flags.insert(.watchTripped)
        }
        sessions[key] = list
    }
}

extension DataEngine {
    var notifications: NotificationClasses { settings.notifyKeyspaceEvents }

    /// A key was changed or removed: transactions that watch it are tripped, and who asked for
    /// keyspace events hears of it.
    @inline(__always)
    mutating func keyChanged(
        _ key: ByteView, _ database: Int, _ event: StaticString, _ kind: NotificationClasses
    ) {
        if _slowPath(!watchers.isEmpty) { tripWatchers(key, database) }
        if _slowPath(!keyWaits.isEmpty) { markForWaiters(key, database) }
        if _slowPath(!notifications.isEmpty) { notify(key, database, event, kind) }
    }

    /// A key was changed without an event of its own.
    mutating func keyTouched(_ key: ByteView, _ database: Int) {
        if !watchers.isEmpty { tripWatchers(key, database) }
        if !keyWaits.isEmpty { markForWaiters(key, database) }
    }

    @inline(never)
    mutating func tripWatchers(_ key: ByteView, _ database: Int) {
        let watched = WatchedKey(database: database, key: key.bytes)
        // Also while it is being deleted because it expired.
        let isThere = find(watched).map { !$0.isExpired(at: keyspace.now) } ?? false
        watchers.visit(watched) { isThere || !$0.wasExpired }
    }

    /// Whether a key that the session watches has expired since, deleted or not.
    func hasExpiredWatch(_ session: Slot<Session>) -> Bool {
        session.value.watched.contains { watched in
            guard find(watched)?.isExpired(at: keyspace.now) == true else { return false }
            return watchers.sessions[watched]?.contains { $0.session == session && !$0.wasExpired }
                ?? false
        }
    }

    /// The entry of a watched key; in the database `other`, if that is given.
    private func find(_ watched: WatchedKey, in other: Int? = nil) -> Entry? {
        watched.key.withView { key in
            keyspace.find(other ?? watched.database, key, keyspace.hash(key))
        }
    }

    /// To be called before `database` loses all its keys, or gets those of `other`: trips who
    /// watches a key of either. Keys that were expired before, and are gone or expired after,
    /// have not changed.
    mutating func databaseWillChange(_ database: Int, to other: Int?) {
        guard !watchers.isEmpty else { return }
        for watched in watchers.sessions.keys where watched.database == database {
            let exists = find(watched) != nil
            let next = other.flatMap { find(watched, in: $0) }
            guard exists || next != nil else { continue }
            let isNextExpired = next?.isExpired(at: keyspace.now) ?? false
            watchers.visit(watched) { watcher in
                if watcher.wasExpired { return next != nil && !isNextExpired }
                if !exists, isNextExpired {
                    watcher.wasExpired = true
                    return false
                }
                return true
            }
        }
    }

    /// Publishes a keyspace event, if its class is wanted.
    @inline(never)
    mutating func notify(
        _ key: ByteView, _ database: Int, _ event: StaticString, _ kind: NotificationClasses
    ) {
        let wanted = notifications
        guard wanted.contains(kind) else { return }
        if wanted.contains(.keyspace) {
            let channel = Array("__keyspace@\(database)__:".utf8) + key.bytes
            _ = channel.withView { frontend.publish($0, ByteView(event)) }
        }
        if wanted.contains(.keyevent) {
            let channel = Array("__keyevent@\(database)__:\(event)".utf8)
            _ = channel.withView { frontend.publish($0, key) }
        }
    }
}
