import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let bitOperations: [Command] = [
        Command(
            "bitop", arity: -4, flags: [.write, .denyOOM],
            keys: KeyPositions(first: 2, last: -1, step: 1), group: .bitmap, since: "2.6.0",
            complexity: "O(N) in the bytes of all strings",
            summary: "Combines strings bit by bit and stores the result.",
            syntax: "<AND|OR|XOR|NOT> destkey key [key ...]",
            keySpecs: [
                KeySpec("OW update", .index(2), .range(last: 0, step: 1, limit: 0)),
                KeySpec("RO access", .index(3), .range(last: -1, step: 1, limit: 0)),
            ]
        ) { engine($0, $2, bitop) }
    ]
}

private enum BitOperation {
    case and, or, xor, not

    init(_ word: ByteView) throws(ReplyError) {
        if word.equalsIgnoringCase("and") {
            self = .and
        } else if word.equalsIgnoringCase("or") {
            self = .or
        } else if word.equalsIgnoringCase("xor") {
            self = .xor
        } else if word.equalsIgnoringCase("not") {
            self = .not
        } else {
            throw .syntax
        }
    }

    /// Combines `result` with `operand`, which goes on with zeros to the length of the result.
    func apply(_ operand: ByteView, to result: inout [UInt8]) {
        let common = min(operand.count, result.count)
        switch self {
        case .and:
            for index in 0..<common { result[index] &= operand[index] }
            for index in common..<result.count { result[index] = 0 }
        case .or:
            for index in 0..<common { result[index] |= operand[index] }
        case .xor:
            for index in 0..<common { result[index] ^= operand[index] }
        case .not:
            break
        }
    }
}

func bitop(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let operation = try BitOperation(call[1])
    guard operation != .not || call.count == 4 else {
        throw ReplyError("ERR BITOP NOT must be called with a single source key.")
    }
    var sources: [Entry?] = []
    var longest = 0
    for index in 3..<call.count {
        let entry = engine.lookup(call, index)
        if let entry, !entry.isString { throw .wrongType }
        longest = max(longest, entry?.stringLength ?? 0)
        sources.append(entry)
    }
    call.reply.integer(longest)
    guard longest > 0 else {
        return engine.remove(call, 2, lazily: false) ? .verbatim : .none
    }
    // At most one string's length limit, and gone with the command.
    var result = [UInt8](repeating: 0, count: longest)
    combine(sources, operation, &engine.scratch, into: &result)
    if engine.keyspace.expires(call.database) > 0 { _ = engine.peek(call, 2) }
    result.withView { engine.assign(call, 2, $0, form: .raw) }
    return .verbatim
}

private func combine(
    _ sources: [Entry?], _ operation: BitOperation, _ scratch: inout DecimalScratch,
    into result: inout [UInt8]
) {
    for (index, source) in sources.enumerated() {
        let text = source?.string(&scratch) ?? .empty
        if index > 0 {
            operation.apply(text, to: &result)
        } else if operation == .not {
            for index in 0..<min(text.count, result.count) { result[index] = ~text[index] }
        } else {
            for index in 0..<min(text.count, result.count) { result[index] = text[index] }
        }
    }
}
