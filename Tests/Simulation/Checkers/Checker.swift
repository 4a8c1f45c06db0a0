/// A rule that a run broke.
struct Violation: Equatable, CustomStringConvertible {
    var rule: String
    var detail: String
    var at: Int64
    var description: String { "\(rule) at \(Double(at) / 1e6) s: \(detail)" }
}

/// Watches a run and says which rules it broke. What sentinels promise is in `SentinelRules`,
/// what servers hold in `StoreRules`, what must be true at the end in `EndRules`.
final class Checker {
    private(set) var violations: [Violation] = []
    var sentinels = SentinelRules()
    var stores = StoreRules()

    var isBroken: Bool { !violations.isEmpty }

    /// Listens to what the sentinels say and looks at servers after each of their turns.
    func attach(to cluster: Cluster) {
        for sentinel in cluster.sentinels {
            sentinel.log = { [unowned self, unowned cluster] _, text in
                sentinels.heard(text, sentinel, cluster).forEach { report($0, cluster) }
            }
        }
        for server in cluster.servers {
            server.afterTurn = { [unowned self, unowned cluster] in
                stores.turnEnded(server, cluster).forEach { report($0, cluster) }
            }
        }
    }

    /// Called many times a second of virtual time.
    func observe(_ cluster: Cluster) {
        if cluster.world.isStorming {
            report(BrokenRule("events end", "\(cluster.world.steps) of them"), cluster)
        }
        sentinels.observe(cluster).forEach { report($0, cluster) }
        stores.observe(cluster).forEach { report($0, cluster) }
    }

    func finish(_ cluster: Cluster) {
        EndRules.check(cluster).forEach { report($0, cluster) }
    }

    private func report(_ broken: BrokenRule, _ cluster: Cluster) {
        guard !violations.contains(where: { $0.rule == broken.rule }) else { return }
        violations.append(
            Violation(rule: broken.rule, detail: broken.detail, at: cluster.world.now))
        cluster.world.note("VIOLATION \(broken.rule): \(broken.detail)")
    }
}

/// What a rule has to complain about.
struct BrokenRule {
    var rule: String
    var detail: String
    init(_ rule: String, _ detail: String) {
        self.rule = rule
        self.detail = detail
    }
}
