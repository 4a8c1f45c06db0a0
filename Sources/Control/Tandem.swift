import ArgumentParser
import Platform

/// The operator's tool.
@main
struct Tandem: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tandem",
        abstract: "Looks after groups of servers that are watched by sentinels.",
        version: "0.1.0",
        subcommands: [
            StatusCommand.self, PrimaryCommand.self, FailoverCommand.self, WatchCommand.self,
        ])
}

extension ParsableCommand {
    /// Runs `body`; a complaint goes to standard error and sets the exit status.
    func complaining(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let complaint as Complaint {
            try? Descriptor.standardError.writeAll(Array("\(complaint)\n".utf8))
            throw ExitCode(complaint.status)
        }
    }
}
