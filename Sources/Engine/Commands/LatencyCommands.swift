import Memory
import RESP
import Sessions

extension CommandRows {
    /// LATENCY, whose log of events and distributions of times are always empty here.
    static let latency = Command(
        container: "latency", group: .server, since: "2.8.13",
        summary: "Commands about delays; none are recorded by this server.", helpSince: "2.8.13",
        subcommands: [
            latencyRow("doctor", 2, "Explains the delays.") { engine($0, $2, latencyDoctor) },
            latencyRow("graph", 3, "Draws the delays of an event.", syntax: "event") {
                engine($0, $2, latencyGraph)
            },
            latencyRow("history", 3, "Lists the delays of an event.", syntax: "event") {
                engine($0, $2, latencyHistory)
            },
            latencyRow("latest", 2, "Lists the last delay of every event.") {
                engine($0, $2, latencyHistory)
            },
            latencyRow(
                "reset", -2, "Forgets the delays.", syntax: "[event [event ...]]",
                tips: ["request_policy:all_nodes", "response_policy:all_succeeded"]
            ) { engine($0, $2, latencyReset) },
            latencyRow(
                "histogram", -2, "Shows how long commands took.",
                syntax: "[command [command ...]]", since: "7.0.0"
            ) { engine($0, $2, latencyHistogram) },
        ])

    private static func latencyRow(
        _ name: String, _ arity: Int, _ summary: String, syntax: String = "",
        since: String = "2.8.13",
        tips: [String] = [
            "nondeterministic_output", "request_policy:all_nodes", "response_policy:special",
        ], run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: arity, flags: [.admin, .noScript, .loading, .stale], group: .server,
            since: since, summary: summary, syntax: syntax, tips: tips, run: run)
    }
}

func latencyDoctor(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let text = """
        No delays are recorded: this server does not watch latency events. SLOWLOG GET shows slow \
        requests, INFO commandstats the time that commands take.

        """
    Array(text.utf8).withView { call.reply.verbatim("txt", $0) }
    return .none
}

func latencyGraph(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    throw call.fail("ERR No samples available for event '\(call[2])'")
}

func latencyHistory(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.emptyArray()
    return .none
}

func latencyReset(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.integer(0)
    return .none
}

func latencyHistogram(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.map(0)
    return .none
}
