import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands about strings as arrays of bits; bit 0 is the highest of the first byte.
    static let bitmaps: [Command] = bits + bitOperations + bitFields

    static let bits: [Command] = [
        Command(
            "getbit", arity: 3, flags: [.readonly, .fast], keys: .first, group: .bitmap,
            since: "2.2.0", summary: "Returns a bit of a string.", syntax: "key offset"
        ) { engine($0, $2, getbit) },
        Command(
            "setbit", arity: 4, flags: [.write, .denyOOM], keys: .first, group: .bitmap,
            since: "2.2.0",
            summary: "Sets or clears a bit of a string and returns what it was.",
            syntax: "key offset value"
        ) { engine($0, $2, setbit) },
        Command(
            "bitcount", arity: -2, flags: [.readonly], keys: .first, group: .bitmap,
            since: "2.6.0", complexity: "O(N) in the bytes looked at",
            summary: "Counts the bits that are set in a string.",
            syntax: "key [start end [BYTE|BIT]]"
        ) { engine($0, $2, bitcount) },
        Command(
            "bitpos", arity: -3, flags: [.readonly], keys: .first, group: .bitmap,
            since: "2.8.7", complexity: "O(N) in the bytes looked at",
            summary: "Finds the first bit that is set, or clear, in a string.",
            syntax: "key bit [start [end [BYTE|BIT]]]"
        ) { engine($0, $2, bitpos) },
    ]
}

func getbit(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let offset = try engine.bitOffset(call, 2)
    guard let entry = engine.lookup(call) else {
        call.reply.integer(0)
        return .none
    }
    guard entry.isString else { throw .wrongType }
    let text = entry.string(&engine.scratch)
    let byte = offset >> 3 < text.count ? text[offset >> 3] : 0
    call.reply.integer(byte & bitMask(offset) != 0 ? 1 : 0)
    return .none
}

func setbit(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let offset = try engine.bitOffset(call, 2)
    guard let bit = call[3].integer, bit == 0 || bit == 1 else {
        throw ReplyError("ERR bit is not an integer or out of range")
    }
    let entry = engine.claim(call)
    if let entry, !entry.isString { throw .wrongType }
    let text = entry?.string(&engine.scratch) ?? .empty
    let isInside = offset >> 3 < text.count
    let byte = isInside ? text[offset >> 3] : 0
    let wasSet = byte & bitMask(offset) != 0
    call.reply.integer(wasSet ? 1 : 0)
    if isInside, wasSet == (bit == 1) { return .none }
    let mask = bitMask(offset)
    engine.writeBits(call, [bit == 1 ? byte | mask : byte & ~mask], at: offset >> 3)
    engine.keyChanged(call[1], call.database, "setbit", .string)
    return .verbatim
}

func bitcount(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let entry = engine.lookup(call) else {
        call.reply.integer(0)
        return .none
    }
    guard entry.isString else { throw .wrongType }
    let text = entry.string(&engine.scratch)
    guard call.count > 2 else {
        call.reply.integer(setBits(text, 0..<text.count * 8))
        return .none
    }
    guard call.count == 4 || call.count == 5 else { throw .syntax }
    let start = try call.integer(2)
    let end = try call.integer(3)
    // Redis looks at the unit only if there may be something to count.
    if start < 0, end < 0, start > end {
        call.reply.integer(0)
        return .none
    }
    let unit = call.count == 5 ? try bitUnit(call[4]) : 8
    let range = IndexRange.clamp(start, end, count: text.count * 8 / unit) ?? 0..<0
    call.reply.integer(setBits(text, range.lowerBound * unit..<range.upperBound * unit))
    return .none
}

