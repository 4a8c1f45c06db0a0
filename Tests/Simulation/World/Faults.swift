import Digests

/// One thing that goes wrong, or that an operator does.
enum Fault: Equatable {
    case killPrimary(silently: Bool, restartAfter: Int64)
    case killReplica(silently: Bool, restartAfter: Int64)
    case killSentinel(restartAfter: Int64)
    /// A supervisor restarts the primary faster than anybody can notice.
    case bouncePrimary(after: Int64)
    case pausePrimary(for: Int64)
    case pauseSentinel(for: Int64)
    case isolatePrimary(for: Int64)
    case cutOneWay(from: Int, to: Int, for: Int64)
    case partitionSentinel(for: Int64)
    case slowPath(from: Int, to: Int, by: Int64, for: Int64)
    case resetConnections(node: Int)
    case diskFails(node: Int, for: Int64)
    case diskSlow(node: Int, for: Int64)
    case clockJump(node: Int, by: Int64)
    case plannedFailover
    /// The whole site loses power and comes back.
    case powerCut(for: Int64)
}

/// What a seed decides: the group, its clients and its faults.
struct Plan {
    var replicas: Int
    var sentinels: Int
    var quorum: Int
    var clients: Int
    var downAfter: Int
    var failoverTimeout: Int
    var savesToDisk: Bool
    /// Only planned failovers happen: no acknowledged write may be lost.
    var isPlannedOnly: Bool
    /// Only the primary's process dies, one at a time, with one replica that is in sync: no write
    /// that WAIT confirmed may be lost.
    var keepsConfirmed: Bool
    var faults: [(at: Int64, fault: Fault)] = []
    /// Virtual microseconds of faults and load.
    var duration: Int64

    static let second: Int64 = 1_000_000

    init(seed: UInt64) {
        var random = RandomGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        let kind = random.below(10)
        isPlannedOnly = kind < 2
        keepsConfirmed = kind == 2 || kind == 3
        replicas = keepsConfirmed ? 1 : 1 + random.below(3)
        sentinels = random.below(4) == 0 ? 5 : 3
        quorum = sentinels / 2 + 1 - (random.below(4) == 0 ? 1 : 0)
        clients = 3 + random.below(3)
        downAfter = 500 + random.below(2500)
        failoverTimeout = 6000 + random.below(14000)
        savesToDisk = random.below(2) == 0
        duration = Int64(60 + random.below(20)) * Plan.second
        let nodes = 1 + replicas + sentinels
        let count = 5 + random.below(5)
        let gap = (duration - 10 * Plan.second) / Int64(count)
        for index in 0..<count {
            let at = 4 * Plan.second + gap * Int64(index) + Int64(random.below(Int(gap / 2)))
            faults.append((at, Plan.fault(self, nodes, &random)))
        }
    }

    private static func fault(
        _ plan: Plan, _ nodes: Int, _ random: inout RandomGenerator
    ) -> Fault {
        let short = Int64(200_000 + random.below(2_000_000))
        let long = Int64(1_000_000 + random.below(8_000_000))
        if plan.isPlannedOnly {
            return random.below(4) == 0
                ? .slowPath(
                    from: random.below(nodes), to: random.below(nodes),
                    by: Int64(random.below(20_000)), for: long)
                : .plannedFailover
        }
        if plan.keepsConfirmed {
            return random.below(3) == 0
                ? .plannedFailover : .killPrimary(silently: false, restartAfter: long)
        }
        switch random.below(20) {
        case 0, 1, 2: return .killPrimary(silently: false, restartAfter: long)
        case 3: return .killPrimary(silently: true, restartAfter: long)
        case 4: return .bouncePrimary(after: short / 4)
        case 5: return .killReplica(silently: random.below(2) == 0, restartAfter: long)
        case 6: return .killSentinel(restartAfter: long)
        case 7: return .pausePrimary(for: long)
        case 8: return .pauseSentinel(for: long)
        case 9, 10: return .isolatePrimary(for: long)
        case 11: return .cutOneWay(from: random.below(nodes), to: random.below(nodes), for: long)
        case 12: return .partitionSentinel(for: long)
        case 13:
            return .slowPath(
                from: random.below(nodes), to: random.below(nodes),
                by: Int64(random.below(300_000)), for: long)
        case 14: return .resetConnections(node: random.below(nodes))
        case 15: return .diskFails(node: random.below(nodes), for: long)
        case 16: return .diskSlow(node: random.below(nodes), for: long)
        case 17:
            return .clockJump(node: random.below(nodes), by: Int64(random.below(7_200)) * second)
        case 18: return random.below(3) == 0 ? .powerCut(for: short) : .plannedFailover
        default: return .plannedFailover
        }
    }
}
