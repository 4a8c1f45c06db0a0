/// The words master and slave, which live on the wire, in INFO and in configuration files only:
/// this file is the one place where they are written. Everything else says primary and replica.
@usableFromInline
package enum WireNames {}

/// What INFO, ROLE, HELLO, CLIENT LIST and sentinels call the two roles.
extension WireNames {
    @inlinable package static var master: StaticString { "master" }
    @inlinable package static var slave: StaticString { "slave" }
    @inlinable package static var masters: StaticString { "masters" }
    @inlinable package static var slaves: StaticString { "slaves" }
}

/// Old spellings of commands and subcommands.
extension WireNames {
    @inlinable package static var slaveOf: StaticString { "slaveof" }
    @inlinable package static var getMasterAddressByName: StaticString { "get-master-addr-by-name" }
    @inlinable package static var isMasterDownByAddress: StaticString { "is-master-down-by-addr" }
}

/// Fields of INFO.
extension WireNames {
    @inlinable package static var masterHost: StaticString { "master_host" }
    @inlinable package static var masterPort: StaticString { "master_port" }
    @inlinable package static var masterLinkStatus: StaticString { "master_link_status" }
    @inlinable package static var masterLastIOSecondsAgo: StaticString {
        "master_last_io_seconds_ago"
    }
    @inlinable package static var masterSyncInProgress: StaticString { "master_sync_in_progress" }
    @inlinable package static var masterSyncTotalBytes: StaticString { "master_sync_total_bytes" }
    @inlinable package static var masterSyncReadBytes: StaticString { "master_sync_read_bytes" }
    @inlinable package static var masterSyncLeftBytes: StaticString { "master_sync_left_bytes" }
    @inlinable package static var masterSyncPercent: StaticString { "master_sync_perc" }
    @inlinable package static var masterSyncLastIOSecondsAgo: StaticString {
        "master_sync_last_io_seconds_ago"
    }
    @inlinable package static var masterLinkDownSinceSeconds: StaticString {
        "master_link_down_since_seconds"
    }
    @inlinable package static var masterFailoverState: StaticString { "master_failover_state" }
    @inlinable package static var masterReplicationID: StaticString { "master_replid" }
    @inlinable package static var masterReplicationID2: StaticString { "master_replid2" }
    @inlinable package static var masterReplicationOffset: StaticString { "master_repl_offset" }
    @inlinable package static var slaveReadReplicationOffset: StaticString {
        "slave_read_repl_offset"
    }
    @inlinable package static var slaveReplicationOffset: StaticString { "slave_repl_offset" }
    @inlinable package static var slavePriority: StaticString { "slave_priority" }
    @inlinable package static var slaveReadOnly: StaticString { "slave_read_only" }
    @inlinable package static var connectedSlaves: StaticString { "connected_slaves" }
    @inlinable package static var minSlavesGoodSlaves: StaticString { "min_slaves_good_slaves" }
    @inlinable package static var memoryOfSlaveClients: StaticString { "mem_clients_slaves" }
    @inlinable package static var slaveExpiresTrackedKeys: StaticString {
        "slave_expires_tracked_keys"
    }
    @inlinable package static var sentinelMasters: StaticString { "sentinel_masters" }
    @inlinable package static var clientsSlaves: StaticString { "clients.slaves" }
}

/// Directives, and the old spellings that are kept as aliases.
extension WireNames {
    @inlinable package static var masterAuth: StaticString { "masterauth" }
    @inlinable package static var masterUser: StaticString { "masteruser" }
    @inlinable package static var minSlavesToWrite: StaticString { "min-slaves-to-write" }
    @inlinable package static var minSlavesMaxLag: StaticString { "min-slaves-max-lag" }
    @inlinable package static var replPingSlavePeriod: StaticString { "repl-ping-slave-period" }
    @inlinable package static var slaveAnnounceIP: StaticString { "slave-announce-ip" }
    @inlinable package static var slaveAnnouncePort: StaticString { "slave-announce-port" }
    @inlinable package static var slaveIgnoreMaxmemory: StaticString { "slave-ignore-maxmemory" }
    @inlinable package static var slaveLazyFlush: StaticString { "slave-lazy-flush" }
    @inlinable package static var slavePriorityDirective: StaticString { "slave-priority" }
    @inlinable package static var slaveReadOnlyDirective: StaticString { "slave-read-only" }
    @inlinable package static var slaveServeStaleData: StaticString { "slave-serve-stale-data" }
    @inlinable package static var clusterSlaveNoFailover: StaticString {
        "cluster-slave-no-failover"
    }
    @inlinable package static var clusterSlaveValidityFactor: StaticString {
        "cluster-slave-validity-factor"
    }
    @inlinable package static var knownSlave: StaticString { "known-slave" }
    @inlinable package static var masterRebootDownAfterPeriod: StaticString {
        "master-reboot-down-after-period"
    }
}

