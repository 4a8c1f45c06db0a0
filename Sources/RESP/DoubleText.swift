/// Doubles as text: "%.17g" without a C library, from the exact decimal expansion.
package enum DoubleText {
    private static let significant = 17

    /// `value` as C's "%.17g" prints it; "inf", "-inf", "nan" for what is no number.
    package static func format(_ value: Double) -> [UInt8] {
        if value.isNaN { return Array("nan".utf8) }
        if value.isInfinite { return Array(value < 0 ? "-inf".utf8 : "inf".utf8) }
        var text: [UInt8] = value.sign == .minus ? [UInt8(ascii: "-")] : []
        let magnitude = value.magnitude
        if magnitude < 1e17, magnitude == magnitude.rounded(.towardZero) {
            text += Array(String(UInt64(magnitude)).utf8)
            return text
        }
        let (digits, exponent) = rounded(exactDigits(magnitude))
        layOut(digits, exponent, into: &text)
        return text
    }

    /// All decimal digits of a positive `value` and the power of ten of the first one.
    private static func exactDigits(_ value: Double) -> (digits: [UInt8], exponent: Int) {
        // value = significand × 2^scale; with a negative scale that is
        // significand × 5^-scale ÷ 10^-scale, whose digits are those of an integer.
        var significand = value.significandBitPattern
        if value.isNormal { significand |= 1 << 52 }
        var scale = max(Int(value.exponentBitPattern), 1) - 1075
        let zeros = significand.trailingZeroBitCount
        significand >>= UInt64(zeros)
        scale += zeros
        var limbs: [UInt32] = [
            UInt32(truncatingIfNeeded: significand), UInt32(significand >> 32),
        ]
        for _ in 0..<abs(scale) { multiply(&limbs, by: scale < 0 ? 5 : 2) }
        let digits = decimal(&limbs)
        return (digits, digits.count - 1 + min(scale, 0))
    }

    private static func multiply(_ limbs: inout [UInt32], by factor: UInt64) {
        var carry: UInt64 = 0
        for index in limbs.indices {
            let product = UInt64(limbs[index]) * factor + carry
            limbs[index] = UInt32(truncatingIfNeeded: product)
            carry = product >> 32
        }
        if carry > 0 { limbs.append(UInt32(carry)) }
    }

    /// The digits of `limbs`, most significant first; uses the limbs up.
    private static func decimal(_ limbs: inout [UInt32]) -> [UInt8] {
        var reversed: [UInt8] = []
        while let last = limbs.last {
            if last == 0 {
                limbs.removeLast()
                continue
            }
            var remainder: UInt64 = 0
            for index in limbs.indices.reversed() {
                let part = remainder << 32 | UInt64(limbs[index])
                limbs[index] = UInt32(part / 1_000_000_000)
                remainder = part % 1_000_000_000
            }
            for _ in 0..<9 {
                reversed.append(UInt8(remainder % 10))
                remainder /= 10
            }
        }
        while reversed.last == 0 { reversed.removeLast() }
        return reversed.reversed()
    }

    /// At most 17 digits, the exact value rounded half to even.
    private static func rounded(
        _ exact: (digits: [UInt8], exponent: Int)
    ) -> (digits: [UInt8], exponent: Int) {
        var (digits, exponent) = exact
        if digits.count > significant {
            let dropped = digits[significant...]
            let isOdd = digits[significant - 1] % 2 == 1
            let half = dropped.first == 5 && dropped.dropFirst().allSatisfy { $0 == 0 }
            let up = half ? isOdd : dropped.first.map { $0 >= 5 } == true
            digits.removeLast(digits.count - significant)
            if up {
                var index = significant - 1
                while index >= 0, digits[index] == 9 {
                    digits[index] = 0
                    index -= 1
                }
                if index >= 0 {
                    digits[index] += 1
                } else {
                    digits.insert(1, at: 0)
                    exponent += 1
                }
            }
        }
        while digits.count > 1, digits.last == 0 { digits.removeLast() }
        return (digits, exponent)
    }

    /// Plain for exponents -4...16, else d.ddde±xx.
    private static func layOut(_ digits: [UInt8], _ exponent: Int, into text: inout [UInt8]) {
        let ascii = digits.map { $0 + UInt8(ascii: "0") }
        let zero = UInt8(ascii: "0")
        let point = UInt8(ascii: ".")
        if exponent < -4 || exponent >= significant {
            text.append(ascii[0])
            if ascii.count > 1 { text += [point] + ascii[1...] }
            text += [UInt8(ascii: "e"), UInt8(ascii: exponent < 0 ? "-" : "+")]
            if abs(exponent) < 10 { text.append(zero) }
            text += Array(String(abs(exponent)).utf8)
        } else if exponent < 0 {
            text += [zero, point] + Array(repeating: zero, count: -exponent - 1) + ascii
        } else if ascii.count <= exponent + 1 {
            text += ascii + Array(repeating: zero, count: exponent + 1 - ascii.count)
        } else {
            text += ascii[...exponent] + [point] + ascii[(exponent + 1)...]
        }
    }
}
