import Sessions
import Testing

@Suite("Distributions of times")
struct LatencyHistogramTests {
    private func percentile(_ times: [Int64], _ percentile: Double) -> Int {
        var histogram = LatencyHistogram()
        for time in times {
            histogram.add(LatencyHistogram.step(time), count: 1, calls: times.count)
        }
        return histogram.value(at: percentile)
    }

    @Test("every duration lies within its step, which is at most one percent wide")
    func steps() {
        for time in [1, 200, 255, 256, 1023, 1024, 99_999, 1_000_000, 999_999_999] as [Int64] {
            let (least, most) = (percentile([time], 0), percentile([time], 100))
            #expect(least <= Int(time) && Int(time) <= most)
            #expect(most - least <= Int(time) / 100)
        }
        #expect(LatencyHistogram.step(0) == LatencyHistogram.step(1))
        #expect(LatencyHistogram.step(.max) == LatencyHistogram.step(1_000_000_000))
    }

    // The upper ends of the steps in which these durations lie.
    @Test("percentiles are those of HdrHistogram")
    func percentiles() {
        #expect(percentile([1000], 50) == 1003)
        let times = (1...1000).map { Int64($0) * 1000 }
        #expect(percentile(times, 50) == 501_759)
        #expect(percentile(times, 99) == 991_231)
        #expect(percentile(times, 100) == 1_003_519)
        #expect(percentile(times, 0) == 1000)
    }

    @Test("a distribution doubles from step to step and ends with all calls")
    func distribution() {
        var histogram = LatencyHistogram()
        for time in [500, 1000, 3000, 33_000, 40_000] as [Int64] {
            histogram.add(LatencyHistogram.step(time), count: 2, calls: 10)
        }
        let shown = histogram.distribution
        #expect(shown.map(\.microseconds) == [1, 4, 33, 66])
        #expect(shown.map(\.calls) == [4, 6, 8, 10])
    }

    @Test("what was refused is no call")
    func refused() {
        var histogram = LatencyHistogram()
        histogram.add(10, count: 5, calls: 3)
        histogram.add(10, count: 1, calls: 3)
        #expect(histogram.total == 3)
        histogram.removeAll()
        #expect(histogram.total == 0 && histogram.distribution.isEmpty)
    }

    @Test("an event keeps its newest delays, one for a second")
    func monitor() {
        var monitor = LatencyMonitor()
        for second in 0..<200 as Range<Int64> {
            monitor.add("command", .init(time: second, milliseconds: 5))
            monitor.add("command", .init(time: second, milliseconds: 1000 - second))
        }
        let event = monitor.events["command"]
        #expect(event?.samples.count == 160)
        #expect(event?.samples.last == .init(time: 199, milliseconds: 801))
        #expect(event?.most == 1000)
        #expect(monitor.remove("command") && !monitor.remove("command"))
    }
}
