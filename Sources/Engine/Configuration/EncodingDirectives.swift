import Configuration
import Keyspace
import Sessions

/// From where on collections change the encoding they are named by, and how deeply what RESTORE
/// is given is looked at.
extension ServerDirectives {
    static let encodings: [Row] = [
        .kept("activerehashing", true),
        .integer(
            "hash-max-listpack-entries", alias: "hash-max-ziplist-entries",
            \.encodings.hashEntries, 0...Int.max),
        .memory(
            "hash-max-listpack-value", alias: "hash-max-ziplist-value", \.encodings.hashValue),
        .memory("hll-sparse-max-bytes", \.encodings.hllSparseBytes),
        .integer("list-compress-depth", flags: .debug, \.encodings.listCompressDepth, 0...int32),
        .integer(
            "list-max-listpack-size", alias: "list-max-ziplist-size", \.encodings.listSize,
            Int(Int32.min)...int32),
        .integer("set-max-intset-entries", \.encodings.setIntsetEntries, 0...Int.max),
        .memory("stream-node-max-bytes", \.encodings.streamNodeBytes),
        .integer("stream-node-max-entries", \.encodings.streamNodeEntries, 0...Int.max),
        .integer(
            "zset-max-listpack-entries", alias: "zset-max-ziplist-entries",
            \.encodings.zsetEntries, 0...Int.max),
        .memory(
            "zset-max-listpack-value", alias: "zset-max-ziplist-value", \.encodings.zsetValue),
        .words("sanitize-dump-payload", "no yes clients", flags: .debug),
        .kept("tracking-table-max-keys", 1_000_000, 0...Int.max),
    ]
}
