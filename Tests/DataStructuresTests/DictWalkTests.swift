import DataStructures
import Digests
import Memory
import Testing

@Suite("Walks over a dict") struct DictWalkTests {
    @Test("A scan of a dict at rest visits everything exactly once")
    func atRest() {
        for hashKey in hashKeys {
            for size in [0, 1, 6, 100, 1000] {
                var numbers = Numbers(heap: Heap(), hashKey: hashKey)
                for number in 0..<size { numbers.insert(number) }
                while numbers.dict.rehash(steps: 100) {}
                var seen: [Int] = []
                var cursor: UInt64 = 0
                repeat {
                    cursor = numbers.dict.scan(cursor) { seen.append($0.number) }
                } while cursor != 0
                #expect(seen.sorted() == Array(0..<size))
            }
        }
    }

    @Test("A scan meets whatever is there all the time, while the table grows and shrinks")
    func underChanges() {
        for seed in 0..<60 {
            var random = RandomGenerator(seed: UInt64(seed))
            var numbers = Numbers(heap: Heap(), hashKey: hashKeys[seed % 3])
            var present: Set<Int> = []
            for number in 0..<random.below(3000) + 20 {
                numbers.insert(number)
                present.insert(number)
            }
            var stable = present
            var seen: Set<Int> = []
            var cursor: UInt64 = 0
            let grows = seed % 2 == 0
            repeat {
                cursor = numbers.dict.scan(cursor) { seen.insert($0.number) }
                for _ in 0..<random.below(40) {
                    let number = random.below(grows ? 40_000 : 4000)
                    if grows, !present.contains(number) {
                        numbers.insert(number)
                        present.insert(number)
                    } else if !grows, present.contains(number) {
                        let removed = numbers.remove(number)
                        check(removed)
                        present.remove(number)
                        stable.remove(number)
                    }
                }
            } while cursor != 0
            #expect(stable.isSubset(of: seen))
        }
    }

    @Test("A scan with any cursor whatever is harmless")
    func anyCursor() {
        var random = RandomGenerator(seed: 5)
        var numbers = Numbers(heap: Heap(), hashKey: hashKeys[0])
        for number in 0..<1000 { numbers.insert(number) }
        for _ in 0..<1000 {
            var visited = 0
            _ = numbers.dict.scan(random.next()) { _ in visited += 1 }
            check(visited < 200)
        }
    }

    @Test("Random elements are spread evenly, whether a rehash is under way or not")
    func random() {
        var random = RandomGenerator(seed: 1)
        for size in [1, 7, 300, 330, 700] {
            var numbers = Numbers(heap: Heap(), hashKey: hashKeys[0])
            for number in 0..<size { numbers.insert(number, marked: number % 3 == 0) }
            let marked = numbers.dict.markedCount
            #expect(marked == (size + 2) / 3)
            var hits = [Int](repeating: 0, count: size)
            var markedHits = hits
            for _ in 0..<(size * 200) {
                if let found = numbers.dict.random(&random) { hits[found.number] += 1 }
                if let found = numbers.dict.randomMarked(&random) { markedHits[found.number] += 1 }
            }
            // 200 expected of each, and more of the marked; the deviation is the square root.
            let expected = size * 200 / marked
            #expect(hits.allSatisfy { $0 > 120 && $0 < 280 } || size == 1)
            for number in 0..<size where size > 1 {
                let hit = markedHits[number]
                check(number % 3 == 0 ? abs(hit - expected) < expected / 4 : hit == 0)
            }
        }
    }

    @Test("Nothing is found at random in an empty dict, and something in a sparse one")
    func sparse() {
        var random = RandomGenerator(seed: 2)
        var numbers = Numbers(heap: Heap(), hashKey: hashKeys[0])
        let nothing = numbers.dict.random(&random)
        let nothingMarked = numbers.dict.randomMarked(&random)
        #expect(nothing == nil && nothingMarked == nil)
        numbers.dict.reserve(100_000)
        numbers.insert(42, marked: true)
        let found = numbers.dict.random(&random)
        let marked = numbers.dict.randomMarked(&random)
        #expect(found == Number(42) && marked == Number(42))
    }

    @Test("A sample has the size asked for and no element twice")
    func sample() {
        var random = RandomGenerator(seed: 3)
        var numbers = Numbers(heap: Heap(), hashKey: hashKeys[0])
        for number in 0..<500 { numbers.insert(number) }
        var seen: Set<Int> = []
        for _ in 0..<2000 {
            var sample: [Int] = []
            numbers.dict.sample(5, &random) { sample.append($0.number) }
            check(sample.count == 5 && Set(sample).count == 5)
            seen.formUnion(sample)
        }
        #expect(seen.count == 500)
    }

    @Test("A sweep meets every marked element once a round and looks at few others")
    func sweep() {
        for (size, every) in [(0, 1), (5, 1), (330, 2), (50_000, 5000), (50_000, 3)] {
            var numbers = Numbers(heap: Heap(), hashKey: hashKeys[0])
            for number in 0..<size { numbers.insert(number, marked: number % every == 0) }
            var place = DictSweep()
            for _ in 0..<2 {
                var met: [Int] = []
                var calls = 0
                while !numbers.dict.sweepMarked(&place, budget: 20, { met.append($0.number) }) {
                    calls += 1
                }
                #expect(met.sorted() == Array(stride(from: 0, to: size, by: every)))
                #expect(calls <= met.count / 20 + 20)
            }
        }
    }

    @Test("A sweep keeps meeting marked elements while the table moves")
    func sweepWhileMoving() {
        var random = RandomGenerator(seed: 4)
        var numbers = Numbers(heap: Heap(), hashKey: hashKeys[0])
        for number in 0..<100 { numbers.insert(number, marked: true) }
        var place = DictSweep()
        var met: Set<Int> = []
        var rounds = 0
        var next = 100
        while rounds < 40 {
            if numbers.dict.sweepMarked(
                &place, budget: 1 + random.below(9), { met.insert($0.number) })
            {
                rounds += 1
            }
            for _ in 0..<random.below(50) where next < 20_000 {
                numbers.insert(next)
                next += 1
            }
        }
        #expect(met == Set(0..<100))
    }
}
