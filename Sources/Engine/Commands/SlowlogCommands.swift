import Memory
import RESP
import Sessions

extension CommandRows {
    static let slowlog = Command(
        container: "slowlog", group: .server, since: "2.2.12",
        summary: "Commands about requests that took long.", helpSince: "6.2.0",
        subcommands: [
            slowlogRow(
                "get", -2, "O(N) in the entries shown", "Shows the newest entries.",
                syntax: "[count]", tips: ["request_policy:all_nodes", "nondeterministic_output"]
            ) { engine($0, $2, slowlogGet) },
            slowlogRow(
                "len", 2, "O(1)", "Counts the entries.",
                tips: [
                    "request_policy:all_nodes", "response_policy:agg_sum",
                    "nondeterministic_output",
                ]
            ) { engine($0, $2, slowlogLength) },
            slowlogRow(
                "reset", 2, "O(N) in the entries", "Forgets all entries.",
                tips: ["request_policy:all_nodes", "response_policy:all_succeeded"]
            ) { engine($0, $2, slowlogReset) },
        ])

    private static func slowlogRow(
        _ name: String, _ arity: Int, _ complexity: String, _ summary: String,
        syntax: String = "", tips: [String], run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: arity, flags: [.admin, .loading, .stale], group: .server,
            since: "2.2.12", complexity: complexity, summary: summary, syntax: syntax, tips: tips,
            run: run)
    }
}

func slowlogGet(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var wanted = 10
    if call.count == 3 {
        guard let count = call[2].integer, count >= -1 else {
            throw ReplyError("ERR count should be greater than or equal to -1")
        }
        wanted = count == -1 ? Int.max : Int(count)
    } else if call.count > 3 {
        throw call.fail(
            "ERR unknown subcommand or wrong number of arguments for '\(call[1])'. "
                + "Try SLOWLOG HELP.")
    }
    let entries = engine.frontend.slowlog.entries.prefix(wanted)
    call.reply.array(entries.count)
    for entry in entries {
        call.reply.array(6)
        call.reply.integer(entry.id)
        call.reply.integer(entry.time)
        call.reply.integer(entry.microseconds)
        call.reply.array(entry.arguments.count)
        for argument in entry.arguments { call.reply.bulk(argument) }
        call.reply.bulk(text: entry.peer)
        call.reply.bulk(entry.name)
    }
    return .none
}

func slowlogLength(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.integer(engine.frontend.slowlog.entries.count)
    return .none
}

func slowlogReset(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    engine.frontend.slowlog.removeAll()
    call.reply.ok()
    return .none
}
