import Memory

/// A copy of a sketch that is being changed, whatever its layout: what becomes of the bytes is the
/// same as in Redis, code for code.
package struct HyperLogLogEditor: ~Copyable {
    package enum Outcome: Equatable, Sendable {
        case unchanged
        case raised
        /// Runs of sparse registers do not fit together.
        case corrupt
    }

    private var bytes: ByteBuffer
    private let heap: Heap
    /// Bytes that sparse registers with their header may take.
    private let limit: Int
    /// Where the search for a register higher than the last one may begin.
    private var anchor = SparsePlace.Code.first

    /// An editor of an empty sketch, or of nothing yet.
    package init(heap: Heap, sparseLimit limit: Int) {
        self.heap = heap
        self.limit = limit
        bytes = ByteBuffer(heap: heap)
        bytes.append("HYLL")
        bytes.append(HyperLogLog.Layout.sparse.rawValue)
        bytes.append(repeating: 0, count: HyperLogLog.headerCount - bytes.count)
        var codes = SparseCodes()
        codes.append(0, HyperLogLog.registerCount)
        codes.withBytes { bytes.append($0) }
    }

    /// An editor of a copy of `value`, whose layout was looked at.
    package init(heap: Heap, sparseLimit limit: Int, _ value: ByteView) {
        self.heap = heap
        self.limit = limit
        bytes = ByteBuffer(heap: heap)
        // An element makes a sparse sketch longer by three bytes at most.
        bytes.reserveExactly(value.count + 3)
        bytes.append(value)
    }

    /// The sketch; valid until it is next changed.
    package var value: ByteView { bytes.readable }

    package var isDense: Bool { value[4] == HyperLogLog.Layout.dense.rawValue }

    /// Says in the header that the estimate is out of date.
    package mutating func outdate() {
        guard let patch = HyperLogLog.patchToOutdate(value) else { return }
        write(patch)
    }

    private mutating func write(_ patch: HyperLogLogPatch) {
        patch.withBytes { bytes.replace(at: patch.offset, with: $0) }
    }

    /// Raises a register to a rank if it is lower. Of a sparse sketch that is changed the estimate
    /// is out of date.
    package mutating func raise(_ mark: HyperLogLog.Mark) -> Outcome {
        anchor = .first
        return raiseNext(mark)
    }

    /// Raises every register to that of `registers`. The sketch must be valid.
    package mutating func raise(to registers: borrowing HyperLogLogRegisters) {
        anchor = .first
        for register in 0..<HyperLogLog.registerCount where registers[register] > 0 {
            let mark = HyperLogLog.Mark(register: register, rank: registers[register])
            let outcome = raiseNext(mark)
            invariant(outcome != .corrupt, "a sketch became corrupt while it was merged")
        }
    }

    /// `raise` of a register that is higher than the last one.
    private mutating func raiseNext(_ mark: HyperLogLog.Mark) -> Outcome {
        if isDense {
            guard let patch = HyperLogLog.patch(dense: value, mark) else { return .unchanged }
            write(patch)
            return .raised
        }
        if mark.rank > SparseRun.highestValue { return promote(mark) }
        guard let place = HyperLogLog.place(of: mark.register, in: value, from: anchor) else {
            return .corrupt
        }
        anchor = place.anchor
        return place.run.value < mark.rank ? split(place, mark) : .unchanged
    }

    /// Gives one register of a run another value.
    private mutating func split(_ place: SparsePlace, _ mark: HyperLogLog.Mark) -> Outcome {
        var codes = SparseCodes()
        let ahead = mark.register - place.code.first
        codes.append(place.run.value, ahead)
        codes.append(mark.rank, 1)
        codes.append(place.run.value, place.run.length - ahead - 1)
        let growth = codes.count - place.run.size
        if growth > 0, value.count + growth > limit { return promote(mark) }
        let range = place.code.offset..<place.code.offset + place.run.size
        codes.withBytes { bytes.splice(range, with: $0) }
        mergeRuns(from: place.before.offset)
        outdate()
        return .raised
    }

    /// Makes one run of two that follow each other and hold the same, as far as the change of a
    /// single register can have brought them together: Redis looks at five codes.
    private mutating func mergeRuns(from start: Int) {
        var offset = start
        var left = 5
        while left > 0, offset < value.count {
            left -= 1
            let run = SparseRun(value, at: offset)
            if run.value > 0, offset + 1 < value.count {
                let next = SparseRun(value, at: offset + 1)
                let length = run.length + next.length
                if next.value == run.value, length <= SparseRun.longestValue {
                    var codes = SparseCodes()
                    codes.append(run.value, length)
                    codes.withBytes { bytes.splice(offset..<offset + 2, with: $0) }
                    continue
                }
            }
            offset += run.size
        }
    }

    /// Makes sparse registers dense and raises one, which is known to be lower.
    private mutating func promote(_ mark: HyperLogLog.Mark) -> Outcome {
        guard makeDense() else { return .corrupt }
        return raiseNext(mark)
    }

    /// Makes sparse registers dense; what the header says stays. False if the sketch is corrupt,
    /// which is then as it was.
    package mutating func makeDense() -> Bool {
        if isDense { return true }
        var dense = ByteBuffer(heap: heap)
        dense.reserveExactly(HyperLogLog.denseCount)
        dense.append(value[0..<HyperLogLog.headerCount])
        let layout = UInt64(HyperLogLog.Layout.dense.rawValue)
        HyperLogLogPatch(offset: 4, count: 1, word: layout).withBytes {
            dense.replace(at: 4, with: $0)
        }
        var packer = DensePacker()
        let isValid = HyperLogLog.forEachRun(value) { _, length, value in
            packer.append(value, length, to: &dense)
        }
        guard isValid else { return false }
        bytes = dense
        return true
    }
}

/// Writes registers of six bits one after the other, the lowest bits first.
private struct DensePacker {
    private var word: UInt64 = 0
    private var bits: UInt64 = 0

    mutating func append(_ value: UInt8, _ count: Int, to buffer: inout ByteBuffer) {
        for _ in 0..<count {
            word |= UInt64(value) << bits
            bits += 6
            while bits >= 8 {
                buffer.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
                bits -= 8
            }
        }
    }
}
