import DataStructures
import Digests
import Memory
import Persistence

/// An event with copies in place of views, so that it can be kept and compared.
enum Seen: Equatable {
    case aux(String, String)
    case select(Int)
    case resize(Int, Int)
    case entry(key: [UInt8], value: [UInt8], wasInteger: Bool, RDBAttributes)
    case begin(key: [UInt8], RDBCollection.Kind, RDBAttributes)
    case element([UInt8])
    case field([UInt8], [UInt8], expiry: Int64?)
    case member([UInt8], score: Double)
    case streamEntry(RDBStreamID, [[UInt8]])
    case state(RDBStreamState)
    case group([UInt8], last: RDBStreamID, read: Int64?)
    case pending(RDBPendingEntry)
    case consumer([UInt8], seenAt: Int64, activeAt: Int64?)
    case owned(RDBStreamID)
    case endCollection
    case function(String)
    case moduleAux(String)
    case end(RDBChecksum)

    init?(_ event: RDBEvent) {
        switch event {
        case .needMore: return nil
        case .aux(let key, let value): self = .aux(key.string, value.string)
        case .selectDatabase(let number): self = .select(number)
        case .resize(let keys, let expires): self = .resize(keys, expires)
        case .entry(let entry):
            switch entry.value {
            case .string(let bytes):
                self = .entry(
                    key: entry.key.bytes, value: bytes.bytes, wasInteger: false, entry.attributes)
            case .integer(let number):
                self = .entry(
                    key: entry.key.bytes, value: Array("\(number)".utf8), wasInteger: true,
                    entry.attributes)
            }
        case .begin(let value):
            self = .begin(key: value.key.bytes, value.kind, value.attributes)
        case .element(let item): self = .element(item.copy)
        case .field(let field, let value, let expiry):
            self = .field(field.copy, value.copy, expiry: expiry)
        case .member(let item, let score): self = .member(item.copy, score: score)
        case .stream(let part): self.init(part)
        case .endCollection: self = .endCollection
        case .function(let code): self = .function(code.string)
        case .moduleAux(let name): self = .moduleAux(name)
        case .end(let checksum): self = .end(checksum)
        }
    }

    init(_ part: RDBStreamPart) {
        switch part {
        case .entry(let id, let fields):
            var reader = PackedReader(fields)
            var items: [[UInt8]] = []
            while let item = reader.next() { items.append(item.copy) }
            self = .streamEntry(id, items)
        case .state(let state): self = .state(state)
        case .group(let group):
            self = .group(group.name.bytes, last: group.last, read: group.read)
        case .pending(let entry): self = .pending(entry)
        case .consumer(let consumer):
            self = .consumer(
                consumer.name.bytes, seenAt: consumer.seenAt, activeAt: consumer.activeAt)
        case .owned(let id): self = .owned(id)
        }
    }

    var key: String? {
        if case .entry(let key, _, _, _) = self {
            String(decoding: key, as: UTF8.self)
        } else {
            nil
        }
    }

    var value: [UInt8]? {
        if case .entry(_, let value, _, _) = self { value } else { nil }
    }

    var expiry: Int64? {
        if case .entry(_, _, _, let attributes) = self { attributes.expiry } else { nil }
    }
}

extension PackedItem {
    /// Its text, which is no integer's spelling unless it is one.
    var copy: [UInt8] {
        withText { text in
            if case .bytes = self, text.integer != nil { return Array("not canonical".utf8) }
            return text.bytes
        }
    }
}

/// What came of decoding some bytes.
struct Decoded: Equatable {
    var events: [Seen] = []
    var error: RDBError?
    var emptyKeys = 0
    /// The most memory the decoder held between two pieces, in bytes.
    var peak = 0
}

/// Decodes `file` in pieces whose sizes `piece` tells.
func decode(
    _ file: [UInt8], verifies: Bool = true, stringLimit: Int = RDBFormat.stringLimit,
    piece: () -> Int = { 1 << 20 }
) -> Decoded {
    let heap = Heap()
    var decoder = RDBDecoder(heap: heap, verifies: verifies, stringLimit: stringLimit)
    var decoded = Decoded()
    do throws(RDBError) {
        var position = 0
        while position < file.count {
            let end = min(file.count, position + max(1, piece()))
            Array(file[position..<end]).withView { decoder.feed($0) }
            position = end
            while !decoder.isFinished, let seen = Seen(try decoder.next()) {
                decoded.events.append(seen)
            }
            decoded.peak = max(decoded.peak, heap.used)
        }
        try decoder.finish()
        decoded.emptyKeys = decoder.emptyKeys
    } catch {
        decoded.error = error
        decoded.peak = max(decoded.peak, heap.used)
    }
    return decoded
}
