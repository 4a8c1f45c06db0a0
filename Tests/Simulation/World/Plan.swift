import Digests

/// What a seed decides: the group, its clients and its faults.
struct Plan {
    var replicas = 1
    var sentinels = 3
    var quorum = 2
    var clients = 3
    var downAfter = 1000
    var failoverTimeout = 6000
    var savesToDisk = false
    /// Microseconds that a snapshot waits for each key, so that writes come in between.
    var snapshotDelay = 0
    /// Seconds for which a primary without replicas keeps its backlog.
    var backlogTTL = 3600
    /// Whether the backlog is short, so that replicas often have to start over.
    var isBacklogShort = false
    /// Whether a replica that reads slowly is soon closed.
    var isOutputShort = false
    /// Only planned failovers happen: no acknowledged write may be lost.
    var isPlannedOnly = false
    /// Only the primary's process dies, one at a time, while every replica follows it: no write
    /// that WAIT confirmed may be lost.
    var keepsConfirmed = false
    /// Microseconds that a byte takes more between the two sites.
    var siteDelay: Int64 = 0
    var faults: [(at: Int64, fault: Fault)] = []
    /// Virtual microseconds of faults and load.
    var duration: Int64 = 0

    static let second: Int64 = 1_000_000

    /// A small group without faults.
    init() {}

    init(seed: UInt64) {
        var random = RandomGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        let kind = random.below(10)
        isPlannedOnly = kind < 2
        keepsConfirmed = kind == 2 || kind == 3
        replicas = 1 + random.below(3)
        sentinels = random.below(4) == 0 ? 5 : 3
        quorum = sentinels / 2 + 1 - (random.below(4) == 0 ? 1 : 0)
        clients = 3 + random.below(3)
        downAfter = 500 + random.below(2500)
        failoverTimeout = 6000 + random.below(14000)
        savesToDisk = random.below(2) == 0
        snapshotDelay = [0, 0, 100, 2000][random.below(4)]
        backlogTTL = random.below(3) == 0 ? 1 + random.below(3) : 3600
        isBacklogShort = random.below(3) == 0
        isOutputShort = random.below(3) == 0
        siteDelay = [0, 0, 2000, 20_000][random.below(4)]
        duration = Int64(60 + random.below(20)) * Plan.second
        let nodes = 1 + replicas + sentinels
        // Some faults of these wait until the replicas are in step, perhaps for too long.
        let count = (keepsConfirmed ? 7 : 5) + random.below(5)
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
            switch random.below(6) {
            case 0, 1: return .slowReplica(for: long)
            case 2:
                return .slowPath(
                    from: random.below(nodes), to: random.below(nodes),
                    by: Int64(random.below(20_000)), for: long)
            default: return .plannedFailover
            }
        }
        if plan.keepsConfirmed {
            switch random.below(11) {
            case 0: return .plannedFailover
            case 9: return .losePrimaryDisk(restartAfter: short / 4)
            case 10: return .losePrimaryDisk(restartAfter: long)
            case 8: return .stopPrimary(restartAfter: long)
            case 1: return .bouncePrimary(after: short / 4)
            case 2, 3: return .slowReplica(for: long)
            default: return .killPrimary(silently: false, restartAfter: long)
            }
        }
        return random.below(2) == 0
            ? processFault(nodes, short, long, &random)
            : surroundingFault(nodes, short, long, &random)
    }

    /// Processes end, stop for a while, or hand over.
    private static func processFault(
        _ nodes: Int, _ short: Int64, _ long: Int64, _ random: inout RandomGenerator
    ) -> Fault {
        switch random.below(18) {
        case 15: return .losePrimaryDisk(restartAfter: random.below(2) == 0 ? short / 4 : long)
        case 16: return .loseReplicaDisk(restartAfter: long)
        case 17: return .ageReplica(for: 9_000_000 + long)
        case 13: return .stopPrimary(restartAfter: long)
        case 14: return .stopReplica(restartAfter: long)
        case 0, 1: return .killPrimary(silently: false, restartAfter: long)
        case 2: return .killPrimary(silently: true, restartAfter: long)
        case 3: return .bouncePrimary(after: short / 4)
        case 4: return .killReplica(silently: random.below(2) == 0, restartAfter: long)
        case 5: return .killSentinel(restartAfter: long)
        case 6, 7: return .killAtWrite(node: random.below(nodes), restartAfter: long)
        case 8: return .pausePrimary(for: long)
        case 9: return .pauseReplica(for: long)
        case 10: return .pauseSentinel(for: long)
        case 11: return random.below(3) == 0 ? .powerCut(for: short) : .plannedFailover
        default: return .plannedFailover
        }
    }

    /// Network, disks and clocks go wrong.
    private static func surroundingFault(
        _ nodes: Int, _ short: Int64, _ long: Int64, _ random: inout RandomGenerator
    ) -> Fault {
        let (node, other) = (random.below(nodes), random.below(nodes))
        switch random.below(14) {
        case 0, 1, 2: return .isolatePrimary(for: long)
        case 3: return .split(for: long)
        case 4: return .cutOneWay(from: node, to: other, for: long)
        case 5: return .partitionSentinel(for: long)
        case 6: return .slowPath(from: node, to: other, by: Int64(random.below(300_000)), for: long)
        case 7: return .slowReader(node: node, sender: other, for: long)
        case 8: return .slowReplica(for: long)
        case 9: return .resetConnections(node: node)
        case 10: return .halfOpen(node: node, peer: other)
        case 11: return .diskFails(node: node, for: long)
        case 12: return .diskSlow(node: node, for: long)
        default:
            return .clockJump(node: node, by: Int64(random.below(14_400) - 7200) * second)
        }
    }
}
