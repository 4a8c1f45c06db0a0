import Digests
import Memory
import RESP

extension CommandRows {
    /// Subscriptions, as server and sentinel have them. PUBLISH is each one's own.
    package static let pubsub: [Command] = [
        subscriptionRow(
            "subscribe", -2, "2.0.0", "Listens to channels.", syntax: "channel [channel ...]"
        ) { shared($1, $2, subscribe) },
        subscriptionRow(
            "psubscribe", -2, "2.0.0", "Listens to channels that match patterns.",
            syntax: "pattern [pattern ...]"
        ) { shared($1, $2, subscribePattern) },
        subscriptionRow(
            "unsubscribe", -1, "2.0.0", "Stops listening to channels, or to all.",
            syntax: "[channel [channel ...]]"
        ) { shared($1, $2, unsubscribe) },
        subscriptionRow(
            "punsubscribe", -1, "2.0.0", "Stops listening to patterns, or to all.",
            syntax: "[pattern [pattern ...]]"
        ) { shared($1, $2, unsubscribePattern) },
    ]

    /// What only the server has.
    package static let serverPubSub: [Command] = [
        subscriptionRow(
            "ssubscribe", -2, "7.0.0", "Listens to shard channels.",
            syntax: "shardchannel [shardchannel ...]", keys: .all
        ) { shared($1, $2, subscribeShard) },
        subscriptionRow(
            "sunsubscribe", -1, "7.0.0", "Stops listening to shard channels, or to all.",
            syntax: "[shardchannel [shardchannel ...]]", keys: .all
        ) { shared($1, $2, unsubscribeShard) },
        Command(
            container: "pubsub", group: .pubsub, since: "2.8.0",
            summary: "Tells who listens to what.", helpSince: "6.2.0",
            subcommands: [
                listenersRow(
                    "channels", -2, "2.8.0", "Lists the channels with listeners.",
                    syntax: "[pattern]"
                ) { shared($1, $2, pubsubChannels) },
                listenersRow("numpat", 2, "2.8.0", "Counts the patterns.") {
                    shared($1, $2, pubsubPatternCount)
                },
                listenersRow(
                    "numsub", -2, "2.8.0", "Counts the listeners of channels.",
                    syntax: "[channel [channel ...]]"
                ) { shared($1, $2, pubsubListenerCounts) },
                listenersRow(
                    "shardchannels", -2, "7.0.0", "Lists the shard channels with listeners.",
                    syntax: "[pattern]"
                ) { shared($1, $2, pubsubShardChannels) },
                listenersRow(
                    "shardnumsub", -2, "7.0.0", "Counts the listeners of shard channels.",
                    syntax: "[shardchannel [shardchannel ...]]"
                ) { shared($1, $2, pubsubShardListenerCounts) },
            ]),
    ]

    private static func subscriptionRow(
        _ name: String, _ arity: Int, _ since: String, _ summary: String, syntax: String,
        keys: KeyPositions = .none, run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: arity,
            flags: [.pubsub, .noScript, .loading, .stale, .inSubscription, .pushes],
            keys: keys, group: .pubsub, since: since, complexity: "O(N) in the number of names",
            summary: summary, syntax: syntax, keyAccess: "not_key", run: run)
    }

    private static func listenersRow(
        _ name: String, _ arity: Int, _ since: String, _ summary: String, syntax: String = "",
        run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: arity, flags: [.pubsub, .loading, .stale], group: .pubsub, since: since,
            complexity: arity == 2 ? "O(1)" : "O(N) in the number of channels", summary: summary,
            syntax: syntax, run: run)
    }
}

func subscribe(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    frontend.subscribe(.channel, call)
}

func subscribePattern(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    frontend.subscribe(.pattern, call)
}