/// Errors, with their code, and the reasons in them.
extension WireNames {
    @inlinable package static var masterDown: StaticString {
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
    }
    @inlinable package static var noMasterLinkFailingOver: StaticString {
        "NOMASTERLINK Can't SYNC while failing over"
    }
    @inlinable package static var noMasterLinkNotConnected: StaticString {
        "NOMASTERLINK Can't SYNC while not connected with my master"
    }
    @inlinable package static var noMasterLinkCode: StaticString { "NOMASTERLINK" }
    @inlinable package static var masterDownCode: StaticString { "MASTERDOWN" }
    @inlinable package static var failoverToMaster: StaticString {
        "ERR PSYNC FAILOVER can't be sent to a master."
    }
    @inlinable package static var alreadyConnected: StaticString {
        "OK Already connected to specified master"
    }
    @inlinable package static var invalidMasterPort: StaticString { "Invalid master port" }
    @inlinable package static var noSuchMaster: StaticString { "ERR No such master with that name" }
    @inlinable package static var noSuchMasterSpecified: StaticString {
        "No such master with specified name."
    }
    @inlinable package static var duplicateMaster: StaticString { "Duplicate master name." }
    @inlinable package static var noGoodSlave: StaticString {
        "NOGOODSLAVE No suitable replica to promote"
    }
}

/// Fields of SENTINEL's tables of instances, and states of a failover.
extension WireNames {
    @inlinable package static var masterNameField: StaticString { "master-name" }
    @inlinable package static var numberOfSlaves: StaticString { "num-slaves" }
    @inlinable package static var masterLinkDownTime: StaticString { "master-link-down-time" }
    @inlinable package static var masterLinkStatusField: StaticString { "master-link-status" }
    @inlinable package static var masterHostField: StaticString { "master-host" }
    @inlinable package static var masterPortField: StaticString { "master-port" }
    @inlinable package static var slavePriorityField: StaticString { "slave-priority" }
    @inlinable package static var slaveReplicationOffsetField: StaticString { "slave-repl-offset" }
    @inlinable package static var masterDownFlag: StaticString { "master_down" }
    @inlinable package static var masterRebootFlag: StaticString { "master_reboot" }
    @inlinable package static var slaveReconfTimeout: StaticString { "slave-reconf-timeout" }
    @inlinable package static var selectSlave: StaticString { "select_slave" }
    @inlinable package static var sendSlaveOfNoOne: StaticString { "send_slaveof_noone" }
    @inlinable package static var reconfSlaves: StaticString { "reconf_slaves" }
}

/// Events of sentinels, as published and logged.
extension WireNames {
    @inlinable package static var switchMaster: StaticString { "+switch-master" }
    @inlinable package static var resetMaster: StaticString { "+reset-master" }
    @inlinable package static var slaveFound: StaticString { "+slave" }
    @inlinable package static var selectedSlave: StaticString { "+selected-slave" }
    @inlinable package static var promotedSlave: StaticString { "+promoted-slave" }
    @inlinable package static var convertToSlave: StaticString { "+convert-to-slave" }
    @inlinable package static var fixSlaveConfig: StaticString { "+fix-slave-config" }
    @inlinable package static var slaveReconfSent: StaticString { "+slave-reconf-sent" }
    @inlinable package static var slaveReconfInProgress: StaticString { "+slave-reconf-inprog" }
    @inlinable package static var slaveReconfDone: StaticString { "+slave-reconf-done" }
    @inlinable package static var slaveReconfSentBestEffort: StaticString {
        "+slave-reconf-sent-be"
    }
    @inlinable package static var slaveReconfSentTimeout: StaticString {
        "-slave-reconf-sent-timeout"
    }
    @inlinable package static var failoverStateSelectSlave: StaticString {
        "+failover-state-select-slave"
    }
    @inlinable package static var failoverStateSendSlaveOfNoOne: StaticString {
        "+failover-state-send-slaveof-noone"
    }
    @inlinable package static var failoverStateReconfSlaves: StaticString {
        "+failover-state-reconf-slaves"
    }
    @inlinable package static var failoverAbortNoGoodSlave: StaticString {
        "-failover-abort-no-good-slave"
    }
    @inlinable package static var failoverAbortSlaveTimeout: StaticString {
        "-failover-abort-slave-timeout"
    }
    @inlinable package static var abortNoGoodSlaveReason: StaticString { "no-good-slave" }
}
