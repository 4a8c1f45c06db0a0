import Memory
import RESP
import Sessions

/// Epochs are counted up, by one election after the other. Whatever a peer says, there must always
/// be a next one that the others believe.
enum Epoch {
    /// Nobody can have reached more by counting.
    static let limit: UInt64 = 1 << 62
    /// Where others were made to believe the limit, elections go on from there: so many steps
    /// beyond it, or beyond one's own epoch, are believed at once.
    static let stride: UInt64 = 1 << 16
    /// The last that is ever believed: it leaves room for as many as can be counted, and all fit
    /// into the wire's integers.
    static let last = UInt64(Int64.max) - (1 << 32)

    /// The highest epoch that is believed by one whose own is `own`.
    static func highest(after own: UInt64) -> UInt64 {
        max(limit, min(own + stride, last))
    }
}

/// The message by which sentinels find each other and spread a new configuration: eight fields
/// between commas, no more and no fewer.
package struct Hello: Equatable, Sendable {
    package var sender: Address
    package var runID: String
    package var currentEpoch: UInt64
    package var group: String
    package var primary: Address
    package var configurationEpoch: UInt64

    /// Bytes of the longest message that is read: names of hosts and groups are short.
    static let longest = 2048

    package var text: String {
        "\(sender.host),\(sender.port),\(runID),\(currentEpoch),\(group),"
            + "\(primary.host),\(primary.port),\(configurationEpoch)"
    }

    /// The message that `text` holds; nil if it is none.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longest else { return nil }
        let fields = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 8, let port = Int(fields[1]), let epoch = UInt64(fields[3]),
            let primaryPort = Int(fields[6]), let configuration = UInt64(fields[7]),
            (0...65535).contains(port), (1...65535).contains(primaryPort), !fields[2].isEmpty,
            max(epoch, configuration) <= Epoch.last
        else { return nil }
        sender = Address(fields[0], port)
        runID = fields[2]
        currentEpoch = epoch
        group = fields[4]
        primary = Address(fields[5], primaryPort)
        configurationEpoch = configuration
    }

    /// What `state` tells about a group over a connection whose own end is `localHost`.
    init(_ state: SentinelState, _ group: Int, localHost: String) {
        let watched = state.groups[group]
        sender = state.announcedAddress(localHost: localHost)
        runID = state.id
        currentEpoch = state.currentEpoch
        self.group = watched.name
        primary = state.announced(watched.currentAddress)
        configurationEpoch = watched.configurationEpoch
    }
}

extension SentinelState {
    /// Takes a hello, from a data node's channel or sent to us directly.
    mutating func receiveHello(_ text: String) {
        guard let hello = Hello(text), hello.runID != id, let group = groupIndex(hello.group),
            globals.accepts(host: hello.sender.host), globals.accepts(host: hello.primary.host)
        else { return }
        touch(group)
        let peer = acquaint(hello, group)
        adoptEpoch(max(hello.currentEpoch, hello.configurationEpoch), group)
        adoptConfiguration(hello, group)
        if let peer, case .sentinel(let index) = peer.place, index < groups[group].sentinels.count {
            groups[group].sentinels[index].opinion.lastHello = now
        }
    }

    /// Finds or adds the sender; ids are lasting, addresses are not.
    private mutating func acquaint(_ hello: Hello, _ group: Int) -> InstanceRef? {
        let known = groups[group].sentinels.firstIndex { $0.runID == hello.runID }
        if let known, groups[group].sentinels[known].address == hello.sender {
            return sentinel(group, known)
        }
        if known != nil {
            changeAddress(of: hello.runID, to: hello.sender, group)
        } else {
            evictSentinels(at: hello.sender, group)
        }
        let added = addSentinel(group, runID: hello.runID, hello.sender)
        if let added, known == nil { event(.notice, .sentinelFound, added) }
        changed()
        return added
    }

