/// The words master and slave, which live on the wire, in INFO and in configuration files only:
/// this file is the one place where they are written. Everything else says primary and replica.
@usableFromInline
package enum WireNames {}

/// What INFO, ROLE, HELLO, CLIENT LIST and sentinels call the two roles.
extension WireNames {
    @inlinable package static var primary: StaticString { "master" }
    @inlinable package static var replica: StaticString { "slave" }
    @inlinable package static var primaries: StaticString { "masters" }
    @inlinable package static var replicas: StaticString { "slaves" }
}

/// Old spellings of commands and subcommands.
extension WireNames {
    @inlinable package static var replicaOfOld: StaticString { "slaveof" }
    @inlinable package static var getPrimaryAddressByName: StaticString {
        "get-master-addr-by-name"
    }
    @inlinable package static var isPrimaryDownByAddress: StaticString { "is-master-down-by-addr" }
}

/// Fields of INFO.
extension WireNames {
    @inlinable package static var primaryHost: StaticString { "master_host" }
    @inlinable package static var primaryPort: StaticString { "master_port" }
    @inlinable package static var primaryLinkStatus: StaticString { "master_link_status" }
    @inlinable package static var primaryLastIOSecondsAgo: StaticString {
        "master_last_io_seconds_ago"
    }
    @inlinable package static var primarySyncInProgress: StaticString { "master_sync_in_progress" }
    @inlinable package static var primarySyncTotalBytes: StaticString { "master_sync_total_bytes" }
    @inlinable package static var primarySyncReadBytes: StaticString { "master_sync_read_bytes" }
    @inlinable package static var primarySyncLeftBytes: StaticString { "master_sync_left_bytes" }
    @inlinable package static var primarySyncPercent: StaticString { "master_sync_perc" }
    @inlinable package static var primarySyncLastIOSecondsAgo: StaticString {
        "master_sync_last_io_seconds_ago"
    }
    @inlinable package static var primaryLinkDownSinceSeconds: StaticString {
        "master_link_down_since_seconds"
    }
    @inlinable package static var primaryFailoverState: StaticString { "master_failover_state" }
    @inlinable package static var primaryReplicationID: StaticString { "master_replid" }
    @inlinable package static var primaryReplicationID2: StaticString { "master_replid2" }
    @inlinable package static var primaryReplicationOffset: StaticString { "master_repl_offset" }
    @inlinable package static var replicaReadReplicationOffset: StaticString {
        "slave_read_repl_offset"
    }
    @inlinable package static var replicaReplicationOffset: StaticString { "slave_repl_offset" }
    @inlinable package static var replicaPriority: StaticString { "slave_priority" }
    @inlinable package static var replicaReadOnly: StaticString { "slave_read_only" }
    @inlinable package static var connectedReplicas: StaticString { "connected_slaves" }
    @inlinable package static var minReplicasGoodReplicas: StaticString { "min_slaves_good_slaves" }
    @inlinable package static var memoryOfReplicaClients: StaticString { "mem_clients_slaves" }
    @inlinable package static var replicaExpiresTrackedKeys: StaticString {
        "slave_expires_tracked_keys"
    }
    @inlinable package static var sentinelPrimaries: StaticString { "sentinel_masters" }
    @inlinable package static var clientsReplicas: StaticString { "clients.slaves" }
}

/// Directives, and the old spellings that are kept as aliases.
extension WireNames {
    @inlinable package static var primaryAuth: StaticString { "masterauth" }
    @inlinable package static var primaryUser: StaticString { "masteruser" }
    @inlinable package static var minReplicasToWrite: StaticString { "min-slaves-to-write" }
    @inlinable package static var minReplicasMaxLag: StaticString { "min-slaves-max-lag" }
    @inlinable package static var replPingReplicaPeriod: StaticString { "repl-ping-slave-period" }
    @inlinable package static var replicaAnnounceIP: StaticString { "slave-announce-ip" }
    @inlinable package static var replicaAnnouncePort: StaticString { "slave-announce-port" }
    @inlinable package static var replicaIgnoreMaxmemory: StaticString { "slave-ignore-maxmemory" }
    @inlinable package static var replicaLazyFlush: StaticString { "slave-lazy-flush" }
    @inlinable package static var replicaPriorityDirective: StaticString { "slave-priority" }
    @inlinable package static var replicaReadOnlyDirective: StaticString { "slave-read-only" }
    @inlinable package static var replicaServeStaleData: StaticString { "slave-serve-stale-data" }
    @inlinable package static var clusterReplicaNoFailover: StaticString {
        "cluster-slave-no-failover"
    }
    @inlinable package static var clusterReplicaValidityFactor: StaticString {
        "cluster-slave-validity-factor"
    }
    @inlinable package static var knownReplica: StaticString { "known-slave" }
    @inlinable package static var primaryRebootDownAfterPeriod: StaticString {
        "master-reboot-down-after-period"
    }
}

