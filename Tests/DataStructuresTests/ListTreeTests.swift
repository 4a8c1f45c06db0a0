import DataStructures
import Digests
import Memory
import Testing

/// A list beside the array it should be equal to, and a frozen copy of both.
private struct ListPair {
    let heap: Heap
    var list = ListTree()
    var model: [[UInt8]] = []
    var frozen: (items: ListItems, model: [[UInt8]])?
    /// The frozen list is read piece by piece while the live one changes.
    var pieces: ListPieces?
    var read: [[UInt8]] = []

    init(_ heap: Heap) { self.heap = heap }

    static func contents(_ items: ListItems) -> [[UInt8]] {
        var found: [[UInt8]] = []
        items.forEach {
            found.append($0.withText { $0.bytes })
            return true
        }
        return found
    }

    mutating func push(_ text: [UInt8], atFront: Bool) {
        text.withView { list.push($0, atFront: atFront, heap: heap) }
        model.insert(text, at: atFront ? 0 : model.count)
    }

    mutating func pop(fromFront: Bool) {
        guard !model.isEmpty else { return }
        var popped: [UInt8]?
        list.pop(fromFront: fromFront, heap: heap) { popped = $0.withText { $0.bytes } }
        check(popped == (fromFront ? model.removeFirst() : model.removeLast()))
    }

    mutating func set(_ index: Int, _ text: [UInt8]) {
        text.withView { list.set(index, $0, heap: heap) }
        model[index] = text
    }

    mutating func insert(_ text: [UInt8], at index: Int) {
        text.withView { list.insert($0, at: index, heap: heap) }
        model.insert(text, at: index)
    }

    mutating func remove(_ range: Range<Int>) {
        list.remove(range, heap: heap)
        model.removeSubrange(range)
    }

    mutating func freeze() {
        let items = list.freeze()
        frozen = (items, model)
        pieces = items.pieces
        read = []
    }

    /// Reads one more piece of the frozen list.
    mutating func readOn() {
        guard let piece = pieces?.next() else { return }
        var reader = PackedReader(piece.items)
        var count = 0
        while let item = reader.next() {
            read.append(item.withText { $0.bytes })
            count += 1
        }
        check(count == piece.count)
    }

    mutating func thaw() {
        guard let frozen else { return }
        while read.count < frozen.model.count {
            let before = read.count
            readOn()
            guard read.count > before else { break }
        }
        check(read == frozen.model)
        check(ListPair.contents(frozen.items) == frozen.model)
        self.frozen = nil
        pieces = nil
        var dropped = list.thaw()
        while !dropped.isEmpty { dropped.free(7, heap: heap) }
    }

    func verify(_ random: inout RandomGenerator) {
        #expect(list.checkInvariants() == [])
        #expect(list.count == model.count)
        check(ListPair.contents(list.items) == model)
        guard !model.isEmpty else { return }
        for _ in 0..<10 {
            let index = random.below(model.count)
            check(list.items.item(at: index)?.withText { $0.bytes } == model[index])
            let (count, reversed) = (1 + random.below(150), random.below(2) == 0)
            var found: [[UInt8]] = []
            list.items.forEach(from: index, count: count, reversed: reversed) {
                found.append($0.withText { $0.bytes })
                return true
            }
            let range =
                reversed
                ? max(0, index - count + 1)..<index + 1 : index..<min(model.count, index + count)
            check(found == (reversed ? model[range].reversed() : Array(model[range])))
        }
    }

    mutating func free() {
        thaw()
        list.removeAll()
        #expect(list.count == 0)
        while list.freeSlice(20, heap: heap) > 0 {}
        #expect(list.checkInvariants() == [])
    }
}

@Suite("A large list") struct ListTreeTests {
    private let sixteen = ByteView("sixteen letters!")

    /// Texts of all kinds of items; now and then a long string.
    private func text(_ random: inout RandomGenerator, _ kind: Int) -> [UInt8] {
        func string(_ count: Int) -> [UInt8] {
            var letters: [UInt8] = []
            for _ in 0..<count { letters.append(UInt8(truncatingIfNeeded: random.next())) }
            return letters
        }
        switch kind == 3 ? random.below(3) : kind {
        case 0: return Array("\(random.below(300))".utf8)
        case 1: return string(random.below(40))
        default:
            let most = random.below(20) == 0 ? 5000 : random.below(4) == 0 ? 1030 : 200
            return random.below(5) == 0
                ? Array("\(random.next())".utf8) : string(random.below(most))
        }
    }

    private func change(_ pair: inout ListPair, _ random: inout RandomGenerator, _ kind: Int) {
        let count = pair.model.count
        let text = text(&random, kind)
        switch random.below(12) {
        case 0...2: pair.push(text, atFront: random.below(2) == 0)
        case 3: pair.pop(fromFront: true)
        case 4: pair.pop(fromFront: false)
        case 5, 6: pair.insert(text, at: random.below(count + 1))
        case 7, 8:
            if count > 0 { pair.set(random.below(count), text) }
        case 9:
            if count > 0 {
                let index = random.below(count)
                pair.remove(index..<index + 1)
            }
        case 10:
            // A run of pushes or of pops at one end.
            let (run, atFront, grows) = (
                random.below(60), random.below(2) == 0, random.below(5) < 3
            )
            for _ in 0..<run {
                if grows { pair.push(text, atFront: atFront) } else { pair.pop(fromFront: atFront) }
            }
        default:
            let start = random.below(count + 1)
            let most = min(count - start, random.below(8) == 0 ? 1000 : 12)
            pair.remove(start..<start + random.below(most + 1))
        }
    }

