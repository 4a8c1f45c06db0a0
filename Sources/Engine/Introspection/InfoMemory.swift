import Keyspace
import Memory
import RESP
import Sessions

/// Where the memory is, as far as it is counted.
struct MemoryBreakdown {
    var used = 0
    var peak = 0
    var startup = 0
    var clients = 0
    var replicas = 0
    var backlog = 0
    /// Buckets of the databases' tables.
    var tables = 0

    var overhead: Int { startup + clients + replicas + backlog + tables }
    var dataset: Int { max(0, used - overhead) }
    /// Share of the dataset in what was allocated since the start.
    var datasetPercent: Double {
        used > startup ? min(100, Double(dataset) * 100 / Double(used - startup)) : 0
    }
    var peakPercent: Double { peak > 0 ? Double(used) * 100 / Double(peak) : 0 }
}

/// How the bytes in use lie in the memory of the process, from the inside out: in use by the
/// engine, in blocks of the allocator, in its pages, in RAM for it, in RAM for the process.
struct MemoryResidence {
    let used, allocated, active, resident, process: Int

    /// One of those beside the next smaller one.
    struct Share {
        let ratio: Double
        let bytes: Int

        fileprivate init(_ outer: Int, _ inner: Int) {
            ratio = inner > 0 ? Double(outer) / Double(inner) : 0
            bytes = outer - inner
        }
    }

    var allocatorFragmentation: Share { Share(active, allocated) }
    var allocatorResidence: Share { Share(resident, active) }
    var processOverhead: Share { Share(process, resident) }
    var fragmentation: Share { Share(process, used) }
}

extension DataEngine {
    /// As of the host's last report. An allocator that does not tell counts as one that wastes
    /// nothing, as in Redis.
    var residence: MemoryResidence {
        let process = usage.residentBytes
        guard usage.allocatorResident > 0 else {
            return MemoryResidence(
                used: heap.used, allocated: heap.used, active: process, resident: process,
                process: process)
        }
        return MemoryResidence(
            used: heap.used, allocated: usage.allocatorAllocated, active: usage.allocatorActive,
            resident: usage.allocatorResident, process: process)
    }

    func memoryBreakdown() -> MemoryBreakdown {
        var result = MemoryBreakdown()
        result.used = heap.used
        result.peak = heap.peak
        result.startup = min(introspection.startupMemory, heap.used)
        for slot in frontend.sessions.values {
            let size = frontend.memory(of: slot)
            if slot.value.role == .replica {
                result.replicas += size
            } else {
                result.clients += size
            }
        }
        result.backlog = replicationMemory
        for database in 0..<keyspace.databaseCount {
            result.tables += keyspace.tableBytes(database)
        }
        return result
    }

    func memoryInfo(_ info: inout InfoText) {
        let memory = memoryBreakdown()
        info.section("Memory")
        info.bytes("used_memory", memory.used)
        info.bytes("used_memory_rss", usage.residentBytes)
        info.bytes("used_memory_peak", memory.peak)
        info.field("used_memory_peak_perc", InfoText.fixed(memory.peakPercent, 2) + "%")
        info.field("used_memory_overhead", memory.overhead)
        info.field("used_memory_startup", memory.startup)
        info.field("used_memory_dataset", memory.dataset)
        info.field("used_memory_dataset_perc", InfoText.fixed(memory.datasetPercent, 2) + "%")
        allocatorInfo(&info)
        info.bytes("total_system_memory", introspection.facts.totalMemory)
        scriptMemoryInfo(&info)
        info.bytes("maxmemory", settings.maxmemory)
        info.field("maxmemory_policy", settings.maxmemoryPolicy.rawValue)
        fragmentationInfo(&info)
        info.field("mem_not_counted_for_evict", max(0, heap.used - countedMemory))
        info.field("mem_replication_backlog", memory.backlog)
        info.field("mem_total_replication_buffers", memory.backlog)
        info.field(WireNames.memoryOfReplicaClients, memory.replicas)
        info.field("mem_clients_normal", memory.clients)
        info.field("mem_cluster_links", 0)
        info.field("mem_aof_buffer", 0)
        info.field("mem_allocator", Allocator.name)
        info.field("active_defrag_running", 0)
        info.field("lazyfree_pending_objects", keyspace.hasGarbage ? 1 : 0)
        info.field("lazyfreed_objects", 0)
    }

    private func allocatorInfo(_ info: inout InfoText) {
        let residence = residence
        info.field("allocator_allocated", residence.allocated)
        info.field("allocator_active", residence.active)
        info.field("allocator_resident", residence.resident)
    }

    /// There are no scripts, so nothing is held for them.
    private func scriptMemoryInfo(_ info: inout InfoText) {
        info.field("used_memory_lua", 0)
        info.field("used_memory_vm_eval", 0)
        info.field("used_memory_lua_human", InfoText.human(0))
        info.field("used_memory_scripts_eval", 0)
        info.field("number_of_cached_scripts", 0)
        info.field("number_of_functions", 0)
        info.field("number_of_libraries", 0)
        info.field("used_memory_vm_functions", 0)
        info.bytes("used_memory_vm_total", 0)
        info.field("used_memory_functions", 0)
        info.bytes("used_memory_scripts", 0)
    }

    private func fragmentationInfo(_ info: inout InfoText) {
        let residence = residence
        let shares: [(StaticString, StaticString, MemoryResidence.Share)] = [
            ("allocator_frag_ratio", "allocator_frag_bytes", residence.allocatorFragmentation),
            ("allocator_rss_ratio", "allocator_rss_bytes", residence.allocatorResidence),
            ("rss_overhead_ratio", "rss_overhead_bytes", residence.processOverhead),
            ("mem_fragmentation_ratio", "mem_fragmentation_bytes", residence.fragmentation),
        ]
        for (ratio, bytes, share) in shares {
            info.field(ratio, InfoText.fixed(share.ratio, 2))
            info.field(bytes, share.bytes)
        }
    }
}
