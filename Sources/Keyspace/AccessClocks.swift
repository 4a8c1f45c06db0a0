import DataStructures
import Digests
import Memory

/// When and how often entries are used: 24 bits in each, as Redis keeps them.
extension Databases {
    private static let clockMask: UInt32 = 0xff_ffff
    /// Counter of a new entry, so that it is not the next to be evicted.
    private static let firstCount: UInt32 = 5

    /// Brings the clocks up to `now`.
    @usableFromInline
    mutating func setClocks() {
        nextClocks = (now / 1000 + 1) * 1000
        keepsClock = usesLFU
        if usesLFU {
            clock = minutes << 8
            birthClock = clock | Databases.firstCount
        } else {
            clock = UInt32(truncatingIfNeeded: now / 1000) & Databases.clockMask
            birthClock = clock
        }
    }

    private var minutes: UInt32 { UInt32(truncatingIfNeeded: now / 60_000) & 0xffff }

    /// Notes a use of `entry`.
    @inlinable @inline(__always)
    package mutating func touch(_ entry: Entry) {
        if keepsClock {
            countUse(entry)
        } else if entry.record.clock != clock {
            entry.record.clock = clock
        }
    }

    /// LFU: the counter grows with a probability that falls as it grows.
    @usableFromInline
    mutating func countUse(_ entry: Entry) {
        var count = UInt32(frequency(entry))
        if count < 255 {
            let base = count > Databases.firstCount ? count - Databases.firstCount : 0
            if random.fraction() * Double(Int(base) * lfuLogFactor + 1) < 1 { count += 1 }
        }
        entry.record.clock = minutes << 8 | count
    }

    /// The LFU counter of an entry, less what it lost by time.
    package func frequency(_ entry: Entry) -> Int {
        let last = entry.clock >> 8
        let elapsed = minutes >= last ? minutes - last : 0xffff - last + minutes
        let lost = lfuDecayTime > 0 ? Int(elapsed) / lfuDecayTime : 0
        return max(0, Int(entry.clock & 0xff) - lost)
    }

    /// Seconds since the last use of an entry, by the LRU clock.
    package func idleSeconds(_ entry: Entry) -> Int64 {
        let time = UInt32(truncatingIfNeeded: now / 1000) & Databases.clockMask
        let last = entry.clock
        return Int64(time >= last ? time - last : time + (Databases.clockMask - last))
    }

    /// Gives an entry the LFU counter it had elsewhere; nothing when LFU is not in use.
    package func setFrequency(_ entry: Entry, _ count: Int) {
        guard usesLFU else { return }
        entry.record.clock = minutes << 8 | UInt32(clamping: count) & 0xff
    }

    /// Gives an entry the idle time it had elsewhere; nothing when LFU is in use.
    package func setIdleSeconds(_ entry: Entry, _ seconds: Int64) {
        guard !usesLFU else { return }
        let last = Int64(clock) - seconds
        let half = (Int64(clock) + Int64(Databases.clockMask) / 2) % Int64(Databases.clockMask)
        entry.record.clock = UInt32(truncatingIfNeeded: last < 0 ? half : last)
    }
}