func subscribeShard(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    if call.session.value.flags.contains(.executing) {
        throw ReplyError("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
    }
    return frontend.subscribe(.shard, call)
}

func unsubscribe(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    frontend.unsubscribe(.channel, call)
}

func unsubscribePattern(
    _ frontend: inout Frontend, _ call: Call
) throws(ReplyError) -> Propagation {
    frontend.unsubscribe(.pattern, call)
}

func unsubscribeShard(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    frontend.unsubscribe(.shard, call)
}

extension PubSub.Kind {
    fileprivate var added: StaticString {
        switch self {
        case .channel: "subscribe"
        case .pattern: "psubscribe"
        case .shard: "ssubscribe"
        }
    }

    fileprivate var removed: StaticString {
        switch self {
        case .channel: "unsubscribe"
        case .pattern: "punsubscribe"
        case .shard: "sunsubscribe"
        }
    }
}

extension Frontend {
    fileprivate mutating func subscribe(_ kind: PubSub.Kind, _ call: Call) -> Propagation {
        for index in 1..<call.count {
            _ = pubsub.add(kind, call[index].bytes, call.session)
            confirm(kind, kind.added, call[index], call)
        }
        return .none
    }

    fileprivate mutating func unsubscribe(_ kind: PubSub.Kind, _ call: Call) -> Propagation {
        var names = (1..<max(call.count, 1)).map { call[$0].bytes }
        if names.isEmpty {
            names = call.session.value.subscriptions(kind).sorted {
                $0.lexicographicallyPrecedes($1)
            }
        }
        for name in names {
            _ = pubsub.remove(kind, name, call.session)
            name.withView { confirm(kind, kind.removed, $0, call) }
        }
        if names.isEmpty { confirm(kind, kind.removed, nil, call) }
        return .none
    }

    /// What happened to one subscription, and how many the session has now.
    private func confirm(
        _ kind: PubSub.Kind, _ word: StaticString, _ name: ByteView?, _ call: Call
    ) {
        let count =
            kind == .shard
            ? call.session.value.shardChannels.count : call.session.value.subscriptionCount
        call.reply.push(3)
        call.reply.bulk(word)
        if let name { call.reply.bulk(name) } else { call.reply.null() }
        call.reply.integer(count)
    }
}

extension Session {
    fileprivate func subscriptions(_ kind: PubSub.Kind) -> Set<[UInt8]> {
        switch kind {
        case .channel: channels
        case .pattern: patterns
        case .shard: shardChannels
        }
    }
}

func pubsubChannels(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    try writeChannels(Array(frontend.pubsub.channels.keys), call)
}

func pubsubShardChannels(
    _ frontend: inout Frontend, _ call: Call
) throws(ReplyError) -> Propagation {
    try writeChannels(Array(frontend.pubsub.shardChannels.keys), call)
}

private func writeChannels(_ names: [[UInt8]], _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count <= 3 else {
        throw call.fail(
            "ERR unknown subcommand or wrong number of arguments for '\(call[1])'. "
                + "Try PUBSUB HELP.")
    }
    let shown = names.filter { name in
        call.count == 2 || name.withView { Glob.matches(pattern: call[2], text: $0) }
    }.sorted { $0.lexicographicallyPrecedes($1) }
    call.reply.array(shown.count)
    for name in shown { call.reply.bulk(name) }
    return .none
}

func pubsubPatternCount(
    _ frontend: inout Frontend, _ call: Call
) throws(ReplyError) -> Propagation {
    call.reply.integer(frontend.pubsub.patterns.count)
    return .none
}

func pubsubListenerCounts(
    _ frontend: inout Frontend, _ call: Call
) throws(ReplyError) -> Propagation {
    writeCounts(frontend.pubsub.channels, call)
}

func pubsubShardListenerCounts(
    _ frontend: inout Frontend, _ call: Call
) throws(ReplyError) -> Propagation {
    writeCounts(frontend.pubsub.shardChannels, call)
}

private func writeCounts(_ channels: [[UInt8]: [Slot<Session>]], _ call: Call) -> Propagation {
    call.reply.array((call.count - 2) * 2)
    for index in 2..<call.count {
        call.reply.bulk(call[index])
        call.reply.integer(channels[call[index].bytes]?.count ?? 0)
    }
    return .none
}
