import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let strings: [Command] = [
        Command(
            "get", arity: 2, flags: [.readonly, .fast], keys: .first, group: .string,
            summary: "Returns the string value of a key.", syntax: "key"
        ) { engine($0, $2, get) },
        Command(
            "set", arity: -3, flags: [.write, .denyOOM], keys: .first, group: .string,
            summary: "Sets the string value of a key, ignoring its type."
        ) { engine($0, $2, set) },
    ]
}

func get(_ engine: inout Engine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let entry = engine.lookup(call) else {
        call.reply.null()
        return .none
    }
    guard entry.type == .string else { throw .wrongType }
    if let integer = entry.integer {
        call.reply.bulk(decimal: Int(integer))
    } else {
        entry.withString { call.reply.bulk($0) }
    }
    return .none
}

func set(_ engine: inout Engine, _ call: Call) throws(ReplyError) -> Propagation {
    _ = engine.keyspace.set(call.database, call[1], engine.hash(call, 1), string: call[2], expiry: .clear)
    engine.keyChanged(call[1], call.database, "set", .string)
    call.reply.ok()
    return .verbatim
}
