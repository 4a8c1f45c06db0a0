import Memory

/// What is done with a key.
package struct KeyUse: Equatable, Sendable {
    /// Redis's words, e.g. "RW access update".
    package let words: String
    /// The same as rules of users tell it: whether the value is made known, and whether it changes.
    package let reads: Bool
    package let writes: Bool
    /// The argument is treated as a key by clients that route requests, but is none.
    package let isNoKey: Bool
    /// The arguments decide (SET with GET, BITFIELD).
    let isVariable: Bool

    package init(_ words: String) {
        let all = words.split(separator: " ")
        self.words = words
        reads = all.contains("access")
        writes = all.contains { ["insert", "delete", "update"].contains($0) }
        isNoKey = all.contains("not_key")
        isVariable = all.contains("variable_flags")
    }

    static let shown = KeyUse("RO access")
    static let replaced = KeyUse("OW update")
    static let changed = KeyUse("RW access update")
}

/// Where some of a command's keys are, and what it does with them, as COMMAND shows it. Keys are
/// extracted from the same value.
package struct KeySpec: Equatable, Sendable {
    /// How to find the first argument of interest.
    package enum Begin: Equatable, Sendable {
        case index(Int)
        /// Behind a word, searched from `startFrom`; backwards if that is negative.
        case keyword(String, startFrom: Int)
        case unknown
    }

    /// How to find the keys from there.
    package enum Find: Equatable, Sendable {
        /// `last` counts from the first; negative, from the end. `limit` n > 1 says that only
        /// the first n-th of what remains are keys.
        case range(last: Int, step: Int, limit: Int)
        /// A number of keys stands at `at`, the keys begin at `first`.
        case count(at: Int, first: Int, step: Int)
        case unknown
    }

    package let use: KeyUse
    package let begin: Begin
    package let find: Find

    package init(_ flags: String, _ begin: Begin, _ find: Find) {
        use = KeyUse(flags)
        self.begin = begin
        self.find = find
    }

    /// What COMMAND adds to the key of a command whose flags alone would mislead, as Redis says it.
    static let notes = [
        "set": "RW and ACCESS due to the optional `GET` argument",
        "bitfield": "This command allows both access and modification of the key",
        "getex": "RW and UPDATE because it changes the TTL",
        "pfcount":
            "RW because it may change the internal representation of the key, and propagate to "
            + "replicas",
    ]

    /// Positions of the keys in `call`, whose command starts at argument `start`; nil if the
    /// arguments cannot be right.
    package func positions(_ call: Call, from start: Int) -> StrideThrough<Int>? {
        let count = call.count - start
        let none = stride(from: 1, through: 0, by: 1)
        guard let first = firstPosition(call, start, count) else { return none }
        var (begin, last, step) = (first, first, 1)
        switch find {
        case .range(let lastKey, let by, let limit):
            step = by
            if lastKey >= 0 {
                last = first + lastKey
            } else if limit <= 1 {
                last = count + lastKey
            } else {
                last = first + (count - first) / limit + lastKey
            }
        case .count(let at, let firstKey, let by):
            guard first + at < count, let keys = call[start + first + at].integer, keys >= 0,
                keys <= Int64(count)
            else { return nil }
            step = by
            begin = first + firstKey
            last = begin + (Int(keys) - 1) * by
        case .unknown:
            return none
        }
        guard begin <= last else { return none }
        guard last < count else { return nil }
        return stride(from: begin, through: last, by: max(step, 1))
    }

    private func firstPosition(_ call: Call, _ start: Int, _ count: Int) -> Int? {
        switch begin {
        case .index(let index):
            return index
        case .keyword(let word, let startFrom):
            let (from, end) = startFrom > 0 ? (startFrom, count - 1) : (count + startFrom, 1)
            let wanted = Array(word.utf8)
            for index in stride(from: from, to: end, by: startFrom > 0 ? 1 : -1)
            where index > 0 && index < count {
                if wanted.withView({ call[start + index].equalsIgnoringCase($0) }) {
                    return index + 1
                }
            }
            return nil
        case .unknown:
            return nil
        }
    }
}

extension Command {
    /// The specs of the row; without any, what `keys` says.
    package var allKeySpecs: [KeySpec] {
        guard keySpecs.isEmpty, keys != .none else { return keySpecs }
        let last = keys.last < 0 ? keys.last : keys.last - keys.first
        var access = keyAccess
        if access.isEmpty { access = flags.contains(.write) ? "RW access update" : "RO access" }
        return [
            KeySpec(
                access, .index(keys.first), .range(last: last, step: keys.step, limit: 0))
        ]
    }

    /// Keys of a request of this command that begins at argument `start`, with their use; nil if
    /// the arguments cannot be right.
    package func keys(of call: Call, from start: Int) -> [(index: Int, use: KeyUse)]? {
        var result: [(index: Int, use: KeyUse)] = []
        for spec in allKeySpecs where !spec.use.isNoKey {
            guard let positions = spec.positions(call, from: start) else { return nil }
            let use = spec.use.isVariable ? identity.keyUse(call, from: start) : spec.use
            result += positions.map { ($0, use) }
        }
        return result
    }
}

extension CommandIdentity {
    /// What commands do with their key whose options decide about it.
    func keyUse(_ call: Call, from start: Int) -> KeyUse {
        if self == .set {
            let shows = (start + 3..<max(call.count, start + 3)).contains {
                call[$0].equalsIgnoringCase("get")
            }
            return shows ? .changed : .replaced
        }
        return isPureBitField(call, from: start) ? .shown : .changed
    }

    /// Whether a BITFIELD only gets. One that is wrong is taken for one that changes.
    private func isPureBitField(_ call: Call, from start: Int) -> Bool {
        var index = start + 2
        while index < call.count {
            let left = call.count - index - 1
            if call[index].equalsIgnoringCase("get"), left >= 2 {
                index += 3
            } else if call[index].equalsIgnoringCase("overflow"), left >= 1 {
                index += 2
            } else {
                return false
            }
        }
        return true
    }
}
