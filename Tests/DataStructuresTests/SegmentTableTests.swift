import DataStructures
import Digests
import Memory
import Testing

/// A table of segments holds what a dictionary would, whatever is done to it.
struct SegmentTableTests {
    @Test(arguments: 0..<24) func holdsWhatADictionaryWould(_ seed: Int) {
        var texts = SegmentTexts(
            random: RandomGenerator(seed: UInt64(seed)), range: [30, 700, 6000][seed % 3],
            rarity: seed % 4 == 0 ? 1 : 20)
        var held = SegmentModel(hasValues: seed % 2 == 0)
        let steps = 12_000
        for step in 0..<steps {
            // Rather grows in the first half, rather shrinks in the second.
            let choice = texts.random.below(step < steps / 2 ? 70 : 130)
            switch choice {
            case 0..<40: held.put(texts.key(), texts.value())
            case 40..<44: held.put(texts.key(), texts.value(), keepsExpiry: true)
            case 44..<50: held.setExpiry(texts.key(), Int64(texts.random.below(10_000)))
            case 50..<52: held.setExpiry(texts.key(), nil)
            case 52: held.pop(&texts.random)
            case 53 where step % 7 == 0: held.expire(now: Int64(texts.random.below(3000)))
            case 54 where step % 5 == 0: held.freeze()
            case 55 where step % 5 == 0: held.thaw()
            case 53..<56: break
            case 56..<62:
                let key = texts.key()
                check(held.find(key) == held.model[key])
            default: held.remove(texts.key())
            }
            if step % 1500 == 0 {
                check(held.faults == [])
                check(held.isAsModelled())
            }
        }
        check(held.faults == [])
        check(held.isAsModelled())
        #expect(held.free() == 0)
    }

    @Test(arguments: [false, true]) func growsAndShrinksByOneSegmentAtATime(_ hasValues: Bool) {
        var held = SegmentModel(hasValues: hasValues)
        let keys = (0..<100_000).map { Array("key:\($0)".utf8) }
        for (number, key) in keys.enumerated() {
            let before = held.table.segments
            held.put(key, key)
            check(held.table.segments - before <= 1)
            if number == 50_000 { held.freeze() }
        }
        check(held.faults == [])
        check(held.isAsModelled())
        let greatest = held.table.segments
        #expect(greatest > 1000)
        held.thaw()
        for (number, key) in keys.enumerated() {
            let before = held.table.segments
            held.remove(key)
            check(before - held.table.segments <= 2)
            if number == 30_000 { held.freeze() }
        }
        #expect(held.table.count == 0 && held.table.segments == 1 && held.table.bytes == 0)
        check(held.faults == [])
        check(held.isAsModelled())
        #expect(held.free() == 0)
    }

    @Test func aFindDoesTheSameInABigTable() {
        let small = members(0..<1000)
        let big = members(0..<1_000_000)
        #expect(small.table.depth == 1 && big.table.depth == 2)
        #expect(big.table.longestSegment < 150)
        #expect(big.table.footprint == big.heap.used)
        for number in stride(from: 0, to: 1_000_000, by: 997) {
            check(big.find(Array("member:\(number)".utf8)) != nil)
            check(big.find(Array("stranger:\(number)".utf8)) == nil)
        }
        check(big.faults == [])
        // A key of 14 bytes, a slot of 4, and a quarter on top at most.
        var (first, second) = (small, big)
        #expect(big.table.footprint < 1_000_000 * (14 + 4) * 5 / 4)
        #expect(first.free() == 0 && second.free() == 0)
    }

    @Test func entriesThatAreBigFillNoSegmentBeyondItsSize() {
        var held = SegmentModel(hasValues: true)
        // First many small ones, so that segments are few for what comes.
        let keys = (0..<3000).map { Array("\($0)".utf8) }
        for key in keys { held.put(key, []) }
        for (number, key) in keys.enumerated() {
            held.put(key, [UInt8](repeating: UInt8(number & 127), count: 1000 + number % 25))
            held.put(key + key, [UInt8](repeating: 1, count: 1024))
        }
        check(held.faults == [])
        check(held.isAsModelled())
        for key in keys {
            held.put(key, [49])
            held.remove(key + key)
        }
        check(held.faults == [])
        check(held.isAsModelled())
        #expect(held.table.segments < 100)
        #expect(held.free() == 0)
    }

