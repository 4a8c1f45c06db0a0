import Memory

/// What dispatch needs of a command, in one plain value.
@frozen @usableFromInline
package struct CommandEntry: BitwiseCopyable, Sendable {
    @usableFromInline package let thunk: CommandThunk
    @usableFromInline let prefix: UInt64
    @usableFromInline package let flags: CommandFlags
    /// Arguments it takes at least, its name included, and how many more.
    @usableFromInline let leastArguments: Int32
    @usableFromInline let moreArguments: UInt32
    @usableFromInline let length: Int16
    @usableFromInline let compareWhole: Bool
    @usableFromInline package let identity: CommandIdentity
    /// Position of the first key, 0 without keys.
    @usableFromInline package let firstKey: Int16
    /// Where the subcommands' entries lie; a container has at least one.
    @usableFromInline let firstSubcommand: Int16
    @usableFromInline let subcommandCount: Int16
    /// The container of a subcommand, else -1.
    @usableFromInline package let parent: Int16

    @inlinable @inline(__always)
    package func accepts(arguments count: Int) -> Bool {
        UInt(bitPattern: count &- Int(leastArguments)) <= UInt(moreArguments)
    }

    /// Whether it takes a moment by nature, and is timed together with its batch.
    @inlinable @inline(__always)
    package var isTimedWithBatch: Bool { !flags.isDisjoint(with: [.fast, .brief]) }
}

/// A place in the table of names.
@frozen @usableFromInline
struct CommandBucket: BitwiseCopyable {
    @usableFromInline var prefix: UInt64 = 0
    /// -1: free.
    @usableFromInline var index: Int32 = -1
    @usableFromInline var length: Int16 = 0
    @usableFromInline var compareWhole = false

    init() {}
}

