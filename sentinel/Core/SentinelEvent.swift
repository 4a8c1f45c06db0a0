import RESP
import Sessions

/// What a connection to an instance is for.
package enum LinkPurpose: String, Hashable, Sendable {
    case command = "cmd"
    case pubsub
}

/// What happens to a sentinel. Connections and files are named by numbers that its actions chose,
/// commands by a token of the caller's.
package enum SentinelEvent: Equatable, Sendable {
    /// The process runs; comes first.
    case started
    /// `nextDeadline` has come.
    case tick
    /// `localHost` is the address of our end, which peers are told unless one is announced;
    /// `peerHost` the numeric address of the other, empty where it is not known.
    case linkOpened(Int, localHost: String, peerHost: String = "")
    case linkFailed(Int, reason: String)
    case linkClosed(Int)
    case reply(Int, RESPValue)
    /// A command of a client, its name first. `missing` names those of its words that would have
    /// to be programs and are none.
    case command(session: Int, [String], missing: [String] = [])
    case persisted(Int)
    case persistFailed(Int, reason: String)
    case scriptExited(Int, status: Int32, signal: Int32)
}

/// What a sentinel wants done, in order.
package enum SentinelAction: Equatable, Sendable {
    /// Answered by `linkOpened` or `linkFailed`; `linkClosed` follows when the peer closes it.
    case openLink(Int, Address, LinkPurpose)
    /// No further event of this connection is of interest.
    case closeLink(Int)
    /// Requests to write, in one piece.
    case send(Int, [[String]])
    /// Replace the state file by this text and fsync it; answered by `persisted` or
    /// `persistFailed`. What depends on it is sent only after that.
    case persist(Int, String)
    /// Put these statements in place of those in the configuration file (see
    /// `ConfigurationRewrite`); answered like `persist`.
    case rewriteConfiguration(Int, [String])
    case reply(session: Int, RESPValue)
    /// Deliver to the subscribers of the channel.
    case publish(channel: String, String)
    case log(LogLevel, String)
    /// Answered by `scriptExited`; one that runs longer is killed.
    case runScript(Int, path: String, arguments: [String], limitMicroseconds: Int64)
    /// Leave at once, as after a crash.
    case exit(Int32)
}
