import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands about the server as a whole.
    static let server: [Command] =
        [
            Command(
                "info", arity: -1, flags: [.loading, .stale], group: .server,
                summary: "Tells the state of the server.", syntax: "[section [section ...]]",
                categories: ["dangerous"],
                tips: [
                    "nondeterministic_output", "request_policy:all_shards",
                    "response_policy:special",
                ]
            ) { engine($0, $2, info) },
            Command(
                "time", arity: 1, flags: [.loading, .stale, .fast], group: .server, since: "2.6.0",
                summary: "Tells the time of the server.", tips: ["nondeterministic_output"]
            ) { engine($0, $2, time) },
            Command(
                "role", arity: 1, flags: [.noScript, .loading, .stale, .fast], group: .server,
                since: "2.8.12", summary: "Tells the server's part in replication.",
                categories: ["admin", "dangerous"]
            ) { engine($0, $2, role) },
            Command(
                "lolwut", arity: -1, flags: [.readonly, .fast], group: .server, since: "5.0.0",
                complexity: "O(1)", summary: "Tells the version.", syntax: "[VERSION version]"
            ) { engine($0, $2, lolwut) },
            Command(
                "monitor", arity: 1, flags: [.admin, .noScript, .loading, .stale], group: .server,
                complexity: "O(1)", summary: "Shows every request that is executed."
            ) { engine($0, $2, monitor) },
            Command(
                "shutdown", arity: -1,
                flags: [.admin, .noScript, .loading, .stale, .noMulti, .allowBusy],
                group: .server, complexity: "O(N) in the number of keys when saving, else O(1)",
                summary: "Saves the data and stops the server.",
                syntax: "[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]"
            ) { engine($0, $2, shutdown) },
        ] + absent
}

func info(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    engine.frontend.wantUsage()
    let text = engine.info(InfoSection.wanted(call))
    Array(text.utf8).withView { call.reply.verbatim("txt", $0) }
    return .none
}

func time(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.array(2)
    call.reply.bulk(decimal: Int(engine.frontend.time.wall / 1_000_000))
    call.reply.bulk(decimal: Int(engine.frontend.time.wall % 1_000_000))
    return .none
}

func role(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    engine.writeRole(call)
    return .none
}

func lolwut(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    if call.count > 2, call[1].equalsIgnoringCase("version") {
        let version = try call.integer(2)
        // The numbers behind these two say how to draw what is not drawn here.
        if version == 5 || version == 6 {
            for index in 3..<max(3, min(call.count, version == 5 ? 6 : 5)) {
                _ = try call.integer(index)
            }
        }
    }
    Array("Redis ver. \(Frontend.redisVersion)\n".utf8).withView {
        call.reply.verbatim("txt", $0)
    }
    return .none
}

func monitor(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.session.value.role == .client,
        !call.session.value.flags.contains(.monitor)
    else { return .none }
    call.session.value.flags.insert(.monitor)
    engine.monitors.append(call.session)
    engine.gates.insert(.monitored)
    call.reply.ok()
    return .none
}

/// What SHUTDOWN was asked.
package struct ShutdownRequest: Equatable, Sendable {
    /// Whether to save; nil leaves it to the save points.
    package var saves: Bool?
    /// Do not wait for replicas.
    package var now = false
    /// Stop even if saving fails.
    package var force = false
    package var abort = false
    package init() {}

    init(_ call: Call) throws(ReplyError) {
        for index in 1..<max(call.count, 1) {
            let word = call[index]
            if word.equalsIgnoringCase("nosave"), saves != true {
                saves = false
            } else if word.equalsIgnoringCase("save"), saves != false {
                saves = true
            } else if word.equalsIgnoringCase("now") {
                now = true
            } else if word.equalsIgnoringCase("force") {
                force = true
            } else if word.equalsIgnoringCase("abort") {
                abort = true
            } else {
                throw .syntax
            }
        }
        if abort, saves != nil || now || force { throw .syntax }
    }
}

func shutdown(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let request = try ShutdownRequest(call)
    return try engine.shutDown(request, call)
}