/// Errors, with their code, and the reasons in them.
extension WireNames {
    @inlinable package static var primaryDown: StaticString {
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
    }
    @inlinable package static var noPrimaryLinkFailingOver: StaticString {
        "NOMASTERLINK Can't SYNC while failing over"
    }
    @inlinable package static var noPrimaryLinkNotConnected: StaticString {
        "NOMASTERLINK Can't SYNC while not connected with my master"
    }
    @inlinable package static var noPrimaryLinkCode: StaticString { "NOMASTERLINK" }
    @inlinable package static var primaryDownCode: StaticString { "MASTERDOWN" }
    @inlinable package static var failoverToPrimary: StaticString {
        "ERR PSYNC FAILOVER can't be sent to a master."
    }
    @inlinable package static var alreadyConnected: StaticString {
        "OK Already connected to specified master"
    }
    @inlinable package static var invalidPrimaryPort: StaticString { "Invalid master port" }
    @inlinable package static var noSuchPrimary: StaticString {
        "ERR No such master with that name"
    }
    @inlinable package static var noSuchPrimarySpecified: StaticString {
        "No such master with specified name."
    }
    @inlinable package static var duplicatePrimary: StaticString { "Duplicate master name." }
    @inlinable package static var noGoodReplica: StaticString {
        "NOGOODSLAVE No suitable replica to promote"
    }
}

/// Fields of SENTINEL's tables of instances, and states of a failover.
extension WireNames {
    @inlinable package static var primaryNameField: StaticString { "master-name" }
    @inlinable package static var numberOfReplicas: StaticString { "num-slaves" }
    @inlinable package static var primaryLinkDownTime: StaticString { "master-link-down-time" }
    @inlinable package static var primaryLinkStatusField: StaticString { "master-link-status" }
    @inlinable package static var primaryHostField: StaticString { "master-host" }
    @inlinable package static var primaryPortField: StaticString { "master-port" }
    @inlinable package static var replicaPriorityField: StaticString { "slave-priority" }
    @inlinable package static var replicaReplicationOffsetField: StaticString {
        "slave-repl-offset"
    }
    @inlinable package static var primaryDownFlag: StaticString { "master_down" }
    @inlinable package static var primaryRebootFlag: StaticString { "master_reboot" }
    @inlinable package static var replicaReconfTimeout: StaticString { "slave-reconf-timeout" }
    @inlinable package static var selectReplica: StaticString { "select_slave" }
    @inlinable package static var sendReplicaOfNoOne: StaticString { "send_slaveof_noone" }
    @inlinable package static var reconfReplicas: StaticString { "reconf_slaves" }
}

/// Events of sentinels, as published and logged.
extension WireNames {
    @inlinable package static var switchPrimary: StaticString { "+switch-master" }
    @inlinable package static var resetPrimary: StaticString { "+reset-master" }
    @inlinable package static var replicaFound: StaticString { "+slave" }
    @inlinable package static var selectedReplica: StaticString { "+selected-slave" }
    @inlinable package static var promotedReplica: StaticString { "+promoted-slave" }
    @inlinable package static var convertToReplica: StaticString { "+convert-to-slave" }
    @inlinable package static var fixReplicaConfig: StaticString { "+fix-slave-config" }
    @inlinable package static var replicaReconfSent: StaticString { "+slave-reconf-sent" }
    @inlinable package static var replicaReconfInProgress: StaticString { "+slave-reconf-inprog" }
    @inlinable package static var replicaReconfDone: StaticString { "+slave-reconf-done" }
    @inlinable package static var replicaReconfSentBestEffort: StaticString {
        "+slave-reconf-sent-be"
    }
    @inlinable package static var replicaReconfSentTimeout: StaticString {
        "-slave-reconf-sent-timeout"
    }
    @inlinable package static var failoverStateSelectReplica: StaticString {
        "+failover-state-select-slave"
    }
    @inlinable package static var failoverStateSendReplicaOfNoOne: StaticString {
        "+failover-state-send-slaveof-noone"
    }
    @inlinable package static var failoverStateReconfReplicas: StaticString {
        "+failover-state-reconf-slaves"
    }
    @inlinable package static var failoverAbortNoGoodReplica: StaticString {
        "-failover-abort-no-good-slave"
    }
    @inlinable package static var failoverAbortReplicaTimeout: StaticString {
        "-failover-abort-slave-timeout"
    }
    @inlinable package static var abortNoGoodReplicaReason: StaticString { "no-good-slave" }
}

/// Older names of four of these, for callers that still use them.
extension WireNames {
    @inlinable package static var master: StaticString { primary }
    @inlinable package static var slave: StaticString { replica }
    @inlinable package static var masterAuth: StaticString { primaryAuth }
    @inlinable package static var masterUser: StaticString { primaryUser }
}
