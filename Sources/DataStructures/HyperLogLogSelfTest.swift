import Memory

extension HyperLogLog {
    /// Counts numbers with a sparse and a dense sketch and sees whether both hold the same and the
    /// estimates are near; what is wrong, or nil. It takes some milliseconds.
    package static func selfTest(heap: Heap) -> StaticString? {
        var sparse = HyperLogLogEditor(heap: heap, sparseLimit: 3000)
        var dense = HyperLogLogEditor(heap: heap, sparseLimit: 0)
        guard dense.makeDense() else { return "an empty sketch is corrupt" }
        var checkpoint = 1
        for number in 1...20_000 {
            let mark = HyperLogLogPatch(
                offset: 0, count: 8, word: UInt64(number) &* 0x9e37_79b9_7f4a_7c15
            ).withBytes { Mark(of: $0) }
            let outcome = dense.raise(mark)
            if sparse.raise(mark) != outcome { return "sparse and dense registers differ" }
            guard number == checkpoint else { continue }
            checkpoint *= 10
            guard let estimate = estimate(dense.value), Self.estimate(sparse.value) == estimate
            else { return "sparse and dense estimates differ" }
            // The standard error is 1.04 / √registers = 0.81 %; this is six times as much.
            let error = abs(Double(estimate) - Double(number))
            if error > max(2, Double(number) * 0.05) { return "an estimate is too far off" }
        }
        return nil
    }
}
