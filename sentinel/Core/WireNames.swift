/// The sentinel's words of the wire: the one file of this target in which master and slave are
/// written. Everything else says primary and replica.

/// Events: the channel on which one is published, which also begins its log line.
package enum EventName: String, Sendable {
    case monitor = "+monitor"
    case unmonitor = "-monitor"
    case reset = "+reset-master"
    case set = "+set"
    case replicaFound = "+slave"
    case sentinelFound = "+sentinel"
    case sentinelAddressSwitch = "+sentinel-address-switch"
    case sentinelInvalidAddress = "+sentinel-invalid-addr"
    case reboot = "+reboot"
    case roleAsExpected = "+role-change"
    case roleUnexpected = "-role-change"
    case subjectivelyDown = "+sdown"
    case subjectivelyUp = "-sdown"
    case objectivelyDown = "+odown"
    case objectivelyUp = "-odown"
    case tilt = "+tilt"
    case tiltEnd = "-tilt"
    case newEpoch = "+new-epoch"
    case voteForLeader = "+vote-for-leader"
    case tryFailover = "+try-failover"
    case electedLeader = "+elected-leader"
    case selectReplica = "+failover-state-select-slave"
    case selectedReplica = "+selected-slave"
    case sendPromotion = "+failover-state-send-slaveof-noone"
    case waitPromotion = "+failover-state-wait-promotion"
    case promotedReplica = "+promoted-slave"
    case reconfigureReplicas = "+failover-state-reconf-slaves"
    case reconfigurationSent = "+slave-reconf-sent"
    case reconfigurationInProgress = "+slave-reconf-inprog"
    case reconfigurationDone = "+slave-reconf-done"
    case reconfigurationSentBestEffort = "+slave-reconf-sent-be"
    case reconfigurationTimeout = "-slave-reconf-sent-timeout"
    case failoverEnd = "+failover-end"
    case failoverEndForTimeout = "+failover-end-for-timeout"
    case switchPrimary = "+switch-master"
    case configurationUpdate = "+config-update-from"
    case convertToReplica = "+convert-to-slave"
    case fixReplicaConfiguration = "+fix-slave-config"
    case abortNotElected = "-failover-abort-not-elected"
    case abortNoGoodReplica = "-failover-abort-no-good-slave"
    case abortReplicaTimeout = "-failover-abort-slave-timeout"
    case scriptError = "-script-error"
    case scriptTimeout = "-script-timeout"
    /// Ours: a vote was asked for and not given because it could not be saved.
    case voteRefused = "-vote-refused"
    /// Ours: a restarted primary waits for us to say whether its data are current.
    case fenced = "+fenced"
    case unfenced = "-fenced"
    /// Ours: the fenced primary is told to serve again.
    case resumePrimary = "+resume-primary"
    /// Ours: replicas are told to accept an empty data set.
    case acceptEmpty = "+accept-empty"
}

/// Names in requests to data nodes.
enum Verb {
    static let replicaOf = "SLAVEOF"
    /// First argument of SENTINEL in the question to other sentinels.
    static let isPrimaryDown = "is-master-down-by-addr"
}

/// Role names, in INFO, ROLE, events and instance maps.
enum RoleName {
    static let primary = "master"
    static let replica = "slave"
    static let sentinel = "sentinel"
}

/// Fields of INFO that are read.
enum InfoField {
    static let replicaPrefix = "slave"
    static let primaryHost = "master_host"
    static let primaryPort = "master_port"
    static let primaryLinkStatus = "master_link_status"
    static let primaryLinkDownSince = "master_link_down_since_seconds"
    static let replicaPriority = "slave_priority"
    static let replicaOffset = "slave_repl_offset"
    static let replicationID = "master_replid"
    static let replicationID2 = "master_replid2"
    static let replicationOffset = "master_repl_offset"
    static let failoverState = "master_failover_state"
}

/// Fields and flags of instance maps and of INFO's sentinel section.
enum MapField {
    static let replicaCount = "num-slaves"
    static let primaryLinkDownTime = "master-link-down-time"
    static let primaryLinkStatus = "master-link-status"
    static let primaryHost = "master-host"
    static let primaryPort = "master-port"
    static let replicaPriority = "slave-priority"
    static let replicaOffset = "slave-repl-offset"
    static let primaryDownFlag = "master_down"
    static let primaryRebootFlag = "master_reboot"
    static let sectionCount = "sentinel_masters"
    static let sectionRow = "master"
    static let sectionReplicas = "slaves"
}

