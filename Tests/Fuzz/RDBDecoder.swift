// Any bytes, cut anywhere, come to the same events and the same error; memory stays within what
// was fed; what was read as whole entries can be written and read again.
import DataStructures
import Memory
import Persistence

@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> Int32 {
    guard size > 1 else { return 0 }
    let step = unsafe Int(data[0]) + 1
    let file = unsafe Array(UnsafeBufferPointer(start: data + 1, count: size - 1))
    let whole = decode(file, step: file.count)
    let cut = decode(file, step: step)
    guard whole.events == cut.events, whole.failure == cut.failure else {
        fatalError("the cut decides what is read")
    }
    // A compressed string may be 88 times as long as what it was read from.
    guard cut.peak <= 400 * file.count + 4096 else { fatalError("memory without bytes") }
    let again = decode(whole.written, step: step)
    guard again.failure == nil, again.written == whole.written else {
        fatalError("entries do not survive writing")
    }
    payload(file)
    return 0
}

/// Reads the bytes as a payload of DUMP, with ten more for its footer.
func payload(_ bytes: [UInt8]) {
    (bytes + [UInt8](repeating: 0, count: 10)).withView { view in
        var reader = DumpReader(view, heap: Heap(), stringLimit: 1 << 20)
        var events = 0
        while let event = try? reader.next() {
            if case .end = event { break }
            _ = text(event)
            events += 1
            // A string of items may be compressed.
            guard events <= 100 * bytes.count + 2 else { fatalError("events without bytes") }
        }
    }
}

/// The events of `file`, given in pieces of `step` bytes, as text; and its entries as a file.
func decode(
    _ file: [UInt8], step: Int
) -> (events: [[UInt8]], failure: RDBError?, written: [UInt8], peak: Int) {
    let heap = Heap()
    var decoder = RDBDecoder(heap: heap, verifies: false, stringLimit: 1 << 20)
    var encoder = RDBEncoder(heap: Heap())
    var written = ByteBuffer(heap: Heap())
    encoder.header(into: &written)
    var events: [[UInt8]] = []
    var peak = 0
    var failure: RDBError?
    var start = 0
    do throws(RDBError) {
        while start < file.count, !decoder.isFinished {
            let end = min(start + step, file.count)
            // A piece of its own, so that the sanitizer sees any look behind its end.
            Array(file[start..<end]).withView { decoder.feed($0) }
            start = end
            var isUsedUp = false
            while !isUsedUp, !decoder.isFinished {
                let event = try decoder.next()
                if case .needMore = event { isUsedUp = true }
                write(event, decoder, &encoder, &written)
                if let text = text(event) { events.append(text) }
            }
            peak = max(peak, heap.used)
        }
        if !decoder.isFinished { try decoder.finish() }
    } catch { failure = error }
    encoder.end(into: &written)
    return (events, failure, written.readable.bytes, peak)
}

/// Writes strings, and values of other types as single elements under their keys.
func write(
    _ event: RDBEvent, _ decoder: borrowing RDBDecoder, _ encoder: inout RDBEncoder,
    _ written: inout ByteBuffer
) {
    let key = decoder.key
    switch event {
    case .entry(let entry):
        encoder.entry(entry.key, entry.value, entry.attributes, into: &written)
    case .element(let item):
        encoder.beginCollection(.list, key, count: 1, into: &written)
        encoder.element(item, into: &written)
    case .field(let field, let value, _):
        encoder.beginCollection(.hash, key, count: 1, into: &written)
        encoder.field(field, value, into: &written)
    case .member(let member, let score):
        encoder.beginCollection(.sortedSet, key, count: 1, into: &written)
        encoder.member(member, score: score, into: &written)
    case .stream(.entry(let id, let fields)):
        var node = StreamNodeBuilder(heap: Heap())
        node.append(id, fields: fields)
        var state = RDBStreamState()
        (state.count, state.first, state.last, state.added) = (1, id, id, 1)
        encoder.beginCollection(.stream, key, count: 1, into: &written)
        encoder.node(node.base, node.finish(), into: &written)
        encoder.state(state, into: &written)
        encoder.partCount(0, into: &written)
    default: break
    }
}

func text(_ event: RDBEvent) -> [UInt8]? {
    switch event {
    case .needMore: nil
    case .aux(let key, let value): [1] + key.bytes + [0] + value.bytes
    case .selectDatabase(let number): [2] + Array("\(number)".utf8)
    case .resize(let keys, let expires): [3] + Array("\(keys) \(expires)".utf8)
    case .function(let code): [4] + code.bytes
    case .moduleAux(let name): [5] + Array(name.utf8)
    case .end(let checksum): [6] + Array("\(checksum)".utf8)
    case .entry(let entry): [7] + entry.key.bytes + text(entry)
    case .begin(let value):
        [8] + value.key.bytes + Array("\(value.kind) \(value.attributes)".utf8)
    case .element(let item): [9] + text(item)
    case .field(let field, let value, let expiry):
        [10] + text(field) + [0] + text(value) + Array("\(expiry ?? 0)".utf8)
    case .member(let member, let score):
        [11] + text(member) + Array("\(score.bitPattern)".utf8)
    case .stream(let part): [12] + text(part)
    case .endCollection: [13]
    }
}

func text(_ item: RDBItem) -> [UInt8] {
    item.withText { text in
        if case .bytes = item, text.integer != nil { fatalError("an integer given as bytes") }
        return text.bytes
    }
}

func text(_ part: RDBStreamPart) -> [UInt8] {
    switch part {
    case .entry(let id, let fields):
        var reader = PackedReader(fields)
        var items = 0
        while let item = reader.next() {
            _ = text(item)
            items += 1
        }
        guard items % 2 == 0 else { fatalError("a field without value") }
        return Array("\(id)".utf8) + fields.bytes
    case .state(let state): return Array("\(state)".utf8)
    case .group(let group):
        return group.name.bytes + Array("\(group.last) \(group.read ?? -1)".utf8)
    case .pending(let entry): return Array("\(entry)".utf8)
    case .consumer(let consumer):
        return consumer.name.bytes
            + Array("\(consumer.seenAt) \(consumer.activeAt ?? -1)".utf8)
    case .owned(let id): return Array("\(id)".utf8)
    }
}

func text(_ entry: RDBEntry) -> [UInt8] {
    let attributes = Array("\(entry.attributes)".utf8)
    return switch entry.value {
    case .string(let bytes): [0] + bytes.bytes + attributes
    case .integer(let number): [1] + Array("\(number)".utf8) + attributes
    }
}
