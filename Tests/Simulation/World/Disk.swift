import Digests

/// The files of one node. What is not committed is lost in a crash; a replacement under way
/// happens or does not.
struct Disk {
    private(set) var files: [String: [UInt8]] = [:]
    private var open: [Int: (path: String, bytes: [UInt8])] = [:]
    /// Replacements that were asked for and not yet confirmed.
    private var pending: [Int: (path: String, bytes: [UInt8])] = [:]
    /// Whether nothing is being written.
    var isIdle: Bool { pending.isEmpty && open.isEmpty }
    /// Writes fail until this time.
    var failsUntil: Int64 = 0
    /// Operations take this much longer, until `slowUntil`.
    var slowUntil: Int64 = 0

    /// The error of a write at `now`, if it fails.
    func failure(at now: Int64) -> (errno: Int32, reason: String)? {
        now < failsUntil ? (28, "No space left on device") : nil
    }

    func latency(at now: Int64, _ random: inout RandomGenerator) -> Int64 {
        let base = 100 + Int64(random.below(2000))
        return now < slowUntil ? base + Int64(random.below(400_000)) : base
    }

    mutating func put(_ path: String, _ bytes: [UInt8]) { files[path] = bytes }

    mutating func beginReplace(_ id: Int, _ path: String, _ bytes: [UInt8]) {
        pending[id] = (path, bytes)
    }

    mutating func finishReplace(_ id: Int) {
        if let (path, bytes) = pending.removeValue(forKey: id) { files[path] = bytes }
    }

    mutating func cancelReplace(_ id: Int) { pending[id] = nil }

    mutating func create(_ id: Int, _ path: String) { open[id] = (path, []) }

    /// Adds bytes; the size afterwards.
    mutating func append(_ id: Int, _ bytes: [UInt8]) -> Int {
        open[id]?.bytes.append(contentsOf: bytes)
        return open[id]?.bytes.count ?? 0
    }

    mutating func commit(_ id: Int, _ path: String) {
        if let file = open.removeValue(forKey: id) { files[path] = file.bytes }
    }

    mutating func abandon(_ id: Int) { open[id] = nil }

    mutating func remove(_ path: String) { files[path] = nil }

    /// The data directory is lost; configuration is kept elsewhere.
    mutating func wipe() { files = files.filter { $0.key.hasSuffix(".conf") } }

    /// The process died: unfinished files are lost; a replacement under way is there or not.
    mutating func crash(_ random: inout RandomGenerator) {
        open = [:]
        for (_, file) in pending.sorted(by: { $0.key < $1.key }) where random.below(2) == 0 {
            files[file.path] = file.bytes
        }
        pending = [:]
    }
}
