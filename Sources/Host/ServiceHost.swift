import Memory
import Platform
import Reactor
import Sessions

/// Runs a service: gives it connections, time, files and signals, and carries its bytes and
/// requests out. One thread; everything that can block is done by workers.
///
/// A turn: wait, read and accept, let the service process what came, run its timers, do what it
/// asks for, write one batch of output to every session that has some. Only what a turn always
/// needs is asked of the service; the rest is behind facts that the frontend tells at no cost.
/// What every turn runs is inlinable: each program has its own, made for its service.
@usableFromInline
package struct ServiceHost<Served: Service & ~Copyable>: ~Copyable {
    @usableFromInline let service: Slot<Served>
    /// The frontend of `service`.
    @usableFromInline let frontend: Slot<Frontend>
    let program: HostedProgram<Served>
    let log: Log
    var settings: HostSettings
    private let passing = PassedByAddress()
    @usableFromInline var loop: EventLoop
    var supervisor = Supervisor()

    // Sockets.
    /// Sockets handed over, until they are closed.
    var inherited: [Descriptor]
    var listeners: [(listener: Listener, token: Token)] = []
    /// When listeners that rest are heard again; 0 when none rests.
    var listenersRestUntil: Int64 = 0
    /// Whether connections wait for descriptors, which the log says once.
    var cannotAccept = false
    /// Sessions that got bytes in this turn, which may be lent.
    @usableFromInline var ready = FlatList<Slot<Session>>(capacity: 128)
    /// Sessions to write to, taken from the service.
    @usableFromInline var flushing = FlatList<Slot<Session>>(capacity: 128)
    /// Sessions whose socket takes no more for now, by address.
    @usableFromInline var blockedOutputs: Set<UInt> = []
    /// Sessions that are not read from until the service has eaten what they sent, by address.
    var restingInputs: Set<UInt> = []

    // Outgoing connections.
    var attempts: [Int: ConnectionAttempt] = [:]
    var attemptsByLink: [Int: Int] = [:]
    var nextAttempt = 1
    var lookups = NameLookups()

    // Files and programs.
    let fileResults = Mailbox<FileResult>()
    /// Whole small files, which must not wait behind a long one.
    let smallFiles: FileWorker
    /// Files written or read in pieces.
    let longFiles: FileWorker
    var children: [RunningProgram] = []

    @usableFromInline var now: Int64 = 0
    /// Whether the service was told of this turn.
    @usableFromInline var isTurnBegun = false
    /// What the wall clock is ahead of the monotonic one, and when to look again.
    @usableFromInline var wallLead: Int64 = 0
    @usableFromInline var nextWallCheck: Int64 = 0
    /// When `runTimers` has something to do or to look at, and when the loop must wake for it.
    @usableFromInline var nextLook: Int64 = 0
    @usableFromInline var nextWake: Int64 = 0
    /// The service's next deadline, in monotonic microseconds.
    @usableFromInline var serviceDeadline: Int64 = 0
    /// Whether something was done for the service since it told its deadline.
    @usableFromInline var isDeadlineOld = false
    var nextUsage: Int64 = 0
    /// When the allocator's figures are asked for again: they take some 60 µs.
    var nextFigures: Int64 = 0
    var figures = Allocator.Figures()
    @usableFromInline var turns = TurnMeter()
    /// Whether memory that only the start needs is still held.
    var isStarting = true
    @usableFromInline var stopStatus: Int32?
    /// Until when another interrupt ends the process at once; 0 when none was passed on.
    var insistUntil: Int64 = 0

    /// A host for the service in `service`, which it owns from now on.
    package init(
        _ service: Slot<Served>, program: HostedProgram<Served>, log: Log
    ) throws(HostError) {
        self.init(service, program, log, try Self.makeLoop(program.catchesSignals))
    }

    private static func makeLoop(_ catchesSignals: Bool) throws(HostError) -> EventLoop {
        do throws(SystemError) {
            let loop = try EventLoop()
            if catchesSignals { try Signals.install(waking: loop.waker) }
            return loop
        } catch {
            throw HostError("Cannot start the event loop: \(error)")
        }
    }

    private init(
        _ service: Slot<Served>, _ program: HostedProgram<Served>, _ log: Log,
        _ loop: consuming EventLoop
    ) {
        self.service = service
        frontend = service.value.frontendSlot()
        self.program = program
        self.log = log
        inherited = program.inherited
        settings = program.settings(service)
        smallFiles = FileWorker(name: "files", results: fileResults, waking: loop.waker)
        longFiles = FileWorker(name: "long files", results: fileResults, waking: loop.waker)
        self.loop = loop
    }

    /// Listens, then serves until the service asks to stop, and returns the exit status it gave.
    @inlinable
    package mutating func run() throws(HostError) -> Int32 {
        try start()
        while stopStatus == nil { try turn(timeout: nextTimeout()) }
        try leave()
        return stopStatus ?? 0
    }

    @usableFromInline
    mutating func start() throws(HostError) {
        try openListeners()
        if listeners.isEmpty { throw HostError("Configured to not listen anywhere, exiting.") }
        if let note = Listeners.backlogNote(settings) { log.write(.warning, note) }
        writePidFile()
        if !settings.title.isEmpty { Process.setTitle(settings.title) }
        startTurn()
        // Who comes while little is loaded waits for that, instead of being told to.
        restListeners()
        finishTurn()
    }

    private func writePidFile() {
        guard !program.pidFile.isEmpty else { return }
        do throws(SystemError) {
            let file = try Files.open(program.pidFile, .truncate)
            defer { file.close() }
            try file.writeAll(Array("\(Process.identifier)\n".utf8))
        } catch {
            log.write(.warning, "Failed to write PID file: \(error)")
        }
    }

    @inlinable @inline(__always)
    mutating func turn(timeout: Int64) throws(HostError) {
        let count: Int
        do throws(SystemError) {
            count = try loop.wait(timeout: timeout)
        } catch {
            throw HostError("Cannot wait for events: \(error)")
        }
        for index in 0..<count {
            if let event = loop.event(index) { handle(event) }
        }
        if !isTurnBegun { beginTurn() }
        if frontend.value.hasQueuedSessions { service.value.process() }
        settleInputs()
        if loop.wasWoken { takeNews() }
        finishTurn()
    }

    /// Begins the turn unless something before has needed its time.
    @inline(never)
    mutating func startTurn() { if !isTurnBegun { beginTurn() } }

    /// Begins the turn, after the reads: they need no time, and are not counted as its work.
    @inlinable @inline(__always)
    mutating func beginTurn() {
        isTurnBegun = true
        now = Clock.monotonicMicroseconds()
        if now >= turns.nextReading { measureTurn() }
        if now >= nextWallCheck {
            nextWallCheck = now + 50_000
            wallLead = Clock.wallMicroseconds() - now
        }
        service.value.beginTurn(TurnTime(monotonic: now, wall: now + wallLead))
    }

    /// Notes how long the turn before took, or the short ones since the last reading.
    @usableFromInline @inline(never)
    mutating func measureTurn() {
        let took = turns.read(at: now)
        if took > frontend.value.statistics.longestTurn {
            frontend.value.statistics.longestTurn = took
        }
    }

    /// What the sessions have not eaten becomes their own, since the next reads take its place.
    @inlinable @inline(__always)
    mutating func settleInputs() {
        if ready.isEmpty { return }
        for index in 0..<ready.count { ready[index].value.input.own() }
        ready.removeAll()
    }

    /// What every turn ends with. Requests are looked at twice since writing may cause some.
    @inlinable @inline(__always)
    mutating func finishTurn() {
        if now >= nextLook { runTimers() }
        if isDeadlineOld || now >= frontend.value.quietUntil {
            serviceDeadline = service.value.tick()
            isDeadlineOld = false
        }
        if frontend.value.hasRequests { performRequests() }
        if !frontend.value.flushList.isEmpty { flushOutputs() }
        if frontend.value.countsOutput { service.value.outputsWritten() }
        if !frontend.value.closeList.isEmpty { closeSessions() }
        if frontend.value.hasRequests { performRequests() }
        isTurnBegun = false
    }

    /// Microseconds until something is due.
    @inlinable @inline(__always)
    mutating func nextTimeout() -> Int64 {
        if frontend.value.hasQueuedSessions { return 0 }
        // What one was sent may have made output for another.
        if !frontend.value.flushList.isEmpty { return 0 }
        if isDeadlineOld, service.value.hasPendingWork { return 0 }
        // The clock as it was after the last command: a turn takes longer for commands only.
        return max(0, min(serviceDeadline, nextWake) - frontend.value.latest)
    }

    /// Something of the host's own is due at `deadline`, in monotonic microseconds.
    mutating func wake(at deadline: Int64) {
        nextLook = min(nextLook, deadline)
        nextWake = min(nextWake, deadline)
    }

    /// Something is to be looked at in every turn.
    mutating func lookEveryTurn() { nextLook = 0 }

    @usableFromInline @inline(never)
    mutating func runTimers() {
        supervisor.ping(now)
        if isStarting, nextUsage > 0, now >= nextUsage - 900_000 { settle() }
        // Ten times a second while somebody looks and there are turns anyway; nobody is woken for
        // it that often.
        if now >= nextUsage - (now < frontend.value.usageWantedUntil ? 900_000 : 0) {
            nextUsage = now + 1_000_000
            reportUsage()
        }
        if listenersRestUntil > 0, now >= listenersRestUntil { wakeListeners() }
        if !children.isEmpty { endLateChildren() }
        if !restingInputs.isEmpty { resumeInputs() }
        if insistUntil > 0, now >= insistUntil {
            insistUntil = 0
            Signals.setStopping(false)
        }
        scheduleTimers()
    }

    private mutating func scheduleTimers() {
        // Usage is looked at ten times a second, but nobody is woken for that.
        let early = nextUsage - 900_000
        nextLook = now < early ? early : min(nextUsage, now + 100_000)
        nextWake = nextUsage
        if let ping = supervisor.deadline { wake(at: ping) }
        if listenersRestUntil > 0 { wake(at: listenersRestUntil) }
        for child in children { wake(at: child.deadline) }
        if insistUntil > 0 { wake(at: insistUntil) }
        if !restingInputs.isEmpty { lookEveryTurn() }
    }

    /// A little after the start: gives back what only the start needed.
    private mutating func settle() {
        isStarting = false
        Process.releaseCleanPages()
        _ = Allocator.purge()
    }

    private mutating func reportUsage() {
        let used = Process.usage()
        var usage = ProcessUsage()
        usage.residentBytes = used.residentBytes
        usage.userMicroseconds = Int(used.userMicroseconds)
        usage.systemMicroseconds = Int(used.systemMicroseconds)
        usage.threadUserMicroseconds = Int(used.threadUserMicroseconds)
        usage.threadSystemMicroseconds = Int(used.threadSystemMicroseconds)
        // The allocator goes through all its arenas for them, so rarely unless somebody looks.
        if now >= nextFigures - (now < frontend.value.usageWantedUntil ? 9_000_000 : 0) {
            nextFigures = now + 10_000_000
            figures = Allocator.figures()
            log.role = program.role(service)
        }
        usage.allocatorAllocated = figures.allocated
        usage.allocatorActive = figures.active
        usage.allocatorResident = figures.resident
        service.value.handle(.usage(usage))
    }

    /// Takes what workers and signals left since the last turn.
    @usableFromInline
    mutating func takeNews() {
        for result in fileResults.takeAll() { pass(result) }
        for answer in lookups.takeAnswers() { take(answer) }
        for signal in Signals.take() { take(signal) }
    }

    private mutating func take(_ signal: Signals.Kind) {
        switch signal {
        case .terminate, .interrupt:
            let name = signal == .terminate ? "SIGTERM" : "SIGINT"
            log.write(.warning, "Received \(name) scheduling shutdown...")
            insistUntil = now + 10_000_000
            wake(at: insistUntil)
            Signals.setStopping(true)
            service.value.handle(.stopRequested(signal: signal.number))
        case .reload:
            supervisor.reloading(now)
            log.reopen()
            service.value.handle(.reloadRequested)
            performRequests()
            supervisor.reloaded()
        case .childEnded:
            reapChildren()
        }
    }

    private mutating func pass(_ result: FileResult) {
        switch result {
        case .progress(let id, let written):
            service.value.handle(.fileProgress(id: id, written: written))
        case .done(let id):
            service.value.handle(.fileDone(id: id))
        case .failed(let id, let error):
            service.value.handle(
                .fileFailed(
                    id: id, operation: "\(error.operation)", errno: error.errno,
                    reason: error.reason))
        case .bytes(let id, let bytes, let isLast):
            service.value.handle(.fileBytes(id: id, bytes: bytes, isLast: isLast))
        }
    }

    /// Writes what is left, for half a second at most, and gives everything back.
    @usableFromInline
    mutating func leave() throws(HostError) {
        supervisor.stopping()
        closeListeners()
        let end = Clock.monotonicMicroseconds() + 500_000
        while !blockedOutputs.isEmpty {
            let left = end - Clock.monotonicMicroseconds()
            if left <= 0 { break }
            try drain(timeout: left)
        }
        smallFiles.finish()
        longFiles.finish()
        for child in children { child.process.kill() }
        if !program.pidFile.isEmpty { try? Files.remove(program.pidFile) }
    }

    private mutating func drain(timeout: Int64) throws(HostError) {
        do throws(SystemError) {
            let count = try loop.wait(timeout: timeout)
            for index in 0..<count {
                guard let event = loop.event(index), event.isWritable,
                    case .session(let session) = Owner(event.user)
                else { continue }
                flush(session)
            }
        } catch {
            throw HostError("Cannot wait for events: \(error)")
        }
    }
}

/// Whom a descriptor in the loop belongs to, packed into the number the loop keeps for it.
/// Slots are aligned, so the low bits of an address are free to tell.
@usableFromInline
enum Owner {
    case session(Slot<Session>)
    /// Place in the list of listeners.
    case listener(Int)
    /// Number of the connection attempt.
    case attempt(Int)

    @inlinable @inline(__always)
    init(_ user: UInt) {
        switch user & 3 {
        case 1: self = .listener(Int(user >> 2))
        case 2: self = .attempt(Int(user >> 2))
        default: self = .session(Slot(address: user))
        }
    }

    var user: UInt {
        switch self {
        case .session(let slot): slot.address
        case .listener(let index): UInt(index) << 2 | 1
        case .attempt(let number): UInt(number) << 2 | 2
        }
    }
}

extension Slot where Value == Session {
    /// The connection's name in the loop.
    @inlinable var token: Token { Token(rawValue: UInt64(bitPattern: Int64(value.connection))) }
}

extension Token {
    /// The same as the number that a session carries.
    var connection: Int { Int(Int64(bitPattern: rawValue)) }
}
