/// Reads configuration files into lines; files are fetched by the caller, so that nothing here
/// touches a disk.
package enum ConfigurationFile {
    /// Gives the files an `include` names. A name with `*`, `?` or `[` is a pattern, which may
    /// match none; any other name must exist.
    package typealias Loader = (String) throws(IncludeError) -> [ConfigurationSource]

    /// Refuses every `include`.
    package static func includesNothing(
        _ name: String
    ) throws(IncludeError) -> [ConfigurationSource] {
        throw IncludeError(reason: "include is not possible here")
    }

    /// How deep files may include each other.
    package static let deepestInclude = 16
    /// Most files read in all, so that files which include each other cannot multiply forever.
    package static let mostFiles = 1000

    /// The directives of `bytes` in order, with the lines of included files in place of the
    /// `include`. Numbering starts at `firstLine`.
    package static func lines(
        _ bytes: [UInt8], file: String?, firstLine: Int = 1,
        including loader: Loader = includesNothing
    ) throws(ConfigurationError) -> [ConfigurationLine] {
        var result: [ConfigurationLine] = []
        var reading = Reading()
        try read(bytes, file, firstLine, 0, &reading, loader, &result)
        return result
    }

    /// The directives a program is started with: those of its file, of standard input and of the
    /// command line in this order, numbered through as if all were one file.
    package static func lines(
        file: ConfigurationSource?, standardInput: [UInt8], options: [UInt8],
        including loader: Loader
    ) throws(ConfigurationError) -> [ConfigurationLine] {
        var result: [ConfigurationLine] = []
        var reading = Reading()
        var next = 1
        for (path, bytes) in [
            (file?.path, file?.bytes ?? []), (nil, standardInput), (nil, options),
        ] {
            try read(bytes, path, next, 0, &reading, loader, &result)
            if !bytes.isEmpty { next += bytes.count { $0 == UInt8(ascii: "\n") } + 1 }
        }
        return result
    }

    /// What is remembered from one file to the next.
    private struct Reading {
        var files = 0
        /// The last `dir`, from which names of included files count, as in Redis.
        var directory = ""

        /// `path` seen from that directory.
        func resolved(_ path: String) -> String {
            path.hasPrefix("/") || directory.isEmpty ? path : "\(directory)/\(path)"
        }
    }

    /// The directives of `text`.
    package static func lines(
        _ text: String, file: String? = nil, firstLine: Int = 1
    ) throws(ConfigurationError) -> [ConfigurationLine] {
        try lines(Array(text.utf8), file: file, firstLine: firstLine)
    }

    private static func read(
        _ bytes: [UInt8], _ file: String?, _ firstLine: Int, _ depth: Int,
        _ reading: inout Reading, _ loader: Loader, _ result: inout [ConfigurationLine]
    ) throws(ConfigurationError) {
        var number = firstLine - 1
        for raw in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let trimmed = Lexer.trimmed(raw)
            if trimmed.isEmpty || trimmed[0] == UInt8(ascii: "#") { continue }
            let text = String(decoding: trimmed, as: UTF8.self)
            func failed(_ reason: String) -> ConfigurationError {
                ConfigurationError(file: file, line: number, text: text, reason: reason)
            }
            guard let words = Lexer.split(trimmed) else {
                throw failed("Unbalanced quotes in configuration line")
            }
            guard !words.isEmpty else { continue }
            let line = ConfigurationLine(file: file, number: number, text: text, words: words)
            guard line.name == "include", words.count == 2 else {
                if line.name == "dir", words.count == 2 {
                    reading.directory = reading.resolved(line.words[1])
                }
                result.append(line)
                continue
            }
            guard depth < deepestInclude else { throw failed("Files include each other too deep") }
            var sources: [ConfigurationSource] = []
            do throws(IncludeError) {
                sources = try loader(reading.resolved(line.words[1]))
            } catch {
                throw failed("Can't open config file '\(line.words[1])': \(error.reason)")
            }
            for source in sources {
                reading.files += 1
                guard reading.files <= mostFiles else {
                    throw failed("Too many files are included")
                }
                try read(source.bytes, source.path, 1, depth + 1, &reading, loader, &result)
            }
        }
    }
}
