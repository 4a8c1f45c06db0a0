import Memory
import RESP
import Replication
import Sessions

extension CommandRows {
    /// What tandem-sentinels say to the servers they watch.
    static let tandem = Command(
        container: "tandem", group: .server, since: "7.0.15",
        summary: "Commands of the sentinels that watch this server.", helpSince: "7.0.15",
        subcommands: [
            tandemRow(
                "watch", 9, "Makes the server remember who watches it.",
                syntax: "group sentinel-id host port quorum sentinels config-epoch"
            ) { engine($0, $2, tandemWatch) },
            tandemRow(
                "unwatch", 3, "Makes the server forget a sentinel.", syntax: "sentinel-id"
            ) { engine($0, $2, tandemUnwatch) },
            tandemRow(
                "resume", 3, "Lets a fenced primary serve.", syntax: "epoch"
            ) { engine($0, $2, tandemResume) },
            tandemRow(
                "accept-empty", 2, "Lets the primary's empty data set replace this one's."
            ) { engine($0, $2, tandemAcceptEmpty) },
            tandemRow(
                "node", 2, "Tells what the server remembers over a restart."
            ) { engine($0, $2, tandemNode) },
        ])

    private static func tandemRow(
        _ name: String, _ arity: Int, _ summary: String, syntax: String = "",
        run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: arity, flags: [.admin, .noScript, .loading, .stale, .noMulti],
            group: .server, since: "7.0.15", complexity: "O(1)", summary: summary, syntax: syntax,
            run: run)
    }
}

/// The file is on disk before the answer to a sentinel that is new, or moved, leaves. The epoch
/// is taken also from one that finds no place.
func tandemWatch(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let port = try call.integer(5)
    _ = try call.integer(6)
    _ = try call.integer(7)
    let epoch = try tandemEpoch(call, 8)
    guard
        let watcher = NodeState.Watcher(
            id: call[3].string, host: call[4].string, port: Int(clamping: port))
    else { throw ReplyError("ERR Invalid sentinel") }
    try requireStarted(engine)
    let before = engine.replication.node.state
    if epoch > before.epoch { engine.replication.node.state.epoch = epoch }
    let isPlaced = engine.placeWatcher(watcher)
    let isChanged = engine.replication.node.state != before
    guard isPlaced else {
        if isChanged { engine.saveNode() }
        throw ReplyError("ERR Too many sentinels watch this server")
    }
    return engine.answerWhenRecorded(call, isChanged: isChanged)
}

/// A sentinel watches no longer. When the last one has gone, a crash is as without sentinels.
func tandemUnwatch(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let id = call[2].string
    guard ReplicationID(id) != nil else { throw ReplyError("ERR Invalid sentinel") }
    try requireStarted(engine)
    engine.replication.node.sightings.forget(id: id)
    let isChanged = engine.replication.node.state.unwatch(id: id)
    if isChanged { engine.frontend.log(.notice, "Sentinel \(id) watches no longer") }
    return engine.answerWhenRecorded(call, isChanged: isChanged)
}

/// An epoch that leaves room for later ones.
private func tandemEpoch(_ call: Call, _ index: Int) throws(ReplyError) -> Int {
    let epoch = Int(try call.integer(index))
    guard (0...NodeState.epochLimit).contains(epoch) else {
        throw ReplyError("ERR Invalid epoch")
    }
    return epoch
}

/// While the node-state file is being read nothing may be put into it.
private func requireStarted(_ engine: borrowing DataEngine) throws(ReplyError) {
    if engine.startup != .done {
        throw ReplyError("LOADING Redis is loading the dataset in memory")
    }
}

func tandemResume(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let epoch = try tandemEpoch(call, 2)
    guard epoch >= engine.replication.node.state.epoch else {
        throw ReplyError("ERR The epoch is older than one this server has been told")
    }
    guard engine.replication.fence.isClosed else {
        call.reply.ok()
        return .none
    }
    engine.resumeService()
    engine.replication.node.state.epoch = epoch
    return engine.answerWhenRecorded(call, isChanged: true)
}

/// Consent is for what goes on now: who serves, and a replica whose link is up, have nothing to
/// consent to.
func tandemAcceptEmpty(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let mayFollow = engine.replication.isReplica || engine.replication.fence.isClosed
    if mayFollow, !engine.replication.primary.isOnline {
        engine.replication.primary.acceptsEmpty = true
        engine.replication.primary.emptyGuard?.confirm()
    }
    call.reply.ok()
    return .none
}

func tandemNode(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let state = engine.replication.node.state
    call.reply.map(4)
    call.reply.bulk("node")
    call.reply.bulk(text: state.nodeID)
    call.reply.bulk("epoch")
    call.reply.bulk(decimal: state.epoch)
    call.reply.bulk("fenced")
    call.reply.bulk(decimal: engine.replication.fence.isClosed ? 1 : 0)
    call.reply.bulk("sentinels")
    call.reply.array(state.watchers.count)
    for watcher in state.watchers {
        call.reply.bulk(text: "\(watcher.id) \(watcher.host) \(watcher.port)")
    }
    return .none
}

extension DataEngine {
    /// Remembers a sentinel, or that it was heard. Where there is no place left, one that was not
    /// heard for long makes room; false without such a one.
    fileprivate mutating func placeWatcher(_ watcher: NodeState.Watcher) -> Bool {
        let now = frontend.time.monotonic
        _ = replication.node.state.watch(watcher)
        if !replication.node.state.watchers.contains(watcher) {
            guard
                let lost = replication.node.sightings.stalest(
                    of: replication.node.state.watchers, since: startedAt.monotonic, at: now)
            else { return false }
            frontend.log(
                .warning,
                "Sentinel \(lost.id) was not heard for a day: \(watcher.id) takes its place")
            _ = replication.node.state.unwatch(id: lost.id)
            replication.node.sightings.forget(id: lost.id)
            _ = replication.node.state.watch(watcher)
        }
        replication.node.sightings.heard(watcher, at: now)
        return true
    }

    /// Answers +OK once the node-state file holds what memory has.
    fileprivate mutating func answerWhenRecorded(_ call: Call, isChanged: Bool) -> Propagation {
        guard isChanged || replication.node.isStale || replication.node.writing != nil else {
            call.reply.ok()
            return .none
        }
        let session = call.session
        session.value.flags.insert(.blocked)
        session.value.blocking = .host(0)
        saveNode(.reply(session: session.value.id))
        return .suspended
    }
}
