import RESP
import RESPClient

/// An instance as a sentinel describes it: the fields of one of SENTINEL's tables.
package struct InstanceView: Equatable, Sendable {
    /// All fields, by name.
    package let fields: [String: String]

    /// The fields of a reply: names and values in turn. Nil if it is something else.
    package init?(_ reply: RESPValue) {
        guard let items = reply.elements, items.count % 2 == 0 else { return nil }
        var fields: [String: String] = [:]
        for index in stride(from: 0, to: items.count, by: 2) {
            guard let key = items[index].string else { return nil }
            if case .integer(let number) = items[index + 1] {
                fields[key] = String(number)
            } else {
                fields[key] = items[index + 1].string
            }
        }
        self.fields = fields
    }

    package var name: String { fields["name"] ?? "?" }
    package var endpoint: Endpoint? {
        guard let host = fields["ip"], let port = fields["port"].flatMap({ Int($0) }) else {
            return nil
        }
        return Endpoint(host: host, port: port)
    }
    package var flags: [String] {
        (fields["flags"] ?? "").split(separator: ",").map(String.init)
    }
    /// The sentinel, alone or with others, takes it for dead.
    package var isDown: Bool { flags.contains("s_down") || flags.contains("o_down") }
    package var isDisconnected: Bool { flags.contains("disconnected") }
    /// Stream offset a replica told.
    package var offset: Int64? {
        fields[WireNames.replicaReplicationOffsetField.description].flatMap { Int64($0) }
    }
    /// A replica's link to its primary.
    package var linkStatus: String? { fields[WireNames.primaryLinkStatusField.description] }
    package func integer(_ field: String) -> Int? { fields[field].flatMap { Int($0) } }
}

/// A group as one sentinel sees it.
package struct GroupView: Equatable, Sendable {
    package let primary: InstanceView
    package let replicas: [InstanceView]
    /// The other sentinels it knows.
    package let sentinels: [InstanceView]

    package init(primary: InstanceView, replicas: [InstanceView], sentinels: [InstanceView]) {
        self.primary = primary
        self.replicas = replicas
        self.sentinels = sentinels
    }

    package var name: String { primary.name }
    /// Sentinels that must agree before the primary counts as dead.
    package var quorum: Int { primary.integer("quorum") ?? 0 }
    package var epoch: Int { primary.integer("config-epoch") ?? 0 }
    /// Sentinels that can be reached, the one asked included.
    package var usableSentinels: Int {
        1 + sentinels.count { !$0.isDown && !$0.isDisconnected }
    }
    /// Whether a failover could be decided: quorum and majority are there.
    package var canDecide: Bool {
        usableSentinels >= quorum && usableSentinels > (1 + sentinels.count) / 2
    }

    /// What is wrong, in words for the operator; nothing when all is well.
    package var complaints: [String] {
        var result: [String] = []
        if primary.flags.contains("o_down") {
            result.append("the primary is down")
        } else if primary.flags.contains("s_down") {
            result.append("this sentinel does not reach the primary")
        }
        if primary.flags.contains("failover_in_progress") { result.append("failover in progress") }
        if replicas.isEmpty { result.append("no replica: nothing can be promoted") }
        for replica in replicas where replica.isDown || replica.isDisconnected {
            result.append("replica \(replica.name) is down")
        }
        for replica in replicas
        where !replica.isDown && replica.linkStatus.map({ $0 != "ok" }) == true {
            result.append("replica \(replica.name) has no link to its primary")
        }
        if !canDecide {
            result.append(
                "\(usableSentinels) of \(1 + sentinels.count) sentinels are usable, "
                    + "no failover can be decided (quorum \(quorum))")
        }
        return result
    }
}

/// Questions to one sentinel.
struct SentinelClient {
    let connection: Connection

    var endpoint: Endpoint { connection.endpoint }

    /// Names of the groups it watches, with the primaries as it sees them.
    func primaries() throws(ClientError) -> [InstanceView] {
        try instances("SENTINEL", WireNames.primaries.description)
    }

    /// One group.
    func group(_ primary: InstanceView) throws(ClientError) -> GroupView {
        GroupView(
            primary: primary,
            replicas: try instances("SENTINEL", "replicas", primary.name),
            sentinels: try instances("SENTINEL", "sentinels", primary.name))
    }

    /// All groups, or the one called `name`.
    func groups(named name: String? = nil) throws(ClientError) -> [GroupView] {
        var groups: [GroupView] = []
        for primary in try primaries() where name == nil || primary.name == name {
            groups.append(try group(primary))
        }
        return groups
    }

    /// Where the primary of `name` is; nil if the sentinel does not know the name.
    func primaryEndpoint(_ name: String) throws(ClientError) -> Endpoint? {
        let command = WireNames.getPrimaryAddressByName.description
        let reply = try connection.send("SENTINEL", command, name)
        guard let items = reply.elements else { return nil }
        guard items.count == 2, let host = items[0].string,
            let port = items[1].string.flatMap({ Int($0) })
        else { throw .notRESP("SENTINEL \(command) gave no address") }
        return Endpoint(host: host, port: port)
    }

    private func instances(_ request: String...) throws(ClientError) -> [InstanceView] {
        let reply = try connection.send([request])[0]
        if case .error(let text) = reply { throw .refused(text) }
        guard let items = reply.elements else { throw .notRESP("no list of instances") }
        return items.compactMap { InstanceView($0) }
    }
}

/// All sentinels that were named, asked in order.
struct Sentinels {
    let clients: [SentinelClient]

    init(_ endpoints: [Endpoint], _ dialer: Dialer) {
        clients = endpoints.map { SentinelClient(connection: dialer.connection($0)) }
    }

    /// The answer of the first sentinel that has one. The error names every sentinel that gave
    /// none, and why.
    func first<Answer>(
        _ ask: (SentinelClient) throws(ClientError) -> Answer?
    ) throws(Complaint) -> (answer: Answer?, sentinel: SentinelClient) {
        var failures: [String] = []
        var unknowing: SentinelClient?
        for client in clients {
            do throws(ClientError) {
                if let answer = try ask(client) { return (answer, client) }
                unknowing = unknowing ?? client
            } catch {
                failures.append("sentinel \(client.endpoint): \(error)")
            }
        }
        if let unknowing { return (nil, unknowing) }
        throw Complaint(failures.joined(separator: "\n"), status: 2)
    }
}

/// An error for the operator, and the exit status that goes with it: 1 the answer is no, 2 nobody
/// could be asked.
struct Complaint: Error, CustomStringConvertible {
    let description: String
    let status: Int32

    init(_ description: String, status: Int32 = 1) {
        self.description = description
        self.status = status
    }
}
