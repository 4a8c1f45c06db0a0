// Any bytes, cut anywhere, come to the same events and the same error; memory stays within what
// was fed; what was read as strings can be written and read again.
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
    guard cut.peak <= 200 * file.count + 4096 else { fatalError("memory without bytes") }
    let again = decode(whole.written, step: step)
    guard again.failure == nil, again.written == whole.written else {
        fatalError("entries do not survive writing")
    }
    return 0
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
                if case .entry(let entry) = event {
                    encoder.entry(entry.key, entry.value, entry.attributes, into: &written)
                }
                if let text = text(event) { events.append(text) }
            }
            peak = max(peak, heap.used)
        }
        if !decoder.isFinished { try decoder.finish() }
    } catch { failure = error }
    encoder.end(into: &written)
    return (events, failure, written.readable.bytes, peak)
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
    }
}

func text(_ entry: RDBEntry) -> [UInt8] {
    let attributes = Array("\(entry.attributes)".utf8)
    return switch entry.value {
    case .string(let bytes): [0] + bytes.bytes + attributes
    case .integer(let number): [1] + Array("\(number)".utf8) + attributes
    }
}
