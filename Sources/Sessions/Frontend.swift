import Digests
import Memory
import RESP

/// Counters of what sessions did since the start or CONFIG RESETSTAT.
@usableFromInline
package struct FrontendStatistics: Equatable, Sendable {
    package var connectionsReceived = 0
    package var connectionsRejected = 0
    @usableFromInline package var commandsProcessed = 0
    @usableFromInline package var bytesIn = 0
    @usableFromInline package var bytesOut = 0
    /// Reads that brought bytes, and writes that took some.
    @usableFromInline package var readsProcessed = 0
    @usableFromInline package var writesProcessed = 0
    package var replicationBytesIn = 0
    package var replicationBytesOut = 0
    package var errorReplies = 0
    package var outputLimitDisconnections = 0
    package var queryLimitDisconnections = 0
    package var peakClients = 0
    /// Most CPU time of the loop's thread between two moments at which it could look at its
    /// sockets, microseconds. The host measures it.
    package var longestTurn = 0
    /// Replies that failed, by error code.
    package var errors: [String: Int] = [:]
    package init() {}
}

/// A request parsed and waiting in the turn's batch.
@frozen @usableFromInline
package struct BatchedRequest: BitwiseCopyable {
    @usableFromInline package var session: UInt
    @usableFromInline package var hash: UInt64
    @usableFromInline package var first: Int32
    @usableFromInline package var count: Int32
    @usableFromInline package var command: Int32
    /// Where the request ends in the session's input.
    @usableFromInline package var end: Int
    @inlinable package init() {
        session = 0
        hash = 0
        first = 0
        count = 0
        command = -1
        end = 0
    }
}

/// What server and sentinel share: sessions with their buffers, the command table, pub/sub, and
/// the lists from which the host learns what to write and whom to close.
@usableFromInline
package struct Frontend: ~Copyable {
    @usableFromInline package let heap: Heap
    @usableFromInline package var time = TurnTime(monotonic: 0, wall: 0)
    package var settings = FrontendSettings() { didSet { settingsChanged(from: oldValue) } }
    @usableFromInline package var table: CommandTable
    /// Users and what they may do.
    package var acl: ACL
    @usableFromInline package var statistics = FrontendStatistics()
    package var random: RandomGenerator
    /// Whether sentinel speaks: some texts and HELLO differ.
    package let isSentinel: Bool
    /// Reads the monotonic clock in microseconds, for the time a command takes.
    @usableFromInline package let clock: @convention(c) () -> Int64

    // Sessions.
    package var sessions: [Int: Slot<Session>] = [:]
    var nextSessionID = 1
    /// Sessions with input to parse, in the order in which they are served.
    @usableFromInline var queue: SessionQueue
    /// Sessions with output to write since the host last looked.
    @usableFromInline package var flushList = FlatList<Slot<Session>>()
    /// Sessions that the host must close.
    @usableFromInline package var closeList: [Slot<Session>] = []
    package var pubsub = PubSub()
    package var slowlog = Slowlog()
    package var latencyMonitor = LatencyMonitor()

    // The batch of this turn.
    @usableFromInline package let arena: Slot<ArgumentArena>
    @usableFromInline package var batch: FlatArray<BatchedRequest>
    @usableFromInline package var batchCount = 0

    /// Most requests parsed before they are executed together: enough to hide the memory latency
    /// of their keys, few enough to stay in the cache.
    @usableFromInline package static var batchSize: Int { 32 }

    /// Lines for the log and other rare effects, in order.
    @usableFromInline package var requests: [HostRequest] = []
    /// Until when `tick` has nothing to do, monotonic microseconds: the service says so with what
    /// its `tick` returns, and takes it back (0) with whatever ends the quiet.
    @usableFromInline package var quietUntil: Int64 = 0
    /// Whether the service wants to be told when outputs were written.
    @usableFromInline package var countsOutput = false
    /// Whether the host was given a request whose end it tells by asking for the next one.
    @usableFromInline package var awaitsHost = false
    /// Until when somebody wants to see fresh figures of the process; monotonic microseconds.
    package var usageWantedUntil: Int64 = 0
    /// The clock when it was last read, monotonic microseconds.
    @usableFromInline package var latest: Int64 = 0
    private let passing = PassedByAddress()

    package init(
        heap: Heap, commands: [Command], seed: UInt64, isSentinel: Bool,
        clock: @escaping @convention(c) () -> Int64
    ) {
        self.heap = heap
        self.clock = clock
        self.isSentinel = isSentinel
        table = CommandTable(commands)
        acl = ACL(commandCount: table.rows.count)
        random = RandomGenerator(seed: seed)
        arena = Slot(ArgumentArena())
        batch = FlatArray(repeating: BatchedRequest(), count: Frontend.batchSize)
        queue = SessionQueue()
    }

    deinit {
        for slot in sessions.values { slot.free() }
        arena.free()
    }

    /// Whether the service has something for `nextRequest`.
    @inlinable @inline(__always)
    package var hasRequests: Bool { awaitsHost || !requests.isEmpty }

    /// Somebody looks at figures of the process, and may do so again soon.
    package mutating func wantUsage() { usageWantedUntil = time.monotonic + 10_000_000 }

    /// Takes the time of a turn.
    @inlinable @inline(__always)
    package mutating func beginTurn(_ time: TurnTime) {
        self.time = time
        latest = time.monotonic
    }

    /// Reads the monotonic clock.
    @inlinable @inline(__always)
    package mutating func readClock() -> Int64 {
        latest = clock()
        return latest
    }

    /// Queues a log line.
    package mutating func log(_ level: LogLevel, _ text: String) {
        requests.append(.log(level, text))
    }
}

/// A ring of sessions waiting for their turn. It holds a session at most once, so it is bounded
/// by the number of sessions.
@usableFromInline
struct SessionQueue: ~Copyable {
    @usableFromInline var slots = FlatList<Slot<Session>>()
    @usableFromInline var head = 0

    @inlinable init() {}

    @inlinable var isEmpty: Bool { head == slots.count }

    @inlinable var count: Int { slots.count &- head }

    @inlinable
    mutating func push(_ slot: Slot<Session>) { slots.append(slot) }

    @inlinable @inline(__always)
    mutating func pop() -> Slot<Session>? {
        guard head < slots.count else { return nil }
        let slot = slots[head]
        head &+= 1
        if head == slots.count {
            slots.removeAll()
            head = 0
        } else if head >= 1024 {
            slots.removeFirst(head)
            head = 0
        }
        return slot
    }

    /// The sessions in their order.
    var array: [Slot<Session>] { Array(slots.array[head...]) }

    mutating func remove(_ slot: Slot<Session>) {
        slots.removeFirst(head)
        head = 0
        slots.removeAll { $0 == slot }
    }
}
