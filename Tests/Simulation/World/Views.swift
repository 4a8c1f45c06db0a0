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
    /// The server it is told to follow.
    var primary: String?
    var isWritable: Bool
    var isLinkUp: Bool
    var isLoading: Bool
    /// Whether what it holds belongs to its offset.
    var isComparable: Bool
    var replicationID: String
    var offset: Int
    var keys: Int
    var digest: String
}

/// What the checkers see of a sentinel.
struct SentinelView: CustomStringConvertible {
    var id: String
    var currentEpoch: Int
    var configEpoch: Int
    var address: String
    var isSwitching: Bool
    var description: String {
        "epoch \(currentEpoch), configuration \(configEpoch), primary \(address)"
    }
}

extension ServiceNode where S: ~Copyable {
    var fullAddress: String { "\(address):\(port)" }

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
        let primary = service.value.settings.replicaOf
        return ServerView(
            address: fullAddress, primary: primary.map { "\($0.host):\($0.port)" },
            isWritable: service.value.isWritablePrimary,
            isLinkUp: isLinkUp, isLoading: service.value.gates.contains(.loading),
            isComparable: !service.value.gates.contains(.loading)
                && service.value.replication.stream.isActive
                && (!service.value.replication.isReplica || isLinkUp),
            replicationID: service.value.replication.history.id.text,
            offset: service.value.streamEnd, keys: keys,
            digest: service.value.keyspace.digest().description)
    }

    /// The integer at `key`; -1 if there is none.
    func integer(at key: String, in database: Int) -> Int {
        guard let service else { return -1 }
        return Array(key.utf8).withView { view in
            let hash = service.value.keyspace.hash(view)
            return service.value.keyspace.find(database, view, hash)?.integer.map { Int($0) } ?? -1
        }
    }
}

extension ServiceNode where S == SentinelService {
    var sentinelView: SentinelView? {
        guard let service, let group = service.value.state.groups.first else { return nil }
        let address = group.currentAddress
        return SentinelView(
            id: service.value.state.id, currentEpoch: Int(service.value.state.currentEpoch),
            configEpoch: Int(group.configurationEpoch),
            address: "\(address.host):\(address.port)", isSwitching: group.failover != nil)
    }

    /// The epoch of the failover that it leads or wants to lead.
    var failoverEpoch: Int? {
        service?.value.state.groups.first?.failover.map { Int($0.epoch) }
    }

    /// The epoch of the last vote in the file of its state; 0 without one.
    var voteOnDisk: Int {
        let text = String(decoding: disk.files["sentinel.state"] ?? [], as: UTF8.self)
        let prefix = "sentinel leader-epoch \(Cluster.group) "
        let line = text.split(separator: "\n").first { $0.hasPrefix(prefix) }
        return line.flatMap { Int($0.dropFirst(prefix.count)) } ?? 0
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
