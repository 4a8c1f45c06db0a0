import Digests
import Engine
import Sessions

extension Cluster {
    /// Makes `fault` happen now.
    func apply(_ fault: Fault) {
        // A confirmed write is in two stores; the rule holds while only one of them is lost.
        if plan.keepsConfirmed, endsPrimary(fault), !isInSync {
            world.note("put off, because not in sync: \(fault)")
            return world.after(Plan.second) { [self] in
                if world.now < plan.duration { apply(fault) }
            }
        }
        world.note("fault: \(fault)")
        faultCount += 1
        switch fault {
        case .killPrimary(let silently, let delay):
            if let primary { kill(primary, silently, delay) }
        case .killReplica(let silently, let delay):
            if let replica = someReplica { kill(replica, silently, delay) }
        case .killSentinel(let delay):
            kill(sentinels[world.random.below(sentinels.count)], false, delay)
        case .stopPrimary(let delay):
            if let primary { stop(primary, delay) }
        case .stopReplica(let delay):
            if let replica = someReplica { stop(replica, delay) }
        case .killAtWrite(let node, let delay):
            killAtWrite(node, delay)
        case .bouncePrimary(let delay):
            if let primary { kill(primary, false, delay) }
        case .losePrimaryDisk(let delay):
            if let primary { loseDisk(primary, delay) }
        case .loseReplicaDisk(let delay):
            if let replica = someReplica { loseDisk(replica, delay) }
        case .ageReplica(let time):
            ageReplica(time)
        case .pausePrimary(let time):
            if let primary { world.pausedUntil[primary.index] = world.now + time }
        case .pauseReplica(let time):
            if let replica = someReplica { world.pausedUntil[replica.index] = world.now + time }
        case .pauseSentinel(let time):
            let sentinel = sentinels[world.random.below(sentinels.count)]
            world.pausedUntil[sentinel.index] = world.now + time
        default: applyToSurroundings(fault)
        }
    }

    /// Faults of network, disks and clocks, and of whole sites.
    private func applyToSurroundings(_ fault: Fault) {
        switch fault {
        case .isolatePrimary(let time):
            if let primary { isolate(primary.index, for: time) }
        case .partitionSentinel(let time):
            isolate(sentinels[world.random.below(sentinels.count)].index, for: time)
        case .split(let time):
            split(for: time)
        case .cutOneWay(let from, let to, let time):
            cut(from, to)
            world.after(time) { [self] in uncut(from, to) }
        case .slowPath(let from, let to, let delay, let time):
            world.network.set(from, to) { $0.extraDelay = delay }
            world.after(time) { [self] in world.network.set(from, to) { $0.extraDelay = 0 } }
        case .slowReader(let node, let sender, let time):
            stopReading(node, from: sender, for: time)
        case .slowReplica(let time):
            if let primary, let replica = someReplica {
                stopReading(replica.index, from: primary.index, for: time)
            }
        case .resetConnections(let node):
            for connection in world.connections(of: node) { world.reset(connection) }
        case .halfOpen(let node, let peer):
            for connection in world.connections(of: node) where connection.nodes.contains(peer) {
                world.forget(connection)
            }
        case .diskFails(let node, let time):
            setDisk(node) { $0.failsUntil = self.world.now + time }
        case .diskSlow(let node, let time):
            setDisk(node) { $0.slowUntil = self.world.now + time }
        case .clockJump(let node, let jump):
            setClock(node, jump)
        case .plannedFailover:
            requestFailover()
        case .powerCut(let time):
            powerCut(time)
        default: break
        }
    }

    private func endsPrimary(_ fault: Fault) -> Bool {
        switch fault {
        case .killPrimary, .bouncePrimary, .stopPrimary, .losePrimaryDisk: true
        default: false
        }
    }

    /// Whether every server runs and has everything the primary has, within what is in flight.
    private var isInSync: Bool {
        let views = servers.map(\.serverView)
        return views.allSatisfy { view in
            guard let view else { return false }
            return view.isWritable || (view.isLinkUp && !view.isLoading)
        } && views.count { $0?.isWritable == true } == 1
    }

    private func kill<S: Service & ~Copyable>(
        _ node: ServiceNode<S>, _ silently: Bool, _ delay: Int64
    ) {
        guard node.isRunning else { return }
        node.kill(silently: silently, in: world)
        world.after(delay) { [self] in node.start(in: world) }
    }

