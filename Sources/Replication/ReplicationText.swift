/// Texts of the log that tests and people look for: Redis 7.0.15's words.
package enum ReplicationText {
    package static func aborted(_ reason: String) -> String {
        "MASTER aborted replication with an error: \(reason)"
    }

    package static func notAPrimary(_ received: String) -> String {
        "Bad protocol from MASTER, the first byte is not '$' (we received '\(received)'), are you "
            + "sure the host and port are right?"
    }

    package static func receiving(length: Int?, toDisk: Bool) -> String {
        let target = toDisk ? "to disk" : "to parser"
        guard let length else {
            return "MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF \(target)"
        }
        return "MASTER <-> REPLICA sync: receiving \(length) bytes from master \(target)"
    }

    package static let flushing = "MASTER <-> REPLICA sync: Flushing old data"
    package static let loading = "MASTER <-> REPLICA sync: Loading DB in memory"
    package static let finished = "MASTER <-> REPLICA sync: Finished with success"
    package static let started = "MASTER <-> REPLICA sync started"
    package static let connected = "Non blocking connect for SYNC fired the event."
    package static let pong = "Master replied to PING, replication can continue..."
    package static let continued =
        "MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization."
    package static let connectTimeout = "Timeout connecting to the MASTER..."
    package static let transferTimeout =
        "Timeout receiving bulk data from MASTER... If the problem persists try to set the "
        + "'repl-timeout' parameter in redis.conf to a larger value."
    package static let streamTimeout = "MASTER timeout: no data nor PING received..."
    package static let caching = "Caching the disconnected master state."
    package static let discarding = "Discarding previously cached master state."
    package static let cachingMyself =
        "Before turning into a replica, using my own master parameters to synthesize a cached "
        + "master: I may be able to synchronize with the new master with just a partial transfer."

    package static func connecting(_ host: String, _ port: Int) -> String {
        "Connecting to MASTER \(host):\(port)"
    }

    package static func reconnecting(_ host: String, _ port: Int) -> String {
        "Reconnecting to MASTER \(host):\(port)"
    }

    package static func backlogCreated(_ history: ReplicationHistory) -> String {
        "Replication backlog created, my new replication IDs are '\(history.id)' and "
            + "'\(history.previousID)'"
    }

    package static func backlogFreed(seconds: Int) -> String {
        "Replication backlog freed after \(seconds) seconds without connected replicas."
    }

    package static func shifted(_ history: ReplicationHistory) -> String {
        "Setting secondary replication ID to \(history.previousID), valid up to offset: "
            + "\(history.previousEnd). New replication ID is \(history.id)"
    }

    package static func accepted(replica: String, bytes: Int, offset: Int) -> String {
        "Partial resynchronization request from \(replica) accepted. Sending \(bytes) bytes of "
            + "backlog starting from offset \(offset)."
    }

    // MARK: The handshake

    package static let noResponse = "Master did not respond to command during SYNC handshake"
    package static let nothingToContinue =
        "Partial resynchronization not possible (no cached master)"
    package static let wrongSyntax = "Master replied with wrong +FULLRESYNC syntax."
    package static let partialResync = "Successful partial resynchronization with master."
    /// How a refusal of PSYNC begins that says to try again later.
    package static let transientRefusals = ["-NOMASTERLINK", "-LOADING", "-FENCED"]
    /// How a primary begins its answer to PSYNC … FAILOVER.
    package static let failoverToPrimary = "-ERR PSYNC FAILOVER can't be sent to a master"

    package static func notAuthenticated(_ line: String) -> String {
        "Unable to AUTH to MASTER: \(line)"
    }

    package static func pingRefused(_ line: String) -> String {
        "Error reply to PING from master: '\(line)'"
    }

    package static func misunderstood(_ option: String, _ line: String) -> String {
        "(Non critical) Master does not understand REPLCONF \(option): \(line)"
    }

    package static func cannotNow(_ line: String) -> String {
        "Master is currently unable to PSYNC but should be in the future: \(line)"
    }

    package static func cannotEver(_ line: String) -> String {
        "Master does not support PSYNC or is in error state (reply: \(line))"
    }

    package static func unexpected(_ line: String) -> String {
        "Unexpected reply to PSYNC from master: \(line)"
    }

    package static func fullResync(_ id: ReplicationID, _ offset: Int) -> String {
        "Full resync from master: \(id):\(offset)"
    }

    package static func idChanged(_ id: ReplicationID) -> String {
        "Master replication ID changed to \(id)"
    }

    // MARK: Refusals of our own

    package static func fenced(epoch: Int) -> String {
        "This server was a primary watched by sentinels and did not stop cleanly: it serves "
            + "nothing until they have decided whether its data are current. "
            + "\(resume(epoch: epoch))."
    }

    /// Of a server that stopped cleanly.
    package static let awaitsWord =
        "This server was a primary watched by sentinels: it waits up to "
        + "\(Fence.cleanPatience / 1_000_000) seconds for their word before it serves, since they "
        + "may have chosen another one."

    /// What lets a fenced server serve that nobody watches any more.
    package static func resume(epoch: Int) -> String {
        "If none of them is left, TANDEM RESUME \(epoch) lets it serve what it has"
    }

    package static func aheadOfUs(_ replica: String) -> String {
        "Warning: replica \(replica) tried to PSYNC with an offset that is greater than the master "
            + "replication offset."
    }

    package static let strangePrimary =
        "MASTER <-> REPLICA sync: the master does not know our data and has others. They are not "
        + "taken over at once: if it has lost its own, the sentinels will see it."

    package static func emptyRefused(keys: Int) -> String {
        "MASTER <-> REPLICA sync: refusing an empty data set from the master, which would delete "
            + "\(keys) keys here. The old data are kept. If the master is right, confirm it by "
            + "REPLICAOF or through a sentinel."
    }
}
