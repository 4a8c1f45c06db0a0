/// A line for the log, returned by a machine that must not write it.
package struct LogLine: Equatable, Sendable {
    /// The levels replication uses, of Redis's four.
    package enum Level: Equatable, Sendable { case debug, notice, warning }

    package let level: Level
    package let text: String

    package init(_ level: Level, _ text: String) {
        self.level = level
        self.text = text
    }

    package static func notice(_ text: String) -> LogLine { LogLine(.notice, text) }
    package static func warning(_ text: String) -> LogLine { LogLine(.warning, text) }
}
