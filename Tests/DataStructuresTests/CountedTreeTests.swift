import DataStructures
import Digests
import Memory
import Testing

/// Leaves that hold sorted words, eight at most; they may be equal in their upper halves, which
/// are the key words.
private enum Words: TreeLeaves {
    static let most = 8

    static func weight(_ leaf: Node) -> Int { read(leaf).count }
    static func key(_ leaf: Node) -> UInt64 { UInt64(read(leaf)[0] >> 32) }
    static func dropContents(_ leaf: Node, _ lineage: inout Lineage, _ heap: Heap) -> Int { 0 }

    static func copy(_ leaf: Node, _ lineage: Lineage, _ heap: Heap) -> Node {
        make(read(leaf), lineage, heap)
    }

    static func make(_ words: [Int], _ lineage: Lineage, _ heap: Heap) -> Node {
        let node = lineage.make(heap: heap, room: 8 * (most + 1))
        write(words, node)
        return node
    }

    static func write(_ words: [Int], _ leaf: Node) {
        check(words.count <= most)
        unsafe leaf.start.storeBytes(of: words.count, as: Int.self)
        for (index, word) in words.enumerated() {
            unsafe leaf.start.storeBytes(of: word, toByteOffset: 8 + 8 * index, as: Int.self)
        }
    }

    static func read(_ leaf: Node) -> [Int] {
        let count = unsafe leaf.start.load(as: Int.self)
        return (0..<count).map { unsafe leaf.start.load(fromByteOffset: 8 + 8 * $0, as: Int.self) }
    }
}

/// Counts how often a leaf was asked.
private final class Questions {
    var count = 0
}

private struct Wanted: TreeTarget {
    let word: Int
    let questions = Questions()
    var key: UInt64 { UInt64(word >> 32) }

    func isAtOrAfter(firstOf leaf: Node) -> Bool {
        questions.count += 1
        return Words.read(leaf)[0] <= word
    }
}

/// A set of words in a tree, with a lineage.
private struct WordTree {
    let heap: Heap
    var root = TreeRoot()
    var lineage = Lineage()

    init(_ heap: Heap) { self.heap = heap }

    var words: [Int] { WordTree.words(root) }

    static func words(_ root: TreeRoot) -> [Int] {
        guard !root.isEmpty else { return [] }
        var words: [Int] = []
        var path = root.path(toLast: false)
        repeat { words += Words.read(path.leaf) } while path.next()
        return words
    }

    mutating func insert(_ word: Int) {
        guard !root.isEmpty else {
            let leaf = Words.make([word], lineage, heap)
            _ = root.insertFirst(leaf, weight: 1, key: UInt64(word >> 32))
            return
        }
        var path = root.path(to: Wanted(word: word))
        let leaf = root.makeWritable(&path, &lineage, heap)
        var held = Words.read(leaf)
        let place = held.firstIndex { $0 >= word } ?? held.count
        if place < held.count, held[place] == word { return }
        held.insert(word, at: place)
        guard held.count > Words.most else {
            Words.write(held, leaf)
            root.addWeight(1, at: path)
            if place == 0 { root.setKey(UInt64(word >> 32), at: path) }
            return
        }
        // What is added at an end leaves the others together.
        let fresh: Node
        if place == 0 {
            fresh = Words.make([word], lineage, heap)
            let key = UInt64(word >> 32)
            root.insert(fresh, weight: 1, key: key, after: false, &path, &lineage, heap)
        } else {
            let cut = place == Words.most ? Words.most : held.count / 2
            let rest = Array(held[cut...])
            Words.write(Array(held[..<cut]), leaf)
            root.addWeight(cut - Words.most, at: path)
            fresh = Words.make(rest, lineage, heap)
            let key = UInt64(rest[0] >> 32)
            root.insert(
                fresh, weight: rest.count, key: key, after: true, &path, &lineage, heap)
        }
        #expect(path.leaf == fresh)
    }

    mutating func remove(_ word: Int) {
        guard !root.isEmpty else { return }
        var path = root.path(to: Wanted(word: word))
        guard let place = Words.read(path.leaf).firstIndex(of: word) else { return }
        let leaf = root.makeWritable(&path, &lineage, heap)
        var held = Words.read(leaf)
        held.remove(at: place)
        if held.isEmpty { return root.removeLeaf(at: &path, &lineage, heap) }
        Words.write(held, leaf)
        root.addWeight(-1, at: path)
        if place == 0 { root.setKey(UInt64(held[0] >> 32), at: path) }
    }

    func faults() -> [String] { root.checkInvariants(of: Words.self, lineage) }

    mutating func thaw() {
        var dropped = lineage.thaw()
        while !dropped.isEmpty { dropped.free(50, heap: heap) }
        #expect(dropped.bytes == 0)
    }

    mutating func free() {
        var remains = root.takeApart()
        while !remains.isEmpty { remains.free(100, of: Words.self, &lineage, heap) }
        if lineage.isFrozen { thaw() }
    }
}

@Suite("A counted tree") struct CountedTreeTests {
    /// Words of which many share a key word.
    private func word(_ random: inout RandomGenerator, _ keys: Int) -> Int {
        random.below(keys) << 32 | random.below(5000)
    }

