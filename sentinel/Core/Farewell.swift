import RESP
import Sessions

/// Telling servers of ours that this sentinel watches them no longer. A server that believed it is
/// still watched would wait after a crash for a word that nobody gives.
extension SentinelState {
    /// Tells those that can be reached and that no other group has. Their links outlive the group
    /// until they have answered, or had time to.
    mutating func bidFarewell(_ refs: [InstanceRef]) {
        for ref in refs where self[ref].report.isWatchable != false && !isShared(ref) {
            guard send(ref, [(["TANDEM", "UNWATCH", id], .farewell)]) else { continue }
            farewells[key(ref)] = now + microseconds(Timing.farewellLimit)
        }
    }

    /// Replicas that will not be found again once they are forgotten, because they follow
    /// somebody else or nobody. Without a living primary that cannot be known.
    func strangers(_ group: Int) -> [InstanceRef] {
        guard primaryLooksSane(group) else { return [] }
        return dataNodes(of: group).dropFirst().filter { ref in
            let report = self[ref].report
            let isOurs = report.role == .replica && follows(report, groups[group].primary.address)
            return report.isOfThisConnection && !isOurs
        }
    }

    private func isShared(_ ref: InstanceRef) -> Bool {
        groups.indices.contains { other in
            other != ref.group
                && dataNodes(of: other).contains {
                    names.isSame(self[$0].address, self[ref].address)
                }
        }
    }

    /// The server has answered, or is lost.
    mutating func endFarewell(_ key: LinkKey) {
        guard farewells.removeValue(forKey: key) != nil else { return }
        dropUnusedLink(key)
    }

    /// Gives up those whose time is over.
    mutating func endFarewells() {
        guard farewells.values.contains(where: { $0 <= now }) else { return }
        let over = farewells.filter { $0.value <= now }.keys
        func age(_ key: LinkKey) -> Int { links[key]?.command?.id ?? 0 }
        for key in over.sorted(by: { age($0) < age($1) }) { endFarewell(key) }
    }
}
