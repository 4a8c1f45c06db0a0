import Platform

/// Measures how much CPU time a turn takes, from its beginning to that of the next one. Asking the
/// kernel for that is a system call, so it is asked at most once in so many microseconds: turns
/// that begin meanwhile count together with the one before, and a long one by itself.
@usableFromInline
struct TurnMeter {
    /// By as much may a turn seem longer than it was, in microseconds.
    private static let grain: Int64 = 100

    /// When the CPU's clock may be read again, in monotonic microseconds.
    @usableFromInline private(set) var nextReading: Int64 = 0
    private var lastReading = Clock.threadCPUNanoseconds()

    /// Microseconds of this thread's CPU time since the last reading.
    mutating func read(at now: Int64) -> Int {
        nextReading = now + TurnMeter.grain
        let reading = Clock.threadCPUNanoseconds()
        defer { lastReading = reading }
        return Int((reading - lastReading) / 1000)
    }
}
