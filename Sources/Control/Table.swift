/// Rows of text under titles, the first two columns to the left and the others to the right.
package struct Table: Equatable, Sendable {
    package var titles: [String]
    package var rows: [[String]] = []

    package init(_ titles: [String]) { self.titles = titles }

    /// The lines, columns two blanks apart. A short row's last cell may be as long as it likes.
    package var lines: [String] {
        var widths = titles.map(\.count)
        for row in rows {
            let isShort = row.count < titles.count
            for (column, cell) in row.enumerated() where !isShort || column < row.count - 1 {
                widths[column] = max(widths[column], cell.count)
            }
        }
        return ([titles] + rows).map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
                let isLast = column == row.count - 1
                if column > 0 { line += "  " }
                line += column < 2 ? cell + (isLast ? "" : padding) : padding + cell
            }
            return line
        }
    }
}
