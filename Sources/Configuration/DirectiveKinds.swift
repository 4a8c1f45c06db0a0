/// Directives of the usual kinds, over a property of the settings. `check` may refuse a value
/// that has the right form, with its reason.
extension Directive {
    /// `yes` or `no`.
    package static func boolean(
        _ name: String, alias: String? = nil, flags: DirectiveFlags = [],
        _ property: any WritableKeyPath<Settings, Bool> & Sendable,
        check: @escaping @Sendable (Bool) -> String? = { _ in nil }
    ) -> Directive {
        Directive(
            name, alias: alias, flags: flags,
            parse: { (settings, values) throws(DirectiveError) in
                let value =
                    switch values[0].lowercased() {
                    case "yes": true
                    case "no": false
                    default: throw DirectiveError("argument must be 'yes' or 'no'")
                    }
                if let reason = check(value) { throw DirectiveError(reason) }
                settings[keyPath: property] = value
            },
            format: { $0[keyPath: property] ? "yes" : "no" })
    }

    /// A decimal integer in `range`.
    package static func integer(
        _ name: String, alias: String? = nil, flags: DirectiveFlags = [],
        _ property: any WritableKeyPath<Settings, Int> & Sendable, _ range: ClosedRange<Int>,
        check: @escaping @Sendable (Int) -> String? = { _ in nil }
    ) -> Directive {
        Directive(
            name, alias: alias, flags: flags,
            parse: { (settings, values) throws(DirectiveError) in
                guard let value = ConfigurationNumber.decimal(values[0]) else {
                    throw DirectiveError("argument couldn't be parsed into an integer")
                }
                try ConfigurationNumber.check(value, range)
                if let reason = check(value) { throw DirectiveError(reason) }
                settings[keyPath: property] = value
            },
            format: { String($0[keyPath: property]) })
    }

    /// Permission bits in octal.
    package static func octal(
        _ name: String, flags: DirectiveFlags = [],
        _ property: any WritableKeyPath<Settings, Int> & Sendable, _ range: ClosedRange<Int>
    ) -> Directive {
        Directive(
            name, flags: flags,
            parse: { (settings, values) throws(DirectiveError) in
                guard let value = Int(values[0], radix: 8) else {
                    throw DirectiveError("argument couldn't be parsed as an octal number")
                }
                try ConfigurationNumber.check(value, range, radix: 8)
                settings[keyPath: property] = value
            },
            format: { String($0[keyPath: property], radix: 8) })
    }

    /// Bytes: `1048576`, `1mb`, `1m` (10⁶), in any case.
    package static func memory(
        _ name: String, alias: String? = nil, flags: DirectiveFlags = [],
        _ property: any WritableKeyPath<Settings, Int> & Sendable,
        _ range: ClosedRange<Int> = 0...Int.max
    ) -> Directive {
        Directive(
            name, alias: alias, flags: flags,
            parse: { (settings, values) throws(DirectiveError) in
                guard let value = ConfigurationNumber.memory(values[0]) else {
                    if ConfigurationNumber.isTooMuchMemory(values[0]) {
                        throw ConfigurationNumber.outside(range)
                    }
                    throw DirectiveError("argument must be a memory value")
                }
                try ConfigurationNumber.check(value, range)
                settings[keyPath: property] = value
            },
            format: { String($0[keyPath: property]) },
            rewrite: { name, settings, defaults in
                let value = settings[keyPath: property]
                let text = "\(name) \(ConfigurationNumber.memoryText(value))"
                return [RewrittenLine(text, isForced: value != defaults[keyPath: property])]
            })
    }

    /// Bytes, or a percentage of something, which is kept as a negative number.
    package static func memoryOrPercent(
        _ name: String, alias: String? = nil, flags: DirectiveFlags = [],
        _ property: any WritableKeyPath<Settings, Int> & Sendable,
        mostPercent: Int = 100, _ range: ClosedRange<Int> = 0...Int.max
    ) -> Directive {
        Directive(
            name, alias: alias, flags: flags,
            parse: { (settings, values) throws(DirectiveError) in
                if let value = ConfigurationNumber.memory(values[0]) {
                    try ConfigurationNumber.check(value, range)
                    settings[keyPath: property] = value
                } else if values[0].hasSuffix("%"),
                    let percent = ConfigurationNumber.decimal(String(values[0].dropLast())),
                    percent >= 0
                {
                    guard percent <= mostPercent else {
                        throw DirectiveError(
                            "percentage argument must be less or equal to \(mostPercent)")
                    }
                    settings[keyPath: property] = -percent
                } else {
                    throw DirectiveError("argument must be a memory or percent value")
                }
            },
            format: { settings in
                let value = settings[keyPath: property]
                return value < 0 ? "\(-value)%" : String(value)
            },
            rewrite: { name, settings, defaults in
                let value = settings[keyPath: property]
                let text = value < 0 ? "\(-value)%" : ConfigurationNumber.memoryText(value)
                let isForced = value != defaults[keyPath: property]
                return [RewrittenLine("\(name) \(text)", isForced: isForced)]
            })
    }

