/// What the arguments of a server program say, read as Redis 7.0 reads them: a configuration
/// file, then `--directive value …`, each as if it were a line behind the file.
package struct CommandLineOptions: Equatable, Sendable {
    /// A first argument that asks for something else than to start.
    package enum Request: Equatable, Sendable { case help, version, checkSystem, testMemory }

    package private(set) var request: Request?
    package private(set) var file: String?
    /// A single `-` stands for standard input, read after the file.
    package private(set) var readsStandardInput = false
    /// `--sentinel` was given.
    package private(set) var isSentinel = false
    /// The options as lines of a configuration file.
    package private(set) var text: [UInt8] = []

    /// Reads `arguments`, which do not include the program's name and need not be text.
    package init(_ bytes: [[UInt8]]) {
        let arguments = bytes.map { String(decoding: $0, as: UTF8.self) }
        guard let first = arguments.first else { return }
        isSentinel = arguments.contains { $0.lowercased() == "--sentinel" }
        switch first {
        case "-v", "--version": request = .version
        case "-h", "--help": request = .help
        case "--check-system": request = .checkSystem
        case "--test-memory": request = .testMemory
        default: break
        }
        guard request == nil else { return }
        var rest = bytes[...]
        if !first.hasPrefix("-") {
            file = first
            rest = rest.dropFirst()
        }
        // Whether the last option has a value, so that "--" may begin the next option. An
        // option's first value may begin with "--" itself.
        var hasValue = true
        for (index, word) in zip(rest.indices, rest) {
            let argument = arguments[index]
            let isLast = index == arguments.count - 1
            if argument == "-", index == 0 || isLast {
                readsStandardInput = true
            } else if hasValue, argument.hasPrefix("--") {
                let next = isLast ? nil : arguments[index + 1]
                hasValue = option(word, next: next)
            } else {
                text += Array((Lexer.quoted(word) + " ").utf8)
                hasValue = true
            }
        }
    }

    /// Starts a line; true if nothing that follows must be its value.
    private mutating func option(_ argument: [UInt8], next: String?) -> Bool {
        if !text.isEmpty { text.append(UInt8(ascii: "\n")) }
        text += argument.dropFirst(2) + [UInt8(ascii: " ")]
        guard Lexer.split(argument)?.count == 1 else { return true }
        // Scripts that build the line from an empty list give `--save` no value, and `--sentinel`
        // never has one.
        let isNextOption = next?.hasPrefix("--") == true
        switch String(decoding: argument, as: UTF8.self).lowercased() {
        case "--save":
            if next == nil || isNextOption { text += Array("\"\"".utf8) }
            return isNextOption
        case "--sentinel": return isNextOption
        default: return false
        }
    }
}
