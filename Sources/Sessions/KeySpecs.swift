import Memory

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

    /// Redis's words, e.g. "RW access update".
    package var flags: String
    package var begin: Begin
    package var find: Find

    package init(_ flags: String, _ begin: Begin, _ find: Find) {
        self.flags = flags
        self.begin = begin
        self.find = find
    }

    /// What COMMAND adds to the key of a command whose flags alone would mislead, as Redis says it.
    static let notes = [
        "set": "RW and ACCESS due to the optional `GET` argument",
        "bitfield": "This command allows both access and modification of the key",
        "getex": "RW and UPDATE because it changes the TTL",
    ]

    /// The argument is treated as a key by clients that route requests, but is none.
    package var isNoKey: Bool { flags.contains("not_key") }

    /// Whether the arguments decide what is done with the key (SET with GET, BITFIELD).
    var isVariable: Bool { flags.contains("variable_flags") }

    /// Positions of the keys in `call`, whose command starts at argument `start`; nil if the
    /// arguments cannot be right.
    package func positions(_ call: Call, from start: Int) -> [Int]? {
        let count = call.count - start
        guard let first = firstPosition(call, start, count) else { return [] }
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
            return []
        }
        guard begin <= last else { return [] }
        guard last < count else { return nil }
        return Array(stride(from: begin, through: last, by: max(step, 1)))
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

    /// Keys of a request of this command that begins at argument `start`, with the flags of
    /// their use; nil if the arguments cannot be right.
    package func keys(of call: Call, from start: Int) -> [(index: Int, flags: String)]? {
        var result: [(index: Int, flags: String)] = []
        for spec in allKeySpecs where !spec.isNoKey {
            guard let positions = spec.positions(call, from: start) else { return nil }
            let flags = spec.isVariable ? variableFlags(of: call, from: start) : spec.flags
            result += positions.map { ($0, flags) }
        }
        return result
    }

    /// What commands do with their key whose options decide about it.
    private func variableFlags(of call: Call, from start: Int) -> String {
        func has(_ word: StaticString, behind: Int = 2) -> Bool {
            (start + behind..<max(call.count, start + behind)).contains {
                call[$0].equalsIgnoringCase(word)
            }
        }
        if identity == .set { return has("get", behind: 3) ? "RW access update" : "OW update" }
        return has("set") || has("incrby") ? "RW access update" : "RO access"
    }
}
