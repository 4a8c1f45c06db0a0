import ArgumentParser
import RESPClient

/// `tandem primary NAME`.
struct PrimaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "primary",
        abstract: "Prints host and port of a group's primary, for scripts.",
        discussion: "Exit status 1 if the sentinels do not know the name, 2 if none answers.")

    @Argument(help: "The group's name.") var name: String
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try complaining {
            let sentinels = Sentinels(try connection.endpoints(), connection.dialer())
            let found = try sentinels.first { (client) throws(ClientError) in
                try client.primaryEndpoint(name)
            }
            guard let endpoint = found.answer else {
                throw Complaint("no group is called '\(name)'")
            }
            print(endpoint.host, endpoint.port)
        }
    }
}
