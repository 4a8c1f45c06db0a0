import DataStructures
import Digests
import Memory
import Testing

@Suite("Dict") struct DictTests {
    @Test("It holds what a set holds under random changes, however bad the hashes")
    func model() {
        for (seed, hashKey) in hashKeys.enumerated() {
            let heap = Heap()
            let atStart = heap.used
            do {
                var random = RandomGenerator(seed: UInt64(seed))
                var numbers = Numbers(heap: heap, hashKey: hashKey)
                var model: [Int: Bool] = [:]
                // Grows and shrinks in turn, between nothing and a few hundred.
                for step in 0..<12_000 {
                    let number = random.below(600)
                    let grows = step / 1500 % 2 == 0
                    if model[number] == nil, grows || random.below(8) == 0 {
                        let marked = random.below(3) == 0
                        numbers.insert(number, marked: marked)
                        model[number] = marked
                    } else if !grows || random.below(8) == 0 {
                        #expect(
                            numbers.remove(number) == (model.removeValue(forKey: number) != nil))
                    } else if model[number] != nil {
                        let marked = random.below(2) == 0
                        numbers.mark(number, marked)
                        model[number] = marked
                    }
                    let contained = numbers.contains(number)
                    check(contained == (model[number] != nil))
                    if step % 97 == 0 {
                        let faults = numbers.dict.checkInvariants { model[$0.number] == true }
                        #expect(faults == [])
                        let contents = numbers.contents
                        #expect(contents == model.keys.sorted())
                    }
                }
                for number in model.keys {
                    let removed = numbers.remove(number)
                    check(removed)
                }
                while numbers.dict.rehash(steps: 10) {}
                let buckets = numbers.dict.buckets
                #expect(buckets == 1)
            }
            #expect(heap.used == atStart)
        }
    }

    @Test("A big table grows and shrinks in steps and gives all its memory back")
    func big() {
        let heap = Heap()
        let atStart = heap.used
        do {
            var numbers = Numbers(heap: heap, hashKey: hashKeys[0])
            var mostBuckets = 0
            for number in 0..<400_000 {
                numbers.insert(number, marked: number % 1000 == 0)
                mostBuckets = max(mostBuckets, numbers.dict.buckets)
            }
            // Both tables at once: one of 65536 buckets and one of twice as many.
            #expect(mostBuckets == 3 * 65536)
            let faults = numbers.dict.checkInvariants { $0.number % 1000 == 0 }
            #expect(faults == [])
            for number in stride(from: 0, to: 400_000, by: 7919) {
                let contained = numbers.contains(number)
                check(contained)
            }
            let other = numbers.contains(400_000)
            #expect(!other)
            for number in 100..<400_000 where !numbers.remove(number) {
                Issue.record("\(number) was lost")
            }
            while numbers.dict.rehash(steps: 100) {}
            let contents = numbers.contents
            #expect(contents == Array(0..<100))
            let (buckets, marked) = (numbers.dict.buckets, numbers.dict.markedCount)
            #expect(buckets == 128)
            #expect(marked == 1)
            #expect(heap.used - atStart < 16 << 10)
        }
        #expect(heap.used == atStart)
    }

    @Test("Growing is spread over the insertions that follow")
    func spread() {
        var numbers = Numbers(heap: Heap(), hashKey: hashKeys[0])
        var number = 0
        while !numbers.dict.isRehashing || numbers.dict.buckets < 3 * 1024 {
            numbers.insert(number)
            number += 1
        }
        // 1024 buckets are to be moved, one at the start and one with each insertion.
        var insertions = 0
        while numbers.dict.isRehashing {
            numbers.insert(number)
            number += 1
            insertions += 1
        }
        #expect(insertions == 1023)
        let count = numbers.dict.count
        #expect(count == number)
    }

    @Test("A reservation saves rehashing and is not taken back while it is being filled")
    func reservation() {
        var numbers = Numbers(heap: Heap(), hashKey: hashKeys[0])
        numbers.dict.reserve(10_000)
        let buckets = numbers.dict.buckets
        for number in 0..<10_000 {
            numbers.insert(number)
            let more = numbers.dict.rehash(steps: 1)
            check(!more)
        }
        let after = numbers.dict.buckets
        #expect(buckets == after)
        numbers.dict.reserve(40_000)
        while numbers.dict.rehash(steps: 100) {}
        let faults = numbers.dict.checkInvariants()
        #expect(faults == [])
        let (count, grown) = (numbers.dict.count, numbers.dict.buckets)
        #expect(count == 10_000)
        #expect(grown == 8192)
    }

    @Test("A dict that is drained in slices hands out every element once")
    func drain() {
        let heap = Heap()
        let atStart = heap.used
        for size in [0, 1, 700, 5200] {
            do {
                var numbers = Numbers(heap: heap, hashKey: hashKeys[1])
                for number in 0..<size { numbers.insert(number, marked: number % 2 == 0) }
                var drained: [Int] = []
                var slices = 0
                while !numbers.dict.drain(3, { drained.append($0.number) }) { slices += 1 }
                #expect(drained.sorted() == Array(0..<size))
                #expect(slices >= size / 50)
                let count = numbers.dict.count
                #expect(count == 0)
            }
            #expect(heap.used == atStart)
        }
    }

    @Test("A drain may stop anywhere")
    func drainHalf() {
        let heap = Heap()
        let atStart = heap.used
        do {
            var numbers = Numbers(heap: heap, hashKey: hashKeys[2])
            for number in 0..<3000 { numbers.insert(number) }
            _ = numbers.dict.drain(100) { _ in }
        }
        #expect(heap.used == atStart)
    }
}
