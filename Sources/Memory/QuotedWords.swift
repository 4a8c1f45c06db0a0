/// Walks over the words of a line of a configuration file or of an inline request, the way Redis
/// does: blanks between them, "double quotes" with escapes (\n \r \t \b \a \xHH), 'single quotes'
/// with \' only. A closing quote ends the word and must be followed by a blank or the end.
package struct QuotedWords {
    /// What the line says next.
    package enum Word {
        /// A word without quotes, as it stands in the line.
        case plain(ByteView)
        /// A word with quotes, which `decode` reads.
        case quoted
        case end
    }

    private let line: ByteView
    private var cursor = 0

    package init(_ line: ByteView) { self.line = line }

    /// Most bytes that a decoded word may have.
    package var rest: Int { line.count - cursor }

    /// Goes to the next word, and behind it if it has no quotes.
    package mutating func next() -> Word {
        while cursor < line.count, isBlank(line[cursor]) { cursor += 1 }
        if cursor == line.count { return .end }
        var end = cursor
        while end < line.count, !endsWord(line[end]), !isQuote(line[end]) { end += 1 }
        if end < line.count, isQuote(line[end]) { return .quoted }
        defer { cursor = end }
        return .plain(line[cursor..<end])
    }

    /// Gives the bytes that a word with quotes stands for; false if its quotes do not balance.
    package mutating func decode(_ append: (UInt8) -> Void) -> Bool {
        while cursor < line.count, !endsWord(line[cursor]) {
            let byte = take()
            if isQuote(byte) { return closeQuote(byte, append) }
            append(byte)
        }
        return true
    }

    private mutating func closeQuote(_ quote: UInt8, _ append: (UInt8) -> Void) -> Bool {
        while cursor < line.count {
            let byte = take()
            if byte == quote { return cursor == line.count || isBlank(line[cursor]) }
            guard byte == UInt8(ascii: "\\"), cursor < line.count else {
                append(byte)
                continue
            }
            if quote == UInt8(ascii: "\"") {
                append(escape())
            } else if line[cursor] == quote {
                append(take())
            } else {
                append(byte)
            }
        }
        return false
    }

    /// The byte meant by the escape whose backslash was taken.
    private mutating func escape() -> UInt8 {
        let byte = take()
        switch byte {
        case UInt8(ascii: "n"): return UInt8(ascii: "\n")
        case UInt8(ascii: "r"): return UInt8(ascii: "\r")
        case UInt8(ascii: "t"): return UInt8(ascii: "\t")
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "a"): return 7
        case UInt8(ascii: "x"):
            guard cursor + 1 < line.count, let high = hexDigit(line[cursor]),
                let low = hexDigit(line[cursor + 1])
            else { return byte }
            cursor += 2
            return high << 4 | low
        default: return byte
        }
    }

    private mutating func take() -> UInt8 {
        defer { cursor += 1 }
        return line[cursor]
    }

    private func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
    }

    /// Space, and tab to carriage return.
    private func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    /// Vertical tab and form feed separate words but do not end one, as in Redis.
    private func endsWord(_ byte: UInt8) -> Bool {
        byte == 32 || byte == 9 || byte == 10 || byte == 13
    }
}