    /// A sentinel has moved: everything said about its old address goes, in every group.
    private mutating func changeAddress(of runID: String, to address: Address, _ group: Int) {
        event(
            .notice, .sentinelAddressSwitch, primary(group),
            "ip \(address.host) port \(address.port) for \(runID)")
        _ = removeSentinel(group, runID: runID)
        moveLink(.peer(runID), to: address)
        for other in groups.indices {
            for index in groups[other].sentinels.indices
            where groups[other].sentinels[index].runID == runID {
                groups[other].sentinels[index].address = address
                touch(other)
            }
        }
    }

    /// Another sentinel answers at the address of one we know: that one is gone.
    private mutating func evictSentinels(at address: Address, _ group: Int) {
        guard let index = groups[group].sentinels.firstIndex(where: { $0.address == address }),
            let runID = groups[group].sentinels[index].runID
        else { return }
        event(.notice, .sentinelInvalidAddress, sentinel(group, index))
        for other in groups.indices where removeSentinel(other, runID: runID) { touch(other) }
    }

    /// Epochs only rise, and not beyond what can be believed: one who is that far behind catches
    /// up in several steps.
    mutating func adoptEpoch(_ told: UInt64, _ group: Int) {
        let epoch = min(told, Epoch.highest(after: currentEpoch))
        guard epoch > currentEpoch else { return }
        currentEpoch = epoch
        changed()
        event(.warning, .newEpoch, group: group, text: String(epoch))
    }

    /// A configuration of a newer epoch replaces ours, and what we were still doing for ours.
    private mutating func adoptConfiguration(_ hello: Hello, _ group: Int) {
        let (epoch, own) = (hello.configurationEpoch, groups[group].configurationEpoch)
        // No configuration is made in an epoch that has not come.
        guard epoch <= currentEpoch else { return }
        guard epoch > own || (epoch < own && Mutation.staleEpochAdopted.isActive) else { return }
        groups[group].configurationEpoch = hello.configurationEpoch
        changed()
        if let failover = groups[group].failover, failover.epoch < hello.configurationEpoch,
            !failover.stage.isPromoted
        {
            abortFailover(group, .abortNotElected)
        }
        let told = endSupersededFailover(group)
        let old = groups[group].primary.address
        let isTold = names.isSame(told, hello.primary)
        let isOld = names.isSame(old, hello.primary)
        guard !isTold || !isOld else { return }
        if let index = groups[group].sentinels.firstIndex(where: { $0.runID == hello.runID }) {
            event(.warning, .configurationUpdate, sentinel(group, index))
        }
        if !isTold { announceSwitch(group, from: told, to: hello.primary) }
        if !isOld {
            switchPrimary(group, to: hello.primary)
            // It serves, or it would not be told of; what we knew is from before.
            groups[group].primary.report.isFenced = false
        }
        runReconfigurationScript(group, role: "observer", from: told, to: hello.primary)
        hastenHellos(group)
    }

    /// Gives up pointing replicas to a primary that is none any more; the address that clients
    /// were told last.
    private mutating func endSupersededFailover(_ group: Int) -> Address {
        let old = groups[group].primary.address
        guard let failover = groups[group].failover, failover.stage.isPromoted else { return old }
        if let promoted = promotedReplica(group) { self[promoted].demotedAt = now }
        groups[group].failover = nil
        groups[group].gate = FailoverGate()
        for index in groups[group].replicas.indices {
            groups[group].replicas[index].reconfiguration = .none
        }
        return failover.isAnnounced ? failover.promoted ?? old : old
    }

    /// The event that clients act on.
    mutating func announceSwitch(_ group: Int, from old: Address, to new: Address) {
        let name = groups[group].name
        let (old, new) = (announced(old), announced(new))
        event(
            .warning, .switchPrimary, group: group,
            text: "\(name) \(old.host) \(old.port) \(new.host) \(new.port)")
    }
}
