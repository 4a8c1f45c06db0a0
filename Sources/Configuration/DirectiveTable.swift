/// Why CONFIG SET changed nothing. Names are as the user gave them, except in `rejected`.
package enum SettingError: Error, Equatable, Sendable {
    case unknown(String)
    case immutable(String)
    case protected(String)
    case loading
    case duplicate(String)
    case rejected(String, reason: String)

    /// Redis's text behind "ERR "; for `loading` the engine has its own.
    package var message: String {
        switch self {
        case .unknown(let name):
            "\(SettingError.unknownText)'\(name)'"
        case .immutable(let name): SettingError.failed(name, "can't set immutable config")
        case .protected(let name): SettingError.failed(name, "can't set protected config")
        case .duplicate(let name): SettingError.failed(name, "duplicate parameter")
        case .rejected(let name, let reason): SettingError.failed(name, reason)
        case .loading: "Redis is loading the dataset in memory"
        }
    }

    /// What comes before the name that nobody knows.
    package static var unknownText: String {
        "Unknown option or number of arguments for CONFIG SET - "
    }

    /// The text for a change that was refused or could not be applied.
    package static func failed(_ name: String, _ reason: String) -> String {
        "CONFIG SET failed (possibly related to argument '\(name)') - \(reason)"
    }
}

/// All directives of a program.
package struct DirectiveTable<Settings>: Sendable {
    package let directives: [Directive<Settings>]
    /// Lower-case names and aliases.
    private let indices: [String: Int]
    /// Names that are accepted in files with one value and mean nothing any more.
    private let ignored: Set<String>

    /// A table of `directives`, whose names and aliases all differ.
    package init(_ directives: [Directive<Settings>], ignoring ignored: Set<String> = []) {
        self.directives = directives
        self.ignored = ignored
        let names = directives.enumerated().flatMap { index, directive in
            ([directive.name] + (directive.alias.map { [$0] } ?? [])).map {
                ($0.lowercased(), index)
            }
        }
        indices = Dictionary(names) { first, _ in first }
    }

    /// The directive with this name or alias, in any case.
    package func lookup(_ name: String) -> Directive<Settings>? {
        indices[name.lowercased()].map { directives[$0] }
    }

    /// Reads the lines of files and command line into `settings`. A line that is no directive of
    /// the table goes to `other`, which says whether it knows it.
    package func apply(
        _ lines: [ConfigurationLine], to settings: inout Settings,
        other: (ConfigurationLine, inout Settings) throws(DirectiveError) -> Bool = {
            (_, _) throws(DirectiveError) in false
        }
    ) throws(ConfigurationError) {
        var seen: Set<Int> = []
        for line in lines {
            do throws(DirectiveError) {
                guard let index = indices[line.name] else {
                    if ignored.contains(line.name), line.words.count == 2 { continue }
                    if try other(line, &settings) { continue }
                    throw DirectiveError("Bad directive or wrong number of arguments")
                }
                let directive = directives[index]
                var values = Array(line.bytes.dropFirst())
                if directive.flags.contains(.multiArgument), values.count == 1, !values[0].isEmpty {
                    guard let split = Lexer.split(values[0]) else {
                        throw DirectiveError("Unbalanced quotes in configuration line")
                    }
                    values = split
                }
                let isFirst = seen.insert(index).inserted
                try directive.read(values, into: &settings, isFirst: isFirst)
            } catch {
                throw ConfigurationError(line, reason: error.reason)
            }
        }
    }

    /// Names and values for CONFIG GET: every name (an alias under itself) that one of `patterns`
    /// names or matches, once. `matches` compares a pattern with a name, ignoring case.
    package func get(
        _ patterns: [String], _ settings: Settings, matches: (String, String) -> Bool
    ) -> [(name: String, value: [UInt8])] {
        var result: [(name: String, value: [UInt8])] = []
        var found: Set<String> = []
        for pattern in patterns {
            guard pattern.utf8.contains(where: { "[*?".utf8.contains($0) }) else {
                if let directive = lookup(pattern), found.insert(pattern.lowercased()).inserted {
                    result.append((pattern, directive.format(settings)))
                }
                continue
            }
            for directive in directives where !directive.flags.contains(.hidden) {
                for name in [directive.name, directive.alias].compactMap({ $0 })
                where matches(pattern, name) && found.insert(name.lowercased()).inserted {
                    result.append((name, directive.format(settings)))
                }
            }
        }
        return result
    }

    /// CONFIG SET: all of `pairs` or, when it throws, none. Gives the directives whose value is
    /// new, in the order given; they have to be put into effect.
    package func set(
        _ pairs: [(name: String, value: [UInt8])], in settings: inout Settings,
        allowsProtected: Bool, isLoading: Bool = false
    ) throws(SettingError) -> [Directive<Settings>] {
        var chosen: [Int] = []
        var names: Set<String> = []
        for (name, _) in pairs {
            guard let index = indices[name.lowercased()] else { throw .unknown(name) }
            let flags = directives[index].flags
            if flags.contains(.immutable) { throw .immutable(name) }
            if flags.contains(.protected), !allowsProtected { throw .protected(name) }
            if flags.contains(.denyLoading), isLoading { throw .loading }
            // An alias is not taken for the same, as in Redis.
            if !names.insert(name.lowercased()).inserted { throw .duplicate(name) }
            chosen.append(index)
        }
        var updated = settings
        var changed: [Directive<Settings>] = []
        for (index, pair) in zip(chosen, pairs) {
            let directive = directives[index]
            let before = directive.format(updated)
            let values =
                directive.flags.contains(.multiArgument)
                ? DirectiveTable.pieces(pair.value) : [pair.value]
            do throws(DirectiveError) {
                try directive.read(values, into: &updated)
            } catch {
                throw .rejected(pair.name.lowercased(), reason: error.reason)
            }
            if directive.flags.contains(.volatile) || directive.format(updated) != before {
                changed.append(directive)
            }
        }
        settings = updated
        return changed
    }

    /// `value` cut at single blanks; nothing for nothing.
    private static func pieces(_ value: [UInt8]) -> [[UInt8]] {
        if value.isEmpty { return [] }
        return value.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            .map(Array.init)
    }
}