    @Test("holds what an array holds, and so do its frozen copies", arguments: 0..<8)
    func model(seed: Int) {
        let heap = Heap()
        let before = heap.used
        var random = RandomGenerator(seed: UInt64(seed))
        var pair = ListPair(heap)
        for step in 0..<6000 {
            change(&pair, &random, seed % 4)
            if random.below(60) == 0 { pair.readOn() }
            if random.below(300) == 0 {
                if pair.frozen == nil { pair.freeze() } else { pair.thaw() }
            }
            if step % 50 == 0 { pair.verify(&random) }
        }
        pair.verify(&random)
        if pair.frozen == nil { pair.freeze() }
        pair.free()
        #expect(heap.used == before)
    }

    @Test("takes hardly more memory than its elements when they are pushed, at either end")
    func density() {
        for atFront in [false, true] {
            let heap = Heap()
            var list = ListTree()
            let count = 200_000
            for _ in 0..<count { list.push(sixteen, atFront: atFront, heap: heap) }
            // 17 bytes packed; 119 of them fill a leaf of 2 KiB.
            #expect(Double(heap.used) / Double(count) < 17.6)
            #expect(list.footprint == heap.used)
            #expect(list.checkInvariants() == [])
            list.removeAll()
            while list.freeSlice(100, heap: heap) > 0 {}
            #expect(heap.used == 0)
        }
    }

    @Test("keeps its leaves filled however it is thinned out, and its ends however it is used")
    func thinning() {
        let heap = Heap()
        var random = RandomGenerator(seed: 9)
        var list = ListTree()
        for _ in 0..<100_000 { list.push(sixteen, atFront: false, heap: heap) }
        while list.count > 2000 {
            let index = random.below(list.count)
            list.remove(index..<index + 1, heap: heap)
        }
        #expect(list.checkInvariants() == [])
        // Two leaves side by side are together fuller than seven eighths of one.
        #expect(list.footprint < 3 * 2000 * 17)
        // A queue of steady length.
        for _ in 0..<100_000 {
            list.push(sixteen, atFront: false, heap: heap)
            list.pop(fromFront: true, heap: heap) { _ in }
        }
        #expect(list.footprint < 2000 * 18 + 3 * 4096)
        list.removeAll()
        while list.freeSlice(100, heap: heap) > 0 {}
        #expect(heap.used == 0)
    }

    @Test("is reached and changed in logarithmic steps, and frozen without any")
    func steps() {
        for (count, height) in [(1000, 2), (1_000_000, 3)] {
            let heap = Heap()
            var random = RandomGenerator(seed: 3)
            var list = ListTree()
            for _ in 0..<count { list.push(sixteen, atFront: false, heap: heap) }
            #expect(list.root.height == height)
            for round in 0..<300 {
                let used = heap.used
                _ = list.freeze()
                #expect(heap.used == used)
                let index = random.below(list.count)
                switch round % 6 {
                case 0: list.insert(ByteView("here"), at: index, heap: heap)
                case 1: list.remove(index..<index + 1, heap: heap)
                case 2: list.set(index, ByteView("there"), heap: heap)
                case 3: list.pop(fromFront: round % 4 == 1, heap: heap) { _ in }
                default: list.push(ByteView("at an end"), atFront: round % 6 == 4, heap: heap)
                }
                // Nodes that were copied: the path, and a neighbour with its path.
                let path = 2048 + 4096 * (height - 1)
                #expect(list.droppedBytes <= 2 * path && heap.used - used <= 3 * path)
                var dropped = list.thaw()
                dropped.free(.max, heap: heap)
            }
            #expect(list.checkInvariants() == [])
            list.removeAll()
            while list.freeSlice(1000, heap: heap) > 0 {}
            #expect(heap.used == 0)
        }
    }

    @Test("is copied with its long strings, and outlived by its frozen copy")
    func copies() {
        let heap = Heap()
        var random = RandomGenerator(seed: 4)
        var pair = ListPair(heap)
        for _ in 0..<2000 { pair.push(text(&random, 3), atFront: random.below(2) == 0) }
        var copy = pair.list.copy(heap: heap)
        #expect(copy.checkInvariants() == [])
        #expect(copy.footprint == pair.list.footprint)
        pair.freeze()
        pair.list.removeAll()
        while pair.list.freeSlice(10, heap: heap) > 0 {}
        pair.thaw()
        #expect(ListPair.contents(copy.items) == pair.model)
        copy.removeAll()
        while copy.freeSlice(10, heap: heap) > 0 {}
        #expect(heap.used == 0)
    }
}
