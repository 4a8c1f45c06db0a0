import Platform
import RESP
import RESPClient

/// What `tandem watch` shows: every server of a group, and what every sentinel thinks. Keeps a
/// connection to each and the last sample of each, for rates.
final class LiveView {
    private let dialer: Dialer
    private let name: String?
    private var sentinels: [Endpoint: SentinelClient] = [:]
    private var servers: [Endpoint: Connection] = [:]
    private var samples: [Endpoint: NodeSample] = [:]
    /// Whether the last look found anything to show; else its lines say why not.
    private(set) var isEmpty = true

    /// A view that begins with the sentinels named by the user.
    init(_ endpoints: [Endpoint], _ dialer: Dialer, name: String?) {
        self.dialer = dialer
        self.name = name
        for endpoint in endpoints { learn(endpoint) }
    }

    private func learn(_ endpoint: Endpoint) {
        guard sentinels[endpoint] == nil else { return }
        sentinels[endpoint] = SentinelClient(connection: dialer.connection(endpoint))
    }

    /// Asks everybody once and gives the lines to show.
    func lines() -> [String] {
        var groups: [String: [(sentinel: Endpoint, view: GroupView)]] = [:]
        var failures: [Endpoint: String] = [:]
        for (endpoint, client) in sentinels.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            do throws(ClientError) {
                for group in try client.groups(named: name) {
                    groups[group.name, default: []].append((endpoint, group))
                }
            } catch {
                failures[endpoint] = "\(error)"
            }
        }
        var lines: [String] = []
        for name in groups.keys.sorted() {
            let seen = groups[name] ?? []
            lines += ["\(name)", ""] + servers(seen) + [""] + sentinelLines(seen) + [""]
            for other in seen.flatMap({ $0.view.sentinels }) {
                if let endpoint = other.endpoint { learn(endpoint) }
            }
        }
        isEmpty = groups.isEmpty
        if isEmpty, failures.count < sentinels.count {
            lines.append(name.map { "No group is called '\($0)'." } ?? "No group is watched.")
        }
        for (endpoint, reason) in failures.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            lines.append("sentinel \(endpoint): \(reason)")
        }
        return lines
    }

    private func servers(_ seen: [(sentinel: Endpoint, view: GroupView)]) -> [String] {
        var endpoints: [Endpoint] = []
        for (_, view) in seen {
            for instance in [view.primary] + view.replicas {
                if let endpoint = instance.endpoint, !endpoints.contains(endpoint) {
                    endpoints.append(endpoint)
                }
            }
        }
        endpoints.sort { "\($0)" < "\($1)" }
        var fresh: [Endpoint: NodeSample] = [:]
        var failures: [Endpoint: String] = [:]
        for endpoint in endpoints {
            do throws(ClientError) {
                fresh[endpoint] = try sample(endpoint)
            } catch {
                failures[endpoint] = "\(error)"
            }
        }
        let primaryOffset = fresh.values.filter { $0.info.isPrimary }.compactMap { $0.info.offset }
            .max()
        var table = Table(NodeRow.titles)
        for endpoint in endpoints {
            let row =
                if let now = fresh[endpoint] {
                    NodeRow(
                        endpoint, now: now, before: samples[endpoint], primaryOffset: primaryOffset)
                } else {
                    NodeRow(endpoint, failure: failures[endpoint] ?? "–")
                }
            table.rows.append(row.cells)
            samples[endpoint] = fresh[endpoint]
        }
        return table.lines
    }

    private func sample(_ endpoint: Endpoint) throws(ClientError) -> NodeSample {
        let connection = servers[endpoint] ?? dialer.connection(endpoint)
        servers[endpoint] = connection
        let reply = try connection.send("INFO")
        guard let text = reply.string else { throw .notRESP("INFO gave no text") }
        return NodeSample(time: Clock.monotonicMicroseconds(), info: InfoReply(text))
    }

    private func sentinelLines(_ seen: [(sentinel: Endpoint, view: GroupView)]) -> [String] {
        var table = Table([
            "sentinel", "sees as primary", "state", "epoch", "replicas", "sentinels", "quorum",
        ])
        for (sentinel, view) in seen {
            let flags = view.primary.flags.filter { $0 != WireNames.primary.description }
            table.rows.append([
                "\(sentinel)", view.primary.endpoint.map { "\($0)" } ?? "?",
                flags.isEmpty ? "ok" : flags.joined(separator: ","), "\(view.epoch)",
                "\(view.replicas.count { !$0.isDown })/\(view.replicas.count)",
                "\(view.usableSentinels)/\(1 + view.sentinels.count)", "\(view.quorum)",
            ])
        }
        return table.lines
    }
}
