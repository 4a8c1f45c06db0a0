import Memory

/// The outcome of one seed.
package struct RunResult {
    package var seed: UInt64
    package var violations: [String]
    package var trace: [String]
    package var virtualSeconds: Double
    package var faults: Int
    package var operations: Int
    package var failovers: Int
    package var comparisons: Int

    /// One line for people.
    package var summary: String {
        let verdict = violations.isEmpty ? "ok" : violations.joined(separator: "; ")
        return "seed \(seed): \(Int(virtualSeconds)) s, \(faults) faults, "
            + "\(operations) operations, "
            + "\(failovers) failovers, \(comparisons) comparisons: \(verdict)"
    }
}

/// Runs the world that `seed` makes, to its end. The same seed gives the same run, to the byte,
/// as long as the process hashes deterministically (SWIFT_DETERMINISTIC_HASHING).
package func run(seed: UInt64, tracing: Bool) -> RunResult {
    let plan = Plan(seed: seed)
    let cluster = Cluster(seed: seed, plan: plan)
    cluster.world.isTracing = tracing
    let checker = Checker()
    checker.attach(to: cluster)
    cluster.run(checker)
    defer { cluster.tearDown() }
    return RunResult(
        seed: seed, violations: checker.violations.map(\.description),
        trace: cluster.world.trace, virtualSeconds: Double(cluster.world.now) / 1e6,
        faults: cluster.faultCount,
        operations: cluster.clients.reduce(0) { $0 + $1.requests },
        failovers: checker.sentinels.failovers, comparisons: checker.stores.comparisons)
}

/// Whether this build can make deliberate mistakes.
package var canMakeMistakes: Bool {
    #if TANDEM_MUTATIONS
        true
    #else
        false
    #endif
}

/// The names of the deliberate mistakes.
package var mistakeNames: [String] { Mutation.allCases.map(\.rawValue) }

/// Makes the mistake called `name` from now on. False in a build without mistakes, and for a name
/// that is none.
package func makeMistake(_ name: String) -> Bool {
    #if TANDEM_MUTATIONS
        guard let mutation = Mutation(rawValue: name) else { return false }
        Mutation.activate(mutation)
        return true
    #else
        return false
    #endif
}
