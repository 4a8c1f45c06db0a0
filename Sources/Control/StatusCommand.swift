import ArgumentParser
import RESPClient

/// `tandem status`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tells how every group is, as the sentinels see it.",
        discussion: "Exit status 1 if something is wrong, 2 if no sentinel answers.")

    @Argument(help: "Only this group.") var name: String?
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try complaining {
            let sentinels = Sentinels(try connection.endpoints(), connection.dialer())
            var isWell = true
            let views = try StatusCommand.views(sentinels, name)
            for (client, failure) in views.failures {
                print("sentinel \(client.endpoint): \(failure)")
                isWell = false
            }
            if views.groups.isEmpty {
                throw Complaint(name.map { "no group is called '\($0)'" } ?? "no group is watched")
            }
            for (index, seen) in views.groups.enumerated() {
                if index > 0 { print() }
                let report = StatusCommand.report(seen)
                print(report.lines.joined(separator: "\n"))
                isWell = isWell && report.isWell
            }
            if !isWell { throw ExitCode(1) }
        }
    }

    /// What every sentinel says of every group, in the order of their names.
    static func views(
        _ sentinels: Sentinels, _ name: String?
    ) throws -> (
        groups: [[(sentinel: Endpoint, view: GroupView)]],
        failures: [(SentinelClient, ClientError)]
    ) {
        var groups: [String: [(sentinel: Endpoint, view: GroupView)]] = [:]
        var failures: [(SentinelClient, ClientError)] = []
        for client in sentinels.clients {
            do throws(ClientError) {
                for group in try client.groups(named: name) {
                    groups[group.name, default: []].append((client.endpoint, group))
                }
            } catch {
                failures.append((client, error))
            }
        }
        if failures.count == sentinels.clients.count {
            let lines = failures.map { "sentinel \($0.0.endpoint): \($0.1)" }
            throw Complaint(lines.joined(separator: "\n"), status: 2)
        }
        return (groups.keys.sorted().compactMap { groups[$0] }, failures)
    }

    /// The text for one group, as one or more sentinels see it.
    static func report(
        _ seen: [(sentinel: Endpoint, view: GroupView)]
    ) -> (lines: [String], isWell: Bool) {
        let group = seen[0].view
        var complaints = group.complaints
        let addresses = Set(seen.compactMap { $0.view.primary.endpoint })
        if addresses.count > 1 {
            for (sentinel, view) in seen {
                let address = view.primary.endpoint.map { "\($0)" } ?? "?"
                complaints.append("sentinel \(sentinel) takes \(address) for the primary")
            }
        }
        var lines = [
            "\(group.name): " + (complaints.isEmpty ? "well" : "NOT WELL"),
            "  primary   \(group.primary.endpoint.map { "\($0)" } ?? "?")",
        ]
        for replica in group.replicas.sorted(by: { $0.name < $1.name }) {
            let offset = replica.offset.map { "offset \($0)" } ?? "offset unknown"
            let state = replica.isDown || replica.isDisconnected ? "down" : offset
            lines.append("  replica   \(replica.name)  \(state)")
        }
        lines.append(
            "  sentinels \(group.usableSentinels) of \(1 + group.sentinels.count) usable, "
                + "quorum \(group.quorum), epoch \(group.epoch)")
        lines += complaints.map { "  ! \($0)" }
        return (lines, complaints.isEmpty)
    }
}
