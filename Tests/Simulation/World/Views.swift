import Configuration
import Digests
import Engine
import Keyspace
import Memory
import Replication
import SentinelCore
import Sessions

/// What the checkers see of a server.
struct ServerView {
    var address: String
    var isWritable: Bool
    var isLinkUp: Bool
    var isLoading: Bool
    /// Whether what it holds belongs to its offset at this moment.
    var isComparable: Bool
    var replicationID: String
    var offset: Int
    var keys: Int
    var digest: String
}

/// What the checkers see of a sentinel.
struct SentinelView: CustomStringConvertible {
    var currentEpoch: Int
    var configEpoch: Int
    var address: String
    var isSwitching: Bool
    var description: String {
        "epoch \(currentEpoch), configuration \(configEpoch), primary \(address)"
    }
}

extension ServiceNode where S: ~Copyable {
    func time(in world: World) -> TurnTime {
        TurnTime(monotonic: world.now + 1_000_000, wall: world.now + wallOffset)
    }
}

extension ServiceNode where S == DataEngine {
    var serverView: ServerView? {
        guard let service else { return nil }
        let isLinkUp = service.value.replication.isLinkUp
        var keys = 0
        for database in 0..<service.value.keyspace.databaseCount {
            keys += service.value.keyspace.size(database)
        }
        return ServerView(
            address: "\(address):\(port)", isWritable: service.value.isWritablePrimary,
            isLinkUp: isLinkUp, isLoading: service.value.gates.contains(.loading),
            isComparable: !service.value.gates.contains(.loading)
                && (!service.value.replication.isReplica || isLinkUp),
            replicationID: service.value.replication.history.id.text,
            offset: service.value.streamEnd, keys: keys,
            digest: service.value.keyspace.digest().description)
    }

    /// The integer at `key` of database 0; -1 if there is none.
    func integer(at key: String) -> Int {
        guard let service else { return -1 }
        return Array(key.utf8).withView { view in
            let hash = service.value.keyspace.hash(view)
            return service.value.keyspace.find(0, view, hash)?.integer.map { Int($0) } ?? -1
        }
    }
}

extension ServiceNode where S == SentinelService {
    var sentinelView: SentinelView? {
        guard let service, let group = service.value.state.groups.first else { return nil }
        let address = group.currentAddress
        return SentinelView(
            currentEpoch: Int(service.value.state.currentEpoch),
            configEpoch: Int(group.configurationEpoch),
            address: "\(address.host):\(address.port)", isSwitching: group.failover != nil)
    }
}

extension Cluster {
    /// Settings of a server from the text of its configuration file.
    static func settings(_ text: String) -> Engine::ServerSettings {
        do {
            return try ServerConfiguration.load(file: ("redis.conf", Array(text.utf8)))
        } catch {
            fatalError("configuration that the server itself wrote: \(error)")
        }
    }

    /// A sentinel from the files on its disk.
    static func makeSentinel(
        _ node: ServiceNode<SentinelService>, seed: UInt64, time: TurnTime
    ) -> Slot<SentinelService> {
        let (file, stateFile) = ("sentinel.conf", "sentinel.state")
        var configuration = SentinelConfiguration()
        do {
            let bytes = node.disk.files[file] ?? []
            try configuration.apply(ConfigurationFile.lines(bytes, file: file))
            if let saved = node.disk.files[stateFile] {
                let state = try SentinelConfiguration.state(String(decoding: saved, as: UTF8.self))
                _ = configuration.adopt(state: state)
            }
        } catch {
            fatalError("files that the sentinel itself wrote: \(error)")
        }
        let server = SentinelCore::ServerSettings(port: node.port)
        let state = SentinelState(configuration, server: server, now: time.monotonic)
        var settings = FrontendSettings()
        settings.protectedMode = false
        let service = Slot(
            SentinelService(
                state, settings: settings,
                facts: SentinelFacts(configurationPath: file, statePath: stateFile), seed: seed,
                clock: VirtualClock.read))
        service.value.beginTurn(time)
        return service
    }
}