/// States of a failover in instance maps.
enum StageName {
    static let electing = "wait_start"
    static let selecting = "select_slave"
    static let sendingPromotion = "send_slaveof_noone"
    static let waitingPromotion = "wait_promotion"
    static let reconfiguring = "reconf_slaves"
}

/// Directives and options whose names have the old words.
enum DirectiveName {
    static let rebootDownAfter = "master-reboot-down-after-period"
    static let knownReplicaOld = "known-slave"
    static let replicaReconfigurationTimeout = "slave-reconf-timeout"
}

/// Subcommands whose names have the old words.
enum SubcommandName {
    static let primaries = "masters"
    static let primary = "master"
    static let replicasOld = "slaves"
    static let primaryAddress = "get-master-addr-by-name"
    static let isPrimaryDown = "is-master-down-by-addr"
}

/// Texts of replies and of errors in the configuration.
enum WireText {
    static let noSuchGroup = "ERR No such master with that name"
    static let noSuchGroupInFile = "No such master with specified name."
    static let duplicateGroup = "Duplicate master name."
    static let noGoodReplica = "NOGOODSLAVE No suitable replica to promote"
    static let noQuorum =
        "Not enough available Sentinels to reach the specified quorum for this master"
    static let willCrashAfterPromotion =
        "Failure simulation: this Sentinel will crash after promoting the selected replica "
        + "to master"
    /// Code of PING's error from a replica that serves no stale data.
    static let primaryDownCode = "MASTERDOWN"

    static let help = [
        "SENTINEL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "ACCEPT-EMPTY <master-name>",
        "    Let the replicas of the master take over an empty data set from it.",
        "CKQUORUM <master-name>",
        "    Check if the current Sentinel configuration is able to reach the quorum",
        "    needed to failover a master and the majority needed to authorize the",
        "    failover.",
        "CONFIG SET <param> <value>",
        "    Set a global Sentinel configuration parameter.",
        "CONFIG GET <param>",
        "    Get global Sentinel configuration parameter.",
        "DEBUG [<param> <value> ...]",
        "    Show a list of configurable time parameters and their values (milliseconds).",
        "    Or update current configurable parameters values (one or more).",
        "GET-MASTER-ADDR-BY-NAME <master-name>",
        "    Return the ip and port number of the master with that name.",
        "FAILOVER <master-name> [TO <ip> <port>]",
        "    Hand over from a living master to a replica without losing a write, once a",
        "    majority of the Sentinels has agreed. A master that is down is failed over.",
        "FLUSHCONFIG",
        "    Force Sentinel to rewrite its configuration on disk, including the current",
        "    Sentinel state.",
        "INFO-CACHE <master-name>",
        "    Return last cached INFO output from masters and all its replicas.",
        "IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>",
        "    Check if the master specified by ip:port is down from current Sentinel's",
        "    point of view.",
        "MASTER <master-name>",
        "    Show the state and info of the specified master.",
        "MASTERS",
        "    Show a list of monitored masters and their state.",
        "MONITOR <name> <ip> <port> <quorum>",
        "    Start monitoring a new master with the specified name, ip, port and quorum.",
        "MYID",
        "    Return the ID of the Sentinel instance.",
        "PENDING-SCRIPTS",
        "    Get pending scripts information.",
        "REMOVE <master-name>",
        "    Remove master from Sentinel's monitor list.",
        "REPLICAS <master-name>",
        "    Show a list of replicas for this master and their state.",
        "RESET <pattern>",
        "    Reset masters for specific master name matching this pattern.",
        "SENTINELS <master-name>",
        "    Show a list of Sentinel instances for this master and their state.",
        "SET <master-name> <option> <value> [<option> <value> ...]",
        "    Set configuration parameters for certain masters.",
        "SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] [HELP]",
        "    Simulate a Sentinel crash.",
        "HELP",
        "    Prints this help.",
    ]
}
