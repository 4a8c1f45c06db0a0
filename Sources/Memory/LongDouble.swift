import CShims

/// The C type `long double`, which Swift has on no platform but x86: INCRBYFLOAT calculates and
/// prints in it. Never NaN.
@safe
package struct LongDouble {
    /// The sixteen bytes as C stores them.
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    /// The longest text: "%.17Lf" of the greatest number has 4932 digits before the point.
    private static let longestText = 5 * 1024

    private init() {}

    /// Zero.
    package static var zero: LongDouble { LongDouble() }

    /// The number that the whole of `text` spells, in any form that strtold takes; nil if it
    /// spells none, or one that is out of range.
    package init?(_ text: ByteView) {
        var value = LongDouble()
        let isNumber = unsafe withUnsafeMutableBytes(of: &value) { out in
            unsafe tandem_long_double_parse(
                UnsafeRawPointer(text.base).assumingMemoryBound(to: CChar.self), text.count,
                out.baseAddress)
        }
        guard isNumber == 1 else { return nil }
        self = value
    }

    /// The sum; nil if it is no finite number.
    package func adding(_ other: LongDouble) -> LongDouble? {
        var sum = LongDouble()
        let isFinite = unsafe withUnsafeBytes(of: self) { a in
            unsafe withUnsafeBytes(of: other) { b in
                unsafe withUnsafeMutableBytes(of: &sum) { out in
                    unsafe tandem_long_double_add(a.baseAddress, b.baseAddress, out.baseAddress)
                }
            }
        }
        return isFinite == 1 ? sum : nil
    }

    /// The number, taken as seconds, in milliseconds and rounded up; nil if they do not fit.
    package var milliseconds: Int64? {
        var result: Int64 = 0
        let fits = unsafe withUnsafeBytes(of: self) { value in
            unsafe tandem_long_double_milliseconds(value.baseAddress, &result)
        }
        return fits == 1 ? result : nil
    }

    /// The number with at most 17 decimals and no trailing zeros.
    package var text: [UInt8] {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: LongDouble.longestText) {
            buffer in
            let count = unsafe withUnsafeBytes(of: self) { value in
                unsafe tandem_long_double_format(
                    value.baseAddress, buffer.baseAddress, buffer.count)
            }
            return unsafe buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }
        }
    }
}
