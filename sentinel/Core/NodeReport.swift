/// What the INFO of a data node says, kept from one to the next.
package struct NodeReport: Equatable, Sendable {
    package enum Role: Equatable, Sendable { case primary, replica }

    package var role: Role
    var roleSince: Int64
    /// When INFO last came; nil until the first.
    package var refreshedAt: Int64?
    var askedAt: Int64?
    var isAwaited = false
    /// Whether INFO has come over the present connection: behind a new one may be another life of
    /// the node, which holds less.
    package internal(set) var isOfThisConnection = false
    /// The last INFO as it came, for INFO-CACHE.
    var text: String?

    // Of a replica.
    package var primaryHost: String?
    package var primaryPort = 0
    var primaryLinkIsUp = false
    /// Milliseconds for which the node has had no link to its primary.
    var linkDownTime: Int64 = 0
    var priority = 100
    package var offset: Int64 = 0
    var isAnnounced = true
    /// When the address it replicates from changed last.
    var primaryChangedAt: Int64

    // Of any node.
    var replicationID = ""
    var replicationID2 = ""
    /// End of the history the node holds.
    var historyOffset: Int64 = 0
    /// Where it left the second one: the number of the first byte not in it; nil if it is not told.
    var secondOffset: Int64?
    /// Whether it said that some database has keys.
    var holdsKeys = false
    /// Whether it is still reading its data, and what it says of them means nothing.
    var isLoading = false
    /// The state of FAILOVER on the node, as INFO names it; empty where it is not told.
    var failoverState = ""

    // Of our own servers.
    /// Whether a restarted primary waits for the sentinels' word.
    package var isFenced = false
    /// Names the node for as long as it keeps its data directory; empty where it is not told.
    var nodeID = ""
    /// The history to which its data belong; empty where it is not told.
    var history = ""
    /// The histories its data went through, the newest last.
    var histories: [Substring] = []
    /// nil until TANDEM WATCH was answered.
    var isWatchable: Bool?
    var roleAskedAt: Int64?
    /// Whether ROLE was refused on this connection.
    var refusesRole = false

    /// Histories that are believed of a node; our servers remember as many.
    static let historyLimit = 64

    init(_ role: Role, now: Int64) {
        self.role = role
        roleSince = now
        primaryChangedAt = now
    }

    /// The connection is new: nothing is awaited, and nothing is known of what it allows.
    mutating func connectionChanged() {
        isAwaited = false
        isOfThisConnection = false
        isWatchable = nil
        roleAskedAt = nil
        refusesRole = false
    }
}

/// News in an INFO text that concern more than the node's own fields.
struct InfoNews: Equatable {
    var runID: String?
    var role: NodeReport.Role = .primary
    var replicas: [Address] = []
}

extension NodeReport {
    /// Takes over the fields of an INFO text. Fields that are missing keep their value, except
    /// those that INFO leaves out when they do not apply.
    mutating func absorb(_ text: String, at now: Int64) -> InfoNews {
        var news = InfoNews()
        self.text = text
        refreshedAt = now
        isAwaited = false
        isOfThisConnection = true
        linkDownTime = 0
        // A primary does not tell it, and one that was a replica holds what it holds now.
        offset = 0
        isFenced = false
        nodeID = ""
        history = ""
        histories = []
        holdsKeys = false
        isLoading = false
        failoverState = ""
        var sawRole = false
        var rest = text[...]
        while let (name, value) = NodeReport.nextField(&rest) {
            if name == "run_id" {
                if value.utf8.count >= 40 { news.runID = String(value.prefix(40)) }
            } else if name == "role" {
                sawRole = true
                news.role = value == RoleName.replica ? .replica : .primary
            } else if isReplicaRow(name) {
                if let address = NodeReport.replicaAddress(value) { news.replicas.append(address) }
            } else if value.hasPrefix("keys=") {
                holdsKeys = true
            } else {
                absorbField(name, value, at: now)
            }
        }
        if !sawRole { news.role = role }
        return news
    }

    /// Takes the next `name:value` line off `rest`, byte-wise because INFO is long.
    private static func nextField(_ rest: inout Substring) -> (Substring, Substring)? {
        while !rest.isEmpty {
            let end = rest.utf8.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            var line = rest[..<end]
            rest = end == rest.endIndex ? "" : rest[rest.utf8.index(after: end)...]
            if line.utf8.last == UInt8(ascii: "\r") {
                line = line[..<line.utf8.index(before: line.endIndex)]
            }
            if let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) {
                return (line[..<colon], line[line.utf8.index(after: colon)...])
            }
        }
        return nil
    }

    private func isReplicaRow(_ name: Substring) -> Bool {
        guard name.hasPrefix(InfoField.replicaPrefix) else { return false }
        let number = name.dropFirst(InfoField.replicaPrefix.count)
        return !number.isEmpty && number.allSatisfy(\.isNumber)
    }

    /// `ip=…,port=…,…`, or `ip,port,state` of servers before 2.8. Port 0 belongs to a replica
    /// that never said where it listens.
    private static func replicaAddress(_ value: Substring) -> Address? {
        var host: Substring?
        var port: Int?
        let parts = value.split(separator: ",")
        for part in parts {
            if part.hasPrefix("ip=") { host = part.dropFirst(3) }
            if part.hasPrefix("port=") { port = Int(part.dropFirst(5)) }
        }
        if host == nil, parts.count >= 3 {
            host = parts[0]
            port = Int(parts[1])
        }
        guard let host, !host.isEmpty, let port, (1...65535).contains(port) else { return nil }
        return Address(String(host), port)
    }

    private mutating func absorbField(_ name: Substring, _ value: Substring, at now: Int64) {
        switch name {
        case InfoField.primaryHost:
            if primaryHost?.lowercased() != value.lowercased() {
                primaryHost = String(value)
                primaryChangedAt = now
            }
        case InfoField.primaryPort:
            let port = Int(value) ?? 0
            if primaryPort != port {
                primaryPort = port
                primaryChangedAt = now
            }
        case InfoField.primaryLinkStatus: primaryLinkIsUp = value == "up"
        case InfoField.primaryLinkDownSince: linkDownTime = Timing.bounded(Int64(value) ?? 0) * 1000
        case InfoField.replicaPriority: priority = Int(value) ?? 100
        case InfoField.replicaOffset: offset = Int64(value) ?? 0
        case "replica_announced": isAnnounced = value != "0"
        case InfoField.replicationID: replicationID = String(value)
        case InfoField.replicationID2: replicationID2 = String(value)
        case InfoField.replicationOffset: historyOffset = Int64(value) ?? 0
        case "second_repl_offset": secondOffset = Int64(value)
        case InfoField.failoverState: failoverState = String(value)
        case "tandem_fenced": isFenced = value == "1"
        case "loading": isLoading = value == "1"
        case "tandem_node_id": nodeID = String(value)
        case "tandem_history": history = String(value)
        case "tandem_histories":
            histories = value.split(separator: ",").suffix(NodeReport.historyLimit)
        default: break
        }
    }
}
