import Foundation

/// The rules of the house that a single file can break. Each is a function from a file to what
/// is wrong with it, so that a test can show it a bad sample.
enum Rules {
    static let longestFile = 500
    static let longestFunction = 70
    static let longestLine = 100

    static func size(_ file: SourceFile) -> [Finding] {
        var lines = file.lines
        if lines.last == "" { lines.removeLast() }
        var findings: [Finding] = []
        if lines.count > longestFile {
            findings.append(
                Finding(path: file.path, line: lines.count, message: "over \(longestFile) lines"))
        }
        for (index, line) in lines.enumerated() where line.count > longestLine {
            findings.append(
                Finding(path: file.path, line: index + 1, message: "over \(longestLine) columns"))
        }
        return findings
    }

    static func functionLength(_ file: SourceFile) -> [Finding] {
        functions(in: SourceText(file.text).code).filter { $0.length > longestFunction }.map {
            Finding(
                path: file.path, line: $0.line,
                message: "\($0.name) has \($0.length) lines, over \(longestFunction)")
        }
    }

    /// What a file of `floor` may not import.
    static func imports(_ file: SourceFile, of floor: Floor) -> [Finding] {
        let allowed = floor.imports.union(floor.system)
        return matches(importLine, in: SourceText(file.text).codeLines).compactMap { line, name in
            let module = String(name.prefix { $0 != "." })
            guard !allowed.contains(module) else { return nil }
            return Finding(
                path: file.path, line: line, message: "\(floor.target) may not import \(module)")
        }
    }

    static func unsafeCode(_ file: SourceFile) -> [Finding] {
        matches(unsafeWord, in: SourceText(file.text).codeLines).map { line, word in
            Finding(path: file.path, line: line, message: "\(word) does not belong on this floor")
        }
    }

    /// Folders and types that say nothing about what is in them.
    static func drawers(_ file: SourceFile) -> [Finding] {
        var findings: [Finding] = []
        for part in file.path.split(separator: "/") {
            let stem = String(part.prefix { $0 != "." })
            if isDrawer(stem) {
                findings.append(Finding(path: file.path, line: 1, message: "drawer name \(stem)"))
            }
        }
        for (line, name) in declaredTypes(file) where isDrawer(name) {
            findings.append(Finding(path: file.path, line: line, message: "drawer name \(name)"))
        }
        return findings
    }

    private static func isDrawer(_ name: String) -> Bool {
        let drawers = [
            "Util", "Utils", "Utilities", "Helper", "Helpers", "Common", "Misc", "Manager",
        ]
        return drawers.contains { name == $0 || name.lowercased() == $0.lowercased() }
            || drawers.contains { name.hasSuffix($0) }
    }

    /// A type that hides the module it stands in: `Module.Other` would look inside the type.
    static func typeLikeModule(_ file: SourceFile, modules: Set<String>) -> [Finding] {
        declaredTypes(file).filter { modules.contains($0.1) }.map { line, name in
            Finding(path: file.path, line: line, message: "type \(name) is named like a module")
        }
    }

    static func unfinished(_ file: SourceFile) -> [Finding] {
        let marks = try? NSRegularExpression(pattern: "\\b(TO" + "DO|FIX" + "ME|X" + "XX)\\b")
        return matches(marks, in: file.lines).map { line, word in
            Finding(path: file.path, line: line, message: "unfinished work: \(word)")
        }
    }

    /// A path that exists on one person's machine only.
    static func machinePath(_ file: SourceFile) -> [Finding] {
        let pattern =
            "(?<![\\w.$}-])(/wo" + "rk/|/ho" + "me/\\w|/ro" + "ot/\\w|/fa" + "rm/|/Us" + "ers/\\w)"
        let paths = try? NSRegularExpression(pattern: pattern)
        return matches(paths, in: file.lines).map { line, path in
            Finding(path: file.path, line: line, message: "path of a machine: \(path)…")
        }
    }

    /// The wire's words for primary and replica in code: they live in WireNames alone.
    static func wireWordsInCode(_ file: SourceFile) -> [Finding] {
        guard file.name != "WireNames.swift" else { return [] }
        return matches(wireWord, in: SourceText(file.text).codeLines).map { line, word in
            Finding(path: file.path, line: line, message: "\(word) is a word of the wire")
        }
    }

    /// The same words in string literals: allowed where the ratchet says.
    static func wireWordsInLiterals(_ file: SourceFile) -> [Finding] {
        guard file.name != "WireNames.swift" else { return [] }
        return matches(wireWord, in: SourceText(file.text).literalLines).map { line, word in
            Finding(path: file.path, line: line, message: "\"\(word)\" is a word of the wire")
        }
    }
}

