/// After `seconds` with at least `changes` modifications a snapshot is taken.
package struct SavePoint: Equatable, Sendable {
    package var seconds: Int
    package var changes: Int

    package init(seconds: Int, changes: Int) {
        self.seconds = seconds
        self.changes = changes
    }
}

/// How much output may wait for a session before it is closed; 0 is no limit.
package struct OutputBufferLimit: Equatable, Sendable {
    /// At once.
    package var hardBytes: Int
    /// When it lasts for `softSeconds`.
    package var softBytes: Int
    package var softSeconds: Int

    package init(hardBytes: Int, softBytes: Int, softSeconds: Int) {
        self.hardBytes = hardBytes
        self.softBytes = softBytes
        self.softSeconds = softSeconds
    }
}

/// Directives of a form of their own that servers and sentinels have.
extension Directive {
    /// `save <seconds> <changes> …`, or `save ""` for none. Lines of a file add up.
    package static func savePoints(
        _ name: String, _ property: any WritableKeyPath<Settings, [SavePoint]> & Sendable
    ) -> Directive {
        @Sendable func parsed(_ values: [String]) throws(DirectiveError) -> [SavePoint] {
            guard values.count % 2 == 0 else { throw DirectiveError("Invalid save parameters") }
            var points: [SavePoint] = []
            for index in stride(from: 0, to: values.count, by: 2) {
                guard let seconds = Int(values[index]), seconds >= 1,
                    let changes = Int(values[index + 1]), changes >= 0
                else { throw DirectiveError("Invalid save parameters") }
                points.append(SavePoint(seconds: seconds, changes: changes))
            }
            return points
        }
        return Directive(
            name, flags: .multiArgument,
            parse: { (settings, values) throws(DirectiveError) in
                settings[keyPath: property] = values == [""] ? [] : try parsed(values)
            },
            parseMore: { (settings, values) throws(DirectiveError) in
                if values == [""] {
                    settings[keyPath: property] = []
                } else {
                    settings[keyPath: property] += try parsed(values)
                }
            },
            format: { settings in
                settings[keyPath: property].map { "\($0.seconds) \($0.changes)" }
                    .joined(separator: " ")
            },
            rewrite: { name, settings, _ in
                let points = settings[keyPath: property]
                if points.isEmpty { return [RewrittenLine("\(name) \"\"", isForced: true)] }
                return points.map {
                    RewrittenLine("\(name) \($0.seconds) \($0.changes)", isForced: true)
                }
            })
    }

    /// `<class> <hard> <soft> <seconds> …`. `classes` are the names that may be given and the one
    /// that CONFIG GET shows, with the index of their limit; a rewritten file has the first name.
    package static func outputBufferLimits(
        _ name: String, _ property: any WritableKeyPath<Settings, [OutputBufferLimit]> & Sendable,
        classes: [(names: [String], shown: String)]
    ) -> Directive {
        Directive(
            name, flags: .multiArgument,
            parse: { (settings, values) throws(DirectiveError) in
                var limits = settings[keyPath: property]
                guard values.count % 4 == 0 else {
                    throw DirectiveError("Wrong number of arguments in buffer limit configuration.")
                }
                for start in stride(from: 0, to: values.count, by: 4) {
                    let word = values[start].lowercased()
                    guard let index = classes.firstIndex(where: { $0.names.contains(word) }) else {
                        throw DirectiveError(
                            "Invalid client class specified in buffer limit configuration.")
                    }
                    guard let hard = ConfigurationNumber.memory(values[start + 1]),
                        let soft = ConfigurationNumber.memory(values[start + 2]),
                        let seconds = Int32(values[start + 3]), seconds >= 0
                    else {
                        throw DirectiveError(
                            "Error in hard, soft or soft_seconds setting in buffer limit "
                                + "configuration.")
                    }
                    limits[index] = OutputBufferLimit(
                        hardBytes: hard, softBytes: soft, softSeconds: Int(seconds))
                }
                settings[keyPath: property] = limits
            },
            format: { settings in
                zip(classes, settings[keyPath: property]).map { kind, limit in
                    "\(kind.shown) \(limit.hardBytes) \(limit.softBytes) \(limit.softSeconds)"
                }.joined(separator: " ")
            },
            rewrite: { name, settings, defaults in
                let pairs = zip(settings[keyPath: property], defaults[keyPath: property])
                return zip(classes, pairs).map { kind, pair in
                    let (limit, usual) = pair
                    let hard = ConfigurationNumber.memoryText(limit.hardBytes)
                    let soft = ConfigurationNumber.memoryText(limit.softBytes)
                    return RewrittenLine(
                        "\(name) \(kind.names[0]) \(hard) \(soft) \(limit.softSeconds)",
                        isForced: limit != usual)
                }
            })
    }

    /// Words, as many as given up to `most`; one empty word stands for none.
    package static func list(
        _ name: String, flags: DirectiveFlags = [],
        _ property: any WritableKeyPath<Settings, [String]> & Sendable, most: Int,
        tooMany: String
    ) -> Directive {
        Directive(
            name, flags: flags.union(.multiArgument),
            parse: { (settings, values) throws(DirectiveError) in
                guard values.count <= most else { throw DirectiveError(tooMany) }
                settings[keyPath: property] = values == [""] ? [] : values
            },
            format: { $0[keyPath: property].joined(separator: " ") },
            rewrite: { name, settings, defaults in
                let words = settings[keyPath: property]
                if words == defaults[keyPath: property] { return [] }
                let text = words.isEmpty ? "\"\"" : words.joined(separator: " ")
                return [RewrittenLine("\(name) \(text)", isForced: true)]
            })
    }
}
