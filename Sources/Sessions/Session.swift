import Memory
import RESP

/// What a session is to us.
@usableFromInline
package enum SessionRole: Equatable, Sendable {
    case client
    /// A replica of ours, fed with the stream.
    case replica
    /// A connection that we opened; its bytes are replies or a stream.
    case link(Int)
}

/// Yes/no facts of a session.
@frozen @usableFromInline
package struct SessionFlags: OptionSet, Sendable {
    @usableFromInline package let rawValue: UInt32
    @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// In the queue of sessions with input to parse.
    @inlinable package static var queued: Self { Self(rawValue: 1 << 0) }
    /// In the list of sessions to flush.
    @inlinable package static var flushing: Self { Self(rawValue: 1 << 1) }
    /// To be closed once its output is written.
    @inlinable package static var closeAfterReply: Self { Self(rawValue: 1 << 2) }
    /// To be closed now; nothing of it is executed any more.
    @inlinable package static var closing: Self { Self(rawValue: 1 << 3) }
    /// Its next request waits: for replicas, keys, the end of a pause, an answer of the host.
    @inlinable package static var blocked: Self { Self(rawValue: 1 << 4) }
    @inlinable package static var authenticated: Self { Self(rawValue: 1 << 5) }
    /// Between MULTI and EXEC.
    @inlinable package static var inTransaction: Self { Self(rawValue: 1 << 6) }
    /// A queued request was refused: EXEC aborts.
    @inlinable package static var transactionBroken: Self { Self(rawValue: 1 << 7) }
    /// A watched key changed: EXEC answers null.
    @inlinable package static var watchTripped: Self { Self(rawValue: 1 << 8) }
    /// Has at least one subscription.
    @inlinable package static var subscribed: Self { Self(rawValue: 1 << 9) }
    /// CLIENT REPLY OFF.
    @inlinable package static var repliesOff: Self { Self(rawValue: 1 << 10) }
    /// CLIENT REPLY SKIP: the reply of the next request is dropped.
    @inlinable package static var skipNextReply: Self { Self(rawValue: 1 << 11) }
    @inlinable package static var monitor: Self { Self(rawValue: 1 << 12) }
    @inlinable package static var unixSocket: Self { Self(rawValue: 1 << 13) }
    @inlinable package static var noEvict: Self { Self(rawValue: 1 << 14) }
    /// Counted by the output-buffer limit as over its soft limit.
    @inlinable package static var overSoftLimit: Self { Self(rawValue: 1 << 15) }
    /// The request being executed came from EXEC.
    @inlinable package static var executing: Self { Self(rawValue: 1 << 16) }
    /// Its requests are the stream of our primary: obeyed without gates, answered to nobody.
    @inlinable package static var primaryStream: Self { Self(rawValue: 1 << 17) }
    @inlinable package static var noTouch: Self { Self(rawValue: 1 << 18) }
    /// The reply of the request being executed is dropped.
    @inlinable package static var silenced: Self { Self(rawValue: 1 << 19) }
    /// Its user may not do everything, so that its requests have to be looked at.
    @inlinable package static var restricted: Self { Self(rawValue: 1 << 20) }
    /// Authenticated only because nobody needs a password at present.
    @inlinable package static var letIn: Self { Self(rawValue: 1 << 21) }
    /// Any of these makes a request take the long way round in dispatch.
    @inlinable package static var special: Self {
        Self(
            rawValue: closing.rawValue | blocked.rawValue | closeAfterReply.rawValue
                | inTransaction.rawValue | subscribed.rawValue | repliesOff.rawValue
                | skipNextReply.rawValue | primaryStream.rawValue | restricted.rawValue)
    }
}

