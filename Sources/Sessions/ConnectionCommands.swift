import Memory
import RESP

extension CommandRows {
    /// Commands about the connection itself.
    package static let connection: [Command] = [
        Command(
            "ping", arity: -1, flags: [.fast, .inSubscription], group: .connection,
            summary: "Returns the server's liveliness response.", syntax: "[message]",
            tips: ["request_policy:all_shards", "response_policy:all_succeeded"]
        ) { shared($1, $2, ping) }
    ]
}

func ping(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count <= 2 else {
        throw ReplyError("ERR wrong number of arguments for 'ping' command")
    }
    if call.session.value.flags.contains(.subscribed), call.reply.version == .two {
        call.reply.array(2)
        call.reply.bulk("pong")
        call.reply.bulk(call.count == 2 ? call[1] : .empty)
    } else if call.count == 2 {
        call.reply.bulk(call[1])
    } else {
        call.reply.simple("PONG")
    }
    return .none
}
