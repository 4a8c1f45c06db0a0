import Memory

/// Splits an inline request into words.
enum InlineWords {
    /// Appends the words of `line` to `arena`; false if quotes do not balance.
    static func split(_ line: ByteView, into arena: inout ArgumentArena) -> Bool {
        var words = QuotedWords(line)
        while true {
            switch words.next() {
            case .end: return true
            case .plain(let word): arena.append(word)
            case .quoted:
                let scratch = arena.scratch(words.rest)
                let offset = scratch.value.count
                guard words.decode({ scratch.value.append($0) }) else { return false }
                let readable = scratch.value.readable
                arena.append(readable[offset..<readable.count])
            }
        }
    }
}
