import Digests
import Testing

@Suite struct RandomGeneratorTests {
    @Test func `the same seed gives the same numbers`() {
        var a = RandomGenerator(seed: 42)
        var b = RandomGenerator(seed: 42)
        for _ in 0..<100 { #expect(a.next() == b.next()) }
        #expect(a == b)
        #expect(RandomGenerator(seed: 1) != RandomGenerator(seed: 2))
    }

    @Test func `bounds hold and everything below is reached`() {
        var random = RandomGenerator(seed: 3)
        var seen = Set<Int>()
        for _ in 0..<2000 { seen.insert(random.below(10)) }
        #expect(seen == Set(0..<10))
        #expect((0..<100).allSatisfy { _ in (0..<1).contains(random.fraction()) })
    }

    @Test func `hex has the asked length and only digits`() {
        var random = RandomGenerator(seed: 4)
        let text = random.hex(40)
        #expect(text.count == 40)
        #expect(text.allSatisfy { "0123456789abcdef".contains($0) })
        #expect(random.hex(0).isEmpty)
    }
}
