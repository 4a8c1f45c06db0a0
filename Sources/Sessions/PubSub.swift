import Digests
import Memory
import RESP

/// Who listens to what. Bounded by the sessions' own subscriptions.
package struct PubSub {
    package private(set) var channels: [[UInt8]: [Slot<Session>]] = [:]
    package private(set) var patterns: [[UInt8]: [Slot<Session>]] = [:]
    /// The patterns in the order in which they came, which is the order of delivery.
    package private(set) var patternOrder = PatternOrder()
    package private(set) var shardChannels: [[UInt8]: [Slot<Session>]] = [:]

    /// Where sentinels make themselves known, at every server that they watch.
    package static let helloChannel: StaticString = "__sentinel__:hello"

    /// The three kinds of subscription.
    package enum Kind: Sendable { case channel, pattern, shard }

    package init() {}

    /// Adds a subscription; false if the session had it.
    package mutating func add(_ kind: Kind, _ name: [UInt8], _ slot: Slot<Session>) -> Bool {
        switch kind {
        case .channel:
            guard slot.value.channels.insert(name).inserted else { return false }
            channels[name, default: []].append(slot)
        case .pattern:
            guard slot.value.patterns.insert(name).inserted else { return false }
            if patterns[name] == nil { patternOrder.append(name) }
            patterns[name, default: []].append(slot)
        case .shard:
            guard slot.value.shardChannels.insert(name).inserted else { return false }
            shardChannels[name, default: []].append(slot)
        }
        slot.value.flags.insert(.subscribed)
        slot.value.heldNames += name.count
        return true
    }

    /// Removes a subscription; false if the session did not have it.
    package mutating func remove(_ kind: Kind, _ name: [UInt8], _ slot: Slot<Session>) -> Bool {
        switch kind {
        case .channel:
            guard slot.value.channels.remove(name) != nil else { return false }
            PubSub.drop(slot, name, &channels)
        case .pattern:
            guard slot.value.patterns.remove(name) != nil else { return false }
            PubSub.drop(slot, name, &patterns)
            if patterns[name] == nil { patternOrder.remove(name) }
        case .shard:
            guard slot.value.shardChannels.remove(name) != nil else { return false }
            PubSub.drop(slot, name, &shardChannels)
        }
        slot.value.heldNames -= name.count
        if slot.value.subscriptionCount == 0, slot.value.shardChannels.isEmpty {
            slot.value.flags.remove(.subscribed)
        }
        return true
    }

    private static func drop(
        _ slot: Slot<Session>, _ name: [UInt8], _ table: inout [[UInt8]: [Slot<Session>]]
    ) {
        table[name]?.removeAll { $0 == slot }
        if table[name]?.isEmpty == true { table[name] = nil }
    }

    /// Removes every subscription of a session that goes away.
    package mutating func removeAll(of slot: Slot<Session>) {
        guard slot.value.flags.contains(.subscribed) else { return }
        for name in slot.value.channels { _ = remove(.channel, name, slot) }
        for name in slot.value.patterns { _ = remove(.pattern, name, slot) }
        for name in slot.value.shardChannels { _ = remove(.shard, name, slot) }
    }
}

/// Names in the order in which they came. A name that goes leaves a hole; when half of the places
/// are holes they are closed, so that removing one costs the same however many there are.
package struct PatternOrder {
    package private(set) var places: [[UInt8]?] = []
    private var indices: [[UInt8]: Int] = [:]

    package var isEmpty: Bool { indices.isEmpty }

    /// Adds a name that is not there.
    mutating func append(_ name: [UInt8]) {
        indices[name] = places.count
        places.append(name)
    }

    mutating func remove(_ name: [UInt8]) {
        guard let index = indices.removeValue(forKey: name) else { return }
        places[index] = nil
        guard indices.count * 2 < places.count else { return }
        places.removeAll { $0 == nil }
        for (index, name) in places.enumerated() {
            if let name { indices[name] = index }
        }
    }
}

extension Session {
    /// Channels and patterns, which is the number that SUBSCRIBE answers.
    package var subscriptionCount: Int { channels.count + patterns.count }
}

extension Frontend {
    /// Sends a message to all who listen to the channel; how many that were.
    package mutating func publish(_ channel: ByteView, _ message: ByteView) -> Int {
        var receivers = 0
        if !pubsub.channels.isEmpty, let listeners = pubsub.channels[channel.bytes] {
            for slot in listeners {
                deliver(slot, "message", nil, channel, message)
                receivers += 1
            }
        }
        for place in pubsub.patternOrder.places {
            guard let pattern = place,
                pattern.withView({ Glob.matches(pattern: $0, text: channel) })
            else { continue }
            for slot in pubsub.patterns[pattern] ?? [] {
                pattern.withView { deliver(slot, "pmessage", $0, channel, message) }
                receivers += 1
            }
        }
        return receivers
    }

    /// Sends a message to all who listen to the shard channel; how many that were.
    package mutating func publishShard(_ channel: ByteView, _ message: ByteView) -> Int {
        guard let listeners = pubsub.shardChannels[channel.bytes] else { return 0 }
        for slot in listeners { deliver(slot, "smessage", nil, channel, message) }
        return listeners.count
    }

    private mutating func deliver(
        _ slot: Slot<Session>, _ kind: StaticString, _ pattern: ByteView?, _ channel: ByteView,
        _ message: ByteView
    ) {
        slot.value.reply.push(pattern == nil ? 3 : 4)
        slot.value.reply.bulk(kind)
        if let pattern { slot.value.reply.bulk(pattern) }
        slot.value.reply.bulk(channel)
        slot.value.reply.bulk(message)
        noteOutput(slot)
        enforceOutputLimit(slot)
    }
}
