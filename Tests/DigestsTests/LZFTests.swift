import Digests
import Memory
import Testing

@Suite struct LZFTests {
    @Test func `what was compressed comes back`() {
        let heap = Heap()
        var random = RandomGenerator(seed: 7)
        for round in 0..<200 {
            let bytes = (0..<random.below(3000) + 32).map { _ in UInt8(random.below(round % 5 + 1))
            }
            var packed = ByteBuffer(heap: heap)
            guard let length = bytes.withView({ LZF.compress($0, into: &packed) }) else { continue }
            #expect(length == packed.count)
            #expect(length <= bytes.count - 4)
            var unpacked = ByteBuffer(heap: heap)
            let fits = LZF.decompress(packed.readable, to: bytes.count, into: &unpacked)
            #expect(fits)
            #expect(unpacked.readable.bytes == bytes)
        }
    }

    @Test func `noise and short strings stay as they are`() {
        let heap = Heap()
        var random = RandomGenerator(seed: 8)
        var buffer = ByteBuffer(heap: heap)
        let noise = (0..<500).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let packed = noise.withView { LZF.compress($0, into: &buffer) }
        #expect(packed == nil)
        let short = LZF.compress(ByteView("aaaa"), into: &buffer)
        #expect(short == nil)
        let count = buffer.count
        #expect(count == 0)
    }

    @Test func `damaged input is refused and adds nothing`() {
        let heap = Heap()
        var random = RandomGenerator(seed: 9)
        let bytes = [UInt8](repeating: 97, count: 400)
        var packed = ByteBuffer(heap: heap)
        let length = bytes.withView { LZF.compress($0, into: &packed) }
        #expect(length != nil)
        let good = packed.readable.bytes
        var refused = 0
        for _ in 0..<500 {
            var bad = good
            bad[random.below(bad.count)] = UInt8(truncatingIfNeeded: random.next())
            var out = ByteBuffer(heap: heap)
            let fits = bad.withView { LZF.decompress($0, to: 400, into: &out) }
            let count = out.count
            #expect(count == (fits ? 400 : 0))
            if !fits { refused += 1 }
        }
        #expect(refused > 100)
        var out = ByteBuffer(heap: heap)
        let tooShort = good.withView { LZF.decompress($0, to: 399, into: &out) }
        #expect(!tooShort)
    }
}
