import Sessions

/// What the server knows of the process it runs in; told by the program once.
package struct HostFacts: Equatable, Sendable {
    package var processID = 0
    /// As `uname` tells it, e.g. "Linux 6.1.0 x86_64".
    package var operatingSystem = ""
    /// Bytes of memory of the machine.
    package var totalMemory = 0
    /// Who started the server: "systemd" or "no".
    package var supervised = "no"
    package init() {}
}

/// State of the commands that watch and change the server itself.
package struct Introspection: Equatable, Sendable {
    /// 40 hexadecimal digits, new at every start.
    package var runID = ""
    package var facts = HostFacts()
    /// Bytes in use when the engine was made.
    package var startupMemory = 0
    /// Events per second, measured over the last 1.6 seconds.
    var rates = Rates()
    /// Sessions that this round of `clientsCron` has still to look at, by id, last first.
    var clientsToCheck: [Int] = []
    /// Time of the request being executed that passes after the turn (DEBUG SLEEP); microseconds.
    var sleepToCome: Int64 = 0
    /// DEBUG PAUSE-CRON.
    var isCronPaused = false
    /// A signal that came meanwhile: the options with which to stop.
    var stopToCome: Int?
    /// Changes of settings that wait for the host, oldest first.
    var pendingSettings: [PendingSettings] = []
    package init() {}
}

/// Settings that were changed and that the host has not put into effect yet.
struct PendingSettings: Equatable, Sendable {
    /// What the session waits for; nil if none does.
    var token: Int?
    /// What they were before.
    var previous: ServerSettings
    /// The directive that is blamed when the host cannot do it.
    var name: String
}

/// What INFO shows as happening per second.
struct Rates: Equatable, Sendable {
    struct Meter: Equatable, Sendable {
        private var samples: [Int] = []
        private var next = 0
        private var last = 0

        /// Takes a counter's value, `elapsed` microseconds after the last.
        mutating func sample(_ value: Int, elapsed: Int64) {
            defer { last = value }
            guard elapsed > 0 else { return }
            let rate = max(0, value - last) * 1_000_000 / Int(elapsed)
            if samples.count < 16 {
                samples.append(rate)
            } else {
                samples[next] = rate
                next = (next + 1) % 16
            }
        }

        var perSecond: Int { samples.isEmpty ? 0 : samples.reduce(0, +) / samples.count }
    }

    var commands = Meter()
    var input = Meter()
    var output = Meter()
    var replicationInput = Meter()
    var replicationOutput = Meter()
    var sampledAt: Int64 = 0

    mutating func sample(_ statistics: FrontendStatistics, at now: Int64) {
        let elapsed = sampledAt == 0 ? 0 : now - sampledAt
        sampledAt = now
        commands.sample(statistics.commandsProcessed, elapsed: elapsed)
        input.sample(statistics.bytesIn, elapsed: elapsed)
        output.sample(statistics.bytesOut, elapsed: elapsed)
        replicationInput.sample(statistics.replicationBytesIn, elapsed: elapsed)
        replicationOutput.sample(statistics.replicationBytesOut, elapsed: elapsed)
    }
}
