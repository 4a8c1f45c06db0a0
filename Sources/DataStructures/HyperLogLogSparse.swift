import Memory

/// One code of sparse registers:
///
///     00nnnnnn             n + 1 registers of 0
///     01nnnnnn nnnnnnnn    n + 1 registers of 0
///     1vvvvvnn             n + 1 registers of v + 1
struct SparseRun: Equatable {
    static let longestShort = 64
    static let longestValue = 4
    static let highestValue: UInt8 = 32

    /// Registers it is about.
    var length: Int
    /// What they hold.
    var value: UInt8
    /// Bytes of the code.
    var size: Int

    /// The code at `offset`, which lies inside. Where the second byte of one is missing, so that it
    /// reaches beyond the end, it counts as 0.
    @inline(__always)
    init(_ bytes: ByteView, at offset: Int) {
        let code = bytes[offset]
        if code >= 0x80 {
            (length, value, size) = (Int(code & 3) + 1, code >> 2 & 31 + 1, 1)
        } else if code < 0x40 {
            (length, value, size) = (Int(code) + 1, 0, 1)
        } else {
            let low = offset + 1 < bytes.count ? bytes[offset + 1] : 0
            (length, value, size) = (Int(code & 63) << 8 + Int(low) + 1, 0, 2)
        }
    }

    var isLong: Bool { size == 2 }
}

/// Where a register is among sparse ones.
struct SparsePlace: Equatable {
    /// A code in the string and the first register it is about.
    struct Code: Equatable {
        var offset: Int
        var first: Int
        /// The first one of all.
        static var first: Code { Code(offset: HyperLogLog.headerCount, first: 0) }
    }
    /// The code that is about the register, and what it says.
    var code: Code
    var run: SparseRun
    /// The two codes before it, or the first one where there are fewer. What is done to `code` may
    /// change the one before it, but not the one before that.
    var before: Code
    var anchor: Code
}

/// Up to five bytes of codes.
struct SparseCodes {
    private(set) var word: UInt64 = 0
    private(set) var count = 0

    /// Adds `length` registers of `value`; of a value that is not 0 at most four.
    mutating func append(_ value: UInt8, _ length: Int) {
        guard length > 0 else { return }
        if value > 0 {
            add(0x80 | (value - 1) << 2 | UInt8(length - 1))
        } else if length <= SparseRun.longestShort {
            add(UInt8(length - 1))
        } else {
            add(0x40 | UInt8((length - 1) >> 8))
            add(UInt8((length - 1) & 255))
        }
    }

    private mutating func add(_ byte: UInt8) {
        word |= UInt64(byte) << UInt64(count * 8)
        count += 1
    }

    /// Lends the bytes.
    func withBytes(_ body: (ByteView) -> Void) {
        HyperLogLogPatch(offset: 0, count: count, word: word).withBytes(body)
    }
}

extension HyperLogLog {
    /// Where a register of a sparse sketch is; nil if it is nowhere. The search begins at a code
    /// that was the `anchor` of a lower register.
    static func place(
        of register: Int, in value: ByteView, from start: SparsePlace.Code = .first
    ) -> SparsePlace? {
        var (code, before, anchor) = (start, start, start)
        while code.offset < value.count {
            let run = SparseRun(value, at: code.offset)
            if register < code.first + run.length {
                guard code.offset + run.size <= value.count else { return nil }
                return SparsePlace(code: code, run: run, before: before, anchor: anchor)
            }
            anchor = before
            before = code
            code.first += run.length
            code.offset += run.size
        }
        return nil
    }

    /// What adding an element to a sketch with sparse registers would do.
    package enum SparseEffect: Equatable, Sendable {
        case nothing
        case raises
        /// The runs end before the register.
        case corrupt
    }

    package static func effect(sparse value: ByteView, _ mark: Mark) -> SparseEffect {
        if mark.rank > SparseRun.highestValue { return .raises }
        var (offset, next) = (headerCount, 0)
        while offset < value.count {
            let run = SparseRun(value, at: offset)
            next += run.length
            offset += run.size
            guard mark.register < next else { continue }
            if offset > value.count { break }
            return run.value < mark.rank ? .raises : .nothing
        }
        return .corrupt
    }

    /// Calls `body` with each run of a sparse sketch: first register, length and value. False if
    /// together they are not about all registers; `body` never sees one that there is not.
    @inline(__always)
    static func forEachRun(_ value: ByteView, _ body: (Int, Int, UInt8) -> Void) -> Bool {
        var (offset, first) = (headerCount, 0)
        while offset < value.count {
            let run = SparseRun(value, at: offset)
            guard first + run.length <= registerCount else { return false }
            body(first, run.length, run.value)
            first += run.length
            offset += run.size
        }
        return first == registerCount && offset == value.count
    }

    /// Calls `body` with each code of a sparse sketch, right or wrong: its length in registers,
    /// their value, and whether it is one of the long codes for zeros.
    package static func forEachCode(
        sparse value: ByteView, _ body: (_ length: Int, _ value: UInt8, _ isLong: Bool) -> Void
    ) {
        var offset = headerCount
        while offset < value.count {
            let run = SparseRun(value, at: offset)
            body(run.length, run.value, run.isLong)
            offset += run.size
        }
    }
}
