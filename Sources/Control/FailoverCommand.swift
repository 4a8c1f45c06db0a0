import ArgumentParser
import Platform
import RESP
import RESPClient

/// `tandem failover NAME`.
struct FailoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failover",
        abstract: "Makes a replica the primary, without losing a write if the primary is alive.",
        discussion: """
            Waits until the sentinels have published the new primary, and prints its host and \
            port. Exit status 1 if it was refused or did not happen in time, 2 if no sentinel \
            answers.
            """)

    @Argument(help: "The group's name; empty for none, with --if-primary.") var name: String
    @Option(
        help: ArgumentHelp(
            "Do nothing unless this is the primary; for a service that is about to stop.",
            valueName: "host:port"))
    var ifPrimary: String?
    @Option(
        help: ArgumentHelp(
            "The replica to promote; else the sentinel chooses.", valueName: "host:port"))
    var to: String?
    @Option(help: ArgumentHelp("How long to wait for the new primary.", valueName: "milliseconds"))
    var timeout: Int = 60_000
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard timeout > 0 else { throw ValidationError("--timeout must be positive.") }
        _ = try target()
    }

    private func target() throws -> Endpoint? {
        guard let to else { return nil }
        guard let endpoint = Endpoint(to, defaultPort: 6379) else {
            throw ValidationError("'\(to)' is no HOST:PORT.")
        }
        return endpoint
    }

    func run() throws {
        // A service without a group, or that does not know its address, has nothing to hand over.
        if let ifPrimary, name.isEmpty || ifPrimary.isEmpty { return }
        try complaining {
            let sentinels = Sentinels(try connection.endpoints(), connection.dialer())
            let found = try sentinels.first { (client) throws(ClientError) in
                try client.primaryEndpoint(name)
            }
            guard let old = found.answer else {
                throw Complaint("no group is called '\(name)'")
            }
            if let ifPrimary {
                guard let own = Endpoint(ifPrimary, defaultPort: 6379) else {
                    throw Complaint("'\(ifPrimary)' is no HOST:PORT")
                }
                if own != old { return }
            }
            let wanted = try target()
            if wanted == old { throw Complaint("\(old) is the primary already") }
            try order(found.sentinel, wanted)
            let new = try wait(found.sentinel, old)
            if let wanted, wanted != new {
                throw Complaint("\(new) became the primary, not \(wanted)")
            }
            print(new.host, new.port)
        }
    }

    private func order(_ sentinel: SentinelClient, _ wanted: Endpoint?) throws {
        var request = ["SENTINEL", "FAILOVER", name]
        if let wanted { request += ["TO", wanted.host, String(wanted.port)] }
        do throws(ClientError) {
            let reply = try sentinel.connection.send([request], isRepeatable: false)[0]
            if case .error(let text) = reply {
                throw .refused(text)
            }
        } catch {
            if case .refused(let text) = error {
                throw Complaint("sentinel \(sentinel.endpoint) refused: \(text)")
            }
            throw Complaint("sentinel \(sentinel.endpoint): \(error)", status: 2)
        }
    }

    /// Asks until another primary is published.
    private func wait(_ sentinel: SentinelClient, _ old: Endpoint) throws -> Endpoint {
        let end = Clock.monotonicMicroseconds() + Int64(timeout) * 1000
        var failure: ClientError?
        while Clock.monotonicMicroseconds() < end {
            do throws(ClientError) {
                if let now = try sentinel.primaryEndpoint(name), now != old { return now }
                failure = nil
            } catch {
                failure = error
                sentinel.connection.retryNow()
            }
            Clock.sleep(microseconds: 20_000)
        }
        if let failure { throw Complaint("sentinel \(sentinel.endpoint): \(failure)", status: 2) }
        throw Complaint("no new primary within \(timeout) ms; \(old) is still published")
    }
}
