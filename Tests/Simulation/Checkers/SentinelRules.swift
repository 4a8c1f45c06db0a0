import Engine
import Memory
import SentinelCore

/// What sentinels promise: to vote once in an epoch, also over a crash; to lead only with the
/// votes of a majority; one primary for each epoch; epochs that only rise.
struct SentinelRules {
    /// Votes as they were told, by epoch and voter.
    private var votes: [Int: [String: String]] = [:]
    private var primaries: [Int: String] = [:]
    private var seen: [Int: Epochs] = [:]
    /// Epochs that must have reached the disk, by sentinel.
    private var floors: [Int: Epochs] = [:]
    private(set) var failovers = 0

    private struct Epochs: Equatable {
        var life: Int
        var current: Int
        var configuration: Int

        func isBehind(_ other: Epochs) -> Bool {
            current < other.current || configuration < other.configuration
        }
    }

    /// A sentinel logged a line.
    mutating func heard(
        _ text: String, _ node: ServiceNode<SentinelService>, _ cluster: Cluster
    ) -> [BrokenRule] {
        let words = text.split(separator: " ").map(String.init)
        guard let event = words.first else { return [] }
        switch event {
        case "+vote-for-leader":
            guard words.count >= 3, let epoch = Int(words[2]), let id = node.sentinelView?.id
            else { return [] }
            return voted(id, for: words[1], epoch)
        case "+elected-leader":
            return elected(node, cluster)
        case "+selected-slave":
            return selected(node, cluster)
        case "+promoted-slave":
            failovers += 1
            return []
        default:
            guard words.count == 5, words[1] == "voted", let epoch = Int(words[4]) else {
                return []
            }
            return told(words[0], for: words[3], epoch, cluster)
        }
    }

    private mutating func voted(
        _ voter: String, for leader: String, _ epoch: Int
    ) -> [BrokenRule] {
        let before = votes[epoch]?[voter]
        votes[epoch, default: [:]][voter] = leader
        guard let before, before != leader else { return [] }
        return [BrokenRule("one vote per epoch", "\(voter.prefix(8)) twice in epoch \(epoch)")]
    }

    /// A candidate has heard of a vote. What is not on the voter's disk can be given again after
    /// a crash.
    private mutating func told(
        _ voter: String, for leader: String, _ epoch: Int, _ cluster: Cluster
    ) -> [BrokenRule] {
        var broken = voted(voter, for: leader, epoch)
        if let node = cluster.sentinels.first(where: { $0.sentinelView?.id == voter }),
            node.voteOnDisk < epoch
        {
            broken.append(
                BrokenRule(
                    "a vote is on disk before it is told",
                    "sentinel \(node.index) epoch \(epoch), on disk \(node.voteOnDisk)"))
        }
        return broken
    }

    private func elected(
        _ node: ServiceNode<SentinelService>, _ cluster: Cluster
    ) -> [BrokenRule] {
        guard let epoch = node.failoverEpoch, let id = node.sentinelView?.id else { return [] }
        let count = votes[epoch]?.values.count { $0 == id } ?? 0
        guard count < cluster.plan.sentinels / 2 + 1 else { return [] }
        return [
            BrokenRule(
                "a leader has the votes of a majority",
                "sentinel \(node.index) epoch \(epoch) has \(count) of \(cluster.plan.sentinels)")
        ]
    }

    /// A replica was chosen. Where the leader could ask the primary that waits behind its fence,
    /// no acknowledged write may be on that one's disk that the chosen one has not. Where each has
    /// what the other lacks, as after a primary served from a new disk, something is lost anyway.
    private func selected(
        _ node: ServiceNode<SentinelService>, _ cluster: Cluster
    ) -> [BrokenRule] {
        guard let group = node.service?.value.state.groups.first, let failover = group.failover,
            failover.cause == .primaryDown, let promoted = failover.promoted,
            group.primary.report.isFenced, group.primary.report.isOfThisConnection,
            let fenced = cluster.servers.first(where: {
                $0.address == group.primary.address.host
            }),
            let chosen = cluster.servers.first(where: { $0.address == promoted.host }),
            fenced.service?.value.gates.contains(.fenced) == true, chosen.isRunning
        else { return [] }
        func acknowledged(
            at owner: ServiceNode<DataEngine>, not other: ServiceNode<DataEngine>
        ) -> [String] {
            cluster.clients.flatMap { client in
                client.acknowledged.sorted { $0.key < $1.key }.filter { key, version in
                    let held = owner.integer(at: key, in: client.database)
                    return held <= version && held > other.integer(at: key, in: client.database)
                }.map { "\($0.key)" }
            }
        }
        let lost = acknowledged(at: fenced, not: chosen)
        guard let first = lost.first, acknowledged(at: chosen, not: fenced).isEmpty else {
            return []
        }
        return [
            BrokenRule(
                "a fenced primary gives way only to who has its data",
                "\(chosen.address) lacks \(lost.count) keys of \(fenced.address), as \(first)")
        ]
    }

    mutating func observe(_ cluster: Cluster) -> [BrokenRule] {
        cluster.sentinels.flatMap { observe($0, cluster) }
    }

    private mutating func observe(
        _ node: ServiceNode<SentinelService>, _ cluster: Cluster
    ) -> [BrokenRule] {
        guard let view = node.sentinelView else { return [] }
        var broken: [BrokenRule] = []
        let epochs = Epochs(
            life: cluster.world.lives[node.index], current: view.currentEpoch,
            configuration: view.configEpoch)
        let before = seen[node.index]
        let floor = before?.life == epochs.life ? before : floors[node.index]
        if let floor, epochs.isBehind(floor) {
            broken.append(
                BrokenRule("epochs never go back", "sentinel \(node.index): \(floor) -> \(epochs)"))
        }
        // What has not changed for a while, with nothing being written and a disk that works, is
        // on the disk.
        let isQuiet =
            node.disk.isIdle && node.disk.failure(at: cluster.world.now - 2_000_000) == nil
        if before == epochs, isQuiet { floors[node.index] = epochs }
        seen[node.index] = epochs
        if view.configEpoch > 0 {
            let address = primaries[view.configEpoch, default: view.address]
            primaries[view.configEpoch] = view.address
            if address != view.address {
                broken.append(
                    BrokenRule(
                        "one primary per epoch",
                        "epoch \(view.configEpoch): \(address) and \(view.address)"))
            }
        }
        return broken
    }
}
