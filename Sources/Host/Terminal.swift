import Configuration
import Platform

/// What a program says to who started it by hand, before it has a log.
package enum Terminal {
    package static func say(_ text: String) {
        try? Descriptor.standardOutput.writeAll(Array("\(text)\n".utf8))
    }

    package static func complain(_ text: String) {
        try? Descriptor.standardError.writeAll(Array("\(text)\n".utf8))
    }
}

extension CommandLineOptions.Request {
    /// Does what was asked for instead of a start, and returns the exit status.
    package func answer(version: String, usage: String) -> Int32 {
        switch self {
        case .version:
            Terminal.say(version)
            return 0
        case .help:
            Terminal.say(usage)
            return 0
        case .checkSystem:
            let check = SystemCheck(.here)
            Terminal.say(check.text)
            return check.isWell ? 0 : 1
        case .testMemory:
            Terminal.complain("There is no test of the memory here: memtester is a better one.")
            return 1
        }
    }
}
