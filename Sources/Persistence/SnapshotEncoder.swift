import Digests
import Keyspace
import Memory

/// Writes a snapshot of all databases as an RDB file, a slice at a time, while commands go on
/// changing them. Take `output` and `consume` it; when it is empty, call `advance`.
///
/// Memory: the entries of one slice. Long and large values are not copied but lent by the keyspace:
/// strings come out in place, collections piece by piece.
package struct SnapshotEncoder: ~Copyable {
    /// What of an entry's use is written: what the eviction policy needs.
    package enum Usage: Equatable, Sendable {
        case none
        /// Seconds since the last use.
        case recency
        /// The access counter, which loses one in so many minutes (`lfu-decay-time`).
        case frequency(decayMinutes: Int)
    }

    /// How the file is to be written.
    package struct Options: Equatable, Sendable {
        /// `rdbcompression` and `rdbchecksum`.
        package var compresses = true
        package var checks = true
        package var usage = Usage.none
        /// Whether the file holds the keys at all, which a replica may not want.
        package var includesKeys = true

        package init() {}
    }

    private enum Stage { case walk, ending, ended }

    /// A value that comes out in pieces between the staged bytes.
    private enum LentValue {
        case string(FrozenString)
        case collection(CollectionWriter)
    }

    /// Values from this length on are lent instead of copied, and not compressed: that would take
    /// longer than a slice may.
    private static let longValue = 256 * 1024

    private let options: Options
    private let id: SnapshotID
    private var encoder: RDBEncoder
    private var staged: ByteBuffer
    /// Bytes ever staged and taken, to tell where a long value stands between them.
    private var stagedTotal = 0
    private var takenTotal = 0
    /// Long values and the staged bytes before each.
    private var values: [(behind: Int, value: LentValue)] = []
    /// A string that had to be put together from several places, or the next piece of a large
    /// collection.
    private var assembled: ByteBuffer
    private var packing: ListpackBuilder
    private var stage = Stage.walk
    private var crc: UInt64 = 0
    private var database = -1
    private var introduced: Set<Int> = []

    /// Entries written, and bytes of file taken, for the progress in INFO.
    package private(set) var keysWritten = 0
    package private(set) var bytesTaken = 0
    /// Entries there are to write.
    package let keysTotal: Int

    /// Begins a snapshot of `databases` as they are now. Only one can be active at a time; it
    /// ends with `end`.
    package init(
        _ databases: inout Databases, information: RDBInformation, options: Options, heap: Heap
    ) {
        self.options = options
        encoder = RDBEncoder(heap: heap, compresses: options.compresses, checks: false)
        staged = ByteBuffer(heap: heap)
        assembled = ByteBuffer(heap: heap)
        packing = ListpackBuilder(heap: heap)
        id = databases.beginSnapshot()
        var total = 0
        for index in 0..<databases.databaseCount {
            total += databases.snapshotSize(index).keys
        }
        keysTotal = options.includesKeys ? total : 0
        encoder.header(into: &staged)
        encoder.information(information, into: &staged)
        stagedTotal = staged.count
        if !options.includesKeys { finishWalk() }
    }

    /// Whether the whole file has been taken.
    package var isFinished: Bool { stage == .ended && output.isEmpty }

    /// The next bytes of the file; empty when `advance` must make more. Valid until the next
    /// `consume` or `advance`.
    package var output: ByteView {
        let next = values.first?.behind ?? stagedTotal
        if next > takenTotal { return staged.readable[0..<next - takenTotal] }
        switch values.first?.value {
        case .string(let string)?: return string.next
        case .collection?: return assembled.readable
        case nil: return .empty
        }
    }

    /// Takes the first `count` bytes of `output`.
    package mutating func consume(_ count: Int) {
        let bytes = output
        if options.checks, stage != .ended {
            crc = CRC64.update(crc: crc, bytes[0..<count])
        }
        bytesTaken += count
        let next = values.first?.behind ?? stagedTotal
        if next > takenTotal {
            staged.consume(count)
            takenTotal += count
        } else if case .string(var string)? = values.first?.value {
            string.consume(count)
            values[0].value = .string(string)
            if string.isEmpty { values.removeFirst() }
        } else if !values.isEmpty {
            assembled.consume(count)
            dropWritten()
        }
    }

    /// Makes the next piece of the large collection whose turn it is. Returns whether there is one.
    private mutating func writePiece(limit: Int) -> Bool {
        guard case .collection(var writer)? = values.first?.value else { return false }
        assembled.removeAll()
        writer.write(limit, &encoder, &packing, into: &assembled)
        values[0].value = .collection(writer)
        dropWritten()
        return true
    }

    /// Goes on behind a collection that has been written and taken.
    private mutating func dropWritten() {
        guard assembled.isEmpty, case .collection(let writer)? = values.first?.value else { return }
        if writer.isEmpty { values.removeFirst() }
    }

    /// Makes more output from about `limit` bytes of entries, if all of it has been taken.
    package mutating func advance(_ databases: inout Databases, limit: Int) {
        guard output.isEmpty, !writePiece(limit: limit) else { return }
        switch stage {
        case .walk:
            if walk(&databases, limit: limit) { finishWalk() }
        case .ending:
            // The checksum covers everything that was taken until now.
            stage = .ended
            RDBEncoder.littleEndian(crc, 8, into: &staged)
            stagedTotal += 8
        case .ended:
            break
        }
    }

    /// Ends the snapshot, finished or not.
    package mutating func end(_ databases: inout Databases) {
        values = []
        databases.endSnapshot(id)
        stage = .ended
    }

    private mutating func finishWalk() {
        staged.append(RDBFormat.Opcode.end)
        stagedTotal += 1
        stage = .ending
    }

    /// One slice of the walk; returns whether it was the last.
    private mutating func walk(_ databases: inout Databases, limit: Int) -> Bool {
        if staged.capacity > 4 * SnapshotEncoder.longValue { staged.releaseIfEmpty() }
        let sizes = (0..<databases.databaseCount).map { databases.snapshotSize($0) }
        let now = databases.now
        let start = staged.count
        let isLast = databases.snapshotSlice(id, limit: limit) { database, entry in
            if database != self.database {
                select(database, sizes[database])
            }
            let before = values.count
            write(entry, at: now)
            if values.count > before {
                values[before].behind = stagedTotal + staged.count - start
            }
            keysWritten += 1
        }
        stagedTotal += staged.count - start
        return isLast
    }

    /// The walk comes to another database. Entries that were changed behind its back may lead it
    /// to and fro; the sizes are told once.
    private mutating func select(_ database: Int, _ size: (keys: Int, expires: Int)) {
        self.database = database
        let isFirst = introduced.insert(database).inserted
        encoder.select(database, into: &staged)
        if isFirst { encoder.resize(keys: size.keys, expires: size.expires, into: &staged) }
    }

    private mutating func write(_ entry: SnapshotEntry, at now: Int64) {
        var attributes = RDBAttributes(expiry: entry.expiry)
        switch options.usage {
        case .none: break
        case .recency: attributes.idle = SnapshotEncoder.idle(entry.clock, at: now)
        case .frequency(let minutes):
            attributes.frequency = SnapshotEncoder.frequency(entry.clock, minutes, at: now)
        }
        if let integer = entry.integer {
            encoder.entry(entry.key, .integer(integer), attributes, into: &staged)
            return
        }
        guard entry.type == .string else { return write(collection: entry, attributes) }
        let value = entry.string
        if value.count >= SnapshotEncoder.longValue {
            encoder.entryHead(entry.key, stringOf: value.count, attributes, into: &staged)
            values.append((behind: 0, value: .string(value)))
        } else if value.next.count == value.count {
            encoder.entry(entry.key, .string(value.next), attributes, into: &staged)
        } else {
            assembled.removeAll()
            value.append(to: &assembled)
            encoder.entry(entry.key, .string(assembled.readable), attributes, into: &staged)
        }
    }

    /// A compact collection at once, of a large one what stands before its parts.
    private mutating func write(collection entry: SnapshotEntry, _ attributes: RDBAttributes) {
        var writer = CollectionWriter(entry)
        encoder.beginCollection(
            writer.type, entry.key, attributes, count: writer.partCount, into: &staged)
        if writer.isCompact {
            writer.write(.max - staged.count, &encoder, &packing, into: &staged)
        } else {
            values.append((behind: 0, value: .collection(writer)))
        }
    }

    /// Seconds since the last use, by a clock of 24 bits that counts seconds.
    private static func idle(_ clock: UInt32, at now: Int64) -> Int {
        let time = UInt32(truncatingIfNeeded: now / 1000) & 0xff_ffff
        return Int(time >= clock ? time - clock : time + (0xff_ffff - clock))
    }

    /// The counter in the low byte of a clock, less one for every so many minutes since the time
    /// in the others.
    private static func frequency(_ clock: UInt32, _ minutes: Int, at now: Int64) -> UInt8 {
        let time = UInt32(truncatingIfNeeded: now / 60_000) & 0xffff
        let last = clock >> 8
        let elapsed = Int(time >= last ? time - last : 0xffff - last + time)
        let lost = minutes > 0 ? elapsed / minutes : 0
        return UInt8(max(0, Int(clock & 0xff) - lost))
    }
}
