import Digests
import Memory
import RESP
import Sessions

/// What a sentinel is told of the process it runs in.
package struct SentinelFacts: Sendable {
    package var configurationPath: String
    package var statePath: String
    package var executable = ""
    package var processID = 0
    package var port = 0
    /// Whether a path can be run; asked about scripts.
    package var isProgram: @Sendable (String) -> Bool = { _ in true }

    package init(configurationPath: String, statePath: String) {
        self.configurationPath = configurationPath
        self.statePath = statePath
    }
}

/// The sentinel as the host runs it: sessions and links around the core, whose actions become
/// bytes and requests, and whose events come from replies and answers.
package struct SentinelService: ~Copyable, Service {
    package var frontend: Frontend
    package var state: SentinelState
    let facts: SentinelFacts
    /// 40 hexadecimal digits, new at every start.
    let runID: String
    /// Connections that the core opened, by its numbers.
    var links: [Int: LinkSession] = [:]
    /// Sessions whose command the core has not answered yet.
    var awaited: Set<Int> = []
    /// Configuration files being read in order to be rewritten, by the token of the rewrite.
    var rewrites: [Int: PendingRewrite] = [:]
    var usage = ProcessUsage()
    var startedAt = TurnTime(monotonic: 0, wall: 0)
    private var isStarted = false
    private var nextIdleCheck: Int64 = 0
    private var lastStatus = ""

    /// Most time a turn spends on commands; microseconds.
    static var turnBudget: Int64 { 1000 }

    /// A service around `state`. `clock` gives monotonic microseconds.
    package init(
        _ state: SentinelState, settings: FrontendSettings, facts: SentinelFacts, seed: UInt64,
        clock: @escaping @convention(c) () -> Int64
    ) {
        self.state = state
        self.facts = facts
        frontend = Frontend(
            heap: Heap(), commands: CommandRows.ofSentinel, seed: seed, isSentinel: true,
            clock: clock)
        frontend.settings = settings
        runID = frontend.random.hex(40)
    }

    package mutating func beginTurn(_ time: TurnTime) {
        if startedAt.wall == 0 { startedAt = time }
        frontend.beginTurn(time)
    }

    package var hasPendingWork: Bool { frontend.hasQueuedSessions }

    package mutating func tick() -> Int64 {
        if !isStarted {
            isStarted = true
            give(.started)
            frontend.requests.append(.ready)
        }
        let now = frontend.time.monotonic
        if state.nextDeadline <= now { give(.tick) }
        if now >= nextIdleCheck {
            nextIdleCheck = now + 1_000_000
            checkIdleSessions()
            reportStatus()
        }
        return min(state.nextDeadline, nextIdleCheck)
    }

    package mutating func nextOutput(_ session: Slot<Session>) -> ByteView {
        frontend.sendable(session)
    }

    package mutating func outputSent(_ session: Slot<Session>, _ count: Int) {
        frontend.sent(session, count)
    }

    package mutating func disconnected(_ session: Slot<Session>) {
        var lost: Int?
        if case .link(let id) = session.value.role, links.removeValue(forKey: id) != nil {
            lost = id
        }
        awaited.remove(session.value.id)
        frontend.drop(session)
        if let lost { give(.linkClosed(lost)) }
    }

    package mutating func nextRequest() -> HostRequest? {
        frontend.requests.isEmpty ? nil : frontend.requests.removeFirst()
    }

    package mutating func handle(_ event: HostEvent) {
        switch event {
        case .linkOpened(let id, let session, let local): linkOpened(id, session, local)
        case .linkFailed(let id, let reason):
            guard links.removeValue(forKey: id) != nil else { return }
            give(.linkFailed(id, reason: reason))
        case .fileDone(let id): give(.persisted(id))
        case .fileFailed(let id, let operation, _, let reason):
            fileFailed(id, "\(operation): \(reason)")
        case .fileBytes(let id, let bytes, let isLast): configurationRead(id, bytes, isLast)
        case .exited(let id, let status, let signal):
            give(.scriptExited(id, status: status, signal: signal))
        case .stopRequested: stop()
        case .usage(let usage): self.usage = usage
        case .fileProgress, .reloadRequested, .settingsFailed: break
        }
    }

    /// Lets the core handle an event and carries its actions out.
    mutating func give(_ event: SentinelEvent) {
        let actions = state.handle(event, at: frontend.time.monotonic, &frontend.random)
        for action in actions { perform(action) }
    }

    mutating func stop() {
        frontend.log(.warning, "User requested shutdown...")
        frontend.requests.append(.stop(status: 0))
    }

    /// Closes clients that were silent for longer than `timeout`.
    private mutating func checkIdleSessions() {
        let limit = Int64(frontend.settings.timeout) * 1_000_000
        for id in frontend.sessions.keys.sorted() {
            guard let slot = frontend.sessions[id], slot.value.role == .client else { continue }
            if slot.value.overSoftLimitSince != 0 { frontend.enforceOutputLimit(slot) }
            let idle = frontend.time.monotonic - slot.value.lastInteraction
            let isExempt = !slot.value.flags.intersection([.blocked, .subscribed]).isEmpty
            if limit > 0, idle > limit, !isExempt {
                frontend.log(.verbose, "Closing idle client")
                frontend.close(slot)
            }
        }
    }

    /// One line for the service manager, when it has changed.
    private mutating func reportStatus() {
        let groups = state.groups.map { group in
            let isDown = group.primary.downSince != nil
            return "\(group.name) \(group.currentAddress.text)\(isDown ? " down" : "")"
        }
        let text = groups.isEmpty ? "monitoring nothing" : groups.joined(separator: ", ")
        guard text != lastStatus else { return }
        lastStatus = text
        frontend.requests.append(.status(text))
    }
}

/// A connection that the core opened.
struct LinkSession {
    /// nil while it is being opened.
    var session: Slot<Session>?
    var parser = ReplyParser(limits: LinkSession.limits)

    /// INFO is the longest reply that an instance sends; a peer that is none of Redis's kind must
    /// not make us hold more, whatever it divides its reply into.
    private static var limits: ReplyLimits {
        var limits = ReplyLimits()
        limits.bulk = 1 << 20
        limits.total = 2 << 20
        limits.elements = 1024
        limits.depth = 8
        return limits
    }
}

/// A configuration file on its way to being rewritten.
struct PendingRewrite {
    let lines: [String]
    var bytes: [UInt8] = []
}
