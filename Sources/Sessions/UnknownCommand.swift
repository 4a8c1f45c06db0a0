import Memory
import RESP

/// What is said of a request that no row answers, by server and sentinel alike.
extension Call {
    /// Bytes of the request that are quoted.
    private static var quoted: Int { 128 }

    /// The name is none; it and the beginning of the arguments are quoted.
    package var unknownCommand: ErrorText {
        var text: ErrorText =
            "ERR unknown command '\(self[0], upTo: Call.quoted)', with args beginning with: "
        let start = text.bytes.count
        for index in 1..<max(count, 1) {
            // Quotes and blank of the words before count, their three bytes each.
            let left = Call.quoted - (text.bytes.count - start)
            guard left > 0 else { break }
            text = text + "'\(self[index], upTo: left)' "
        }
        return text
    }

    /// The command has no such subcommand.
    package var unknownSubcommand: ErrorText {
        "ERR unknown subcommand '\(self[1], upTo: Call.quoted)'. Try \(typedName) HELP."
    }

    /// The subcommand is called with too many arguments.
    package var wrongSubcommand: ErrorText {
        "ERR unknown subcommand or wrong number of arguments for '\(self[1], upTo: Call.quoted)'. "
            + "Try \(typedName) HELP."
    }

    /// What the client called the command, in capitals.
    package var typedName: String { self[0].string.uppercased() }
}
