import Memory

/// The time of a turn, read once by the host.
@frozen @usableFromInline
package struct TurnTime: Equatable, Sendable {
    /// Microseconds of a clock that never jumps.
    @usableFromInline package var monotonic: Int64
    /// Microseconds since 1970.
    @usableFromInline package var wall: Int64

    @inlinable @inline(__always)
    package init(monotonic: Int64, wall: Int64) {
        self.monotonic = monotonic
        self.wall = wall
    }
}

/// Levels of the log, as in Redis's `loglevel`.
@usableFromInline
package enum LogLevel: Int, Comparable, Sendable {
    case debug, verbose, notice, warning

    @usableFromInline
    package static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// What the host runs: the data engine, or the sentinel. All calls come from one thread, and no
/// call may block, read a clock or draw system randomness: the simulator is a host too.
@usableFromInline
package protocol Service: ~Copyable {
    /// What server and sentinel share: sessions, command table, lists of sessions to flush.
    var frontend: Frontend { get set }
    /// Begins a turn.
    mutating func beginTurn(_ time: TurnTime)
    /// Serves sessions that the frontend has queued because their `input` got bytes. What does
    /// not fit in the turn stays queued.
    mutating func process()
    /// Whether there is work for another turn: requests that are queued, a snapshot.
    var hasPendingWork: Bool { get }
    /// Runs timers that are due; the next deadline on the monotonic clock, in microseconds. It is
    /// past while there is work to go on with. Not called before `frontend.quietUntil`.
    mutating func tick() -> Int64
    /// Bytes to write to the session now, perhaps one of several pieces; empty for none.
    mutating func nextOutput(_ session: Slot<Session>) -> ByteView
    /// `count` bytes of what `nextOutput` gave were written.
    mutating func outputSent(_ session: Slot<Session>, _ count: Int)
    /// Sessions with output were written to as far as they take it. Those that the service closes
    /// now are closed in this turn. Called while `frontend.countsOutput`.
    mutating func outputsWritten()
    /// The peer is gone and its descriptor closed; the slot is not used by the host again.
    mutating func disconnected(_ session: Slot<Session>)
    /// The next rare effect, in order. The host asks while `frontend.hasRequests`.
    mutating func nextRequest() -> HostRequest?
    /// The answer to a request, or news from outside.
    mutating func handle(_ event: HostEvent)
}

extension Service where Self: ~Copyable {
    @usableFromInline
    package mutating func outputsWritten() {}

    /// Takes sessions whose `input` got bytes and serves them.
    package mutating func process(_ ready: [Slot<Session>]) {
        for slot in ready { frontend.enqueue(slot) }
        process()
    }

    /// Where the frontend is, for a host that has the service in a slot: asked for through the
    /// protocol it would be lent through an allocated frame each time.
    package mutating func frontendSlot() -> Slot<Frontend> {
        withAddress(of: &frontend) { Slot(address: $0) }
    }
}

/// Rare effects that a service asks of its host. Bytes of sessions do not go this way.
@usableFromInline
package enum HostRequest: Equatable, Sendable {
    /// Connect to a host or address; answered by `linkOpened` or `linkFailed`. Names are resolved
    /// off the loop; `source` is the local address to bind, if any.
    case connect(link: Int, host: String, port: Int, source: String?)
    /// Stop a connection attempt; its outcome is no longer of interest.
    case cancelConnect(link: Int)
    /// Write a whole small file: temporary file, fsync, rename, fsync of the directory.
    case replaceFile(id: Int, path: String, bytes: [UInt8])
    /// Open a new file for writing in pieces.
    case createFile(id: Int, path: String)
    /// Add bytes to it; answered by `fileProgress`.
    case appendFile(id: Int, bytes: [UInt8])
    /// fsync, rename, fsync of the directory; answered by `fileDone`.
    case commitFile(id: Int, renameTo: String)
    /// Close and unlink it.
    case abandonFile(id: Int)
    case removeFile(path: String)
    /// Stream a file: `fileBytes`, then one more for each `readMore`.
    case readFile(id: Int, path: String)
    case readMore(id: Int)
    case log(LogLevel, String)
    /// One line for the service manager.
    case status(String)
    /// The service serves clients now.
    case ready
    /// A long start or stop goes on for at most this much longer.
    case extendTimeout(microseconds: Int64)
    /// Run a program; answered by `exited`.
    case run(id: Int, path: String, arguments: [String], timeoutMicroseconds: Int64)
    /// Settings that the host acts on changed: their directive names.
    case applySettings([String])
    case reopenLog
    /// Flush output, then leave the loop with this exit status.
    case stop(status: Int32)
    /// Crash on purpose (DEBUG SEGFAULT and the like).
    case crash(String)
    /// Block the whole loop (DEBUG SLEEP).
    case sleep(microseconds: Int64)
}

/// What a host tells its service.
@usableFromInline
package enum HostEvent {
    case linkOpened(link: Int, session: Slot<Session>, localAddress: String)
    case linkFailed(link: Int, reason: String)
    case fileProgress(id: Int, written: Int)
    case fileDone(id: Int)
    case fileFailed(id: Int, operation: String, errno: Int32, reason: String)
    case fileBytes(id: Int, bytes: [UInt8], isLast: Bool)
    case exited(id: Int, status: Int32, signal: Int32)
    /// SIGTERM or SIGINT arrived.
    case stopRequested(signal: Int32)
    /// SIGHUP arrived.
    case reloadRequested
    /// Answer to `applySettings` that could not be done, e.g. a port in use; the host is as it was
    /// before. It comes before the host asks for the next request.
    case settingsFailed(reason: String)
    /// Resource use of the process, sent now and then.
    case usage(ProcessUsage)
}

/// Resource use of the process as the kernel and the allocator count it.
@usableFromInline
package struct ProcessUsage: Equatable, Sendable {
    package var residentBytes = 0
    package var userMicroseconds = 0
    package var systemMicroseconds = 0
    /// Of that, the loop's own thread.
    package var threadUserMicroseconds = 0
    package var threadSystemMicroseconds = 0
    /// Bytes in blocks of the allocator, in its pages, and in RAM for it; 0 where it does not tell.
    package var allocatorAllocated = 0
    package var allocatorActive = 0
    package var allocatorResident = 0
    package init() {}
}
