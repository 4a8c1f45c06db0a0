// Any bytes, cut anywhere, come to the same requests and the same error; no byte outside the
// input is touched, and the work is linear.
import Memory
import RESP

@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> Int32 {
    guard size > 2 else { return 0 }
    let control = unsafe (data[0], data[1])
    let stream = unsafe Array(UnsafeBufferPointer(start: data + 2, count: size - 2))
    let limits = RequestLimits(
        maxBulk: 1 << 20, maxInline: 300, isAuthenticated: control.0 & 1 == 0)
    let whole = parse(stream, step: stream.count, limits)
    let cut = parse(stream, step: Int(control.1) + 1, limits)
    guard whole.bytes == cut.bytes, whole.failure == cut.failure, whole.end == cut.end else {
        fatalError("the cut decides what is parsed")
    }
    guard cut.examined <= 4 * stream.count + 4 else { fatalError("more than linear work") }
    return 0
}

/// The requests of `stream`, given in pieces of `step` bytes, as one text.
func parse(
    _ stream: [UInt8], step: Int, _ limits: RequestLimits
) -> (bytes: [UInt8], failure: RESPError?, end: Int, examined: Int) {
    var parser = RequestParser()
    var arena = ArgumentArena(heap: heap)
    var bytes: [UInt8] = []
    var start = 0
    var end = 0
    while end < stream.count {
        end = min(end + step, stream.count)
        // A piece of its own, so that the sanitizer sees any look behind its end.
        let failure = Array(stream[start..<end]).withView { view -> RESPError? in
            var position = 0
            defer { start += position }
            while true {
                switch parser.next(view, at: position, limits: limits, into: &arena) {
                case .incomplete: return nil
                case .skipped(let end): position = end
                case .failure(let error): return error
                case .request(let first, let count, let end):
                    bytes += RequestWriter.bytes(["\(count)"])
                    for index in first..<first + count { bytes += arena[index].bytes + [10] }
                    position = end
                }
            }
        }
        arena.removeAll()
        if let failure { return (bytes, failure, start, parser.examined) }
    }
    return (bytes, nil, start, parser.examined)
}

/// One for all runs, because the counters of a heap are never given back.
nonisolated(unsafe) let heap = Heap()
