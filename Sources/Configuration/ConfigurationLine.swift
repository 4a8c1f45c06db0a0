/// One directive as it stands in a file or on the command line.
package struct ConfigurationLine: Equatable, Sendable {
    /// Path of the file; nil for standard input and the command line.
    package let file: String?
    /// Counted from 1.
    package let number: Int
    /// The line without blanks at its ends.
    package let text: String
    /// At least one; quotes and escapes are decoded.
    package let words: [String]
    /// The same words; they need not be text.
    package let bytes: [[UInt8]]

    /// A line whose words are known.
    package init(file: String?, number: Int, text: String, words: [[UInt8]]) {
        self.file = file
        self.number = number
        self.text = text
        self.words = words.map { String(decoding: $0, as: UTF8.self) }
        bytes = words
    }

    /// The directive's name in lower case.
    package var name: String { words[0].lowercased() }

    /// What follows the name.
    package var arguments: [String] { Array(words.dropFirst()) }
}

/// A line that cannot be used, and why. The program says it and does not start.
package struct ConfigurationError: Error, Equatable, Sendable {
    package let file: String?
    package let line: Int
    package let text: String
    package let reason: String

    /// The error of `line`.
    package init(_ line: ConfigurationLine, reason: String) {
        self.init(file: line.file, line: line.number, text: line.text, reason: reason)
    }

    package init(file: String?, line: Int, text: String, reason: String) {
        self.file = file
        self.line = line
        self.text = text
        self.reason = reason
    }

    /// The report for standard error, in Redis's form with the file's name added.
    package func report(program: String) -> String {
        let place = file.map { " '\($0)'" } ?? ""
        return """

            *** FATAL CONFIG FILE ERROR (\(program)) ***
            Reading the configuration file\(place), at line \(line)
            >>> '\(text)'
            \(reason)

            """
    }
}

/// The text of a file, for `include`.
package struct ConfigurationSource: Equatable, Sendable {
    package let path: String
    package let bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// Why a file could not be read.
package struct IncludeError: Error, Equatable, Sendable {
    package let reason: String

    package init(reason: String) { self.reason = reason }
}