    @Test("holds what a sorted array holds, and so do its frozen copies", arguments: 0..<6)
    func model(seed: UInt64) {
        let heap = Heap()
        let before = heap.used
        var random = RandomGenerator(seed: seed)
        var tree = WordTree(heap)
        var model: Set<Int> = []
        var frozen: (root: TreeRoot, words: [Int])?
        let keys = [1, 3, 40, 5000, 100_000, 2][Int(seed)]
        for step in 0..<12_000 {
            let grows = step / 4000 % 2 == 0
            if grows == (random.below(10) > 0) {
                let word = word(&random, keys)
                tree.insert(word)
                model.insert(word)
            } else if let word = random.below(4) == 0
                ? model.first : model.randomElement(using: &random)
            {
                tree.remove(word)
                model.remove(word)
            }
            if random.below(500) == 0 {
                if let copy = frozen {
                    #expect(WordTree.words(copy.root) == copy.words)
                    tree.thaw()
                    frozen = nil
                } else {
                    tree.lineage.freeze()
                    frozen = (tree.root, tree.words)
                }
            }
            guard step % 200 == 0 else { continue }
            #expect(tree.faults() == [])
            let sorted = model.sorted()
            #expect(tree.words == sorted)
            for _ in 0..<20 where !sorted.isEmpty {
                let position = random.below(sorted.count)
                let path = tree.root.path(at: position)
                #expect(Words.read(path.leaf)[path.offset] == sorted[position])
                #expect(tree.root.elements(before: path) + path.offset == position)
            }
        }
        if let copy = frozen { #expect(WordTree.words(copy.root) == copy.words) }
        tree.free()
        #expect(heap.used == before)
    }

    @Test("goes from leaf to leaf in both directions")
    func neighbours() {
        let heap = Heap()
        var tree = WordTree(heap)
        for word in 0..<20_000 { tree.insert(word * 7919 % 20_000) }
        var path = tree.root.path(toLast: true)
        var words: [Int] = []
        repeat { words += Words.read(path.leaf).reversed() } while path.previous()
        #expect(words == (0..<20_000).reversed())
        let before = path.leaf
        #expect(!path.previous() && path.leaf == before)
        tree.free()
        #expect(heap.used == 0)
    }

    @Test("has full nodes after appending, and few nodes after removing")
    func density() {
        let heap = Heap()
        for isAtFront in [false, true] {
            var tree = WordTree(heap)
            let count = 100_000
            for word in 0..<count { tree.insert(isAtFront ? count - word : word) }
            #expect(tree.root.leaves == count / Words.most)
            #expect(tree.root.inners <= tree.root.leaves / 169 + 3)
            #expect(tree.root.height == 3)
            #expect(tree.faults() == [])
            // What is left is spread over all of it.
            for word in 0...count where word % 1000 != 0 { tree.remove(word) }
            #expect(tree.faults() == [])
            #expect(tree.root.height == 2 || tree.root.inners <= 4)
            tree.free()
            #expect(heap.used == 0)
        }
    }

    @Test("is searched and changed in logarithmic steps, frozen or not, however equal the keys")
    func steps() {
        let heap = Heap()
        var random = RandomGenerator(seed: 5)
        for count in [1000, 300_000] {
            var tree = WordTree(heap)
            for word in 0..<count { tree.insert(word * 3) }
            let depth = tree.root.height - 1
            #expect(depth <= (count == 1000 ? 1 : 3))
            for _ in 0..<1000 {
                let wanted = Wanted(word: random.below(count * 3))
                let path = tree.root.path(to: wanted)
                #expect(Words.read(path.leaf)[0] <= wanted.word)
                #expect(wanted.questions.count <= 8 * depth)
            }
            for round in 0..<200 {
                tree.lineage.freeze()
                let word = random.below(count * 3)
                let used = heap.used
                if round % 2 == 0 { tree.insert(word) } else { tree.remove(word / 3 * 3) }
                // The path, what a split or a join makes beside it, and a new top.
                let most = 2 * (128 + 4096 * depth) + 4096
                #expect(heap.used - used <= most && tree.lineage.droppedBytes <= most)
                tree.thaw()
            }
            #expect(tree.faults() == [])
            tree.free()
            #expect(heap.used == 0)
        }
    }

    @Test("is freed in slices that are not much bigger than asked for, and copied whole")
    func slices() {
        let heap = Heap()
        var tree = WordTree(heap)
        for word in 0..<50_000 { tree.insert(word) }
        let words = tree.words
        var other = WordTree(heap)
        other.root = tree.root.copy(of: Words.self, &other.lineage, heap)
        #expect(other.faults() == [])
        // Given up while a frozen copy still reads it.
        tree.lineage.freeze()
        let frozen = tree.root
        var remains = tree.root.takeApart()
        #expect(tree.root.isEmpty && tree.faults() == [])
        var slices = 0
        while !remains.isEmpty {
            #expect(remains.free(100, of: Words.self, &tree.lineage, heap) <= 100)
            slices += 1
        }
        #expect(slices >= 63 && WordTree.words(frozen) == words)
        tree.thaw()
        #expect(other.words == words)
        other.free()
        #expect(heap.used == 0)
    }
}