/// One connection: parser, buffers and state in one movable value. An idle session owns no block
/// for input.
@usableFromInline
package struct Session: ~Copyable {
    @usableFromInline package let id: Int
    /// The host's name for the connection.
    @usableFromInline package var connection = 0
    @usableFromInline package var flags: SessionFlags = []
    @usableFromInline package var role: SessionRole = .client
    @usableFromInline package var database = 0

    // Input: bytes not yet executed, how far they are parsed, how far executed.
    @usableFromInline package var input: ByteBuffer
    @usableFromInline package var parser = RequestParser()
    @usableFromInline package var parsed = 0
    @usableFromInline package var executed = 0

    // Output.
    @usableFromInline package var reply: ReplyWriter
    /// Total bytes that left `reply`, so that held replies have stable positions.
    @usableFromInline package var replySent = 0
    /// Replies that wait for a gate, oldest first; empty when none is in force.
    @usableFromInline package var held: [HeldReply] = []
    /// When the output went over its soft limit; monotonic microseconds.
    package var overSoftLimitSince: Int64 = 0

    // Identity, for CLIENT LIST and the log.
    package var peer = ""
    package var local = ""
    package var name: [UInt8] = []
    package var libraryName: [UInt8] = []
    package var libraryVersion: [UInt8] = []
    package var user = ACLUser.standardName
    package var createdAt: Int64 = 0
    package var lastInteraction: Int64 = 0
    package var lastCommand = -1
    @usableFromInline package var bytesIn = 0
    @usableFromInline package var bytesOut = 0

    // Transactions.
    package var queue: RequestQueue
    package var watched: [WatchedKey] = []

    // Subscriptions, by channel or pattern.
    package var channels: Set<[UInt8]> = []
    package var patterns: Set<[UInt8]> = []
    package var shardChannels: Set<[UInt8]> = []

    /// Replication offset behind this session's last write, which WAIT waits for.
    package var lastWriteOffset = 0
    /// Bytes of the names it watches, subscribes to and waits for.
    package var heldNames = 0
    /// What it counts towards `maxmemory-clients`; 0 while there is no such limit.
    package var countedMemory = 0
    /// Why it is blocked, meaningful while `.blocked` is set.
    package var blocking: Blocking = .none

    package init(id: Int, heap: Heap) {
        self.id = id
        input = ByteBuffer(heap: heap)
        reply = ReplyWriter(heap: heap)
        queue = RequestQueue(heap: heap)
    }
}

/// Output of a session, from `start` to the next held reply or the end, that may leave once the
/// stream offset `tag` is safe.
@usableFromInline
package struct HeldReply: Equatable, Sendable {
    package var tag: Int
    package var start: Int
}

/// A key under WATCH.
package struct WatchedKey: Hashable, Sendable {
    package var database: Int
    package var key: [UInt8]
    package init(database: Int, key: [UInt8]) {
        self.database = database
        self.key = key
    }
}

/// Why a session does not execute its next request.
package enum Blocking: Equatable, Sendable {
    case none
    /// WAIT or WAITAOF; deadline in monotonic microseconds, 0 = none.
    case wait(deadline: Int64)
    /// The server is paused; the request is executed again afterwards.
    case paused
    /// The host answers later; the service finds the session by this token.
    case host(Int)
    /// It waits for keys; where the service keeps for which.
    case keys(UInt)
}

/// Requests queued by MULTI: one buffer with all arguments, and where each lies.
package struct RequestQueue: ~Copyable {
    package struct Request: Equatable, Sendable {
        package var command: Int
        package var firstRange: Int
        package var count: Int
    }
    package var bytes: ByteBuffer
    package private(set) var ranges: [Range<Int>] = []
    package private(set) var requests: [Request] = []

    package init(heap: Heap) { bytes = ByteBuffer(heap: heap) }

    /// Bytes beside those of the arguments.
    package var overhead: Int {
        ranges.capacity * MemoryLayout<Range<Int>>.stride
            + requests.capacity * MemoryLayout<Request>.stride
    }

    /// Copies a request of `count` arguments.
    package mutating func append(command: Int, count: Int, argument: (Int) -> ByteView) {
        requests.append(Request(command: command, firstRange: ranges.count, count: count))
        for index in 0..<count {
            let view = argument(index)
            let start = bytes.count
            bytes.append(view)
            ranges.append(start..<start + view.count)
        }
    }

    /// Appends the views of request `index` to `arena`.
    package func load(_ index: Int, into arena: inout ArgumentArena) {
        let request = requests[index]
        let all = bytes.readable
        for range in ranges[request.firstRange..<request.firstRange + request.count] {
            arena.append(all[range])
        }
    }

    package mutating func removeAll() {
        bytes.removeAll()
        bytes.releaseIfEmpty()
        ranges = []
        requests = []
    }
}
