import Keyspace
import Persistence
import RESP
import Sessions

extension DataEngine {
    func statisticsInfo(_ info: inout InfoText) {
        let counts = frontend.statistics
        info.section("Stats")
        info.field("total_connections_received", counts.connectionsReceived)
        info.field("total_commands_processed", counts.commandsProcessed)
        info.field("instantaneous_ops_per_sec", introspection.rates.commands.perSecond)
        info.field("total_net_input_bytes", counts.bytesIn)
        info.field("total_net_output_bytes", counts.bytesOut)
        info.field("total_net_repl_input_bytes", counts.replicationBytesIn)
        info.field("total_net_repl_output_bytes", counts.replicationBytesOut)
        info.field("instantaneous_input_kbps", kilobytes(introspection.rates.input))
        info.field("instantaneous_output_kbps", kilobytes(introspection.rates.output))
        info.field(
            "instantaneous_input_repl_kbps", kilobytes(introspection.rates.replicationInput))
        info.field(
            "instantaneous_output_repl_kbps", kilobytes(introspection.rates.replicationOutput))
        info.field("rejected_connections", counts.connectionsRejected)
        resyncInfo(&info)
        info.field("expired_keys", statistics.expiredKeys)
        info.field("expired_stale_perc", InfoText.fixed(Double(reclaim.stalePercent), 2))
        info.field("expired_time_cap_reached_count", statistics.expirySlicesCut)
        info.field("expire_cycle_cpu_milliseconds", statistics.expiryMicroseconds / 1000)
        info.field("evicted_keys", statistics.evictedKeys)
        info.field("evicted_clients", statistics.evictedClients)
        let exceeding = statistics.exceedingSince.map { frontend.time.monotonic - $0 } ?? 0
        info.field(
            "total_eviction_exceeded_time",
            (statistics.exceedingMicroseconds + exceeding) / 1000)
        info.field("current_eviction_exceeded_time", exceeding / 1000)
        info.field("keyspace_hits", statistics.keyspaceHits)
        info.field("keyspace_misses", statistics.keyspaceMisses)
        info.field("pubsub_channels", frontend.pubsub.channels.count)
        info.field("pubsub_patterns", frontend.pubsub.patterns.count)
        info.field("pubsubshard_channels", frontend.pubsub.shardChannels.count)
        // Snapshots are taken without a fork.
        info.field("latest_fork_usec", 0)
        info.field("total_forks", 0)
        info.field("migrate_cached_sockets", 0)
        info.field(WireNames.replicaExpiresTrackedKeys, replication.localExpiry.keys.count)
        info.field("active_defrag_hits", 0)
        info.field("active_defrag_misses", 0)
        info.field("active_defrag_key_hits", 0)
        info.field("active_defrag_key_misses", 0)
        info.field("total_active_defrag_time", 0)
        info.field("current_active_defrag_time", 0)
        info.field("tracking_total_keys", 0)
        info.field("tracking_total_items", 0)
        info.field("tracking_total_prefixes", 0)
        info.field("unexpected_error_replies", statistics.unexpectedErrorReplies)
        info.field("total_error_replies", counts.errorReplies)
        info.field("dump_payload_sanitizations", 0)
        info.field("total_reads_processed", counts.readsProcessed)
        info.field("total_writes_processed", counts.writesProcessed)
        info.field("io_threaded_reads_processed", 0)
        info.field("io_threaded_writes_processed", 0)
        info.field(
            "client_query_buffer_limit_disconnections", counts.queryLimitDisconnections)
        info.field(
            "client_output_buffer_limit_disconnections", counts.outputLimitDisconnections)
        info.field("tandem_longest_turn_usec", counts.longestTurn)
    }

    private func kilobytes(_ meter: Rates.Meter) -> String {
        InfoText.fixed(Double(meter.perSecond) / 1024, 2)
    }

    mutating func persistenceInfo(_ info: inout InfoText) {
        let saved = persistence.statistics
        let now = frontend.time.wall / 1_000_000
        let isLoading = gates.contains(.loading)
        info.section("Persistence")
        info.field("loading", isLoading)
        // A replica serves its old data until those of its primary are complete.
        info.field("async_loading", isReceivingSnapshot)
        // There is no copy-on-write: what a snapshot holds back is counted.
        info.field("current_cow_peak", 0)
        info.field("current_cow_size", 0)
        info.field("current_cow_size_age", 0)
        let keys = persistence.run?.encoder.keysWritten ?? 0
        let allKeys = persistence.run?.encoder.keysTotal ?? 0
        let share = allKeys > 0 ? Double(keys) * 100 / Double(allKeys) : 0
        info.field("current_fork_perc", InfoText.fixed(share, 2))
        info.field("current_save_keys_processed", keys)
        info.field("current_save_keys_total", allKeys)
        info.field("rdb_changes_since_last_save", keyspace.changes - saved.changesAtSave)
        info.field("rdb_bgsave_in_progress", isSnapshotting)
        info.field("rdb_last_save_time", lastSaveTime)
        info.field("rdb_last_bgsave_status", saved.lastSaveSucceeded ? "ok" : "err")
        info.field("rdb_last_bgsave_time_sec", saved.lastSaveSeconds)
        info.field("rdb_current_bgsave_time_sec", isSaving ? now - saved.lastAttempt : -1)
        info.field("rdb_saves", saved.saves)
        info.field("rdb_last_cow_size", 0)
        info.field("rdb_last_load_keys_expired", saved.keysLoadedExpired)
        info.field("rdb_last_load_keys_loaded", saved.keysLoaded)
        info.field("snapshot_buffer_bytes", keyspace.snapshotSideBytes)
        info.field("aof_enabled", 0)
        info.field("aof_rewrite_in_progress", 0)
        info.field("aof_rewrite_scheduled", 0)
        info.field("aof_last_rewrite_time_sec", -1)
        info.field("aof_current_rewrite_time_sec", -1)
        info.field("aof_last_bgrewrite_status", "ok")
        info.field("aof_rewrites", 0)
        info.field("aof_rewrites_consecutive_failures", 0)
        info.field("aof_last_write_status", "ok")
        info.field("aof_last_cow_size", 0)
        info.field("module_fork_in_progress", 0)
        info.field("module_fork_last_cow_size", 0)
        guard isLoading || isReceivingSnapshot else { return }
        info.field("loading_start_time", saved.loadingSince)
        info.field("loading_loaded_bytes", saved.loadedBytes)
    }

    /// When the data were last written to disk, or else when the server began; seconds since
    /// 1970.
    var lastSaveTime: Int64 {
        persistence.statistics.lastSave > 0
            ? persistence.statistics.lastSave : startedAt.wall / 1_000_000
    }
}
