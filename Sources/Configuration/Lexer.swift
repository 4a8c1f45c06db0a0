/// Words of a line of a configuration file or of an inline request: blanks between them, "double
/// quotes" with escapes (\n \r \t \b \a \xHH), 'single quotes' with \' only. A closing quote ends
/// the word and must be followed by a blank or the end.
package enum Lexer {
    /// The words of `line`; nil if quotes do not balance.
    package static func split(_ line: [UInt8]) -> [[UInt8]]? {
        var words: [[UInt8]] = []
        var cursor = 0
        while true {
            while cursor < line.count, isBlank(line[cursor]) { cursor += 1 }
            if cursor == line.count { return words }
            guard let word = word(line, &cursor) else { return nil }
            words.append(word)
        }
    }

    /// The words of `line` as text; nil if quotes do not balance.
    package static func split(_ line: String) -> [String]? {
        split(Array(line.utf8))?.map { String(decoding: $0, as: UTF8.self) }
    }

    /// `text` as one word in double quotes, which `split` reads back.
    package static func quoted(_ text: String) -> String { quoted(Array(text.utf8)) }

    /// A word of bytes in double quotes if it needs them.
    package static func quotedIfNeeded(_ word: [UInt8]) -> [UInt8] {
        let needsQuotes = word.isEmpty || word.contains { $0 <= 32 || $0 == 34 || $0 == 39 }
        return needsQuotes ? Array(quoted(word).utf8) : word
    }

    private static func quoted(_ word: [UInt8]) -> String {
        var result = "\""
        for byte in word {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""):
                result += "\\\(Character(UnicodeScalar(byte)))"
            case UInt8(ascii: "\n"): result += "\\n"
            case UInt8(ascii: "\r"): result += "\\r"
            case UInt8(ascii: "\t"): result += "\\t"
            case 7: result += "\\a"
            case 8: result += "\\b"
            case 32..<127: result.unicodeScalars.append(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 16)
                result += digits.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
            }
        }
        return result + "\""
    }

    /// `line` without blanks at both ends.
    package static func trimmed(_ line: ArraySlice<UInt8>) -> [UInt8] {
        func isEdge(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 10 || byte == 13 }
        guard let first = line.firstIndex(where: { !isEdge($0) }),
            let last = line.lastIndex(where: { !isEdge($0) })
        else { return [] }
        return Array(line[first...last])
    }

    private static func word(_ line: [UInt8], _ cursor: inout Int) -> [UInt8]? {
        var word: [UInt8] = []
        while cursor < line.count, !endsWord(line[cursor]) {
            let byte = line[cursor]
            cursor += 1
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                return closeQuote(line, byte, &cursor, &word) ? word : nil
            }
            word.append(byte)
        }
        return word
    }

    private static func closeQuote(
        _ line: [UInt8], _ quote: UInt8, _ cursor: inout Int, _ word: inout [UInt8]
    ) -> Bool {
        while cursor < line.count {
            let byte = line[cursor]
            cursor += 1
            if byte == quote { return cursor == line.count || isBlank(line[cursor]) }
            guard byte == UInt8(ascii: "\\"), cursor < line.count else {
                word.append(byte)
                continue
            }
            if quote == UInt8(ascii: "\"") {
                word.append(escape(line, &cursor))
            } else if line[cursor] == quote {
                word.append(quote)
                cursor += 1
            } else {
                word.append(byte)
            }
        }
        return false
    }

    private static func escape(_ line: [UInt8], _ cursor: inout Int) -> UInt8 {
        let byte = line[cursor]
        if byte == UInt8(ascii: "x"), cursor + 2 < line.count,
            let value = hexByte(line[cursor + 1], line[cursor + 2])
        {
            cursor += 3
            return value
        }
        cursor += 1
        switch byte {
        case UInt8(ascii: "n"): return UInt8(ascii: "\n")
        case UInt8(ascii: "r"): return UInt8(ascii: "\r")
        case UInt8(ascii: "t"): return UInt8(ascii: "\t")
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "a"): return 7
        default: return byte
        }
    }

    private static func hexByte(_ high: UInt8, _ low: UInt8) -> UInt8? {
        guard let high = Character(UnicodeScalar(high)).hexDigitValue, high < 16,
            let low = Character(UnicodeScalar(low)).hexDigitValue, low < 16
        else { return nil }
        return UInt8(high << 4 | low)
    }

    /// Space, and tab to carriage return.
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    /// Vertical tab and form feed separate words but do not end one, as in Redis.
    private static func endsWord(_ byte: UInt8) -> Bool {
        byte == 32 || byte == 9 || byte == 10 || byte == 13
    }
}
