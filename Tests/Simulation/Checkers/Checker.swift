import Digests
import Engine
import Memory
import SentinelCore

/// A rule that a run broke.
struct Violation: Equatable, CustomStringConvertible {
    var rule: String
    var detail: String
    var at: Int64
    var description: String { "\(rule) at \(Double(at) / 1e6) s: \(detail)" }
}

/// Watches a run and says which rules it broke.
final class Checker {
    private(set) var violations: [Violation] = []
    private var votes: [String: String] = [:]
    private var primaries: [Int: String] = [:]
    private var epochs: [Int: (current: Int, config: Int)] = [:]
    private var lastHolders: [Int: Int] = [:]
    private(set) var failovers = 0
    private(set) var comparisons = 0

    /// Time after the last fault in which everybody must agree, microseconds: a failover that
    /// just failed may be tried again only after twice its timeout.
    static func settleLimit(_ plan: Plan) -> Int64 {
        Int64(plan.failoverTimeout) * 1000 * 4 + 60 * Plan.second
    }

    func report(_ rule: String, _ detail: String, _ cluster: Cluster) {
        violations.append(Violation(rule: rule, detail: detail, at: cluster.world.now))
        cluster.world.note("VIOLATION \(rule): \(detail)")
    }

    /// Listens to what the sentinels say: a vote is a promise, also of the life before.
    func attach(to cluster: Cluster) {
        for sentinel in cluster.sentinels {
            sentinel.log = { [unowned self, unowned cluster] _, text in
                heard(text, sentinel.index, cluster)
            }
        }
    }

    private func heard(_ text: String, _ sentinel: Int, _ cluster: Cluster) {
        let words = text.split(separator: " ").map(String.init)
        guard let event = words.first else { return }
        if event == "+vote-for-leader", words.count >= 3 {
            let key = "\(sentinel)/\(words[2])"
            if let before = votes[key], before != words[1] {
                report("one vote per epoch", "sentinel \(sentinel) epoch \(words[2])", cluster)
            }
            votes[key] = words[1]
        } else if event == "+switch-master" || event == "+promoted-slave" {
            failovers += event == "+promoted-slave" ? 1 : 0
        }
    }

    // MARK: While it runs

    func observe(_ cluster: Cluster) {
        observeSentinels(cluster)
        observeStores(cluster)
        observeHolders(cluster)
    }

    private func observeSentinels(_ cluster: Cluster) {
        for node in cluster.sentinels {
            guard let view = node.sentinelView else { continue }
            if let before = epochs[node.index],
                view.currentEpoch < before.current || view.configEpoch < before.config
            {
                report(
                    "epochs never go back", "sentinel \(node.index) \(before) -> \(view)", cluster)
            }
            epochs[node.index] = (view.currentEpoch, view.configEpoch)
            guard view.configEpoch > 0, !view.isSwitching else { continue }
            if let address = primaries[view.configEpoch], address != view.address {
                report(
                    "one primary per epoch",
                    "epoch \(view.configEpoch): \(address) and \(view.address)", cluster)
            }
            primaries[view.configEpoch] = view.address
        }
    }

    /// Nodes with the same history at the same place hold the same data.
    private func observeStores(_ cluster: Cluster) {
        var seen: [String: (node: Int, digest: String)] = [:]
        for node in cluster.servers {
            guard let view = node.serverView, view.isComparable else { continue }
            let place = "\(view.replicationID):\(view.offset)"
            if let other = seen[place] {
                comparisons += 1
                if other.digest != view.digest {
                    report(
                        "equal offsets mean equal data",
                        "\(other.node) and \(node.index) at \(place)", cluster)
                }
            }
            seen[place] = (node.index, view.digest)
        }
    }

    /// Data vanish only with the processes that held them. A store of 20 keys does not shrink
    /// below 5 in a moment by what the clients delete.
    private func observeHolders(_ cluster: Cluster) {
        var holders: [Int: Int] = [:]
        var isAnyoneLeft = false
        for node in cluster.servers {
            guard let view = node.serverView else { continue }
            if view.keys >= 20 { holders[node.index] = cluster.world.lives[node.index] }
            if view.keys >= 5 || view.isLoading { isAnyoneLeft = true }
        }
        if !isAnyoneLeft, !lastHolders.isEmpty,
            lastHolders.allSatisfy({ node, life in
                cluster.world.lives[node] == life && cluster.servers[node].isRunning
            })
        {
            report("an empty primary wipes nobody", "held by \(lastHolders.keys.sorted())", cluster)
        }
        lastHolders = holders
    }

    // MARK: At the end

    /// Whether everybody agrees.
    func isSettled(_ cluster: Cluster) -> Bool { disagreement(cluster) == nil }

    private func disagreement(_ cluster: Cluster) -> String? {
        var address: String?
        for node in cluster.sentinels {
            guard let view = node.sentinelView else { return "sentinel \(node.index) is down" }
            if view.isSwitching { return "sentinel \(node.index) is in a failover" }
            if let address, address != view.address {
                return "sentinels say \(address) and \(view.address)"
            }
            address = view.address
        }
        var writable: [String] = []
        var place: String?
        for node in cluster.servers {
            guard let view = node.serverView else { return "server \(node.index) is down" }
            if view.isWritable { writable.append(view.address) }
            if !view.isWritable && !view.isLinkUp { return "server \(node.index) has no primary" }
            let own = "\(view.replicationID):\(view.offset)"
            if let place, place != own { return "server \(node.index) is at \(own), not \(place)" }
            place = own
        }
        if writable.count != 1 { return "writable: \(writable)" }
        return writable[0] == address ? nil : "sentinels say \(address ?? "-"), not \(writable[0])"
    }

    func finish(_ cluster: Cluster) {
        if let text = disagreement(cluster) {
            report("all agree after healing", text, cluster)
            return
        }
        let losses = lost(cluster)
        if cluster.plan.isPlannedOnly, !losses.acknowledged.isEmpty {
            report("a planned failover loses no write", "\(losses.acknowledged.prefix(5))", cluster)
        }
        if cluster.plan.keepsConfirmed, !losses.confirmed.isEmpty {
            report("a confirmed write survives", "\(losses.confirmed.prefix(5))", cluster)
        }
    }

    /// Keys whose value at the end is older than one that was acknowledged, or confirmed by WAIT.
    func lost(_ cluster: Cluster) -> (acknowledged: [String], confirmed: [String]) {
        guard let primary = cluster.servers.first(where: { $0.serverView?.isWritable == true })
        else {
            return (["no primary"], [])
        }
        var result: (acknowledged: [String], confirmed: [String]) = ([], [])
        for client in cluster.clients {
            for (key, version) in client.acknowledged.sorted(by: { $0.key < $1.key })
            where primary.integer(at: key) < version {
                result.acknowledged.append(key)
            }
            for (key, version) in client.confirmed.sorted(by: { $0.key < $1.key })
            where primary.integer(at: key) < version {
                result.confirmed.append(key)
            }
        }
        return result
    }
}
