import CShims

/// Doubles as Redis reads and prints them: C's strtod and "%.17g".
package enum DoubleText {
    /// The longest text: sign, 17 digits, point and an exponent of three digits with its sign.
    @usableFromInline static let longest = 32

    /// Lends `value` as "%.17g" prints it while `body` runs; "inf", "-inf" or "nan" for what is no
    /// number.
    package static func with<Result>(_ value: Double, _ body: (ByteView) -> Result) -> Result {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: longest) { buffer in
            let base = unsafe buffer.baseAddress.unsafelyUnwrapped
            return unsafe body(ByteView(base, count: write(value, to: base)))
        }
    }

    /// `value` as a copy of that text.
    package static func format(_ value: Double) -> [UInt8] { with(value) { $0.bytes } }

    /// Lends `value` with so many decimals while `body` runs, without trailing zeros if it is
    /// `trimmed`.
    package static func with<Result>(
        _ value: Double, decimals: Int, trimmed: Bool = false, _ body: (ByteView) -> Result
    ) -> Result {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: longestFixed + decimals) {
            buffer in
            let base = unsafe buffer.baseAddress.unsafelyUnwrapped
            let count = unsafe tandem_double_format_fixed(
                value, Int32(decimals), base, buffer.count)
            var text = unsafe ByteView(
                UnsafePointer(UnsafeMutableRawPointer(base).assumingMemoryBound(to: UInt8.self)),
                count: Int(count))
            if trimmed, decimals > 0, text.firstIndex(of: UInt8(ascii: ".")) != nil {
                var end = text.count
                while text[end - 1] == UInt8(ascii: "0") { end -= 1 }
                if text[end - 1] == UInt8(ascii: ".") { end -= 1 }
                text = text[0..<end]
                if text == "-0" { text = ByteView("0") }
            }
            return body(text)
        }
    }

    /// Digits of the greatest number before the point, with sign and point.
    private static let longestFixed = 320

    private static func write(_ value: Double, to start: UnsafeMutablePointer<UInt8>) -> Int {
        // Most scores are integers, and those print themselves.
        if let integer = integer(value) { return unsafe writeDecimal(integer, to: start) }
        return unsafe Int(
            tandem_double_format(
                value, UnsafeMutableRawPointer(start).assumingMemoryBound(to: CChar.self), longest))
    }

    /// The integer that prints as `value` does: not for minus zero.
    private static func integer(_ value: Double) -> Int? {
        guard value > -1e17, value < 1e17 else { return nil }
        let integer = Int(value)
        return Double(integer) == value && (integer != 0 || value.sign == .plus) ? integer : nil
    }

    /// Digits of which a double knows every combination; the powers of ten up to that it knows too.
    private static let exactDigits = 15

    /// What strtod makes of the whole of `text`, if that is digits with or without a point, and so
    /// few that no rounding but that of one division is needed.
    fileprivate static func simple(_ text: ByteView) -> Double? {
        var index = 0
        let isNegative = !text.isEmpty && text[0] == UInt8(ascii: "-")
        if isNegative { index = 1 }
        guard text.count > index, text.count - index <= exactDigits + 1 else { return nil }
        var significand = 0
        var point: Int?
        for place in index..<text.count {
            let digit = Int(text[place]) - 0x30
            if digit == -2, point == nil {
                point = place
            } else if digit >= 0, digit <= 9 {
                significand = significand * 10 + digit
            } else {
                return nil
            }
        }
        let digits = text.count - index - (point == nil ? 0 : 1)
        guard digits > 0, digits <= exactDigits else { return nil }
        var divisor = 1.0
        for _ in 0..<(point.map { text.count - $0 - 1 } ?? 0) { divisor *= 10 }
        let magnitude = Double(significand) / divisor
        return isNegative ? -magnitude : magnitude
    }

    fileprivate static func parse(_ text: ByteView, isLoose: Bool) -> Double? {
        if let value = simple(text) { return value }
        var value = 0.0
        let isNumber = unsafe tandem_double_parse(
            UnsafeRawPointer(text.base).assumingMemoryBound(to: CChar.self), text.count,
            isLoose ? 1 : 0, &value)
        return isNumber == 1 ? value : nil
    }
}

extension ByteView {
    /// The number that the whole view spells, in any form that strtod takes, infinities too; nil
    /// if it spells none, or one that is out of range.
    package var double: Double? { DoubleText.parse(self, isLoose: false) }

    /// The number that Redis sees in the view as a bound of scores: blanks may be before it,
    /// nothing is zero, a NUL ends it, and what is too great is infinite.
    package var looseDouble: Double? { DoubleText.parse(self, isLoose: true) }
}

extension ByteBuffer {
    /// `value` as "%.17g" prints it.
    package mutating func append(double value: Double) {
        DoubleText.with(value) { append($0) }
    }
}
