import Engine
import SentinelCore

/// What must be true when the faults are over and time was given.
enum EndRules {
    /// Time after the last fault in which everybody must agree, microseconds: a failover that
    /// just failed may be tried again only after twice its timeout.
    static func settleLimit(_ plan: Plan) -> Int64 {
        Int64(plan.failoverTimeout) * 1000 * 4 + 60 * Plan.second
    }

    /// Whether everybody agrees.
    static func isSettled(_ cluster: Cluster) -> Bool { disagreement(cluster) == nil }

    static func disagreement(_ cluster: Cluster) -> String? {
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

    static func check(_ cluster: Cluster) -> [BrokenRule] {
        if let text = disagreement(cluster) { return [BrokenRule("all agree after healing", text)] }
        var broken: [BrokenRule] = []
        let losses = lost(cluster)
        if cluster.plan.isPlannedOnly, !losses.acknowledged.isEmpty {
            broken.append(
                BrokenRule("a planned failover loses no write", "\(losses.acknowledged.prefix(5))"))
        }
        if cluster.plan.keepsConfirmed, !losses.confirmed.isEmpty {
            broken.append(
                BrokenRule("a confirmed write survives", "\(losses.confirmed.prefix(5))"))
        }
        return broken
    }

    /// Keys whose value at the end is older than one that was acknowledged, or confirmed by WAIT.
    static func lost(_ cluster: Cluster) -> (acknowledged: [String], confirmed: [String]) {
        guard let primary = cluster.servers.first(where: { $0.serverView?.isWritable == true })
        else {
            return (["no primary"], [])
        }
        var result: (acknowledged: [String], confirmed: [String]) = ([], [])
        for client in cluster.clients {
            func missing(_ versions: [String: Int]) -> [String] {
                versions.sorted { $0.key < $1.key }
                    .filter { primary.integer(at: $0.key, in: client.database) < $0.value }
                    .map(\.key)
            }
            result.acknowledged += missing(client.acknowledged)
            result.confirmed += missing(client.confirmed)
        }
        return result
    }
}
