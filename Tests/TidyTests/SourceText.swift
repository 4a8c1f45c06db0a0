/// A Swift source split into what is code and what is text: comments and the insides of string
/// literals are blanked in `code`, everything else is blanked in `literals`. Lines and columns
/// stay where they were.
struct SourceText {
    private(set) var code: [Character] = []
    private(set) var literals: [Character] = []

    init(_ text: String) {
        var scanner = Scanner(source: Array(text))
        scanner.run()
        code = scanner.code
        literals = scanner.literals
    }

    var codeLines: [String] { SourceText.lines(code) }
    var literalLines: [String] { SourceText.lines(literals) }

    static func lines(_ characters: [Character]) -> [String] {
        characters.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    }
}

/// Walks over the source once. Interpolations count as literal text: what stands in them is
/// short, and a rule that looks at code would rather miss it than misread a string.
private struct Scanner {
    let source: [Character]
    var position = 0
    var code: [Character] = []
    var literals: [Character] = []

    init(source: [Character]) { self.source = source }

    func at(_ offset: Int = 0) -> Character? {
        position + offset < source.count ? source[position + offset] : nil
    }

    func starts(_ text: String, _ offset: Int = 0) -> Bool {
        var index = offset
        for character in text {
            if at(index) != character { return false }
            index += 1
        }
        return true
    }

    mutating func take(_ count: Int, asCode: Bool = false, asLiteral: Bool = false) {
        for _ in 0..<count {
            guard let character = at() else { return }
            let isBreak = character == "\n"
            code.append(asCode || isBreak ? character : " ")
            literals.append(asLiteral || isBreak ? character : " ")
            position += 1
        }
    }

    mutating func run() {
        while let character = at() {
            if starts("//") {
                while let next = at(), next != "\n" { take(1) }
            } else if starts("/*") {
                blockComment()
            } else if character == "\"" || character == "#" {
                literalOrCode()
            } else {
                take(1, asCode: true)
            }
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                take(2)
            } else if starts("*/") {
                depth -= 1
                take(2)
            } else {
                take(1)
            }
        } while depth > 0 && at() != nil
    }

    private mutating func literalOrCode() {
        var pounds = 0
        while at(pounds) == "#" { pounds += 1 }
        guard at(pounds) == "\"" else {
            take(max(pounds, 1), asCode: true)
            return
        }
        let quotes = starts("\"\"\"", pounds) ? 3 : 1
        let closing = String(repeating: "\"", count: quotes) + String(repeating: "#", count: pounds)
        let escape = "\\" + String(repeating: "#", count: pounds)
        take(pounds + quotes, asCode: true)
        while let next = at() {
            if starts(closing) {
                take(closing.count, asCode: true)
                return
            }
            if starts(escape + "(") {
                take(escape.count + 1, asLiteral: true)
                interpolation()
            } else if starts(escape) {
                take(escape.count + 1, asLiteral: true)
            } else if next == "\n" && quotes == 1 {
                return
            } else {
                take(1, asLiteral: true)
            }
        }
    }

    /// The inside of `\( … )`, with strings of its own.
    private mutating func interpolation() {
        var depth = 1
        while depth > 0, let next = at() {
            if next == "(" { depth += 1 }
            if next == ")" { depth -= 1 }
            if next == "\"" {
                take(1, asLiteral: true)
                while let inner = at(), inner != "\"" {
                    take(inner == "\\" ? 2 : 1, asLiteral: true)
                }
            }
            take(1, asLiteral: true)
        }
    }
}
