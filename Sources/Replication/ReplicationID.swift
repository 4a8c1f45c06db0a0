import Digests
import Memory

/// Names a history of writes: 40 hexadecimal digits on the wire. Two nodes with the same ID and
/// the same offset hold the same data.
package struct ReplicationID: Hashable, Sendable {
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    /// Digits of an ID's text.
    package static let length = 40

    /// All zeros: no history. Shown where there is none, and never matches a request.
    package static let none = ReplicationID(high: 0, middle: 0, low: 0)

    private init(high: UInt64, middle: UInt64, low: UInt32) {
        self.high = high
        self.middle = middle
        self.low = low
    }

    /// A new history.
    package init(random: inout RandomGenerator) {
        self.init(
            high: random.next(), middle: random.next(),
            low: UInt32(truncatingIfNeeded: random.next() >> 32) | 1)
    }

    /// The ID that `text` spells, in either case; nil unless it is 40 hexadecimal digits.
    package init?(_ text: ByteView) {
        guard text.count == ReplicationID.length,
            let high = ReplicationID.word(text, 0..<16),
            let middle = ReplicationID.word(text, 16..<32),
            let low = ReplicationID.word(text, 32..<40)
        else { return nil }
        self.init(high: high, middle: middle, low: UInt32(truncatingIfNeeded: low))
    }

    /// The ID that `text` spells, in either case; nil unless it is 40 hexadecimal digits.
    package init?(_ text: String) {
        guard let id = Array(text.utf8).withView({ ReplicationID($0) }) else { return nil }
        self = id
    }

    /// 40 lower-case digits.
    package var text: String {
        func digits(_ word: UInt64, _ count: Int) -> String {
            let text = String(word, radix: 16)
            return String(repeating: "0", count: count - text.utf8.count) + text
        }
        return digits(high, 16) + digits(middle, 16) + digits(UInt64(low), 8)
    }

    private static func word(_ text: ByteView, _ range: Range<Int>) -> UInt64? {
        var word: UInt64 = 0
        for index in range {
            let byte = text[index]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            word = word << 4 | UInt64(digit)
        }
        return word
    }
}

extension ReplicationID: CustomStringConvertible {
    package var description: String { text }
}
