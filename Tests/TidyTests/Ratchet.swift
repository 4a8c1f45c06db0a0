/// Breaches that are allowed, each with its number and its reason. The list lives in
/// tidy-ratchet.tsv: rule, path, count, reason. It may only shrink: a file with more findings
/// than its row allows fails, and so does a row that allows more than there are. The count `*`
/// allows any number but none.
struct Ratchet {
    struct Row: Equatable {
        let rule: String
        let path: String
        /// How many; nil for any number.
        let count: Int?
    }

    let rows: [Row]
    private let list = "tidy-ratchet.tsv"

    /// Reads the table; a malformed line is an error in the tree and becomes a row nothing meets.
    init(table: String) {
        rows = table.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            let isOpen = fields.count == 4 && fields[2] == "*"
            let count = fields.count == 4 ? Int(fields[2]) : nil
            guard isOpen || count != nil, fields.last?.isEmpty == false else {
                return Row(rule: "malformed", path: String(line), count: 1)
            }
            return Row(rule: String(fields[0]), path: String(fields[1]), count: count)
        }
    }

    /// The findings that no row of `rule` covers, and the rows that cover more than there is.
    func excess(of rule: String, in findings: [Finding]) -> [String] {
        var problems: [String] = []
        let byPath = Dictionary(grouping: findings, by: \.path)
        for (path, found) in byPath.sorted(by: { $0.key < $1.key }) {
            let row = rows.first { $0.rule == rule && $0.path == path }
            if row?.count == nil && row != nil { continue }
            let allowed = row?.count ?? 0
            if found.count > allowed {
                problems += found.map { "\($0)" }
                problems.append("\(rule)\t\(path)\t\(found.count) found, \(allowed) allowed")
            } else if found.count < allowed {
                problems.append(
                    "\(list) allows \(allowed) for \(rule) in \(path): \(found.count) left")
            }
        }
        for row in rows where row.rule == rule && byPath[row.path] == nil {
            problems.append("\(list) allows some for \(rule) in \(row.path): none left")
        }
        problems += rows.filter { $0.rule == "malformed" }.map {
            "\(list): malformed: \($0.path)"
        }
        return problems
    }
}
