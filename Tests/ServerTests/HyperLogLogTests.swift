import Foundation
import Testing

/// Thousands of sets on our server and on redis-server: the estimates are the same, and so are
/// the strings, byte for byte.
@Suite("HyperLogLogs beside redis-server", .enabled(if: ServerProgram.redis != nil))
struct HyperLogLogTests {
    /// SplitMix64.
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = state
            word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
            return word ^ word >> 31
        }
    }

    private static func words(_ text: String) -> [[UInt8]] {
        text.split(separator: " ").map { Array($0.utf8) }
    }

    /// Requests that make some sketches, look at them, and unite them.
    private func requests(_ round: Int, sets: Int, most: Int) -> [[[UInt8]]] {
        var random = Numbers(state: UInt64(round))
        var result: [[[UInt8]]] = []
        let limit = [3000, 3000, 500, 0, 20_000][round % 5]
        result.append(Self.words("CONFIG SET hll-sparse-max-bytes \(limit)"))
        for set in 0..<sets {
            let key = "h\(set % 8)"
            if set % 3 > 0 { result.append(Self.words("DEL \(key)")) }
            let size = Int(pow(Double(most), Double.random(in: 0...1, using: &random)))
            var left = size
            while left > 0 {
                let count = min(left, Int.random(in: 1...200, using: &random))
                // Half of the sets have elements in common.
                let elements = (0..<count).map { _ in
                    set % 2 == 0
                        ? String(random.next(), radix: 36)
                        : "element:\(Int.random(in: 0..<2 * size, using: &random))"
                }
                result.append(Self.words("PFADD \(key) " + elements.joined(separator: " ")))
                left -= count
            }
            let other = "h\(Int.random(in: 0..<8, using: &random))"
            for line in ["PFCOUNT \(key)", "GET \(key)", "PFCOUNT \(key) \(other)"] {
                result.append(Self.words(line))
            }
            guard set % 5 == 0 else { continue }
            for line in ["PFMERGE m\(set % 2) \(key) \(other)", "PFCOUNT m0 m1", "GET m\(set % 2)"]
            {
                result.append(Self.words(line))
            }
        }
        return result
    }

    @Test("every reply is the same", arguments: [(40, 100, 1500), (4, 10, 60_000)])
    func replies(rounds: Int, sets: Int, most: Int) throws {
        let reference = try #require(ServerProgram.redis)
        let servers = [try RunningServer(reference), try RunningServer(ServerProgram.tandem)]
        // Nothing but these keeps the servers running.
        defer { withExtendedLifetime(servers) {} }
        let clients = try servers.map { try $0.connect() }
        for round in 0..<rounds {
            let requests = requests(round, sets: sets, most: most)
            // A hundred at a time, so that neither side waits for the other to read.
            for start in stride(from: 0, to: requests.count, by: 100) {
                let part = requests[start..<min(start + 100, requests.count)]
                for client in clients { try client.send(part.flatMap { WireClient.request($0) }) }
                for request in part {
                    let (wanted, got) = (try clients[0].reply(), try clients[1].reply())
                    guard wanted != got else { continue }
                    let line = String(
                        decoding: Array(request.joined(separator: [32])), as: UTF8.self)
                    Issue.record("round \(round): \(line.prefix(200)): \(got.count) bytes")
                    return
                }
            }
        }
    }
}
