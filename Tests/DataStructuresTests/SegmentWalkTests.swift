import DataStructures
import Digests
import Memory
import Testing

/// Walks over a table of segments, and entries by chance.
struct SegmentWalkTests {
    @Test(arguments: [0, 1, 40, 100, 1000, 30_000])
    func aScanOfATableAtRestVisitsEverythingOnce(_ size: Int) {
        let set = members(0..<size)
        for wanted in [1, 10, 1000] {
            var seen: [[UInt8]] = []
            var cursor: UInt64 = 0
            repeat {
                let before = seen.count
                cursor = set.table.scan(cursor, wanted: wanted) {
                    seen.append($0.key.withText { $0.bytes })
                }
                check(seen.count - before < wanted + 150)
                check(cursor == 0 || seen.count - before >= wanted)
            } while cursor != 0
            #expect(seen.count == size && Set(seen) == Set(set.model.keys))
        }
    }

    @Test(arguments: 0..<40) func aScanMeetsWhateverIsThereAllTheTime(_ seed: Int) {
        var random = RandomGenerator(seed: UInt64(seed))
        let size = random.below(4000) + 200
        var set = members(0..<size)
        // What is there from the first step to the last.
        var stable = Set(0..<size)
        var seen: Set<Int> = []
        var cursor: UInt64 = 0
        var steps = 0
        repeat {
            cursor = set.table.scan(cursor, wanted: 1) { entry in
                if let number = Int(entry.key.withText { $0.string }.dropFirst(7)) {
                    seen.insert(number)
                }
            }
            steps += 1
            // Grows, shrinks, or does one after the other.
            let grows = seed % 3 == 0 || (seed % 3 == 1 && steps / 8 % 2 == 0)
            for _ in 0..<random.below(300) {
                let number = random.below(grows ? 60_000 : 4200)
                if grows {
                    set.put(Array("member:\(number)".utf8))
                } else {
                    set.remove(Array("member:\(number)".utf8))
                    stable.remove(number)
                }
            }
        } while cursor != 0
        #expect(stable.isSubset(of: seen))
        #expect(set.free() == 0)
    }

    @Test func aScanWithAnyCursorIsHarmless() {
        let set = members(0..<10_000)
        var random = RandomGenerator(seed: 5)
        for _ in 0..<1000 {
            var visited = 0
            _ = set.table.scan(random.next(), wanted: 10) { _ in visited += 1 }
            check(visited < 160)
        }
    }

    @Test(arguments: [1, 60, 400, 1000]) func everyEntryIsAsLikelyAsAnyOther(_ size: Int) {
        let set = members(0..<size)
        var random = RandomGenerator(seed: 7)
        var hits: [[UInt8]: Int] = [:]
        for _ in 0..<size * 200 {
            let entry = set.table.entry(at: set.table.random(&random))
            hits[entry.key.withText { $0.bytes }, default: 0] += 1
        }
        // 200 expected of each; the standard deviation is 14.
        #expect(hits.count == size)
        #expect(hits.values.allSatisfy { $0 > 130 && $0 < 270 || size == 1 })
    }

    @Test func theLastEntriesOfABigTableAreFound() {
        var set = members(0..<20_000)
        var random = RandomGenerator(seed: 8)
        while set.table.count > 0 { set.pop(&random) }
        #expect(set.model.isEmpty && set.faults.isEmpty)
        #expect(set.free() == 0)
    }

    @Test func aSampleHasTheSizeAskedForAndNoEntryTwice() {
        let set = members(0..<2000)
        var random = RandomGenerator(seed: 9)
        var hits: [[UInt8]: Int] = [:]
        for wanted in [0, 1, 7, 499, 500, 501, 1999, 2000, 5000] {
            for _ in 0..<20 {
                var sample: [[UInt8]] = []
                set.table.sample(wanted, &random, heap: set.heap) {
                    sample.append($0.key.withText { $0.bytes })
                }
                check(sample.count == min(wanted, 2000) && Set(sample).count == sample.count)
                for key in sample { hits[key, default: 0] += 1 }
            }
        }
        // 75 expected of each, 60 of them all but certain.
        #expect(hits.count == 2000)
        #expect(hits.values.allSatisfy { $0 > 57 && $0 < 97 })
        #expect(set.heap.used == set.table.footprint)
    }

    @Test func aFrozenTableIsReadSegmentBySegmentWhileItChanges() {
        var set = members(0..<20_000)
        set.freeze()
        guard let frozen = set.frozen else { return #expect(Bool(false), "not frozen") }
        var random = RandomGenerator(seed: 10)
        var seen: Set<[UInt8]> = []
        for index in 0..<frozen.table.segments {
            frozen.table.visit(index) { seen.insert($0.key.withText { $0.bytes }) }
            for _ in 0..<100 {
                set.remove(Array("member:\(random.below(20_000))".utf8))
                set.put(Array("other:\(random.below(20_000))".utf8))
            }
        }
        #expect(seen == Set(frozen.model.keys))
        #expect(set.faults == [])
        check(set.isAsModelled())
        #expect(set.free() == 0)
    }
}
