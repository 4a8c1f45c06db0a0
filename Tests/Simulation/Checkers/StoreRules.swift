import Engine
import Memory

/// What servers hold: the same at the same place of the same history, transactions as a whole,
/// and not suddenly nothing. What a replica acknowledges it has applied.
struct StoreRules {
    /// What was held at a place of a history, and by whom.
    private var places: [String: (node: Int, digest: String)] = [:]
    private var lastHolders: [Int: Int] = [:]
    private(set) var comparisons = 0

    mutating func observe(_ cluster: Cluster) -> [BrokenRule] {
        let views = cluster.servers.map(\.serverView)
        return comparePlaces(views) + watchHolders(views, cluster)
    }

    private mutating func comparePlaces(_ views: [ServerView?]) -> [BrokenRule] {
        var broken: [BrokenRule] = []
        for (node, view) in views.enumerated() {
            guard let view, view.isComparable else { continue }
            let place = "\(view.replicationID):\(view.offset)"
            guard let other = places[place] else {
                places[place] = (node, view.digest)
                continue
            }
            comparisons += other.node == node ? 0 : 1
            if other.digest != view.digest {
                broken.append(
                    BrokenRule(
                        "equal offsets mean equal data", "\(other.node) and \(node) at \(place)"))
            }
        }
        return broken
    }

    /// Data vanish only with the processes that held them. A store of 20 keys does not shrink
    /// below 5 in a moment by what the clients delete. While somebody loads it is not known
    /// whether anybody is left, and who held something is remembered.
    private mutating func watchHolders(
        _ views: [ServerView?], _ cluster: Cluster
    ) -> [BrokenRule] {
        let world = cluster.world
        var holders: [Int: Int] = [:]
        var isAnyoneLeft = false
        var isAnyoneLoading = false
        for (node, view) in views.enumerated() {
            guard let view else { continue }
            if view.keys >= 20 { holders[node] = world.lives[node] }
            if view.keys >= 5 { isAnyoneLeft = true }
            if view.isLoading { isAnyoneLoading = true }
        }
        if isAnyoneLoading {
            lastHolders.merge(holders) { $1 }
            return []
        }
        defer { lastHolders = holders }
        guard !isAnyoneLeft, !lastHolders.isEmpty,
            lastHolders.allSatisfy({ node, life in
                world.lives[node] == life && cluster.servers[node].isRunning
            })
        else { return [] }
        return [BrokenRule("an empty primary wipes nobody", "held by \(lastHolders.keys.sorted())")]
    }

    func turnEnded(_ node: ServiceNode<DataEngine>, _ cluster: Cluster) -> [BrokenRule] {
        guard let service = node.service, !service.value.gates.contains(.loading) else { return [] }
        var broken: [BrokenRule] = []
        if let offset = service.value.acknowledgedOffset, offset > service.value.streamEnd {
            broken.append(
                BrokenRule(
                    "acknowledged is applied",
                    "server \(node.index): \(offset), applied \(service.value.streamEnd)"))
        }
        for client in cluster.clients {
            let first = node.integer(at: client.pair.0, in: client.database)
            let second = node.integer(at: client.pair.1, in: client.database)
            guard first != second else { continue }
            broken.append(
                BrokenRule(
                    "a transaction is one step", "server \(node.index): \(first) and \(second)"))
        }
        return broken
    }
}