    @Test func aValueOfTheSameSizeTakesNoMoreRoom() {
        var held = SegmentModel(hasValues: true)
        for number in 0..<500 { held.put(Array("k\(number)".utf8), Array("value0".utf8)) }
        let (bytes, footprint) = (held.table.bytes, held.table.footprint)
        for round in 0..<10 {
            for number in 0..<500 {
                held.put(Array("k\(number)".utf8), Array("value\(round)".utf8))
            }
        }
        #expect(held.table.bytes == bytes && held.table.footprint == footprint)
        #expect(held.heap.used == footprint)
        check(held.isAsModelled())
        #expect(held.free() == 0)
    }

    @Test func readingAndUselessChangesCopyNothingOfAFrozenTable() {
        var set = members(0..<5000)
        set.freeze()
        let used = set.heap.used
        for number in 0..<6000 {
            check((set.find(Array("member:\(number)".utf8)) != nil) == (number < 5000))
        }
        for number in 0..<5000 { set.put(Array("member:\(number)".utf8)) }
        for number in 5000..<6000 { set.remove(Array("member:\(number)".utf8)) }
        #expect(set.heap.used == used && set.lineage.droppedBytes == 0)
        set.put([1, 2, 3])
        // A segment, a node of the tree, perhaps both once more to make one segment more.
        #expect(set.heap.used - used < 20_000)
        check(set.isAsModelled())
        #expect(set.heap.used == set.table.footprint + set.lineage.droppedBytes)
        #expect(set.free() == 0)
    }

    @Test func whatExpiresIsFoundWithoutLookingAtTheRest() {
        var held = SegmentModel(hasValues: true)
        for number in 0..<50_000 { held.put(Array("field:\(number)".utf8), [49]) }
        for number in stride(from: 0, to: 50_000, by: 5000) {
            held.setExpiry(Array("field:\(number)".utf8), Int64(1000 + number))
        }
        #expect(held.table.expiring == 10)
        var sweep = SegmentSweep()
        var met = 0
        // Ten segments have a field that expires, and the eleventh step finds the end.
        let (budget, now) = (11, Int64(26_000))
        let isEnd = held.table.expire(
            &sweep, now: now, budget: budget, &held.lineage, heap: held.heap,
            hashKey: held.hashKey
        ) { _ in met += 1 }
        #expect(isEnd && met == 6 && held.table.expiring == 4)
        check(held.faults == [])
        held.model = held.model.filter { ($0.value.expiry ?? .max) > now }
        check(held.isAsModelled())
        // Setting a field anew makes it stay.
        for number in stride(from: 0, to: 50_000, by: 5000) {
            held.put(Array("field:\(number)".utf8), [50])
        }
        #expect(held.table.expiring == 0 && held.faults.isEmpty)
        #expect(held.free() == 0)
    }

    @Test(arguments: 0..<6) func aCopyIsATableOfItsOwn(_ seed: Int) {
        var texts = SegmentTexts(
            random: RandomGenerator(seed: UInt64(seed)), range: 5000, rarity: 2)
        var held = SegmentModel(hasValues: seed % 2 == 0)
        for _ in 0..<[0, 10, 10_000][seed % 3] {
            held.put(texts.key(), texts.value())
            held.setExpiry(texts.key(), 5)
        }
        var lineage = Lineage()
        var copy = SegmentTable(copying: held.table)
        while !copy.copy(held.table, 3, &lineage, heap: held.heap) {}
        let model = held.model
        while held.table.count > 0 { held.pop(&texts.random) }
        _ = held.free()
        #expect(SegmentModel.contents(copy) == model)
        #expect(copy.checkInvariants(hashKey: held.hashKey).isEmpty)
        #expect(held.heap.used == copy.footprint)
        while !copy.free(100, &lineage, heap: held.heap) {}
        #expect(held.heap.used == 0)
    }
}
