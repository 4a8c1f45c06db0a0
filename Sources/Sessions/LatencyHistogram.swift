import Memory

/// How long a command took, as counts of durations in nanoseconds up to a second. The geometry is
/// that of HdrHistogram (Gil Tene) for two significant digits, which Redis uses: 256 equal steps up
/// to 255, then 128 for every doubling. Takes 24 KiB from its first entry on, and nothing before.
@usableFromInline
package struct LatencyHistogram: ~Copyable {
    @inlinable static var most: Int64 { 1_000_000_000 }
    private static var steps: Int { 24 * 128 }

    @usableFromInline var counts: FlatArray<Int>
    @usableFromInline package private(set) var total = 0

    package init() { counts = FlatArray(repeating: 0, count: 0) }

    /// The step in which a duration of so many nanoseconds is counted.
    @inlinable @inline(__always)
    package static func step(_ nanoseconds: Int64) -> Int {
        let value = Int(min(max(nanoseconds, 1), most))
        let octave = 64 - 8 - (value | 255).leadingZeroBitCount
        return (octave + 1) * 128 + (value >> octave) - 128
    }

    /// The least and the greatest duration of a step.
    private static func bounds(_ step: Int) -> ClosedRange<Int> {
        let octave = max(0, step / 128 - 1)
        let least = (step - octave * 128) << octave
        return least...least + (1 << octave) - 1
    }

    /// Counts `count` durations, but never more than the command was called, of which `calls` is
    /// the number: what was refused or queued is no call.
    @inlinable @inline(__always)
    package mutating func add(_ step: Int, count: Int, calls: Int) {
        let count = min(count, calls - total)
        guard count > 0 else { return }
        if _slowPath(counts.count == 0) { makeRoom() }
        counts[step] &+= count
        total &+= count
    }

    @usableFromInline @inline(never)
    mutating func makeRoom() { counts = FlatArray(repeating: 0, count: LatencyHistogram.steps) }

    package mutating func removeAll() {
        counts = FlatArray(repeating: 0, count: 0)
        total = 0
    }

    /// Nanoseconds within which `percentile` percent of the calls were done.
    package func value(at percentile: Double) -> Int {
        let wanted = Int(min(percentile, 100) / 100 * Double(total) + 0.5)
        var (seen, step) = (0, 0)
        for index in 0..<counts.count where counts[index] > 0 {
            seen += counts[index]
            step = index
            if seen >= max(wanted, 1) { break }
        }
        let bounds = LatencyHistogram.bounds(step)
        return percentile == 0 ? bounds.lowerBound : bounds.upperBound
    }

    /// Microseconds, doubled from one to the next, and how many calls took at most so long; only
    /// where the number grows.
    package var distribution: [(microseconds: Int, calls: Int)] {
        var result: [(microseconds: Int, calls: Int)] = []
        var (seen, next, limit) = (0, 0, 1024)
        while seen < total {
            let step = LatencyHistogram.step(Int64(limit))
            let before = seen
            while next <= min(step, counts.count - 1) {
                seen += counts[next]
                next += 1
            }
            if seen > before {
                let last = LatencyHistogram.bounds(step).upperBound
                result.append((last / 1000, seen))
            }
            limit *= 2
        }
        return result
    }
}

/// Delays that were longer than `latency-monitor-threshold`, by event: at most one for a second,
/// and the newest 160 of each event.
package struct LatencyMonitor: Equatable, Sendable {
    package struct Sample: Equatable, Sendable {
        /// Seconds since 1970.
        package var time: Int64
        package var milliseconds: Int64
        package init(time: Int64, milliseconds: Int64) {
            self.time = time
            self.milliseconds = milliseconds
        }
    }
    package struct Event: Equatable, Sendable {
        package var samples: [Sample] = []
        package var most: Int64 = 0
    }
    private static var kept: Int { 160 }

    package private(set) var events: [String: Event] = [:]

    package init() {}

    package mutating func add(_ name: String, _ sample: Sample) {
        var event = events[name] ?? Event()
        event.most = max(event.most, sample.milliseconds)
        if let last = event.samples.indices.last, event.samples[last].time == sample.time {
            let longer = max(event.samples[last].milliseconds, sample.milliseconds)
            event.samples[last].milliseconds = longer
        } else {
            if event.samples.count == LatencyMonitor.kept { event.samples.removeFirst() }
            event.samples.append(sample)
        }
        events[name] = event
    }

    /// Forgets an event; whether there was one.
    package mutating func remove(_ name: String) -> Bool {
        events.removeValue(forKey: name) != nil
    }

    package mutating func removeAll() { events = [:] }
}
