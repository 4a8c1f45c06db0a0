import Digests
import Memory

/// Sketches of sets, from which the number of different elements is estimated in a few kilobytes:
/// HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007) in the strings that Redis keeps them in.
///
/// The hash of an element selects one of 2^14 registers, which remembers the most zeros that a
/// hash had behind those bits, plus one. A string holds:
///
///     0  "HYLL"     4  layout of the registers     5  three bytes without meaning
///     8  the last estimate, 8 bytes; the highest bit says that it is out of date
///     16  the registers
///
/// Dense registers have 6 bits each, the lowest first. Sparse ones are runs of equal registers
/// (`SparseRun`), which is shorter as long as most of them are 0.
///
/// Strings come from clients: nothing that is in one is relied upon.
package enum HyperLogLog {
    package static let registerCount = 1 << registerBits
    static let registerBits = 14
    /// Bits of a hash behind those that select the register.
    static let rankBits = 64 - registerBits
    static let headerCount = 16
    /// Bytes of a string with dense registers.
    package static let denseCount = headerCount + registerCount * 6 / 8

    package enum Layout: UInt8, Sendable {
        case dense = 0
        case sparse = 1
    }

    /// What one element does: its register becomes at least `rank`, which is 1 to 51.
    package struct Mark: Equatable, Sendable {
        package var register: Int
        package var rank: UInt8

        package init(register: Int, rank: UInt8) {
            invariant(
                register >= 0 && register < registerCount && rank < 64, "no mark of a sketch")
            self.register = register
            self.rank = rank
        }

        package init(of element: ByteView) {
            let hash = MurmurHash64A.hash(element)
            register = Int(truncatingIfNeeded: hash) & (registerCount - 1)
            let rest = hash >> UInt64(registerBits)
            rank = UInt8(min(rest.trailingZeroBitCount, rankBits) + 1)
        }
    }

    /// The layout of a string that claims to be a sketch; nil if it cannot be one. Runs of sparse
    /// registers may still be wrong.
    package static func layout(of value: ByteView) -> Layout? {
        guard value.count >= headerCount, value[0..<4] == "HYLL",
            let layout = Layout(rawValue: value[4])
        else { return nil }
        return layout == .sparse || value.count == denseCount ? layout : nil
    }

    /// The estimate in the header, unless it is out of date.
    package static func keptEstimate(_ value: ByteView) -> UInt64? {
        var estimate: UInt64 = 0
        for index in 0..<8 { estimate |= UInt64(value[8 + index]) << UInt64(8 * index) }
        return estimate >> 63 == 0 ? estimate : nil
    }
}

/// Some bytes to be written into a sketch where it is.
package struct HyperLogLogPatch: Equatable, Sendable {
    package var offset: Int
    package var count: Int
    /// The bytes, the first one lowest.
    var word: UInt64

    /// Lends the bytes while `body` runs.
    package func withBytes<Result>(_ body: (ByteView) -> Result) -> Result {
        let little = word.littleEndian
        return unsafe withUnsafeBytes(of: little) { raw in
            let bytes = unsafe raw.assumingMemoryBound(to: UInt8.self)
            return unsafe body(ByteView(bytes.baseAddress.unsafelyUnwrapped, count: count))
        }
    }
}

extension HyperLogLog {
    /// What puts an estimate into the header.
    package static func patch(estimate: UInt64) -> HyperLogLogPatch {
        HyperLogLogPatch(offset: 8, count: 8, word: estimate)
    }

    /// What says in the header that the estimate is out of date; nil if it says so.
    package static func patchToOutdate(_ value: ByteView) -> HyperLogLogPatch? {
        guard value[15] < 0x80 else { return nil }
        return HyperLogLogPatch(offset: 15, count: 1, word: UInt64(value[15] | 0x80))
    }

    /// What raises a dense register; nil if it is high enough.
    package static func patch(dense value: ByteView, _ mark: Mark) -> HyperLogLogPatch? {
        invariant(value.count == denseCount, "a dense sketch of a wrong length")
        let bit = mark.register * 6
        let (offset, shift) = (headerCount + bit >> 3, UInt64(bit & 7))
        let count = shift > 2 ? 2 : 1
        var word = UInt64(value[offset])
        if count == 2 { word |= UInt64(value[offset + 1]) << 8 }
        guard UInt8(truncatingIfNeeded: word >> shift & 63) < mark.rank else { return nil }
        word = word & ~(63 << shift) | UInt64(mark.rank) << shift
        return HyperLogLogPatch(offset: offset, count: count, word: word)
    }
}
