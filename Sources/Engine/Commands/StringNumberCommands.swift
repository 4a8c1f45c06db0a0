import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let stringNumbers: [Command] = [
        Command(
            "incr", arity: 2, flags: [.write, .denyOOM, .fast], keys: .first, group: .string,
            summary: "Adds one to the integer a key holds, or makes it 1.", syntax: "key"
        ) { engine($0, $2, incr) },
        Command(
            "decr", arity: 2, flags: [.write, .denyOOM, .fast], keys: .first, group: .string,
            summary: "Takes one from the integer a key holds, or makes it -1.", syntax: "key"
        ) { engine($0, $2, decr) },
        Command(
            "incrby", arity: 3, flags: [.write, .denyOOM, .fast], keys: .first, group: .string,
            summary: "Adds an integer to the integer a key holds.", syntax: "key increment"
        ) { engine($0, $2, incrby) },
        Command(
            "decrby", arity: 3, flags: [.write, .denyOOM, .fast], keys: .first, group: .string,
            summary: "Takes an integer from the integer a key holds.", syntax: "key decrement"
        ) { engine($0, $2, decrby) },
        Command(
            "incrbyfloat", arity: 3, flags: [.write, .denyOOM, .fast], keys: .first,
            group: .string, since: "2.6.0",
            summary: "Adds a number to the number a key holds.", syntax: "key increment-float"
        ) { engine($0, $2, incrbyfloat) },
    ]
}

func incr(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try increase(&engine, call, by: 1)
}

func decr(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try increase(&engine, call, by: -1)
}

func incrby(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try increase(&engine, call, by: try call.integer(2))
}

func decrby(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let amount = try call.integer(2)
    guard amount != Int64.min else { throw ReplyError("ERR decrement would overflow") }
    return try increase(&engine, call, by: -amount)
}

private func increase(
    _ engine: inout DataEngine, _ call: Call, by amount: Int64
) throws(ReplyError) -> Propagation {
    var old: Int64 = 0
    var expiry = ExpiryChange.clear
    if let entry = engine.lookupForWrite(call) {
        guard entry.isString else { throw .wrongType }
        guard let value = entry.integer ?? entry.string(&engine.scratch).integer else {
            throw .notInteger
        }
        old = value
        expiry = .keep
    }
    let (value, overflow) = old.addingReportingOverflow(amount)
    guard !overflow else { throw .overflow }
    let hash = engine.hash(call, 1)
    engine.announce(call, 1, hash)
    engine.keyspace.set(call.database, call[1], hash, integer: value, expiry: expiry)
    engine.keyChanged(call[1], call.database, "incrby", .string)
    call.reply.integer(value)
    return .verbatim
}

/// The sum is propagated as a SET, so that no replica's arithmetic can differ.
func incrbyfloat(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var old = LongDouble.zero
    var expiry = ExpiryChange.clear
    if let entry = engine.lookupForWrite(call) {
        guard entry.isString else { throw .wrongType }
        guard let value = LongDouble(entry.string(&engine.scratch)) else { throw .notFloat }
        old = value
        expiry = .keep
    }
    guard let amount = LongDouble(call[2]) else { throw .notFloat }
    guard let sum = old.adding(amount) else {
        throw ReplyError("ERR increment would produce NaN or Infinity")
    }
    let hash = engine.hash(call, 1)
    engine.announce(call, 1, hash)
    sum.text.withView { text in
        engine.keyspace.set(
            call.database, call[1], hash, string: text, expiry: expiry, form: .text)
        engine.keyChanged(call[1], call.database, "incrbyfloat", .string)
        call.reply.bulk(text)
        engine.propagate(call.database, "SET", call[1], text, ByteView("KEEPTTL"))
    }
    return .rewritten
}
