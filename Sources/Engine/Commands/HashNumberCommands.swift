import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let hashNumbers: [Command] = [
        hashRow(
            "hincrby", 4, [.write, .denyOOM, .fast], "O(1)",
            "Adds an integer to the integer in a field of a hash.", "key field increment"
        ) { engine($0, $2, hincrby) },
        hashRow(
            "hincrbyfloat", 4, [.write, .denyOOM, .fast], "O(1)",
            "Adds a number to the number in a field of a hash.", "key field increment",
            since: "2.6.0"
        ) { engine($0, $2, hincrbyfloat) },
    ]
}

func hincrby(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let amount = try call.integer(3)
    var place = try engine.place(call, 1, .hash)
    var old: Int64 = 0
    if let value = place.entry.flatMap({ HashView($0).value(of: call[2]) }) {
        guard case .integer(let number) = value else {
            throw ReplyError("ERR hash value is not an integer")
        }
        old = number
    }
    let (sum, overflow) = old.addingReportingOverflow(amount)
    guard !overflow else { throw .overflow }
    withDecimal(sum) { engine.setField(call, &place, $0, "hincrby") }
    call.reply.integer(sum)
    return .verbatim
}

/// The sum is propagated as a HSET, so that no replica's arithmetic can differ.
func hincrbyfloat(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let amount = LongDouble(call[3]) else { throw .notFloat }
    guard LongDouble.zero.adding(amount) != nil else {
        throw ReplyError("ERR value is NaN or Infinity")
    }
    var place = try engine.place(call, 1, .hash)
    var old = LongDouble.zero
    if let value = place.entry.flatMap({ HashView($0).value(of: call[2]) }) {
        guard let number = value.withText({ LongDouble($0) }) else {
            throw ReplyError("ERR hash value is not a float")
        }
        old = number
    }
    guard let sum = old.adding(amount) else {
        throw ReplyError("ERR increment would produce NaN or Infinity")
    }
    sum.text.withView { text in
        engine.setField(call, &place, text, "hincrbyfloat")
        call.reply.bulk(text)
        engine.propagate(call.database, "HSET", call[1], call[2], text)
    }
    return .rewritten
}
