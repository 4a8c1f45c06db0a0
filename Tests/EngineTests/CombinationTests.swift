import Digests
import Engine
import Testing

/// Sets combined, walked and emptied at all sizes, beside Swift's own sets.
@Suite struct CombinationTests {
    private let bench = EngineBench()

    private func elements(_ line: String) -> [String] {
        bench.run(line).split(separator: "|", omittingEmptySubsequences: false).enumerated()
            .compactMap { $0.offset % 2 == 0 && $0.offset > 0 ? String($0.element) : nil }
    }

    /// Makes the set `name` of random members, integers alone every other time.
    private func fill(_ name: String, _ random: inout RandomGenerator) -> Set<String> {
        let count = [0, 1, 10, 120, 140, 700][random.below(6)]
        let isNumeric = random.below(2) == 0
        var members: Set<String> = []
        for _ in 0..<count {
            let number = random.below(max(2 * count, 40))
            members.insert(isNumeric || random.below(2) == 0 ? "\(number)" : "m\(number)")
        }
        bench.run("DEL \(name)")
        if !members.isEmpty { bench.run("SADD \(name) " + members.joined(separator: " ")) }
        return members
    }

    @Test(arguments: 1...6)
    func combinationsAreThoseOfSets(_ seed: UInt64) {
        var random = RandomGenerator(seed: seed)
        for _ in 0..<8 {
            let names = (0...random.below(5)).map { "s\($0)" }
            let sets = names.map { fill($0, &random) }
            let list = names.joined(separator: " ")
            let union = sets.reduce(Set<String>()) { $0.union($1) }
            let common = sets.dropFirst().reduce(sets[0]) { $0.intersection($1) }
            let rest = sets.dropFirst().reduce(sets[0]) { $0.subtracting($1) }
            for (verb, wanted) in [("SUNION", union), ("SINTER", common), ("SDIFF", rest)] {
                let found = elements("\(verb) \(list)")
                #expect(found.count == wanted.count && Set(found) == wanted, "\(verb) \(list)")
                let target = random.below(2) == 0 ? "d" : "s0"
                bench.run("COPY s0 kept REPLACE")
                #expect(bench.run("\(verb)STORE \(target) \(list)") == ":\(wanted.count)")
                let stored = elements("SMEMBERS \(target)")
                #expect(stored.count == wanted.count && Set(stored) == wanted)
                bench.run("DEL s0")
                bench.run("COPY kept s0 REPLACE")
                bench.run("DEL kept")
            }
            #expect(bench.run("SINTERCARD \(names.count) \(list)") == ":\(common.count)")
            let limit = 1 + random.below(20)
            #expect(
                bench.run("SINTERCARD \(names.count) \(list) LIMIT \(limit)")
                    == ":\(min(limit, common.count))")
        }
    }

    @Test(arguments: [5, 127, 128, 129, 2000])
    func aWalkVisitsEveryFieldOnce(_ count: Int) {
        let fields = (0..<count).map { "f\($0)" }
        for field in fields { bench.run("HSET h \(field) v\(field)") }
        var seen: [String: String] = [:]
        var cursor = "0"
        repeat {
            let reply = bench.run("HSCAN h \(cursor) COUNT 20").split(separator: "|")
            cursor = String(reply[2])
            for index in stride(from: 5, to: reply.count, by: 4) {
                seen[String(reply[index])] = String(reply[index + 2])
            }
        } while cursor != "0"
        #expect(seen == Dictionary(uniqueKeysWithValues: fields.map { ($0, "v\($0)") }))
    }

    @Test(arguments: [3, 128, 129, 1500])
    func poppingAllOfASetEmptiesIt(_ count: Int) {
        let members = Set((0..<count).map { "m\($0)" })
        bench.run("SADD s " + members.joined(separator: " "))
        var popped: [String] = []
        while popped.count < count {
            let some = elements("SPOP s \(1 + popped.count % 50)")
            if some.isEmpty { break }
            popped += some
        }
        #expect(popped.count == count && Set(popped) == members)
        #expect(bench.run("EXISTS s") == ":0")
    }
}
