import Memory
import Testing

@Suite("Scanning bytes")
struct ByteScannerTests {
    /// What `length` gives and how many bytes it left.
    private func length(_ text: String) -> [Int] {
        Array(text.utf8).withView { view in
            var scanner = ByteScanner(view, at: 0)
            let length = scanner.length(after: UInt8(ascii: "$"))
            return [length, scanner.count]
        }
    }

    @Test(
        "lengths in their canonical spelling are taken",
        arguments: [
            ("$0\r\n", 0, 0), ("$9\r\nxy", 9, 2), ("$10\r\n", 10, 0),
            ("$536870912\r\n.", 536_870_912, 1),
            ("$1234567890123\r\n", 1_234_567_890_123, 0), ("$3\rx", 3, 0),
        ])
    func good(_ text: String, _ value: Int, _ left: Int) {
        #expect(length(text) == [value, left])
    }

    @Test(
        "anything else takes nothing",
        arguments: [
            "", "$", "$3", "$3\r", "*3\r\n", "$-1\r\n", "$03\r\n", "$ 3\r\n", "$3x\r\n", "$12",
            "$12\r", "$12345678901234\r\n", "$:\r\n\n", "$3\n\r\n",
        ])
    func bad(_ text: String) {
        #expect(length(text) == [-1, text.utf8.count])
    }

    @Test("a line is what was announced")
    func line() {
        let text = Array("$3\r\nabc\r\nrest".utf8)
        text.withView { view in
            var scanner = ByteScanner(view, at: 0)
            let length = scanner.length(after: UInt8(ascii: "$"))
            #expect(scanner.line(length).string == "abc")
            #expect(scanner.count == 4)
        }
    }
}
