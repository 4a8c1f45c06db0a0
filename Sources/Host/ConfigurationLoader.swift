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
        var file: ConfigurationSource?
        if let name = options.file {
            let path = Files.absolute(name)
            self.path = path
            do throws(SystemError) {
                file = ConfigurationSource(path: path, bytes: try Files.read(path))
            } catch {
                throw .unreadable("Fatal error, can't open config file '\(path)': \(error.reason)")
            }
        }
        var standardInput: [UInt8] = []
        if options.readsStandardInput {
            do throws(SystemError) {
                standardInput = try Self.readToEnd(.standardInput)
            } catch {
                throw .unreadable("Fatal error, can't read standard input: \(error.reason)")
            }
        }
        do throws(ConfigurationError) {
            lines = try ConfigurationFile.lines(
                file: file, standardInput: standardInput, options: options.text,
                including: Self.include)
        } catch {
            throw .line(error)
        }
    }

    private static func include(_ name: String) throws(IncludeError) -> [ConfigurationSource] {
        let isPattern = name.contains { "*?[".contains($0) }
        // A pattern stands for files, not for folders beside them.
        let paths = isPattern ? Files.matching(name).filter { Files.kind(of: $0) == .file } : [name]
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
