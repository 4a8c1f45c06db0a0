import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let bitFields: [Command] = [
        Command(
            "bitfield", arity: -2, flags: [.write, .denyOOM], keys: .first, group: .bitmap,
            since: "3.2.0", complexity: "O(1) for each operation",
            summary: "Reads and changes integers of any width inside a string.",
            syntax:
                "key [GET encoding offset | [OVERFLOW <WRAP|SAT|FAIL>] <SET encoding offset "
                + "value | INCRBY encoding offset increment> [GET encoding offset | [OVERFLOW "
                + "<WRAP|SAT|FAIL>] <SET encoding offset value | INCRBY encoding offset "
                + "increment> ...]]",
            keyAccess: "RW access update variable_flags"
        ) { engine($0, $2, bitfield) },
        Command(
            "bitfield_ro", arity: -2, flags: [.readonly, .fast], keys: .first, group: .bitmap,
            since: "6.0.0", complexity: "O(1) for each operation",
            summary: "Reads integers of any width inside a string.",
            syntax: "key [GET encoding offset [GET encoding offset ...]]"
        ) { engine($0, $2, bitfieldReadOnly) },
    ]
}

func bitfield(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let operations = try BitFieldOperation.parse(call, engine)
    guard operations.contains(where: \.isWrite) else {
        return try readFields(&engine, call, operations)
    }
    return try writeFields(&engine, call, operations)
}

func bitfieldReadOnly(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let operations = try BitFieldOperation.parse(call, engine)
    guard !operations.contains(where: \.isWrite) else {
        throw ReplyError("ERR BITFIELD_RO only supports the GET subcommand")
    }
    return try readFields(&engine, call, operations)
}

private func readFields(
    _ engine: inout DataEngine, _ call: Call, _ operations: [BitFieldOperation]
) throws(ReplyError) -> Propagation {
    let entry = engine.lookup(call)
    if let entry, !entry.isString { throw .wrongType }
    let text = entry?.string(&engine.scratch) ?? .empty
    call.reply.array(operations.count)
    for operation in operations { call.reply.integer(operation.field.value(in: text)) }
    return .none
}

private func writeFields(
    _ engine: inout DataEngine, _ call: Call, _ operations: [BitFieldOperation]
) throws(ReplyError) -> Propagation {
    let entry = engine.claim(call)
    if let entry, !entry.isString { throw .wrongType }
    let changesBefore = engine.keyspace.changes
    // The string grows before anything is written, and even if nothing is.
    let needed = operations.map { $0.isWrite ? $0.field.bytes.upperBound : 0 }.max() ?? 0
    let hasGrown = entry?.stringLength ?? 0 < needed
    if hasGrown { engine.writeBits(call, [0], at: needed - 1) }
    call.reply.array(operations.count)
    var changed = 0
    for operation in operations where engine.perform(operation, call, hasGrown: hasGrown) {
        changed += 1
    }
    guard hasGrown || changed > 0 else { return .none }
    // To grow is no change of its own beside the operations that needed it.
    engine.keyspace.changes = changesBefore + max(changed, 1)
    if changed > 0 {
        engine.keyChanged(call[1], call.database, "setbit", .string)
    } else if !engine.watchers.isEmpty {
        engine.tripWatchers(call[1], call.database)
    }
    return .verbatim
}

extension DataEngine {
    /// Performs one operation on the string at the first key, which is long enough, and answers
    /// it; whether it counts as a change. In a string that has just grown every write does.
    fileprivate mutating func perform(
        _ operation: BitFieldOperation, _ call: Call, hasGrown: Bool
    ) -> Bool {
        let field = operation.field
        let found = keyspace.find(call.database, call[1], hash(call, 1))
        let text = found?.string(&scratch) ?? .empty
        let old = field.value(in: text)
        guard operation.isWrite else {
            call.reply.integer(old)
            return false
        }
        guard let new = operation.newValue(old) else {
            call.reply.null()
            return false
        }
        call.reply.integer(operation.kind == .set ? old : new)
        guard new != old else { return hasGrown }
        writeBits(call, field.bytes(of: text, with: new), at: field.bytes.lowerBound)
        return true
    }
}

/// An integer of 1 to 64 bits, the highest first, anywhere in a string.
struct BitField: Equatable {
    var isSigned: Bool
    var width: Int
    var offset: Int

    /// The bytes it lies in; at most nine.
    var bytes: Range<Int> { offset >> 3..<(offset + width + 7) >> 3 }

    private var mask: UInt128 { (1 << UInt128(width)) - 1 }
    /// How far its last bit is from the last bit of its bytes.
    private var shift: Int { bytes.upperBound * 8 - offset - width }

    /// The bytes as one number; zeros follow the end of the string.
    private func word(_ text: ByteView) -> UInt128 {
        var word: UInt128 = 0
        for index in bytes { word = word << 8 | UInt128(index < text.count ? text[index] : 0) }
        return word
    }

