import Platform

/// What we tell the service manager, and when. Without one nothing happens.
struct Supervisor {
    /// Half of what the manager grants, so that one late ping does no harm.
    private let pingInterval: Int64?
    private var nextPing: Int64 = 0
    private var isReady = false

    init() { pingInterval = Systemd.watchdogMicroseconds().map { max(1000, $0 / 2) } }

    /// When `ping` must be called next, in monotonic microseconds; nil for never.
    var deadline: Int64? { pingInterval == nil ? nil : nextPing }

    /// Says that the loop turns, if it is time to.
    mutating func ping(_ now: Int64) {
        guard let pingInterval, now >= nextPing else { return }
        nextPing = now + pingInterval
        Systemd.notify("WATCHDOG=1")
    }

    /// Says, once, that clients are served.
    mutating func ready() {
        if isReady { return }
        isReady = true
        Systemd.notify("READY=1")
    }

    func status(_ text: String) {
        // A line end would begin another assignment.
        let line = text.split(separator: "\n", omittingEmptySubsequences: false)
        Systemd.notify("STATUS=" + line.joined(separator: " "))
    }

    func extendTimeout(microseconds: Int64) {
        Systemd.notify("EXTEND_TIMEOUT_USEC=\(microseconds)")
    }

    /// Brackets a reload.
    func reloading(_ now: Int64) {
        if isReady { Systemd.notify("RELOADING=1\nMONOTONIC_USEC=\(now)") }
    }

    func reloaded() { if isReady { Systemd.notify("READY=1") } }

    func stopping() { Systemd.notify("STOPPING=1") }
}
