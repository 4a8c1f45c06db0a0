import CShims
import Glibc

/// The system's clocks.
@usableFromInline
package enum Clock {
    /// Microseconds on a clock that never jumps; its zero means nothing.
    @inlinable @inline(__always)
    package static func monotonicMicroseconds() -> Int64 { tandem_monotonic_microseconds() }

    /// Microseconds since 1970, which an administrator may set at any time.
    @usableFromInline
    package static func wallMicroseconds() -> Int64 { nanoseconds(CLOCK_REALTIME) / 1000 }

    /// Stops this thread for a while.
    package static func sleep(microseconds: Int64) {
        var rest = timespec(
            tv_sec: Int(microseconds / 1_000_000), tv_nsec: Int(microseconds % 1_000_000) * 1000)
        var left = timespec()
        while unsafe nanosleep(&rest, &left) != 0 && errno == EINTR { rest = left }
    }

    /// CPU time this thread has used.
    package static func threadCPUNanoseconds() -> Int64 { nanoseconds(CLOCK_THREAD_CPUTIME_ID) }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// The date and time of day at `wall` (microseconds since 1970) where this machine stands.
    package static func local(_ wall: Int64) -> LocalTime {
        let (seconds, rest) = wall.quotientAndRemainder(dividingBy: 1_000_000)
        var time = time_t(seconds)
        var parts = unsafe tm()
        _ = unsafe localtime_r(&time, &parts)
        return unsafe LocalTime(
            year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
            hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec),
            millisecond: Int(rest / 1000), offset: Int(parts.tm_gmtoff))
    }
}

/// A moment as a calendar and a clock on the wall show it.
package struct LocalTime: Equatable, Sendable {
    package let year, month, day, hour, minute, second, millisecond: Int
    /// Seconds east of UTC.
    package let offset: Int

    package init(
        year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, millisecond: Int,
        offset: Int
    ) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
        self.millisecond = millisecond
        self.offset = offset
    }

    /// The form of Redis's log lines: `21 Nov 2026 08:05:09.012`.
    package var logText: String {
        let names = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        func padded(_ number: Int, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        let date = "\(padded(day, 2)) \(names[month - 1]) \(year)"
        let time = "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))"
        return "\(date) \(time).\(padded(millisecond, 3))"
    }
}

/// Unpredictable numbers from the kernel: seeds of hash keys and run IDs.
package enum Entropy {
    /// 64 random bits.
    package static func word() -> UInt64 {
        var word: UInt64 = 0
        var filled = false
        while !filled {
            filled = unsafe withUnsafeMutableBytes(of: &word) { bytes in
                unsafe tandem_random(bytes.baseAddress, bytes.count) == 0
            }
        }
        return word
    }
}
