import Configuration
import DataStructures
import Digests
import Keyspace
import Memory
import RESP
import Sessions

/// A complete data server with no socket, file or clock: bytes, time and seed come in, bytes and
/// rare requests to the host go out. It is driven from one thread, turn by turn.
///
/// It must live in a `Slot`: handlers reach it by its address.

package struct DataEngine: ~Copyable, Service {
    package let heap: Heap
    package var frontend: Frontend
    package var keyspace: Databases
    package var settings: ServerSettings

    /// What stops commands of some kinds at the door; empty on a healthy primary.
    package var gates: Gates = []
    /// Commands to propagate of the unit being executed (a command, a transaction, a cycle).
    package var unit: PropagationUnit
    package var replication: ReplicationControl
    package var persistence: PersistenceControl
    /// Which replies have to wait for their writes to be safe.
    package var replyGate = ReplyGate()
    /// Sessions with held replies, by id.
    package var heldSessions: [Int] = []
    package var watchers = Watchers()
    /// Sessions that wait for keys.
    var keyWaits: KeyWaits
    package var pause = PauseState()
    package var statistics = EngineStatistics()
    package var usage = ProcessUsage()
    /// Where integer values are spelled; a view of it lasts until it is next used.
    package var scratch: DecimalScratch
    /// An element on its way from one list to another.
    var element: ByteBuffer
    /// Progress of active expiry and eviction.
    package var reclaim = ReclaimState()
    private let passing = PassedByAddress()
    /// What clients hold, while `maxmemory-clients` limits it.
    var clientMemory = ClientMemory()
    /// Sessions under MONITOR.
    package var monitors: [Slot<Session>] = []
    /// Sessions that wait for the host, by token, and what to do with the answer.
    package var hostWaits: [Int: HostWait] = [:]
    package var nextToken = 1

    /// Timers, monotonic microseconds.
    package var nextCron: Int64 = 0
    var nextMaintenance: Int64 = 0
    /// Steps of maintenance without work since the last that had any. Of many databases each step
    /// looks at others, so that only a whole round of them says that there is nothing to do.
    var idleMaintenance = 0
    package var startedAt = TurnTime(monotonic: 0, wall: 0)
    var startup = Startup.notBegun
    package var cronRuns = 0
    /// CONFIG FILE: where it came from and its text, for REWRITE.
    package var configurationPath: String?
    package var configurationText: [UInt8]?
    /// State of the commands that watch and change the server itself.
    package var introspection = Introspection()
    package var executable = ""
    package var arguments: [String] = []

    /// An engine with empty databases. `seed` decides all its random choices; `clock` gives
    /// monotonic microseconds and is used only to say how long commands took.
    package init(
        settings: ServerSettings, seed: UInt64, clock: @escaping @convention(c) () -> Int64
    ) {
        heap = Heap()
        self.settings = settings
        var random = RandomGenerator(seed: seed)
        keyspace = Databases(
            heap: heap, databaseCount: settings.databases,
            hashKey: HashKey(k0: random.next(), k1: random.next()),
            random: RandomGenerator(seed: random.next()))
        frontend = Frontend(
            heap: heap, commands: CommandRows.dataServer(renaming: settings.renamedCommands),
            seed: random.next(), isSentinel: false,
            clock: clock)
        frontend.settings = settings.frontend
        unit = PropagationUnit(heap: heap)
        scratch = DecimalScratch(heap: heap)
        element = ByteBuffer(heap: heap)
        keyWaits = KeyWaits(heap: heap)
        replication = ReplicationControl(
            heap: heap, backlog: settings.replBacklogSize, random: &random)
        persistence = PersistenceControl()
        introspection.runID = frontend.random.hex(40)
        introspection.startupMemory = heap.used
        applySettings()
        for user in settings.users {
            invariant(
                user.root.commands.count == frontend.table.rows.count,
                "the user's rules are about other commands")
            frontend.put(user)
        }
    }
}

extension CommandRows {
    /// Every command of the data server.
    package static var dataServer: [Command] {
        dataConnection + dataPubSub + server + [
            configuration, debugging, latency, memoryCommands, slowlog,
        ] + persistence + replication + strings + bitmaps + hyperLogLogs + hashes + sets + lists
            + generic + databases + transactions + sortedSets + geography
    }
}

/// Counters of the engine itself, for INFO stats; `CONFIG RESETSTAT` starts them again.
package struct EngineStatistics: Equatable, Sendable {
    package var keyspaceHits = 0
    package var keyspaceMisses = 0
    package var expiredKeys = 0
    /// Slices of the search for expired keys that ended for lack of time, and what all took.
    package var expirySlicesCut = 0
    package var expiryMicroseconds: Int64 = 0
    package var evictedKeys = 0
    package var evictedClients = 0
    /// Since when memory is above `maxmemory`, and for how long it was before.
    package var exceedingSince: Int64?
    package var exceedingMicroseconds: Int64 = 0
    package var unexpectedErrorReplies = 0
    /// Time of fast commands, which is measured by the batch, and how many they were.
    package var sharedMicroseconds = 0
    package var sharedCalls = 0
    package init() {}
}

/// States in which some commands are refused or wait. One test covers them all on the hot path.
package struct Gates: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static var loading: Self { Self(rawValue: 1 << 0) }
    /// A replica that takes no writes from clients.
    package static var readOnlyReplica: Self { Self(rawValue: 1 << 1) }
    /// The link to the primary is down and stale data must not be served.
    package static var stale: Self { Self(rawValue: 1 << 2) }
    package static var paused: Self { Self(rawValue: 1 << 3) }
    /// `maxmemory` is set, so that every command has to look.
    package static var memoryLimit: Self { Self(rawValue: 1 << 4) }
    /// The last snapshot failed and writes are refused for it.
    package static var saveFailed: Self { Self(rawValue: 1 << 5) }
    /// `min-replicas-to-write` is set and too few are good.
    package static var fewReplicas: Self { Self(rawValue: 1 << 6) }
    /// A former primary that does not know whether its data are current.
    package static var fenced: Self { Self(rawValue: 1 << 7) }
    package static var monitored: Self { Self(rawValue: 1 << 8) }
    /// `maxmemory-clients` is set, so that every command has to look.
    package static var clientLimit: Self { Self(rawValue: 1 << 9) }
}

/// Runs a typed handler of the engine from a thunk.
@inline(__always)
func engine(
    _ owner: UInt, _ call: UInt,
    _ body: (inout DataEngine, Call) throws(ReplyError) -> Propagation
) -> Int32 {
    let call = Slot<Call>(address: call).value
    do {
        return try body(&Slot<DataEngine>(address: owner).value, call).rawValue
    } catch {
        return reportError(error, call)
    }
}
