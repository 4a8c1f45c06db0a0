import ArgumentParser
import Platform

/// `tandem watch`.
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Shows servers and sentinels live in the terminal.",
        discussion: "Ends with Ctrl-C. Lag is the part of the primary's stream not yet applied.")

    @Argument(help: "Only this group.") var name: String?
    @Flag(help: "Print one table and end.") var once = false
    @Option(help: ArgumentHelp("Time between two looks.", valueName: "milliseconds"))
    var interval: Int = 1000
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard (50...3_600_000).contains(interval) else {
            throw ValidationError("--interval must be between 50 and 3600000 milliseconds.")
        }
    }

    func run() throws {
        try complaining {
            let view = LiveView(try connection.endpoints(), connection.dialer(), name: name)
            if once {
                // Rates need a first look, which also finds sentinels that were not named.
                _ = view.lines()
                Clock.sleep(microseconds: Int64(min(interval, 500)) * 1000)
                let text = view.lines().joined(separator: "\n")
                if view.isEmpty { throw Complaint(text, status: 2) }
                print(text)
                return
            }
            // Cleared once; then each line is overwritten, so that nothing flickers.
            try show("\u{1B}[2J")
            while true {
                let clock = WatchCommand.clock()
                let lines = ["\(clock)  Ctrl-C ends", ""] + view.lines()
                try show("\u{1B}[H" + lines.map { $0 + "\u{1B}[K\r\n" }.joined() + "\u{1B}[J")
                Clock.sleep(microseconds: Int64(interval) * 1000)
            }
        }
    }

    /// Hours, minutes and seconds of the day.
    private static func clock() -> String {
        let time = Clock.local(Clock.wallMicroseconds())
        return [time.hour, time.minute, time.second].map { part in
            part < 10 ? "0\(part)" : "\(part)"
        }.joined(separator: ":")
    }

    /// Ends the program when nobody reads any more.
    private func show(_ text: String) throws {
        do throws(SystemError) {
            try Descriptor.standardOutput.writeAll(Array(text.utf8))
        } catch {
            throw ExitCode(1)
        }
    }
}
