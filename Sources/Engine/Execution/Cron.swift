import Sessions

extension Engine {
    package mutating func tick() -> Int64 {
        let now = frontend.time.monotonic
        refreshPause()
        if now >= nextCron {
            cronRuns += 1
            nextCron = now + 1_000_000 / Int64(settings.hz)
        }
        return nextCron
    }
}
