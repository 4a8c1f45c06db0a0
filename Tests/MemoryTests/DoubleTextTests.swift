import Foundation
import Memory
import Testing

@Suite("Numbers as Redis reads and prints them")
struct DoubleTextTests {
    private func strict(_ text: String) -> Double? { Array(text.utf8).withView { $0.double } }
    private func loose(_ text: String) -> Double? { Array(text.utf8).withView { $0.looseDouble } }

    @Test("What strtod takes as a whole is a score") func whole() {
        let texts = [
            "0", "1", "-1", "1.5", ".5", "5.", "-.5", "1e5", "0x10", "0x1p3", "inf", "-inf", "+INF",
            "infinity", "1e-310", "5e-324", "123456789012345", "12345678901234567890", "0.1",
            "3.14159265358979", "0.30000000000000004", "999999999999999.9", "00012", "+7",
            String(repeating: "1", count: 308),
        ]
        for text in texts {
            let expected = unsafe strtod(text, nil)
            #expect(strict(text) == expected, "\(text)")
        }
        #expect(strict("-0")?.sign == .minus)
        #expect(strict(String(repeating: "0", count: 9000) + "1") == 1)
    }

    @Test(
        "What is no number, or out of range, is refused",
        arguments: [
            "", " ", " 1", "1 ", "nan", "-nan", "1e400", "-1e400", "1e-400", ".", "-", "+", "1..2",
            "1.2.3", "0x", "abc", "1\0", "--1", "infi", "1,5",
        ])
    func refused(text: String) { #expect(strict(text) == nil) }

    @Test("Bounds are read more loosely") func bounds() {
        #expect(loose("") == 0)
        #expect(loose(" 1") == 1)
        #expect(loose("1e400") == .infinity)
        #expect(loose("2\0abc") == 2)
        for text in ["1 ", "nan", "x", "1x", "((1"] { #expect(loose(text) == nil, "\(text)") }
    }

    @Test("What is printed is read as the same number") func roundTrip() {
        var bits: UInt64 = 1
        for _ in 0..<5000 {
            bits = bits &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            for number in [Double(bitPattern: bits), Double(bits >> 24) / 1000] {
                guard number.isFinite, number != 0 else { continue }
                let text = DoubleText.format(number)
                #expect(text == Array(String(format: "%.17g", number).utf8))
                #expect(text.withView { $0.double } == number)
            }
        }
    }

    @Test("Short decimals are read as strtod reads them") func short() {
        var bits: UInt64 = 7
        for _ in 0..<5000 {
            bits = bits &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var digits = String(bits >> 20 % 1_000_000_000_000_000)
            let point = Int(bits >> 8 & 15)
            if point < digits.count {
                digits.insert(".", at: digits.index(digits.startIndex, offsetBy: point))
            }
            let expected = unsafe strtod(digits, nil)
            #expect(strict(digits) == expected, "\(digits)")
        }
    }
}
