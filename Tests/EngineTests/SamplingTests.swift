import Engine
import Testing

/// Random choices of several different elements, at all sizes at which they are made differently.
@Suite struct SamplingTests {
    private static func elements(_ reply: String) -> [String] {
        reply.split(separator: "|").enumerated()
            .compactMap { $0.offset % 2 == 0 && $0.offset > 0 ? String($0.element) : nil }
    }

    @Test(arguments: [1, 2, 3, 40, 99, 100, 101])
    func aSampleOfASetHasDifferentMembersOfIt(_ count: Int) {
        let bench = EngineBench()
        let all = (0..<100).map { "m\($0)" }
        bench.run("SADD s " + all.joined(separator: " "))
        let sample = Self.elements(bench.run("SRANDMEMBER s \(count)"))
        #expect(sample.count == min(count, 100))
        #expect(Set(sample).count == sample.count && Set(sample).isSubset(of: all))
    }

    @Test func everyMemberIsChosenSometimesAndNoneMuchOftenerThanOthers() {
        let bench = EngineBench()
        bench.run("SADD s a b c d e f g h")
        var counts: [String: Int] = [:]
        for _ in 0..<800 {
            for member in Self.elements(bench.run("SRANDMEMBER s 3")) {
                counts[member, default: 0] += 1
            }
        }
        // 300 are expected of each; the generator's seed is fixed.
        #expect(counts.count == 8 && counts.values.allSatisfy { (220...380).contains($0) })
    }

    @Test func aNegativeCountRepeatsElements() {
        let bench = EngineBench()
        bench.run("HSET h a 1 b 2")
        let fields = Self.elements(bench.run("HRANDFIELD h -50"))
        #expect(fields.count == 50 && Set(fields) == ["a", "b"])
        let pairs = Self.elements(bench.run("HRANDFIELD h -50 WITHVALUES"))
        #expect(pairs.count == 100)
        for index in stride(from: 0, to: 100, by: 2) {
            #expect(pairs[index + 1] == (pairs[index] == "a" ? "1" : "2"))
        }
    }
}