extension Rules {
    private static let importLine = try? NSRegularExpression(
        pattern: "^\\s*(?:@\\w+\\s+|public\\s+|package\\s+|internal\\s+|private\\s+)*import\\s+"
            + "(?:struct\\s+|class\\s+|enum\\s+|func\\s+|protocol\\s+|let\\s+|var\\s+)?([\\w.]+)")
    private static let unsafeWord = try? NSRegularExpression(
        pattern: "(\\bunsafe\\b|@unsafe\\b|\\bUnsafe\\w*|\\bwithUnsafe\\w*|\\bunsafeBitCast\\b"
            + "|\\bUnmanaged\\b|\\bOpaquePointer\\b)")
    private static let wireWord = try? NSRegularExpression(
        pattern: "(\\w*(?:master|slave)\\w*)", options: .caseInsensitive)
    private static let typeDeclaration = try? NSRegularExpression(
        pattern: "\\b(?:struct|class|enum|actor|protocol|typealias)\\s+`?([A-Za-z_]\\w*)")

    static func declaredTypes(_ file: SourceFile) -> [(Int, String)] {
        matches(typeDeclaration, in: SourceText(file.text).codeLines)
            .filter { $0.1 != "func" && $0.1 != "var" && $0.1 != "let" && $0.1 != "subscript" }
    }

    /// Line number and first group of every match.
    private static func matches(
        _ expression: NSRegularExpression?, in lines: [String]
    ) -> [(Int, String)] {
        guard let expression else { return [] }
        var found: [(Int, String)] = []
        for (index, line) in lines.enumerated() {
            let whole = NSRange(line.startIndex..., in: line)
            for match in expression.matches(in: line, range: whole) {
                guard let range = Range(match.range(at: 1), in: line) else { continue }
                found.append((index + 1, String(line[range])))
            }
        }
        return found
    }

    /// The functions, initialisers and subscripts with a body in blanked code, each with the
    /// line it starts on and its length from there to the closing brace.
    static func functions(in code: [Character]) -> [(name: String, line: Int, length: Int)] {
        var found: [(name: String, line: Int, length: Int)] = []
        var line = 1
        var index = 0
        while index < code.count {
            if code[index] == "\n" { line += 1 }
            if let name = declaration(in: code, at: index),
                let end = bodyEnd(in: code, from: index + 1)
            {
                let length = code[index...end].count { $0 == "\n" } + 1
                found.append((name: name, line: line, length: length))
            }
            index += 1
        }
        return found
    }

    /// The keyword at `index` when it begins a declaration that can have a body.
    private static func declaration(in code: [Character], at index: Int) -> String? {
        func isWord(_ character: Character) -> Bool {
            character.isLetter || character.isNumber || character == "_"
        }
        if index > 0, isWord(code[index - 1]) || code[index - 1] == "." || code[index - 1] == "`" {
            return nil
        }
        for keyword in ["func", "init", "deinit", "subscript"] {
            let end = index + keyword.count
            guard end < code.count, code[index..<end].elementsEqual(keyword) else { continue }
            let next = code[end]
            let fits = keyword == "func" ? next == " " : !isWord(next) && next != ":" && next != ","
            guard fits else { continue }
            return String(
                code[index..<min(index + 40, code.count)].prefix { $0 != "(" && $0 != "\n" })
        }
        return nil
    }

    /// The closing brace of the body of the declaration whose keyword stands before `start`; nil
    /// when it has none (a protocol's requirement).
    private static func bodyEnd(in code: [Character], from start: Int) -> Int? {
        var parentheses = 0
        var braces = 0
        for index in start..<code.count {
            switch code[index] {
            case "(", "[": parentheses += 1
            case ")", "]":
                parentheses -= 1
                if parentheses < 0 { return nil }
            case "{" where parentheses == 0 || braces > 0: braces += 1
            case "}" where parentheses == 0 || braces > 0:
                if braces == 0 { return nil }
                braces -= 1
                if braces == 0 { return index }
            case "f", "i", "d", "s", "v", "l", "c":
                if braces == 0 && parentheses == 0 && beginsAnother(code, index) { return nil }
            default: break
            }
        }
        return nil
    }

    private static func beginsAnother(_ code: [Character], _ index: Int) -> Bool {
        if index > 0, !code[index - 1].isWhitespace { return false }
        return ["func ", "init(", "deinit", "subscript(", "var ", "let ", "case "].contains {
            word in
            code[index..<min(index + word.count, code.count)].elementsEqual(word)
        }
    }
}