    /// Any text.
    package static func string(
        _ name: String, alias: String? = nil, flags: DirectiveFlags = [],
        _ property: any WritableKeyPath<Settings, String> & Sendable,
        check: @escaping @Sendable (String) -> String? = { _ in nil }
    ) -> Directive {
        Directive(
            name, alias: alias, flags: flags,
            parse: { (settings, values) throws(DirectiveError) in
                if let reason = check(values[0]) { throw DirectiveError(reason) }
                settings[keyPath: property] = values[0]
            },
            format: { $0[keyPath: property] },
            rewrite: { name, settings, defaults in
                let value = settings[keyPath: property]
                let isForced = value != defaults[keyPath: property]
                return [RewrittenLine("\(name) \(Lexer.quoted(value))", isForced: isForced)]
            })
    }

    /// Any bytes: what a password may be.
    package static func bytes(
        _ name: String, flags: DirectiveFlags = [],
        _ property: any WritableKeyPath<Settings, [UInt8]> & Sendable
    ) -> Directive {
        Directive(
            name, flags: flags,
            parse: { (settings, values) throws(DirectiveError) in
                settings[keyPath: property] = values[0]
            },
            format: { $0[keyPath: property] })
    }

    /// Any text; none when empty, and then the file has no line.
    package static func optionalString(
        _ name: String, alias: String? = nil, flags: DirectiveFlags = [],
        _ property: any WritableKeyPath<Settings, String?> & Sendable,
        check: @escaping @Sendable (String) -> String? = { _ in nil }
    ) -> Directive {
        Directive(
            name, alias: alias, flags: flags,
            parse: { (settings, values) throws(DirectiveError) in
                if let reason = check(values[0]) { throw DirectiveError(reason) }
                settings[keyPath: property] = values[0].isEmpty ? nil : values[0]
            },
            format: { $0[keyPath: property] ?? "" },
            rewrite: { name, settings, defaults in
                guard let value = settings[keyPath: property] else { return [] }
                let isForced = value != defaults[keyPath: property]
                return [RewrittenLine("\(name) \(Lexer.quoted(value))", isForced: isForced)]
            })
    }

    /// One of several words.
    package static func enumeration<Value: Equatable & Sendable>(
        _ name: String, alias: String? = nil, flags: DirectiveFlags = [],
        _ property: any WritableKeyPath<Settings, Value> & Sendable,
        _ choices: [(name: String, value: Value)]
    ) -> Directive {
        let names = choices.map(\.name).joined(separator: ", ")
        return Directive(
            name, alias: alias, flags: flags,
            parse: { (settings, values) throws(DirectiveError) in
                let word = values[0].lowercased()
                guard let choice = choices.first(where: { $0.name == word }) else {
                    throw DirectiveError("argument(s) must be one of the following: \(names)")
                }
                settings[keyPath: property] = choice.value
            },
            format: { settings in
                choices.first { $0.value == settings[keyPath: property] }?.name ?? "unknown"
            })
    }

    /// One of the words of an enumeration, in the order of its cases.
    package static func enumeration<Value>(
        _ name: String, alias: String? = nil, flags: DirectiveFlags = [],
        _ property: any WritableKeyPath<Settings, Value> & Sendable
    ) -> Directive
    where Value: CaseIterable & RawRepresentable<String> & Equatable & Sendable {
        enumeration(
            name, alias: alias, flags: flags, property, Value.allCases.map { ($0.rawValue, $0) })
    }

    /// Any of several words, as bits; a word whose bits are all set stands for them, so those
    /// with more bits come first.
    package static func bits(
        _ name: String, flags: DirectiveFlags = [],
        _ property: any WritableKeyPath<Settings, Int> & Sendable,
        _ choices: [(name: String, bits: Int)],
        check: @escaping @Sendable (Int) -> String? = { _ in nil }
    ) -> Directive {
        let names = choices.map(\.name).joined(separator: ", ")
        return Directive(
            name, flags: flags.union(.multiArgument),
            parse: { (settings, values) throws(DirectiveError) in
                var bits = 0
                for value in values {
                    let word = value.lowercased()
                    let matching = choices.filter { $0.name == word }
                    guard !matching.isEmpty else {
                        throw DirectiveError(
                            "argument(s) must be one of the following: \(names)")
                    }
                    bits = matching.reduce(bits) { $0 | $1.bits }
                }
                guard !values.isEmpty else {
                    throw DirectiveError("argument(s) must be one of the following: \(names)")
                }
                if let reason = check(bits) { throw DirectiveError(reason) }
                settings[keyPath: property] = bits
            },
            format: { settings in
                var rest = settings[keyPath: property]
                if let exact = choices.first(where: { $0.bits == rest }) { return exact.name }
                var found: [String] = []
                for choice in choices where choice.bits != 0 && rest & choice.bits == choice.bits {
                    found.append(choice.name)
                    rest &= ~choice.bits
                }
                return rest == 0 && !found.isEmpty ? found.joined(separator: " ") : "unknown"
            })
    }
}
