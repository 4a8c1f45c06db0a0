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
    package private(set) var text = ""

    /// Reads `arguments`, which do not include the program's name.
    package init(_ arguments: [String]) {
        guard let first = arguments.first else { return }
        isSentinel = arguments.contains { $0.lowercased() == "--sentinel" }
        switch first {
        case "-v", "--version": request = .version
        case "-h", "--help": request = .help
        default: break
        case "--check-system": request = .checkSystem
        case "--test-memory": request = .testMemory
        }
        guard request == nil else { return }
        var rest = arguments[...]
        if !first.hasPrefix("-") {
            file = first
            rest = rest.dropFirst()
        }
        // Whether the last option has a value, so that "--" may begin the next option. An
        // option's first value may begin with "--" itself.
        var hasValue = true
        for (index, argument) in zip(rest.indices, rest) {
            let isLast = index == arguments.count - 1
            if argument == "-", index == 0 || isLast {
                readsStandardInput = true
            } else if hasValue, argument.hasPrefix("--") {
                let next = isLast ? nil : arguments[index + 1]
                hasValue = option(argument, next: next)
            } else {
                text += Lexer.quoted(argument) + " "
                hasValue = true
            }
        }
    }

    /// Starts a line; true if nothing that follows must be its value.
    private mutating func option(_ argument: String, next: String?) -> Bool {
        if !text.isEmpty { text += "\n" }
        text += argument.dropFirst(2) + " "
        guard Lexer.split(argument)?.count == 1 else { return true }
        // Scripts that build the line from an empty list give `--save` no value, and `--sentinel`
        // never has one.
        let isNextOption = next?.hasPrefix("--") == true
        switch argument.lowercased() {
        case "--save":
            if next == nil || isNextOption { text += "\"\"" }
            return isNextOption
        case "--sentinel": return isNextOption
        default: return false
        }
    }
}
