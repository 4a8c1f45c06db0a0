import Memory

/// Lines of configuration files to words, and back.
package enum Lexer {
    /// The words of `line`, see `QuotedWords`; nil if quotes do not balance.
    package static func split(_ line: [UInt8]) -> [[UInt8]]? {
        line.withView { line in
            var words = QuotedWords(line)
            var result: [[UInt8]] = []
            while true {
                switch words.next() {
                case .end: return result
                case .plain(let word): result.append(word.bytes)
                case .quoted:
                    var word: [UInt8] = []
                    guard words.decode({ word.append($0) }) else { return nil }
                    result.append(word)
                }
            }
        }
    }

    /// `text` as one word in double quotes, which `split` reads back.
    package static func quoted(_ text: String) -> String { quoted(Array(text.utf8)) }

    /// A word of bytes in double quotes if it needs them.
    package static func quotedIfNeeded(_ word: [UInt8]) -> [UInt8] {
        let needsQuotes = word.isEmpty || word.contains { $0 <= 32 || $0 == 34 || $0 == 39 }
        return needsQuotes ? Array(quoted(word).utf8) : word
    }

    /// `word` as one word in double quotes.
    package static func quoted(_ word: [UInt8]) -> String {
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
}
