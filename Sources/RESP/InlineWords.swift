import Memory

/// Splits an inline request into words the way Redis does: blanks between them, "double quotes"
/// with escapes (\n \r \t \b \a \xHH), 'single quotes' with \' only. A closing quote ends the
/// word and must be followed by a blank or the end.
enum InlineWords {
    /// Appends the words of `line` to `arena`; false if quotes do not balance.
    static func split(_ line: ByteView, into arena: inout ArgumentArena) -> Bool {
        var cursor = 0
        while true {
            while cursor < line.count, isBlank(line[cursor]) { cursor += 1 }
            if cursor == line.count { return true }
            let start = cursor
            while cursor < line.count, !endsWord(line[cursor]), !isQuote(line[cursor]) {
                cursor += 1
            }
            if cursor == line.count || !isQuote(line[cursor]) {
                arena.append(line[start..<cursor])
            } else if !quoted(line, from: start, &cursor, into: &arena) {
                return false
            }
        }
    }

    /// Decodes a word whose first quote is at `cursor`; the decoded word is never longer.
    private static func quoted(
        _ line: ByteView, from start: Int, _ cursor: inout Int, into arena: inout ArgumentArena
    ) -> Bool {
        let scratch = arena.scratch(line.count - start)
        let offset = scratch.value.count
        scratch.value.append(line[start..<cursor])
        while cursor < line.count, !endsWord(line[cursor]) {
            let byte = line[cursor]
            cursor += 1
            guard isQuote(byte) else {
                scratch.value.append(byte)
                continue
            }
            guard closeQuote(line, byte, &cursor, into: scratch) else { return false }
            break
        }
        let readable = scratch.value.readable
        arena.append(readable[offset..<readable.count])
        return true
    }

    private static func closeQuote(
        _ line: ByteView, _ quote: UInt8, _ cursor: inout Int, into scratch: Slot<ByteBuffer>
    ) -> Bool {
        let isDouble = quote == UInt8(ascii: "\"")
        while cursor < line.count {
            let byte = line[cursor]
            cursor += 1
            if byte == quote { return cursor == line.count || isBlank(line[cursor]) }
            guard byte == UInt8(ascii: "\\"), cursor < line.count else {
                scratch.value.append(byte)
                continue
            }
            if isDouble {
                scratch.value.append(escape(line, &cursor))
            } else if line[cursor] == quote {
                scratch.value.append(quote)
                cursor += 1
            } else {
                scratch.value.append(byte)
            }
        }
        return false
    }

    /// The byte meant by the escape whose backslash is before `cursor`.
    private static func escape(_ line: ByteView, _ cursor: inout Int) -> UInt8 {
        let byte = line[cursor]
        if byte == UInt8(ascii: "x"), cursor + 2 < line.count,
            let high = hexDigit(line[cursor + 1]), let low = hexDigit(line[cursor + 2])
        {
            cursor += 3
            return high << 4 | low
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

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
    }

    /// Space, and tab to carriage return.
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    /// Vertical tab and form feed separate words but do not end one, as in Redis.
    private static func endsWord(_ byte: UInt8) -> Bool {
        byte == 32 || byte == 9 || byte == 10 || byte == 13
    }
}
