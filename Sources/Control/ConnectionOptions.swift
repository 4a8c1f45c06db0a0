import ArgumentParser
import Platform
import RESPClient

/// Where the sentinels are and who we are to them and to the servers.
struct ConnectionOptions: ParsableArguments {
    @Option(
        name: .customLong("sentinel"),
        help: ArgumentHelp(
            "A sentinel, HOST:PORT; may be repeated. Else TANDEM_SENTINELS, else 127.0.0.1:26379.",
            valueName: "host:port"))
    var sentinels: [String] = []

    @Option(help: "User name for sentinels and servers. Else TANDEM_USER.")
    var user: String?

    @Option(
        help: "Password for sentinels and servers. Else TANDEM_PASSWORD, which ps does not show.")
    var password: String?

    @Option(help: ArgumentHelp("How long each peer may take to answer.", valueName: "milliseconds"))
    var patience: Int = 1000

    func validate() throws {
        _ = try endpoints()
        guard (1...600_000).contains(patience) else {
            throw ValidationError("--patience must be between 1 and 600000 milliseconds.")
        }
    }

    /// The sentinels to ask, in order.
    func endpoints() throws -> [Endpoint] {
        var names = sentinels
        if names.isEmpty {
            names =
                ConnectionOptions.environment("TANDEM_SENTINELS").map {
                    $0.split { $0 == "," || $0 == " " }.map(String.init)
                } ?? []
        }
        if names.isEmpty { names = ["127.0.0.1:26379"] }
        return try names.map { name in
            guard let endpoint = Endpoint(name, defaultPort: 26379) else {
                throw ValidationError("'\(name)' is no HOST:PORT.")
            }
            return endpoint
        }
    }

    /// How to open connections.
    func dialer() -> Dialer {
        var identity = ClientIdentity()
        identity.user = user ?? ConnectionOptions.environment("TANDEM_USER")
        identity.password = password ?? ConnectionOptions.environment("TANDEM_PASSWORD")
        identity.name = "tandem-tool"
        return Dialer(identity: identity, timeout: Int64(patience) * 1000)
    }

    private static func environment(_ name: String) -> String? {
        Process.environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}
