import Digests
import RESP
import Sessions

/// A whole sentinel as one value. It is told what happens and when, and answers what to do: it
/// reaches no socket, file or clock itself. Times are microseconds of a clock that never jumps.
///
/// Nothing waits for a timer that need not: an event changes the group it concerns, and that
/// group then takes every step it can at once (`advance`).
package struct SentinelState: Equatable, Sendable {
    /// Forty hexadecimal digits that name this sentinel for good.
    package internal(set) var id: String
    package internal(set) var currentEpoch: UInt64
    package internal(set) var globals: GlobalSettings
    package internal(set) var timing = Timing()
    package internal(set) var groups: [MonitoredGroup] = []
    package internal(set) var tilt = Tilt()
    package internal(set) var scripts = ScriptQueue()
    package internal(set) var simulatedFailures: SimulatedFailures = []
    let server: ServerSettings

    var links: [LinkKey: InstanceLink] = [:]
    var connections: [Int: ConnectionOwner] = [:]
    /// Links to servers that were told that they are watched no longer, each with the time until
    /// which the answer is awaited.
    var farewells: [LinkKey: Int64] = [:]
    var names = HostNames()
    var nextConnection = 1
    var nextToken = 1
    var stateFile = SavedFile()
    var configurationFile = SavedFile()
    var now: Int64
    var random = RandomGenerator(seed: 0)
    /// What the event being handled asks for; empty between events.
    var actions: [SentinelAction] = []

    /// The sentinel that a configuration describes, at time `now`.
    package init(_ configuration: SentinelConfiguration, server: ServerSettings, now: Int64) {
        id = configuration.id ?? ""
        currentEpoch = configuration.currentEpoch
        globals = configuration.globals
        self.server = server
        self.now = now
        for group in configuration.groups { add(group) }
    }

    /// Takes one event. `random` is drawn from where chance decides; actions are in order.
    package mutating func handle(
        _ event: SentinelEvent, at time: Int64, _ random: inout RandomGenerator
    ) -> [SentinelAction] {
        self.random = random
        let due = nextDeadline
        let late = time - max(now, due)
        now = max(now, time)
        noticeStall(late)
        dispatch(event)
        endFarewells()
        runDueGroups()
        runScripts()
        saveFiles()
        random = self.random
        defer { actions = [] }
        return actions
    }

    /// When `tick` is wanted next.
    package var nextDeadline: Int64 {
        var deadline = min(tilt.deadline, scripts.deadline)
        deadline = min(deadline, stateFile.deadline, configurationFile.deadline)
        for group in groups { deadline = min(deadline, group.wake) }
        for end in farewells.values { deadline = min(deadline, end) }
        return deadline
    }

    private mutating func dispatch(_ event: SentinelEvent) {
        switch event {
        case .started: start()
        case .tick: break
        case .linkOpened(let id, let local, let peer): connectionOpened(id, local, peer)
        case .linkFailed(let id, _): connectionLost(id, wasOpen: false)
        case .linkClosed(let id): connectionLost(id, wasOpen: true)
        case .reply(let id, let value): connectionReplied(id, value)
        case .command(let session, let words, let missing):
            execute(words, for: session, missing: missing)
        case .persisted(let token): fileSaved(token)
        case .persistFailed(let token, let reason): fileFailed(token, reason)
        case .scriptExited(let id, let status, let signal): scriptExited(id, status, signal)
        }
    }

    private mutating func start() {
        if id.isEmpty {
            id = random.hex(40)
            changed()
        }
        actions.append(.log(.warning, "Sentinel ID is \(id)"))
        for index in groups.indices {
            let quorum = groups[index].settings.quorum
            event(.warning, .monitor, primary(index), "quorum \(quorum)")
        }
    }

    /// Lets every group whose time has come take its steps. A step can make the next one due at
    /// once; the bound only guards against a mistake that would never end.
    private mutating func runDueGroups() {
        for _ in 0..<16 {
            guard let index = groups.firstIndex(where: { $0.wake <= now }) else { return }
            advance(index)
        }
    }

    /// Lets the group take its steps before the event is done with.
    mutating func touch(_ group: Int) { groups[group].wake = now }

    /// Asks for a look at the group at `time`.
    mutating func wake(_ group: Int, at time: Int64) {
        groups[group].wake = min(groups[group].wake, time)
    }

    private mutating func advance(_ group: Int) {
        groups[group].wake = .max
        for ref in references(of: group) {
            maintainConnections(ref)
            sendPeriodic(ref)
            checkSubjectivelyDown(ref)
        }
        checkObjectivelyDown(group)
        considerFailover(group)
        runFailover(group)
        askPeers(group)
    }

    /// Something that both files hold has changed.
    mutating func changed() {
        stateFile.isDirty = true
        configurationFile.isDirty = true
    }
}

/// What the process around the core knows from the general directives.
package struct ServerSettings: Equatable, Sendable {
    /// The port that peers are told, unless another is announced.
    package var port: Int
    /// `requirepass`: also what peers are given when no password for sentinels is set.
    package var password: String

    package init(port: Int, password: String = "") {
        self.port = port
        self.password = password
    }
}

/// Failures for tests, as SENTINEL SIMULATE-FAILURE sets them.
package struct SimulatedFailures: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }
    static let crashAfterElection = SimulatedFailures(rawValue: 1)
    static let crashAfterPromotion = SimulatedFailures(rawValue: 2)
}

/// Whose connection it is.
struct ConnectionOwner: Equatable, Sendable {
    let key: LinkKey
    let purpose: LinkPurpose
}
