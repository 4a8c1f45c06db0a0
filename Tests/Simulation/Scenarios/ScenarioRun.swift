import Engine
import RESP
import Sessions

/// The outcome of a scenario.
package struct ScenarioResult {
    /// What was not as expected, and rules that were broken, each with its time.
    package var failures: [String]
    package var trace: [String]
}

/// Runs the scenario that `text` tells, with the chances that `seed` gives.
package func run(
    scenario text: String, seed: UInt64, tracing: Bool
) throws(ScenarioError) -> ScenarioResult {
    let scenario = try Scenario(text)
    let cluster = Cluster(seed: seed, plan: scenario.plan)
    cluster.world.isTracing = tracing
    let checker = Checker()
    checker.attach(to: cluster)
    let runner = ScenarioRun(cluster, checker)
    cluster.start()
    for step in scenario.steps {
        while cluster.world.now < step.at, !checker.isBroken {
            cluster.advance(min(100_000, step.at - cluster.world.now))
            checker.observe(cluster)
        }
        guard !checker.isBroken else { break }
        cluster.world.note("\(step.line): \(step.text)")
        runner.perform(step)
    }
    // Replies that are awaited.
    cluster.advance(1_000_000)
    runner.finish()
    defer { cluster.tearDown() }
    return ScenarioResult(
        failures: runner.failures + checker.violations.map(\.description),
        trace: cluster.world.trace)
}

/// Carries out the steps of a scenario.
final class ScenarioRun {
    private let cluster: Cluster
    private let checker: Checker
    private(set) var failures: [String] = []
    private var asked: [(step: Scenario.Step, reply: String, node: OperatorNode)] = []

    private var world: World { cluster.world }

    init(_ cluster: Cluster, _ checker: Checker) {
        self.cluster = cluster
        self.checker = checker
    }

    private func index(_ name: Scenario.NodeName) -> Int {
        name.isSentinel
            ? cluster.sentinels[name.number].index : cluster.servers[name.number].index
    }

    private func fail(_ step: Scenario.Step, _ found: String) {
        failures.append("line \(step.line), \(step.text): \(found)")
    }

    func perform(_ step: Scenario.Step) {
        switch step.action {
        case .kill(let name, let withHost):
            if name.isSentinel {
                cluster.sentinels[name.number].kill(silently: withHost, in: world)
            } else {
                cluster.servers[name.number].kill(silently: withHost, in: world)
            }
        case .wipe(let name) where !name.isSentinel:
            cluster.servers[name.number].kill(silently: false, in: world)
            cluster.servers[name.number].disk.wipe()
        case .stop(let name):
            if !name.isSentinel { cluster.servers[name.number].requestStop(in: world) }
        case .start(let name):
            if name.isSentinel {
                cluster.sentinels[name.number].start(in: world)
            } else {
                cluster.servers[name.number].start(in: world)
            }
        case .pause(let name, let time): world.pausedUntil[index(name)] = world.now + time
        case .clock(let name, let jump): cluster.setClock(index(name), jump)
        case .disk(let name, let fails):
            cluster.setDisk(index(name)) { $0.failsUntil = fails ? .max : 0 }
        case .quiet: cluster.clients.forEach { $0.isStopped = true }
        case .tell(let name, let request, let reply): tell(step, name, request, reply)
        case .expect(let expectation, let isTrue): check(step, expectation, isTrue)
        default: changePaths(step.action)
        }
    }

    private func changePaths(_ action: Scenario.Action) {
        switch action {
        case .isolate(let name): cluster.separate([index(name)])
        case .split(let names): cluster.separate(names.map { index($0) })
        case .cut(let from, let to): world.network.set(index(from), index(to)) { $0.isCut = true }
        case .delay(let from, let to, let time):
            world.network.set(index(from), index(to)) { $0.extraDelay = time }
        case .slow(let name, let sender):
            world.network.set(index(sender), index(name)) { $0.isUnread = true }
        case .heal: cluster.healSurroundings()
        default: break
        }
    }

    private func tell(
        _ step: Scenario.Step, _ name: Scenario.NodeName, _ request: [String], _ reply: String?
    ) {
        let address: (String, Int) =
            name.isSentinel
            ? (cluster.sentinels[name.number].address, cluster.sentinels[name.number].port)
            : (cluster.servers[name.number].address, cluster.servers[name.number].port)
        let node = cluster.ask(address, request)
        if let reply { asked.append((step, reply, node)) }
    }

    /// Compares the replies with those that were expected.
    func finish() {
        for (step, reply, node) in asked {
            let found = node.answer.map { words($0) } ?? "no reply"
            if found != reply { fail(step, found) }
        }
    }

    private func words(_ reply: RESPValue) -> String {
        switch reply {
        case .integer(let number): String(number)
        case .null: "nil"
        default: reply.string ?? (reply.elements ?? []).map { words($0) }.joined(separator: " ")
        }
    }

    private func check(
        _ step: Scenario.Step, _ expectation: Scenario.Expectation, _ isTrue: Bool
    ) {
        let obstacle = obstacle(expectation)
        if isTrue, let obstacle { fail(step, obstacle) }
        if !isTrue, obstacle == nil { fail(step, "it is so") }
    }

    /// Why the expectation is not met; nil when it is.
    private func obstacle(_ expectation: Scenario.Expectation) -> String? {
        switch expectation {
        case .primary(let name):
            let address = cluster.servers[name.number].fullAddress
            let named = cluster.sentinels.compactMap { $0.sentinelView?.address }
            if named.contains(where: { $0 != address }) { return "sentinels say \(named)" }
            return isWritable(name) ? nil : "it takes no writes"
        case .writable(let name): return isWritable(name) ? nil : "it takes no writes"
        case .running(let name):
            let isRunning =
                name.isSentinel
                ? cluster.sentinels[name.number].isRunning : cluster.servers[name.number].isRunning
            return isRunning ? nil : "it is down"
        case .replica(let name, let primary): return isReplica(name, of: primary)
        case .agreement: return EndRules.disagreement(cluster)
        case .nothingLost:
            let lost = EndRules.lost(cluster).acknowledged
            return lost.isEmpty ? nil : "lost \(lost)"
        case .confirmedKept:
            let lost = EndRules.lost(cluster).confirmed
            return lost.isEmpty ? nil : "lost \(lost)"
        case .keys(let name, let least):
            let keys = cluster.servers[name.number].serverView?.keys ?? 0
            return keys >= least ? nil : "it has \(keys)"
        case .promotions(let count):
            let found = checker.sentinels.failovers
            return found == count ? nil : "there were \(found)"
        }
    }

    private func isWritable(_ name: Scenario.NodeName) -> Bool {
        cluster.servers[name.number].serverView?.isWritable == true
    }

    private func isReplica(_ name: Scenario.NodeName, of primary: Scenario.NodeName) -> String? {
        guard let view = cluster.servers[name.number].serverView else { return "it is down" }
        let address = cluster.servers[primary.number].fullAddress
        guard view.primary == address else { return "it follows \(view.primary ?? "nobody")" }
        return view.isLinkUp ? nil : "its link is down"
    }
}
