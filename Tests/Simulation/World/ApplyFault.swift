import Digests
import Engine
import Sessions

extension Cluster {
    /// Makes `fault` happen now.
    func apply(_ fault: Fault) {
        world.note("fault: \(fault)")
        switch fault {
        case .killPrimary(let silently, let delay):
            // A confirmed write is in two stores; the rule holds while only one of them is lost.
            if plan.keepsConfirmed, !isInSync { return world.note("left out: not in sync") }
            if let primary { kill(primary, silently, delay) }
        case .killReplica(let silently, let delay):
            if let replica = someReplica { kill(replica, silently, delay) }
        case .killSentinel(let delay):
            kill(sentinels[world.random.below(sentinels.count)], false, delay)
        case .bouncePrimary(let delay):
            if let primary { kill(primary, false, delay) }
        case .pausePrimary(let time):
            if let primary { world.pausedUntil[primary.index] = world.now + time }
        case .pauseSentinel(let time):
            let sentinel = sentinels[world.random.below(sentinels.count)]
            world.pausedUntil[sentinel.index] = world.now + time
        case .isolatePrimary(let time):
            if let primary { isolate(primary.index, for: time) }
        case .partitionSentinel(let time):
            isolate(sentinels[world.random.below(sentinels.count)].index, for: time)
        case .cutOneWay(let from, let to, let time):
            cut(from, to)
            world.after(time) { [self] in uncut(from, to) }
        case .slowPath(let from, let to, let delay, let time):
            world.network.set(from, to) { $0.extraDelay = delay }
            world.after(time) { [self] in world.network.set(from, to) { $0.extraDelay = 0 } }
        case .resetConnections(let node):
            for connection in world.connections(of: node) { world.reset(connection) }
        case .diskFails(let node, let time):
            setDisk(node) { $0.failsUntil = self.world.now + time }
        case .diskSlow(let node, let time):
            setDisk(node) { $0.slowUntil = self.world.now + time }
        case .clockJump(let node, let jump):
            if node < servers.count { servers[node].wallOffset += jump }
        case .plannedFailover:
            requestFailover()
        case .powerCut(let time):
            powerCut(time)
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

    private func setDisk(_ node: Int, _ change: (inout Disk) -> Void) {
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
        let operatorNode = OperatorNode(
            index: world.nodes.count, target: (sentinel.address, sentinel.port),
            request: ["SENTINEL", "FAILOVER", Cluster.group])
        world.add(operatorNode)
        operatorNode.start(in: world)
    }
}
