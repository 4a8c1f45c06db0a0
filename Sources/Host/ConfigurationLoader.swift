import Configuration
import Platform

/// Fetches what a program is configured with: a file and those it includes, standard input, and
/// the command line, in this order.
package struct ConfigurationLoader {
    /// Directives in the order in which they count.
    package private(set) var lines: [ConfigurationLine] = []
    /// The file's path from the root; nil when none was named.
    package private(set) var path: String?

    /// Why the configuration cannot be used.
    package enum Failure: Error {
        case unreadable(String)
        case line(ConfigurationError)

        /// The words for standard error.
        package func report(program: String) -> String {
            switch self {
            case .unreadable(let text): "\n\(text)\n"
            case .line(let error): error.report(program: program)
            }
        }
    }

    /// Reads everything that `options` name.
    package init(_ options: CommandLineOptions) throws(Failure) {
        // Lines are numbered through, as if all were one file.
        var nextLine = 1
        if let file = options.file {
            let path = Files.absolute(file)
            self.path = path
            let bytes: [UInt8]
            do throws(SystemError) {
                bytes = try Files.read(path)
            } catch {
                throw .unreadable("Fatal error, can't open config file '\(path)': \(error.reason)")
            }
            try add(bytes, file: path, &nextLine)
        }
        if options.readsStandardInput {
            let bytes: [UInt8]
            do throws(SystemError) {
                bytes = try Self.readToEnd(.standardInput)
            } catch {
                throw .unreadable("Fatal error, can't read standard input: \(error.reason)")
            }
            try add(bytes, file: nil, &nextLine)
        }
        try add(Array(options.text.utf8), file: nil, &nextLine)
    }

    private mutating func add(
        _ bytes: [UInt8], file: String?, _ nextLine: inout Int
    ) throws(Failure) {
        do throws(ConfigurationError) {
            lines += try ConfigurationFile.lines(
                bytes, file: file, firstLine: nextLine, including: Self.include)
        } catch {
            throw .line(error)
        }
        nextLine += bytes.count { $0 == UInt8(ascii: "\n") } + 1
    }

    private static func include(_ name: String) throws(IncludeError) -> [ConfigurationSource] {
        let isPattern = name.contains { "*?[".contains($0) }
        let paths = isPattern ? Files.matching(name) : [name]
        var sources: [ConfigurationSource] = []
        for path in paths {
            do throws(SystemError) {
                sources.append(ConfigurationSource(path: path, bytes: try Files.read(path)))
            } catch {
                throw IncludeError(reason: error.reason)
            }
        }
        return sources
    }

    private static func readToEnd(_ input: Descriptor) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = try input.readSome(65536)
            if piece.isEmpty { return bytes }
            bytes += piece
        }
    }
}
