/// Numbers for people.
package enum Format {
    /// `value` with so many digits behind the point.
    package static func fixed(_ value: Double, digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "–" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64((abs(value) * scale).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(scaled)" }
        let fraction = String(scaled % Int64(scale))
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return "\(sign)\(scaled / Int64(scale)).\(zeros)\(fraction)"
    }

    /// Bytes in the biggest fitting unit of 1024.
    package static func bytes(_ count: Int64?) -> String {
        guard let count else { return "–" }
        if count < 1024 { return "\(count)B" }
        var value = Double(count)
        var unit = ""
        for next in ["K", "M", "G", "T"] where value >= 1024 {
            value /= 1024
            unit = next
        }
        return fixed(value, digits: value < 10 ? 2 : value < 100 ? 1 : 0) + unit
    }

    /// A count with k or M behind it when it is big.
    package static func count(_ value: Double) -> String {
        if value >= 1_000_000 { return fixed(value / 1_000_000, digits: 2) + "M" }
        if value >= 10_000 { return fixed(value / 1000, digits: 1) + "k" }
        return fixed(value, digits: 0)
    }
}
