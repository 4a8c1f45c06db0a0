import Memory
import RESP
import Sessions

extension CommandRows {
    static let persistence: [Command] = [
        Command(
            "save", arity: 1, flags: [.admin, .noScript, .noAsyncLoading, .noMulti],
            group: .server, complexity: "O(N) in the keys of all databases",
            summary: "Saves the dataset to disk and answers when that is done."
        ) { engine($0, $2, save) },
        Command(
            "bgsave", arity: -1, flags: [.admin, .noScript, .noAsyncLoading], group: .server,
            summary: "Saves the dataset to disk in the background.", syntax: "[SCHEDULE]"
        ) { engine($0, $2, bgsave) },
        Command(
            "lastsave", arity: 1, flags: [.loading, .stale, .fast], group: .server,
            summary: "Returns the time of the last successful save to disk.",
            categories: ["admin", "dangerous"], tips: ["nondeterministic_output"]
        ) { engine($0, $2, lastsave) },
    ]
}

func save(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    if engine.isSnapshotting { throw ReplyError("ERR Background save already in progress") }
    let session = call.session
    session.value.flags.insert(.blocked)
    session.value.blocking = .host(0)
    engine.save(.reply(session: session.value.id))
    return .suspended
}

func bgsave(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    if call.count > 2 || (call.count == 2 && !call[1].equalsIgnoringCase("schedule")) {
        throw .syntax
    }
    if engine.isSnapshotting { throw ReplyError("ERR Background save already in progress") }
    engine.save(.nothing)
    // What EXEC has written so far is not in the stream yet.
    let waits = call.session.value.flags.contains(.executing)
    call.reply.simple(waits ? "Background saving scheduled" : "Background saving started")
    return .none
}

func lastsave(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.integer(engine.persistence.statistics.lastSave)
    return .none
}
