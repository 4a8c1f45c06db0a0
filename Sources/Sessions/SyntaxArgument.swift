/// An argument of a command as COMMAND DOCS describes it, read from the notation in its row:
/// words in capitals are typed as they stand, others stand for values, `[…]` may be left out,
/// `a|b` is a choice (in `<…>` when it must be made) and `[x ...]` repeats what is before it.
package struct SyntaxArgument: Equatable, Sendable {
    package enum Kind: String, Sendable {
        case string, integer, double, key, pattern, block, oneof
        case unixTime = "unix-time"
        case pureToken = "pure-token"
    }

    package var name: String
    package var type: Kind
    package var token: String?
    package var isOptional = false
    package var isMultiple = false
    package var parts: [SyntaxArgument] = []

    /// Which of the command's key specs finds it.
    package var keySpec: Int? { type == .key ? 0 : nil }

    /// The arguments of `syntax`.
    package static func parse(_ syntax: String) -> [SyntaxArgument] {
        var reader = SyntaxReader(syntax)
        return reader.sequence()
    }

    /// An argument that stands for a value; its name tells the type.
    fileprivate init(value name: String) {
        self.name = name
        switch name {
        case "pattern": type = .pattern
        case _ where name.hasPrefix("unix-time"): type = .unixTime
        case "key", "newkey", "source", "destination", "destkey", "key1", "key2": type = .key
        case "increment-float", "score", "min", "max": type = .double
        default: type = SyntaxArgument.integers.contains(name) ? .integer : .string
        }
    }

    fileprivate init(token: String) {
        name = token.lowercased()
        type = .pureToken
        self.token = token
    }

    /// Several arguments that belong together, or one of which is chosen.
    fileprivate init(_ type: Kind, _ parts: [SyntaxArgument]) {
        name = parts.map(\.name).joined(separator: type == .oneof ? "-or-" : "_")
        self.type = type
        self.parts = parts
    }

    private static let integers: Set<String> = [
        "seconds", "milliseconds", "count", "index", "offset", "start", "end", "stop", "increment",
        "decrement", "timeout", "port", "cursor", "db", "numkeys", "len", "protover", "client-id",
        "index1", "index2", "numreplicas", "bits", "min-match-len", "destination-db",
    ]
}

/// Reads the notation of a row's syntax.
private struct SyntaxReader {
    private var tokens: [Substring]
    private var next = 0

    init(_ syntax: String) {
        var spaced = ""
        for character in syntax {
            spaced += "[]<>|".contains(character) ? " \(character) " : String(character)
        }
        let tokens = spaced.split(separator: " ")
        self.tokens = tokens
    }

    /// Arguments up to the end, a closing bracket or `|`.
    mutating func sequence() -> [SyntaxArgument] {
        var result: [SyntaxArgument] = []
        while next < tokens.count, !["]", ">", "|", "..."].contains(tokens[next]) {
            let token = tokens[next]
            next += 1
            switch token {
            case "[": bracket(after: &result)
            case "<": result.append(choice(upTo: ">").0)
            case _ where isToken(token): result.append(withValues(String(token)))
            default: result.append(SyntaxArgument(value: String(token)))
            }
        }
        return result
    }

    private func isToken(_ word: Substring) -> Bool {
        !word.contains { $0.isLowercase } && word.contains { $0.isLetter || $0 == "=" || $0 == "~" }
    }

    /// A word in capitals with the values that follow it.
    private mutating func withValues(_ token: String) -> SyntaxArgument {
        var values: [SyntaxArgument] = []
        while next < tokens.count, let first = tokens[next].first, first.isLetter,
            !isToken(tokens[next])
        {
            values.append(SyntaxArgument(value: String(tokens[next])))
            next += 1
        }
        guard !values.isEmpty else { return SyntaxArgument(token: token) }
        var result = values.count == 1 ? values[0] : SyntaxArgument(.block, values)
        result.token = token
        return result
    }

    /// What stands in brackets: an option, or the sign that what is before it may be repeated.
    private mutating func bracket(after result: inout [SyntaxArgument]) {
        let (inner, repeats) = choice(upTo: "]")
        if repeats {
            let count = inner.type == .block && inner.token == nil ? inner.parts.count : 1
            guard result.count >= count else { return }
            var repeated = Array(result.suffix(count))
            result.removeLast(count)
            var whole = count == 1 ? repeated.removeFirst() : SyntaxArgument(.block, repeated)
            whole.isMultiple = true
            result.append(whole)
        } else {
            var option = inner
            option.isOptional = true
            result.append(option)
        }
    }

    /// The alternatives up to the closing bracket as one argument, and whether `...` ended them.
    private mutating func choice(upTo end: Substring) -> (SyntaxArgument, Bool) {
        var alternatives: [SyntaxArgument] = []
        var repeats = false
        while next < tokens.count {
            let parts = sequence()
            alternatives.append(parts.count == 1 ? parts[0] : SyntaxArgument(.block, parts))
            guard next < tokens.count else { break }
            let token = tokens[next]
            next += 1
            if token == "..." { repeats = true }
            if token == "...", next < tokens.count { next += 1 }
            if token == end || token == "..." { break }
        }
        let whole =
            alternatives.count == 1 ? alternatives[0] : SyntaxArgument(.oneof, alternatives)
        return (whole, repeats)
    }
}