func bitpos(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let bit = try call.integer(2)
    guard bit == 0 || bit == 1 else {
        throw ReplyError("ERR The bit argument must be 1 or 0.")
    }
    guard let entry = engine.lookup(call) else {
        // Behind its end a string goes on with zeros for ever.
        call.reply.integer(bit == 1 ? -1 : 0)
        return .none
    }
    guard entry.isString else { throw .wrongType }
    guard call.count <= 6 else { throw .syntax }
    let start = call.count > 3 ? try call.integer(3) : 0
    let unit = call.count == 6 ? try bitUnit(call[5]) : 8
    let end = call.count > 4 ? try call.integer(4) : -1
    let text = entry.string(&engine.scratch)
    let range = IndexRange.clamp(start, end, count: text.count * 8 / unit)
    guard let range else {
        call.reply.integer(-1)
        return .none
    }
    let bits = range.lowerBound * unit..<range.upperBound * unit
    if let position = firstBit(text, bits, isSet: bit == 1) {
        call.reply.integer(position)
    } else {
        call.reply.integer(bit == 0 && call.count <= 4 ? bits.upperBound : -1)
    }
    return .none
}

/// Bits in the unit that a range is given in.
private func bitUnit(_ word: ByteView) throws(ReplyError) -> Int {
    if word.equalsIgnoringCase("bit") { return 1 }
    if word.equalsIgnoringCase("byte") { return 8 }
    throw .syntax
}

/// The bit at `offset` in its byte.
private func bitMask(_ offset: Int) -> UInt8 { 0x80 >> UInt8(offset & 7) }

/// How many of the bits `range` are set.
private func setBits(_ text: ByteView, _ range: Range<Int>) -> Int {
    guard !range.isEmpty else { return 0 }
    let bytes = text[range.lowerBound >> 3..<(range.upperBound + 7) >> 3]
    var count = 0
    for index in 0..<bytes.count { count &+= bytes[index].nonzeroBitCount }
    let before = bytes[0] & ~(0xff >> UInt8(range.lowerBound & 7))
    let behind =
        range.upperBound & 7 == 0 ? 0 : bytes[bytes.count - 1] & 0xff >> UInt8(range.upperBound & 7)
    return count - before.nonzeroBitCount - behind.nonzeroBitCount
}

/// The first of the bits `range`, which is not empty, that is set or clear.
private func firstBit(_ text: ByteView, _ range: Range<Int>, isSet: Bool) -> Int? {
    let flip: UInt8 = isSet ? 0 : 0xff
    var index = range.lowerBound >> 3
    let last = (range.upperBound - 1) >> 3
    var byte = (text[index] ^ flip) & 0xff >> UInt8(range.lowerBound & 7)
    while byte == 0, index < last {
        index += 1
        byte = text[index] ^ flip
    }
    guard byte != 0 else { return nil }
    let position = index * 8 + byte.leadingZeroBitCount
    return position < range.upperBound ? position : nil
}

extension DataEngine {
    /// Argument `index` as the position of a bit; with `width` also as "#n", the n-th integer of
    /// that many bits. What the primary did may lie beyond the limit.
    func bitOffset(_ call: Call, _ index: Int, width: Int = 0) throws(ReplyError) -> Int {
        let failure = ReplyError("ERR bit offset is not an integer or out of range")
        var text = call[index]
        var factor: Int64 = 1
        if width > 0, !text.isEmpty, text[0] == UInt8(ascii: "#") {
            text = text[1..<text.count]
            factor = Int64(width)
        }
        guard let number = text.integer else { throw failure }
        let (offset, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow, offset >= 0 else { throw failure }
        let isObeyed = call.session.value.flags.contains(.primaryStream)
        guard isObeyed || offset >> 3 < Int64(settings.frontend.maxBulkLength) else {
            throw failure
        }
        return Int(offset)
    }

    /// Writes bytes of the string at the first key, which is made or grows if need be.
    mutating func writeBits(_ call: Call, _ bytes: [UInt8], at position: Int) {
        let hash = hash(call, 1)
        announce(call, 1, hash)
        _ = bytes.withView { view in
            keyspace.setRange(call.database, call[1], hash, position, view)
        }
    }
}
