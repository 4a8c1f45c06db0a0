import Digests
import Engine
import Keyspace
import Memory
import SentinelCore
import Sessions

/// Virtual microseconds, for the engines' clocks: time stands still within a turn.
enum VirtualClock {
    nonisolated(unsafe) static var now: Int64 = 0
    static let read: @convention(c) () -> Int64 = { unsafe VirtualClock.now }
}

/// A group of servers, its sentinels and its clients in a simulated world.
final class Cluster {
    let plan: Plan
    let seed: UInt64
    let world: World
    private(set) var servers: [ServiceNode<DataEngine>] = []
    private(set) var sentinels: [ServiceNode<SentinelService>] = []
    private(set) var clients: [ClientNode] = []
    static let group = "main"
    /// Faults that happened.
    var faultCount = 0
    /// Server that began as primary.
    static let firstPrimary = 0

    init(seed: UInt64, plan: Plan) {
        self.plan = plan
        self.seed = seed
        world = World(seed: seed)
        world.network.siteDelay = plan.siteDelay
        for index in 0...plan.replicas { addServer(index) }
        for index in 0..<plan.sentinels { addSentinel(index) }
        let doors = sentinels.map { (host: $0.address, port: $0.port) }
        for _ in 0..<plan.clients {
            let client = ClientNode(
                index: world.nodes.count, sentinels: doors, group: Cluster.group,
                usesWait: plan.keepsConfirmed || world.random.below(3) == 0,
                database: world.nodes.count % 3, keyCount: 20,
                thinkTime: 60_000 + Int64(world.random.below(120_000)))
            world.add(client)
            clients.append(client)
        }
    }

    private func addServer(_ index: Int) {
        let seed = self.seed
        let node = ServiceNode<DataEngine>(
            index: world.nodes.count, address: "10.0.0.\(index + 1)", port: 6379
        ) { node, world in
            let text = node.disk.files["redis.conf"].map { String(decoding: $0, as: UTF8.self) }
            let life = UInt64(world.lives[node.index])
            let slot = Slot(
                DataEngine(
                    settings: Cluster.settings(text ?? ""),
                    seed: seed &* 1_000_003 &+ UInt64(node.index) &* 101 &+ life,
                    clock: VirtualClock.read))
            slot.value.keyspace.digestEnabled = true
            slot.value.beginTurn(node.time(in: world))
            slot.value.start(
                configurationPath: "redis.conf", configurationText: Array((text ?? "").utf8))
            return slot
        }
        var lines = ["port 6379", "dir .", "repl-diskless-sync-delay 0", "repl-timeout 10"]
        lines += ["replica-announce-ip \(node.address)", "protected-mode no"]
        lines += plan.savesToDisk ? ["save 5 1"] : ["save \"\""]
        lines.append("rdb-key-save-delay \(plan.snapshotDelay)")
        lines.append("repl-backlog-ttl \(plan.backlogTTL)")
        if plan.isBacklogShort { lines.append("repl-backlog-size 16kb") }
        if plan.isOutputShort {
            lines.append("client-output-buffer-limit replica 256kb 64kb 2")
        }
        if index > 0 { lines.append("replicaof 10.0.0.1 6379") }
        node.disk.put("redis.conf", Array(lines.joined(separator: "\n").utf8))
        world.add(node)
        servers.append(node)
    }

    private func addSentinel(_ index: Int) {
        let seed = self.seed
        let node = ServiceNode<SentinelService>(
            index: world.nodes.count, address: "10.0.1.\(index + 1)", port: 26379
        ) { node, world in
            let life = UInt64(world.lives[node.index])
            return Cluster.makeSentinel(
                node, seed: seed &* 999_983 &+ UInt64(node.index) &* 103 &+ life,
                time: node.time(in: world))
        }
        let lines = [
            "port 26379", "sentinel announce-ip \(node.address)",
            "sentinel monitor \(Cluster.group) 10.0.0.1 6379 \(plan.quorum)",
            "sentinel down-after-milliseconds \(Cluster.group) \(plan.downAfter)",
            "sentinel failover-timeout \(Cluster.group) \(plan.failoverTimeout)",
        ]
        node.disk.put("sentinel.conf", Array(lines.joined(separator: "\n").utf8))
        world.add(node)
        sentinels.append(node)
    }

    // MARK: Running

    /// Starts everything, applies the plan's faults, heals, and runs until all is quiet; or until
    /// a rule is broken, since what comes afterwards only follows from that.
    func run(_ checker: Checker) {
        start()
        for (at, fault) in plan.faults {
            world.after(at) { [self] in apply(fault) }
        }
        while world.now < plan.duration {
            advance(100_000)
            checker.observe(self)
            if checker.isBroken { return }
        }
        heal()
        for client in clients { client.isStopped = true }
        let limit = world.now + EndRules.settleLimit(plan)
        while world.now < limit {
            advance(250_000)
            checker.observe(self)
            if checker.isBroken { return }
            if EndRules.isSettled(self) { break }
        }
        checker.finish(self)
    }

    func start() {
        for server in servers { server.start(in: world) }
        for sentinel in sentinels { sentinel.start(in: world) }
        for client in clients { client.start(in: world) }
    }

    func advance(_ step: Int64) {
        world.run(until: world.now + step)
    }

    /// Frees everything; the world is over. Its events and its nodes hold each other.
    func tearDown() {
        for server in servers {
            server.kill(silently: true, in: world)
            (server.diesAtWrite, server.whenStopped, server.afterTurn) = (nil, {}, {})
        }
        for sentinel in sentinels {
            sentinel.kill(silently: true, in: world)
            sentinel.diesAtWrite = nil
        }
        world.clear()
    }

    /// The end of all faults: paths are good, disks work, every process runs.
    private func heal() {
        healSurroundings()
        world.pausedUntil = [:]
        for server in servers {
            server.diesAtWrite = nil
            server.start(in: world)
        }
        for sentinel in sentinels {
            sentinel.diesAtWrite = nil
            sentinel.start(in: world)
        }
    }

    /// Paths are good, disks work.
    func healSurroundings() {
        world.network.heal()
        for node in 0..<servers.count + sentinels.count {
            setDisk(node) {
                $0.failsUntil = 0
                $0.slowUntil = 0
            }
        }
    }

    /// The server that says it is primary and takes writes; the first if there are several.
    var primary: ServiceNode<DataEngine>? {
        servers.first { $0.service?.value.isWritablePrimary == true } ?? servers.first
    }

    var someReplica: ServiceNode<DataEngine>? {
        let all = servers.filter { $0.service?.value.replication.isReplica == true }
        return all.isEmpty ? nil : all[world.random.below(all.count)]
    }
}
