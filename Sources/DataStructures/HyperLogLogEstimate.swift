import Memory

/// How many registers hold which value, and what follows from it: the estimator without
/// constants of Ertl ("New cardinality estimation algorithms for HyperLogLog sketches", 2017).
struct RegisterHistogram {
    private var counts = InlineArray<64, Int>(repeating: 0)

    @inline(__always)
    mutating func add(_ value: UInt8, _ count: Int) { counts[Int(value & 63)] &+= count }

    /// The number of different elements. Registers that no hash leads to can make it as big as
    /// one likes: then it is 2^63, of which a header says that it is out of date.
    var estimate: UInt64 {
        let total = Double(HyperLogLog.registerCount)
        let highest = HyperLogLog.rankBits + 1
        var sum = total * Self.tau((total - Double(counts[highest])) / total)
        for rank in stride(from: highest - 1, through: 1, by: -1) {
            sum = (sum + Double(counts[rank])) * 0.5
        }
        sum += total * Self.sigma(Double(counts[0]) / total)
        // One half by the natural logarithm of 2.
        let estimate = (0.721347520444481703680 * total * total / sum).rounded()
        return estimate < 0x1p63 ? UInt64(estimate) : 1 << 63
    }

    /// x + x²·1 + x⁴·2 + x⁸·4 + …: what registers that are 0 say.
    private static func sigma(_ share: Double) -> Double {
        if share == 1 { return .infinity }
        var (power, factor, sum) = (share, 1.0, share)
        while true {
            let before = sum
            power *= power
            sum += power * factor
            factor += factor
            if sum == before { return sum }
        }
    }

    /// A third of 1 - x - (1 - √x)²/2 - (1 - ∜x)²/4 - …: what registers at their end say.
    private static func tau(_ share: Double) -> Double {
        if share == 0 || share == 1 { return 0 }
        var (root, factor, sum) = (share, 1.0, 1 - share)
        while true {
            let before = sum
            root = root.squareRoot()
            factor *= 0.5
            sum -= (1 - root) * (1 - root) * factor
            if sum == before { return sum / 3 }
        }
    }
}

extension HyperLogLog {
    /// How many different elements a sketch saw, whose layout was looked at; nil if its runs do
    /// not fit together.
    package static func estimate(_ value: ByteView) -> UInt64? {
        var histogram = RegisterHistogram()
        if value[4] == Layout.sparse.rawValue {
            guard forEachRun(value, { histogram.add($2, $1) }) else { return nil }
        } else {
            forEachDense(value) { histogram.add($1, 1) }
        }
        return histogram.estimate
    }
}