    private func loseDisk(_ server: ServiceNode<DataEngine>, _ delay: Int64) {
        guard server.isRunning else { return }
        kill(server, false, delay)
        server.disk.wipe()
    }

    private func ageReplica(_ time: Int64) {
        guard let replica = someReplica, let primary else { return }
        world.pausedUntil[replica.index] = world.now + time
        kill(primary, false, 100_000)
        let end = time - Int64(world.random.below(500_000))
        world.after(end) { [self] in
            if let primary = self.primary { kill(primary, false, time - end + 50_000) }
        }
    }

    private func stop(_ server: ServiceNode<DataEngine>, _ delay: Int64) {
        server.whenStopped = { [self] in
            world.after(delay) { [self] in server.start(in: world) }
        }
        server.requestStop(in: world)
    }

    private func killAtWrite(_ node: Int, _ delay: Int64) {
        func arm<S: Service & ~Copyable>(_ node: ServiceNode<S>) {
            node.diesAtWrite = { [self] in kill(node, false, delay) }
        }
        if node < servers.count {
            arm(servers[node])
        } else if node - servers.count < sentinels.count {
            arm(sentinels[node - servers.count])
        }
    }

    private func stopReading(_ node: Int, from sender: Int, for time: Int64) {
        world.network.set(sender, node) { $0.isUnread = true }
        world.after(time) { [self] in world.network.set(sender, node) { $0.isUnread = false } }
    }

    /// Puts every node on one of two sides; paths between the sides are cut.
    private func split(for time: Int64) {
        let sides = world.nodes.map { _ in world.random.below(2) }
        let paths = sides.indices.flatMap { from in
            sides.indices.filter { sides[$0] != sides[from] }.map { (from, $0) }
        }
        for (from, to) in paths { cut(from, to) }
        world.after(time) { [self] in
            for (from, to) in paths { uncut(from, to) }
        }
    }

    private func cut(_ from: Int, _ to: Int) { world.network.set(from, to) { $0.isCut = true } }
    private func uncut(_ from: Int, _ to: Int) { world.network.set(from, to) { $0.isCut = false } }

    private func isolate(_ node: Int, for time: Int64) {
        for other in 0..<world.nodes.count where other != node {
            cut(node, other)
            cut(other, node)
        }
        world.after(time) { [self] in
            for other in 0..<world.nodes.count where other != node {
                uncut(node, other)
                uncut(other, node)
            }
        }
    }

    func setClock(_ node: Int, _ jump: Int64) {
        if node < servers.count {
            servers[node].wallOffset += jump
        } else if node - servers.count < sentinels.count {
            sentinels[node - servers.count].wallOffset += jump
        }
    }

    /// Cuts all paths between these nodes and the others.
    func separate(_ part: [Int]) {
        for node in part {
            for other in world.nodes.indices where !part.contains(other) {
                cut(node, other)
                cut(other, node)
            }
        }
    }

    func setDisk(_ node: Int, _ change: (inout Disk) -> Void) {
        if node < servers.count {
            change(&servers[node].disk)
        } else if node - servers.count < sentinels.count {
            change(&sentinels[node - servers.count].disk)
        }
    }

    private func powerCut(_ time: Int64) {
        for server in servers { server.kill(silently: true, in: world) }
        for sentinel in sentinels { sentinel.kill(silently: true, in: world) }
        world.after(time) { [self] in
            for server in servers { server.start(in: world) }
            for sentinel in sentinels { sentinel.start(in: world) }
        }
    }

    /// An operator asks some sentinel for a planned failover.
    private func requestFailover() {
        let running = sentinels.filter { $0.isRunning }
        guard !running.isEmpty else { return }
        let sentinel = running[world.random.below(running.count)]
        var request = ["SENTINEL", "FAILOVER", Cluster.group]
        if world.random.below(2) == 0, let target = someReplica {
            request += ["TO", target.address, String(target.port)]
        }
        _ = ask((sentinel.address, sentinel.port), request)
    }

    /// Somebody sends a request.
    func ask(_ target: (host: String, port: Int), _ request: [String]) -> OperatorNode {
        let node = OperatorNode(index: world.nodes.count, target: target, request: request)
        world.add(node)
        node.start(in: world)
        return node
    }
}
