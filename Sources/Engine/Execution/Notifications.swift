import Digests
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

/// Who watches which key.
package struct Watchers {
    package private(set) var sessions: [WatchedKey: [Slot<Session>]] = [:]
    package init() {}
    package var isEmpty: Bool { sessions.isEmpty }

    package mutating func add(_ key: WatchedKey, _ slot: Slot<Session>) {
        guard !slot.value.watched.contains(key) else { return }
        slot.value.watched.append(key)
        sessions[key, default: []].append(slot)
    }

    package mutating func removeAll(of slot: Slot<Session>) {
        for key in slot.value.watched {
            sessions[key]?.removeAll { $0 == slot }
            if sessions[key]?.isEmpty == true { sessions[key] = nil }
        }
        slot.value.watched = []
    }
}

extension Engine {
    var notifications: NotificationClasses { settings.notifyKeyspaceEvents }

    /// A key was changed or removed: transactions that watch it are tripped, and who asked for
    /// keyspace events hears of it.
    @inline(__always)
    mutating func keyChanged(
        _ key: ByteView, _ database: Int, _ event: StaticString, _ kind: NotificationClasses
    ) {
        if _slowPath(!watchers.isEmpty) { tripWatchers(key, database) }
        if _slowPath(!notifications.isEmpty) { notify(key, database, event, kind) }
    }

    @inline(never)
    mutating func tripWatchers(_ key: ByteView, _ database: Int) {
        let watched = WatchedKey(database: database, key: key.bytes)
        for slot in watchers.sessions[watched] ?? [] { slot.value.flags.insert(.watchTripped) }
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
