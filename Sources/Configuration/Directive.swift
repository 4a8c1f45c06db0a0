/// Why a value is refused; the text Redis gives.
package struct DirectiveError: Error, Equatable, Sendable {
    package let reason: String

    package init(_ reason: String) { self.reason = reason }
}

/// What is special about a directive.
package struct DirectiveFlags: OptionSet, Equatable, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Only read at the start.
    package static let immutable = DirectiveFlags(rawValue: 1 << 0)
    /// Takes any number of values; one value with blanks is split.
    package static let multiArgument = DirectiveFlags(rawValue: 1 << 1)
    /// Shown by CONFIG GET only when asked for by name.
    package static let hidden = DirectiveFlags(rawValue: 1 << 2)
    /// The value is kept out of logs.
    package static let sensitive = DirectiveFlags(rawValue: 1 << 3)
    /// CONFIG SET needs `enable-protected-configs`.
    package static let protected = DirectiveFlags(rawValue: 1 << 4)
    /// CONFIG SET is refused while data is loaded.
    package static let denyLoading = DirectiveFlags(rawValue: 1 << 5)
    /// Setting it counts as a change also when the value stays the same: a file to read again.
    package static let volatile = DirectiveFlags(rawValue: 1 << 6)
    /// Listed in crash reports.
    package static let debug = DirectiveFlags(rawValue: 1 << 7)
}

/// A line for the rewritten file.
package struct RewrittenLine: Equatable, Sendable {
    package let bytes: [UInt8]
    /// Written even if the file has no line to replace: the value is not the default.
    package let isForced: Bool

    package init(_ text: String, isForced: Bool) {
        self.init(Array(text.utf8), isForced: isForced)
    }

    package init(_ bytes: [UInt8], isForced: Bool) {
        self.bytes = bytes
        self.isForced = isForced
    }
}

/// One directive: its names, how its value is read into the settings, and how it is shown.
package struct Directive<Settings>: Sendable {
    /// Reads values (the words behind the name) into the settings, or leaves them as they are.
    package typealias Parse = @Sendable (inout Settings, [String]) throws(DirectiveError) -> Void
    /// The same of values that need not be text.
    package typealias ParseBytes =
        @Sendable (inout Settings, [[UInt8]]) throws(DirectiveError) -> Void
    /// What CONFIG GET shows.
    package typealias Format = @Sendable (Settings) -> String
    package typealias FormatBytes = @Sendable (Settings) -> [UInt8]
    /// The file's lines for this name, settings and defaults; none: the file must not have any.
    package typealias Rewrite = @Sendable (String, Settings, Settings) -> [RewrittenLine]

    package let name: String
    package let alias: String?
    package let flags: DirectiveFlags
    let parse: ParseBytes
    /// Reads the second and later lines of a file, for directives that are given once per line
    /// and add up.
    let parseMore: ParseBytes
    package let format: FormatBytes
    package let rewrite: Rewrite

    /// A directive of any kind whose values are text. Without `rewrite` the file says what CONFIG
    /// GET shows.
    package init(
        _ name: String, alias: String? = nil, flags: DirectiveFlags = [],
        parse: @escaping Parse, parseMore: Parse? = nil, format: @escaping Format,
        rewrite: Rewrite? = nil
    ) {
        self.name = name
        self.alias = alias
        self.flags = flags
        self.parse = Self.ofText(parse)
        self.parseMore = Self.ofText(parseMore ?? parse)
        self.format = { Array(format($0).utf8) }
        self.rewrite =
            rewrite ?? { name, settings, defaults in
                let value = format(settings)
                let text = value.isEmpty ? "\"\"" : value
                return [
                    RewrittenLine("\(name) \(text)", isForced: value != format(defaults))
                ]
            }
    }

    /// A directive with one value of any bytes.
    package init(
        _ name: String, flags: DirectiveFlags = [], parse: @escaping ParseBytes,
        format: @escaping FormatBytes
    ) {
        self.name = name
        alias = nil
        self.flags = flags
        self.parse = parse
        parseMore = parse
        self.format = format
        rewrite = { name, settings, defaults in
            let value = format(settings)
            return [
                RewrittenLine(
                    "\(name) \(Lexer.quoted(value))", isForced: value != format(defaults))
            ]
        }
    }

    /// What is no text is refused: as something else it would name another file or another user.
    private static func ofText(_ parse: @escaping Parse) -> ParseBytes {
        { (settings, values) throws(DirectiveError) in
            var texts: [String] = []
            for value in values {
                guard let text = String(validating: value, as: UTF8.self) else {
                    throw DirectiveError("argument must be valid UTF-8")
                }
                texts.append(text)
            }
            try parse(&settings, texts)
        }
    }

    /// Reads the values of a line or of CONFIG SET.
    func read(
        _ values: [[UInt8]], into settings: inout Settings, isFirst: Bool = true
    ) throws(DirectiveError) {
        if !flags.contains(.multiArgument), values.count != 1 {
            throw DirectiveError("wrong number of arguments")
        }
        try isFirst ? parse(&settings, values) : parseMore(&settings, values)
    }
}
