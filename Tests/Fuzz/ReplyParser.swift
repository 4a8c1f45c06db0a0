// Any bytes, cut anywhere, come to the same replies and the same error; every reply can be
// written and parsed again; no byte outside the input is touched, and the work is linear.
import Memory
import RESP

@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> Int32 {
    guard size > 1 else { return 0 }
    let step = unsafe Int(data[0]) + 1
    let stream = unsafe Array(UnsafeBufferPointer(start: data + 1, count: size - 1))
    let whole = parse(stream, step: stream.count)
    let cut = parse(stream, step: step)
    let written = encode(whole.values)
    guard written == encode(cut.values), whole.failure == cut.failure else {
        fatalError("the cut decides what is parsed")
    }
    guard cut.examined <= 4 * stream.count + 4 else { fatalError("more than linear work") }
    // Text that was no UTF-8 is longer when it is written.
    let again = parse(written, step: written.count, longestLine: 64 << 10)
    guard again.failure == nil, encode(again.values) == written else {
        fatalError("a reply does not survive writing")
    }
    return 0
}

/// The replies of `stream`, given in pieces of `step` bytes.
func parse(
    _ stream: [UInt8], step: Int, longestLine: Int = 300
) -> (values: [RESPValue], failure: RESPError?, examined: Int) {
    var limits = ReplyLimits()
    limits.line = longestLine
    limits.elements = 1000
    limits.bulk = 1 << 20
    var parser = ReplyParser(limits: limits)
    var values: [RESPValue] = []
    var start = 0
    var end = 0
    while end < stream.count {
        end = min(end + step, stream.count)
        let failure = Array(stream[start..<end]).withView { view -> RESPError? in
            var position = 0
            defer { start += position }
            while true {
                switch parser.next(view, at: position) {
                case .incomplete: return nil
                case .failure(let error): return error
                case .value(let value, let end):
                    values.append(value)
                    position = end
                }
            }
        }
        if let failure { return (values, failure, parser.examined) }
    }
    return (values, nil, parser.examined)
}

/// The replies as RESP3.
func encode(_ values: [RESPValue]) -> [UInt8] {
    var writer = ReplyWriter(heap: heap)
    writer.version = .three
    for value in values { writer.value(value) }
    return writer.buffer.readable.bytes
}

/// One for all runs, because the counters of a heap are never given back.
nonisolated(unsafe) let heap = Heap()
