/// Numbers as they are spelled in configuration files.
package enum ConfigurationNumber {
    /// A decimal integer without plus sign, blanks or leading zeros.
    package static func decimal(_ text: String) -> Int? {
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        guard let first = digits.first, text.utf8.count - digits.count <= 1 else { return nil }
        if first == UInt8(ascii: "0") { return text == "0" ? 0 : nil }
        guard (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first) else { return nil }
        return Int(text)
    }

    /// Bytes: digits and a unit. `k`, `m` and `g` are powers of 1000; `kb`, `mb` and `gb` are
    /// powers of 1024. Nil also when it does not fit.
    package static func memory(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let factor: Int
        switch text[digits.endIndex...].lowercased() {
        case "", "b": factor = 1
        case "k": factor = 1000
        case "kb": factor = 1 << 10
        case "m": factor = 1_000_000
        case "mb": factor = 1 << 20
        case "g": factor = 1_000_000_000
        case "gb": factor = 1 << 30
        default: return nil
        }
        // A unit alone is zero of it, as in Redis.
        guard let number = digits.isEmpty ? 0 : Int(digits) else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    /// Whether it is spelled like a number of bytes and does not fit.
    static func isTooMuchMemory(_ text: String) -> Bool {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        return !digits.isEmpty && memory(text) == nil
            && memory("1" + text[digits.endIndex...]) != nil
    }

    /// `bytes` in the biggest unit that divides it, as `memory` reads it.
    package static func memoryText(_ bytes: Int) -> String {
        guard bytes != 0 else { return "0" }
        for (unit, shift) in [("gb", 30), ("mb", 20), ("kb", 10)] where bytes % (1 << shift) == 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return String(bytes)
    }

    static func check(
        _ value: Int, _ range: ClosedRange<Int>, radix: Int = 10
    ) throws(DirectiveError) {
        guard range.contains(value) else { throw outside(range, radix: radix) }
    }

    static func outside(_ range: ClosedRange<Int>, radix: Int = 10) -> DirectiveError {
        let low = String(range.lowerBound, radix: radix)
        let high = String(range.upperBound, radix: radix)
        return DirectiveError("argument must be between \(low) and \(high) inclusive")
    }
}
