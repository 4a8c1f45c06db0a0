import Foundation

/// The deliberate differences from Redis 7.0.15, read from Tests/differences.tsv.
struct Differences {
    struct Row {
        let kind: String
        let pattern: String
    }

    let rows: [Row]

    init(table: String) {
        rows = table.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            return fields.count == 5
                ? Row(kind: String(fields[0]), pattern: String(fields[1])) : nil
        }
    }

    static func load() throws -> Differences {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
        return Differences(
            table: try String(
                contentsOf: tests.appendingPathComponent("differences.tsv"), encoding: .utf8))
    }

    /// Whether replies to this command line are expected to differ. A pattern ends with `*` for
    /// "and whatever follows"; letters match in either case.
    func excuse(_ command: String) -> Bool {
        let text = command.lowercased()
        return rows.contains { row in
            guard row.kind == "reply" else { return false }
            let pattern = row.pattern.lowercased()
            return pattern.hasSuffix("*")
                ? text.hasPrefix(pattern.dropLast()) : text == pattern
        }
    }
}