    /// Its value; an unsigned one has at most 63 bits.
    func value(in text: ByteView) -> Int64 {
        let bits = UInt64(truncatingIfNeeded: word(text) >> UInt128(shift) & mask)
        guard isSigned, width < 64, bits >> UInt64(width - 1) == 1 else {
            return Int64(bitPattern: bits)
        }
        return Int64(bitPattern: bits | UInt64.max << UInt64(width))
    }

    /// The bytes when the field has this value.
    func bytes(of text: ByteView, with value: Int64) -> [UInt8] {
        let bits = UInt128(UInt64(bitPattern: value)) & mask
        let word = word(text) & ~(mask << UInt128(shift)) | bits << UInt128(shift)
        let count = bytes.count
        return (0..<count).map { UInt8(truncatingIfNeeded: word >> UInt128((count - 1 - $0) * 8)) }
    }

    /// The least and the greatest value.
    var limits: ClosedRange<Int128> {
        isSigned
            ? -(1 << Int128(width - 1))...(1 << Int128(width - 1)) - 1
            : 0...(1 << Int128(width)) - 1
    }

    /// What remains of `value` when only its lowest bits are kept.
    func wrapped(_ value: Int128) -> Int64 {
        let bits = UInt64(truncatingIfNeeded: UInt128(truncatingIfNeeded: value) & mask)
        guard isSigned, width < 64, bits >> UInt64(width - 1) == 1 else {
            return Int64(bitPattern: bits)
        }
        return Int64(bitPattern: bits | UInt64.max << UInt64(width))
    }
}

/// One GET, SET or INCRBY of a BITFIELD.
private struct BitFieldOperation {
    enum Kind: Equatable { case get, set, increase }
    enum Overflow: Equatable { case wrap, saturate, fail }

    var kind: Kind
    var field: BitField
    var operand: Int64
    var overflow: Overflow

    var isWrite: Bool { kind != .get }

    /// What the field becomes; nil if it must stay as it is because the value does not fit.
    func newValue(_ old: Int64) -> Int64? {
        let limits = field.limits
        var wanted = Int128(old) + Int128(operand)
        if kind == .set {
            // To an unsigned field a negative number is a very big one.
            wanted = field.isSigned ? Int128(operand) : Int128(UInt64(bitPattern: operand))
        }
        if limits.contains(wanted) { return Int64(truncatingIfNeeded: wanted) }
        switch overflow {
        case .fail: return nil
        case .wrap: return field.wrapped(wanted)
        case .saturate:
            // From far enough below, SET reaches the upper limit: Redis's difference of the two
            // does not fit into 64 bits, and replies are Redis's.
            let isAbove =
                wanted > limits.upperBound
                || kind == .set && limits.upperBound - wanted > Int128(Int64.max)
            let limit = isAbove ? limits.upperBound : limits.lowerBound
            return Int64(truncatingIfNeeded: limit)
        }
    }

    /// The operations of a request.
    static func parse(
        _ call: Call, _ engine: borrowing DataEngine
    ) throws(ReplyError) -> [BitFieldOperation] {
        var operations: [BitFieldOperation] = []
        var overflow = Overflow.wrap
        var index = 2
        while index < call.count {
            let (word, left) = (call[index], call.count - index - 1)
            if word.equalsIgnoringCase("overflow"), left >= 1 {
                overflow = try Self.overflow(call[index + 1])
                index += 2
                continue
            }
            let kind: Kind
            if word.equalsIgnoringCase("get"), left >= 2 {
                kind = .get
            } else if word.equalsIgnoringCase("set"), left >= 3 {
                kind = .set
            } else if word.equalsIgnoringCase("incrby"), left >= 3 {
                kind = .increase
            } else {
                throw .syntax
            }
            var field = try Self.type(call[index + 1])
            field.offset = try engine.bitOffset(call, index + 2, width: field.width)
            let operand = kind == .get ? 0 : try call.integer(index + 3)
            operations.append(
                BitFieldOperation(kind: kind, field: field, operand: operand, overflow: overflow))
            index += kind == .get ? 3 : 4
        }
        return operations
    }

    private static func overflow(_ word: ByteView) throws(ReplyError) -> Overflow {
        if word.equalsIgnoringCase("wrap") { return .wrap }
        if word.equalsIgnoringCase("sat") { return .saturate }
        if word.equalsIgnoringCase("fail") { return .fail }
        throw ReplyError("ERR Invalid OVERFLOW type specified")
    }

    /// A field of type "u8", "i64" and so on, at offset 0.
    private static func type(_ word: ByteView) throws(ReplyError) -> BitField {
        let isSigned = !word.isEmpty && word[0] == UInt8(ascii: "i")
        guard isSigned || !word.isEmpty && word[0] == UInt8(ascii: "u"),
            let width = word[1..<word.count].integer, width >= 1, width <= (isSigned ? 64 : 63)
        else {
            throw ReplyError(
                """
                ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not \
                supported but i64 is.
                """)
        }
        return BitField(isSigned: isSigned, width: Int(width), offset: 0)
    }
}
