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

/// The file is on disk before the answer to a sentinel that is new, or moved, leaves.
func tandemWatch(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let port = try call.integer(5)
    _ = try call.integer(6)
    _ = try call.integer(7)
    let epoch = try call.integer(8)
    guard epoch >= 0,
        let watcher = NodeState.Watcher(
            id: call[3].string, host: call[4].string, port: Int(port))
    else { throw ReplyError("ERR Invalid sentinel") }
    if engine.startup != .done {
        throw ReplyError("LOADING Redis is loading the dataset in memory")
    }
    var state = engine.replication.node.state
    var isChanged = state.watch(watcher)
    guard state.watchers.contains(watcher) else {
        throw ReplyError("ERR Too many sentinels watch this server")
    }
    if Int(epoch) > state.epoch {
        state.epoch = Int(epoch)
        isChanged = true
    }
    if isChanged { engine.replication.node.state = state }
    guard isChanged || engine.replication.node.isStale || engine.replication.node.writing != nil
    else {
        call.reply.ok()
        return .none
    }
    return engine.waitForNodeState(call)
}

func tandemResume(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let epoch = try call.integer(2)
    guard epoch >= Int64(engine.replication.node.state.epoch) else {
        throw ReplyError("ERR The epoch is older than one this server has been told")
    }
    guard engine.replication.fence.isClosed else {
        call.reply.ok()
        return .none
    }
    engine.liftFence()
    engine.replication.node.state.epoch = Int(epoch)
    return engine.waitForNodeState(call)
}

func tandemAcceptEmpty(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    engine.replication.primary.acceptsEmpty = true
    engine.replication.primary.emptyGuard?.confirm()
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
    /// Answers +OK once the node-state file is on disk.
    fileprivate mutating func waitForNodeState(_ call: Call) -> Propagation {
        let session = call.session
        session.value.flags.insert(.blocked)
        session.value.blocking = .host(0)
        saveNode(.reply(session: session.value.id))
        return .suspended
    }
}
