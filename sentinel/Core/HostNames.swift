/// Instances given by name, where names are allowed: the same instance is seen by its name and by
/// the numeric address to which a connection to it went.
struct HostNames: Equatable, Sendable {
    /// Numeric addresses by name, in lower case.
    private var numeric: [String: String] = [:]

    /// More names than instances there can be are the leavings of old ones.
    private static let limit = 4096

    mutating func learn(_ name: String, _ address: String) {
        guard !address.isEmpty, !Address.isNumeric(name) else { return }
        if numeric.count >= Self.limit { numeric = [:] }
        numeric[name.lowercased()] = address
    }

    /// The address without a name, as far as it is known.
    func resolved(_ address: Address) -> Address {
        guard let host = numeric[address.host.lowercased()] else { return address }
        return Address(host, address.port)
    }

    /// Whether both mean the same instance.
    func isSame(_ a: Address, _ b: Address) -> Bool {
        guard a.port == b.port else { return false }
        return a.host.lowercased() == b.host.lowercased() || resolved(a) == resolved(b)
    }
}

extension SentinelState {
    /// The address as others are told it.
    func announced(_ address: Address) -> Address {
        globals.announcesHostnames ? address : names.resolved(address)
    }

    /// Whether a data node says that it replicates from `address`.
    func follows(_ report: NodeReport, _ address: Address) -> Bool {
        guard report.role == .replica, let host = report.primaryHost else { return false }
        return names.isSame(Address(host, report.primaryPort), address)
    }

    /// The place of the replica at `address`, by whatever name.
    func replicaIndex(_ group: Int, _ address: Address) -> Int? {
        groups[group].replicas.firstIndex { names.isSame($0.address, address) }
    }
}
