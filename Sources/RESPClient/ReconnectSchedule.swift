/// When to try an outgoing connection again: soon after the first failure, then ever later up to
/// a limit, spread by chance so that many clients of one peer do not come back at once.
package struct ReconnectSchedule: Equatable, Sendable {
    /// Delay after the first failure, µs.
    package let first: Int64
    /// Longest delay, µs.
    package let longest: Int64
    /// Failures in a row.
    package private(set) var failures = 0
    /// When the next try is due (monotonic µs); nil while nothing failed.
    package private(set) var nextTry: Int64?

    /// A schedule with nothing failed.
    package init(first: Int64 = 100_000, longest: Int64 = 5_000_000) {
        self.first = max(first, 1)
        self.longest = max(longest, self.first)
    }

    /// A try failed or a connection broke. `random` is any number. The delay doubles with every
    /// failure; up to a quarter of it is taken off by chance.
    package mutating func failed(at now: Int64, random: UInt64) -> Int64 {
        var delay = first
        for _ in 0..<min(failures, 62) where delay < longest { delay = min(delay * 2, longest) }
        failures += 1
        let due = now + delay - Int64(random % UInt64(delay / 4 + 1))
        nextTry = due
        return due
    }

    /// A connection works: forget the failures.
    package mutating func succeeded() {
        failures = 0
        nextTry = nil
    }

    /// Whether a try is due.
    package func isDue(at now: Int64) -> Bool { nextTry.map { now >= $0 } ?? true }
}