/// The commands of a service: rows for people and COMMAND, and a flat copy for dispatch.
@usableFromInline
package struct CommandTable: ~Copyable {
    /// Rows by index; subcommands have indices of their own and full names ("client|list").
    package let rows: [Command]
    /// Number of commands that are no subcommands; they come first.
    package let topLevelCount: Int
    /// Those of them that clients can call: all but what `rename-command` took away.
    package let callable: [Int]
    /// Indices by full name.
    private let indices: [String: Int]
    @usableFromInline let entries: FlatArray<CommandEntry>
    @usableFromInline let buckets: FlatArray<CommandBucket>
    /// What clients type, without the container's name, for the entries that a prefix does not
    /// decide.
    let names: [[UInt8]]
    private let passing = PassedByAddress()
    /// Where keys are, by index.
    let keySpecs: [[KeySpec]]
    /// ACL categories, by index.
    let categories: [CommandCategories]
    /// Calls, time and refusals, by index.
    @usableFromInline package var statistics: FlatArray<CommandStatistics>
    /// Distribution of the times they took, by index.
    package var latencies: FlatArray<LatencyHistogram>

    @inlinable static var bucketCount: Int { 2048 }

    /// A table of `top` and their subcommands. Names must be unique.
    package init(_ top: [Command]) {
        var rows = top
        var parents = [Int](repeating: -1, count: top.count)
        var firstSub = [Int](repeating: 0, count: top.count)
        for (index, command) in top.enumerated() where !command.subcommands.isEmpty {
            firstSub[index] = rows.count
            for var sub in command.subcommands {
                sub.name = "\(command.name)|\(sub.name)"
                rows.append(sub)
                parents.append(index)
            }
        }
        for index in rows.indices { rows[index].identity = CommandIdentity(name: rows[index].name) }
        self.rows = rows
        topLevelCount = top.count
        let callable = top.indices.filter { !top[$0].calledName.isEmpty }
        self.callable = callable
        indices = Dictionary(rows.enumerated().map { ($1.name, $0) }) { first, _ in first }
        var entries: [CommandEntry] = []
        for (index, row) in rows.enumerated() {
            let own = Array(row.calledName.utf8)
            let plain = own.allSatisfy { asciiLower($0) >= 97 && asciiLower($0) <= 122 }
            entries.append(
                CommandEntry(
                    thunk: row.run, prefix: own.withView { $0.foldedPrefix }, flags: row.flags,
                    leastArguments: Int32(abs(row.arity)),
                    moreArguments: row.arity < 0 ? .max : 0, length: Int16(own.count),
                    compareWhole: own.count > 8 || !plain, identity: row.identity,
                    firstKey: Int16(row.keys.first),
                    firstSubcommand: index < top.count ? Int16(firstSub[index]) : 0,
                    subcommandCount: Int16(row.subcommands.count), parent: Int16(parents[index])))
        }
        categories = rows.map { CommandCategories(names: $0.aclCategories) }
        keySpecs = rows.map { $0.allKeySpecs }
        names = rows.map { Array($0.calledName.utf8) }
        var flat = FlatArray(repeating: entries[0], count: entries.count)
        for (index, entry) in entries.enumerated() { flat[index] = entry }
        self.entries = flat
        var buckets = FlatArray(repeating: CommandBucket(), count: CommandTable.bucketCount)
        for index in callable {
            let entry = entries[index]
            var bucket = CommandTable.bucket(entry.prefix, Int(entry.length))
            while buckets[bucket].index >= 0 { bucket = (bucket + 1) % CommandTable.bucketCount }
            buckets[bucket].prefix = entry.prefix
            buckets[bucket].index = Int32(index)
            buckets[bucket].length = entry.length
            buckets[bucket].compareWhole = entry.compareWhole
        }
        self.buckets = buckets
        statistics = FlatArray(repeating: CommandStatistics(), count: rows.count)
        latencies = FlatArray(count: rows.count) { _ in LatencyHistogram() }
    }

    @inlinable @inline(__always)
    static func bucket(_ prefix: UInt64, _ length: Int) -> Int {
        Int(truncatingIfNeeded: ((prefix ^ UInt64(length)) &* 0x9E37_79B9_7F4A_7C15) >> 53)
    }

    @inlinable
    package subscript(index: Int) -> CommandEntry {
        @inline(__always) get { entries[index] }
    }

    /// Index of the command `name`, in any case; -1 if there is none.
    @inlinable @inline(__always)
    package func find(_ name: ByteView) -> Int {
        let prefix = name.foldedPrefix
        var bucket = CommandTable.bucket(prefix, name.count)
        while true {
            let found = buckets[bucket]
            if found.index < 0 { return -1 }
            if found.prefix == prefix && Int(found.length) == name.count
                && (!found.compareWhole || matchesWhole(Int(found.index), name))
            {
                return Int(found.index)
            }
            bucket = (bucket &+ 1) & (CommandTable.bucketCount - 1)
        }
    }

    @inlinable @inline(__always)
    func matches(_ index: Int, _ name: ByteView, _ prefix: UInt64) -> Bool {
        let entry = entries[index]
        return entry.prefix == prefix && Int(entry.length) == name.count
            && (!entry.compareWhole || matchesWhole(index, name))
    }

    @usableFromInline @inline(never)
    func matchesWhole(_ index: Int, _ name: ByteView) -> Bool {
        names[index].withView { $0.equalsIgnoringCase(name) }
    }

    /// Whether the command has subcommands.
    @inlinable @inline(__always)
    package func isContainer(_ index: Int) -> Bool { entries[index].subcommandCount > 0 }

    /// Index of subcommand `name` of container `index`; -1 if there is none.
    package func find(_ name: ByteView, in index: Int) -> Int {
        let entry = entries[index]
        let prefix = name.foldedPrefix
        for offset in 0..<Int(entry.subcommandCount) {
            let candidate = Int(entry.firstSubcommand) + offset
            if matches(candidate, name, prefix) { return candidate }
        }
        return -1
    }

    /// Indices of the subcommands of a container.
    package func subcommands(of index: Int) -> Range<Int> {
        let first = Int(entries[index].firstSubcommand)
        return first..<first + Int(entries[index].subcommandCount)
    }

    /// Index of what a request runs: of its subcommand, where it names one.
    package func executed(_ call: Call) -> Int {
        guard isContainer(call.command), call.count > 1 else { return call.command }
        let index = find(call[1], in: call.command)
        return index >= 0 ? index : call.command
    }

    /// Index of a command by what it is, whatever clients call it ("get", "client|list").
    package func find(fullName: String) -> Int? {
        guard fullName.utf8.allSatisfy({ $0 < 128 }) else { return nil }
        return indices[fullName.lowercased()]
    }

    /// Index of a command by what clients call it, with a bar before a subcommand's own name; -1 if
    /// there is none.
    package func find(path: ByteView) -> Int {
        guard let bar = path.firstIndex(of: UInt8(ascii: "|")) else { return find(path) }
        let container = find(path[0..<bar])
        return container < 0 ? -1 : find(path[bar + 1..<path.count], in: container)
    }

    /// Whether clients can call the command.
    package func isCallable(_ index: Int) -> Bool {
        let parent = Int(entries[index].parent)
        return !rows[parent < 0 ? index : parent].calledName.isEmpty
    }
}

/// What INFO commandstats reports of a command.
@frozen @usableFromInline
package struct CommandStatistics: BitwiseCopyable, Sendable {
    @usableFromInline package var calls = 0
    @usableFromInline package var microseconds = 0
    @usableFromInline package var rejected = 0
    @usableFromInline package var failed = 0
    @inlinable package init() {}
}
