import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands that look into HyperLogLogs.
    static let sketchDebugging: [Command] = [
        Command(
            "pfdebug", arity: 3, flags: [.write, .denyOOM, .admin],
            keys: KeyPositions(first: 2, last: 2, step: 1), group: .hyperloglog, since: "2.8.9",
            complexity: "O(N) in the registers", summary: "Shows how a HyperLogLog is kept.",
            syntax: "subcommand key", keyAccess: "RW access"
        ) { engine($0, $2, pfdebug) },
        Command(
            "pfselftest", arity: 1, flags: [.admin], group: .hyperloglog, since: "2.8.9",
            complexity: "O(1), some milliseconds",
            summary: "Tries whether HyperLogLogs count as they should."
        ) { engine($0, $2, pfselftest) },
    ]
}

func pfdebug(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let entry = engine.claim(call, 2) else {
        throw ReplyError("ERR The specified key does not exist")
    }
    let layout = try engine.sketchLayout(entry)
    let value = engine.openSketch(call, 2, entry)
    if call[1].equalsIgnoringCase("getreg") {
        try engine.answerRegisters(call, value, layout)
        return layout == .sparse ? .verbatim : .none
    }
    if call[1].equalsIgnoringCase("decode") {
        guard layout == .sparse else { throw ReplyError("ERR HLL encoding is not sparse") }
        call.reply.bulk(sparseCodes(value))
        return .none
    }
    if call[1].equalsIgnoringCase("encoding") {
        call.reply.simple(layout == .sparse ? "sparse" : "dense")
        return .none
    }
    if call[1].equalsIgnoringCase("todense") {
        if layout == .sparse { try engine.storeDense(call, value) }
        call.reply.integer(layout == .sparse ? 1 : 0)
        return layout == .sparse ? .verbatim : .none
    }
    throw call.fail("ERR Unknown PFDEBUG subcommand '\(call[1])'")
}

func pfselftest(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    if let failure = HyperLogLog.selfTest(heap: engine.heap) {
        throw call.fail("TESTFAILED \(failure)")
    }
    call.reply.ok()
    return .none
}

/// The codes of a sparse sketch in words: "z:3" and "Z:300" are runs of zeros, "v:2,4" is a run of
/// four registers that hold 2.
private func sparseCodes(_ value: ByteView) -> [UInt8] {
    var text: [UInt8] = []
    HyperLogLog.forEachCode(sparse: value) { length, value, isLong in
        if !text.isEmpty { text.append(UInt8(ascii: " ")) }
        let code = value > 0 ? "v:\(value),\(length)" : isLong ? "Z:\(length)" : "z:\(length)"
        text += code.utf8
    }
    return text
}

extension DataEngine {
    /// Answers with all registers of a sketch, which becomes dense.
    fileprivate mutating func answerRegisters(
        _ call: Call, _ value: ByteView, _ layout: HyperLogLog.Layout
    ) throws(ReplyError) {
        var value = value
        if layout == .sparse {
            try storeDense(call, value)
            value = keyspace.find(call.database, call[2], hash(call, 2))?.string(&scratch) ?? .empty
        }
        call.reply.array(HyperLogLog.registerCount)
        HyperLogLog.forEachDense(value) { _, rank in call.reply.integer(Int(rank)) }
    }

    /// Makes the sketch at the second argument dense.
    fileprivate mutating func storeDense(_ call: Call, _ value: ByteView) throws(ReplyError) {
        var editor = HyperLogLogEditor(
            heap: heap, sparseLimit: settings.encodings.hllSparseBytes, value)
        guard editor.makeDense() else { throw .corruptSketch }
        store(editor, call, 2)
    }
}
