import Memory
import RESP
import Sessions

extension CommandRows {
    static let latency = Command(
        container: "latency", group: .server, since: "2.8.13",
        summary: "Commands about delays and how long commands take.", helpSince: "2.8.13",
        subcommands: [
            latencyRow("doctor", 2, "Explains the delays.") { engine($0, $2, latencyDoctor) },
            latencyRow("graph", 3, "Draws the delays of an event.", syntax: "event") {
                engine($0, $2, latencyGraph)
            },
            latencyRow("history", 3, "Lists the delays of an event.", syntax: "event") {
                engine($0, $2, latencyHistory)
            },
            latencyRow("latest", 2, "Lists the last delay of every event.") {
                engine($0, $2, latencyLatest)
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

/// In plain words what LATENCY LATEST says in numbers.
func latencyDoctor(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let threshold = engine.frontend.settings.latencyMonitorThreshold
    let events = engine.frontend.latencyMonitor.events.sorted { $0.key < $1.key }
    var text = ""
    if events.isEmpty {
        text =
            threshold == 0
            ? "Delays are not recorded: CONFIG SET latency-monitor-threshold <milliseconds> starts "
                + "it.\n"
            : "No delay of \(threshold) milliseconds or more was seen.\n"
    }
    for (name, event) in events {
        let sum = event.samples.reduce(0) { $0 + $1.milliseconds }
        let mean = sum / Int64(max(event.samples.count, 1))
        text += "\(name): \(event.samples.count) delays, \(mean) ms on average, "
        text += "\(event.most) ms at most.\n"
    }
    if events.contains(where: { $0.key.hasSuffix("command") }) {
        text += "SLOWLOG GET shows slow requests, INFO latencystats the commands' times.\n"
    }
    Array(text.utf8).withView { call.reply.verbatim("txt", $0) }
    return .none
}

/// A bar for every delay, the oldest first.
func latencyGraph(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let name = call[2].string
    guard let event = engine.frontend.latencyMonitor.events[name] else {
        throw call.fail("ERR No samples available for event '\(call[2])'")
    }
    let least = event.samples.map(\.milliseconds).min() ?? 0
    var text = "\(name) - high \(event.most) ms, low \(least) ms (all time high "
    text += "\(event.most) ms)\n"
    for sample in event.samples {
        let age = engine.frontend.time.wall / 1_000_000 - sample.time
        let length = Int(sample.milliseconds * 60 / max(event.most, 1))
        text += "\(String(repeating: "#", count: max(length, 1))) \(sample.milliseconds) ms, "
        text += "\(age) s ago\n"
    }
    Array(text.utf8).withView { call.reply.verbatim("txt", $0) }
    return .none
}

func latencyHistory(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let samples = engine.frontend.latencyMonitor.events[call[2].string]?.samples ?? []
    call.reply.array(samples.count)
    for sample in samples {
        call.reply.array(2)
        call.reply.integer(Int(sample.time))
        call.reply.integer(Int(sample.milliseconds))
    }
    return .none
}

func latencyLatest(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let events = engine.frontend.latencyMonitor.events.sorted { $0.key < $1.key }
    call.reply.array(events.count)
    for (name, event) in events {
        let last = event.samples.last
        call.reply.array(4)
        call.reply.bulk(text: name)
        call.reply.integer(Int(last?.time ?? 0))
        call.reply.integer(Int(last?.milliseconds ?? 0))
        call.reply.integer(Int(event.most))
    }
    return .none
}

func latencyReset(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var removed = engine.frontend.latencyMonitor.events.count
    if call.count == 2 {
        engine.frontend.latencyMonitor.removeAll()
    } else {
        removed = 0
        for index in 2..<call.count
        where engine.frontend.latencyMonitor.remove(call[index].string) {
            removed += 1
        }
    }
    call.reply.integer(removed)
    return .none
}

func latencyHistogram(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var wanted: [Int] = []
    if call.count == 2 {
        wanted = Array(engine.frontend.table.rows.indices)
    } else {
        for index in 2..<call.count {
            let command = engine.frontend.table.find(path: call[index])
            guard command >= 0 else { continue }
            // A container stands for its subcommands as well.
            wanted.append(command)
            wanted += engine.frontend.table.subcommands(of: command)
        }
    }
    wanted = wanted.filter { engine.frontend.table.latencies[$0].total > 0 }
    call.reply.map(wanted.count)
    for index in wanted {
        call.reply.bulk(text: engine.frontend.table.rows[index].name)
        call.reply.map(2)
        call.reply.bulk("calls")
        call.reply.integer(engine.frontend.table.latencies[index].total)
        call.reply.bulk("histogram_usec")
        let distribution = engine.frontend.table.latencies[index].distribution
        call.reply.map(distribution.count)
        for (microseconds, calls) in distribution {
            call.reply.integer(microseconds)
            call.reply.integer(calls)
        }
    }
    return .none
}
