import Digests
import Memory
import RESP

/// What a stream of requests came to: the requests, and how it ended.
struct Parsed: Equatable {
    var requests: [[[UInt8]]] = []
    var skipped = 0
    var failure: RESPError?
    var rest = 0
}

/// Parses `stream` as it arrives cut behind the bytes `cuts`, in a new buffer for every piece so
/// that nothing may lean on an earlier one. With `examined` the parser's count of work.
func parse(
    _ stream: [UInt8], cuts: [Int] = [], limits: RequestLimits = RequestLimits()
) -> (parsed: Parsed, examined: Int) {
    var parser = RequestParser()
    var arena = ArgumentArena()
    var result = Parsed()
    var start = 0
    for end in cuts + [stream.count] {
        let piece = Array(stream[start..<end])
        piece.withView { view in
            var position = 0
            loop: while true {
                switch parser.next(view, at: position, limits: limits, into: &arena) {
                case .incomplete: break loop
                case .request(let first, let count, let end):
                    result.requests.append((first..<first + count).map { arena[$0].bytes })
                    position = end
                case .skipped(let end):
                    result.skipped += 1
                    position = end
                case .failure(let error):
                    result.failure = error
                    break loop
                }
            }
            start += position
            arena.removeAll()
        }
        if result.failure != nil { break }
    }
    result.rest = stream.count - start
    return (result, parser.examined)
}

/// Parses text as requests.
func parse(_ text: String, limits: RequestLimits = RequestLimits()) -> Parsed {
    parse(Array(text.utf8), limits: limits).parsed
}

/// Words as a request.
func words(_ text: String...) -> [[UInt8]] { text.map { Array($0.utf8) } }

extension RandomGenerator {
    /// Up to `most` random bytes, with those that mean something in RESP more often than others.
    mutating func bytes(_ most: Int) -> [UInt8] {
        let special = Array("\r\n$*+-:\"'\\ \0x0".utf8)
        return (0..<below(most + 1)).map { _ in
            below(2) == 0 ? special[below(special.count)] : UInt8(below(256))
        }
    }

    /// Ascending positions inside `count` bytes.
    mutating func cuts(_ count: Int) -> [Int] {
        guard count > 1 else { return [] }
        return (0..<below(8)).map { _ in 1 + below(count - 1) }.sorted()
    }
}
