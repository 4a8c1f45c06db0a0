import DataStructures
import Digests
import Memory
import Testing

/// A member and its score, in the order of a sorted set.
private struct Scored: Comparable {
    let score: Double
    let member: [UInt8]

    static func < (left: Scored, right: Scored) -> Bool {
        left.score != right.score
            ? left.score < right.score : left.member.lexicographicallyPrecedes(right.member)
    }
}

/// A tree with a lineage, and a sorted array that should hold the same.
private struct ScoreTwins {
    let heap = Heap()
    var tree = ScoreTree()
    var lineage = Lineage()
    var model: [Scored] = []

    mutating func insert(_ scored: Scored) {
        let place = place(of: scored)
        if place < model.count, model[place] == scored { return }
        model.insert(scored, at: place)
        scored.member.withView {
            tree.insert(PackedItem(text: $0), scored.score, &lineage, heap: heap)
        }
    }

    mutating func remove(at place: Int) {
        let scored = model.remove(at: place)
        scored.member.withView {
            tree.remove(PackedItem(text: $0), score: scored.score, &lineage, heap: heap)
        }
    }

    mutating func remove(_ range: Range<Int>) {
        model.removeSubrange(range)
        tree.remove(range, &lineage, heap: heap)
    }

    func place(of scored: Scored) -> Int {
        var (low, high) = (0, model.count)
        while low < high {
            let middle = (low + high) / 2
            if model[middle] < scored { low = middle + 1 } else { high = middle }
        }
        return low
    }

    static func content(_ tree: ScoreTree) -> [Scored] {
        var content: [Scored] = []
        var pieces = tree.pieces
        while pieces.next({ member, score in
            content.append(Scored(score: score, member: member.withText { $0.bytes }))
        }) {}
        return content
    }

    mutating func thaw() {
        var dropped = lineage.thaw()
        while !dropped.isEmpty { dropped.free(50, heap: heap) }
    }

    mutating func free() {
        thaw()
        while !tree.tearDown(10, &lineage, heap: heap) {}
    }

    /// Compares what is asked one by one at a place.
    func probe(_ place: Int) {
        let wanted = model[place]
        let found = tree.item(at: place)
        #expect(found?.0.withText { $0.bytes } == wanted.member && found?.1 == wanted.score)
        wanted.member.withView { view in
            let item = PackedItem(text: view)
            #expect(tree.rank(of: item, score: wanted.score) == place)
        }
        let below = model.count { $0.score < wanted.score }
        let upTo = model.count { $0.score <= wanted.score }
        #expect(tree.countBelow(score: wanted.score, inclusive: false) == below)
        #expect(tree.countBelow(score: wanted.score, inclusive: true) == upTo)
    }
}

@Suite("A tree of scores") struct ScoreTreeTests {
    private func scored(_ random: inout RandomGenerator, _ scores: Int) -> Scored {
        let special = [0, -0.0, .infinity, -.infinity, 1e300, -0x1p-1074]
        let score =
            random.below(30) == 0
            ? special[random.below(special.count)] : Double(random.below(scores) - scores / 2) / 4
        let number = random.below(4000)
        var member = Array("\(number)".utf8)
        if number % 3 == 0 { member = Array("member:\(number)".utf8) }
        if number % 40 == 0 { member += [UInt8](repeating: 97, count: number / 2) }
        return Scored(score: score, member: member)
    }

    @Test("holds what a sorted array holds, and so do its frozen copies", arguments: 0..<8)
    func model(seed: UInt64) {
        var random = RandomGenerator(seed: seed)
        var twins = ScoreTwins()
        var frozen: (tree: ScoreTree, content: [Scored])?
        let scores = [1, 2, 10, 1000, 1_000_000, 1, 50, 100_000][Int(seed)]
        for step in 0..<12_000 {
            let grows = step / 4000 % 2 == 0
            if grows == (random.below(10) > 0) {
                twins.insert(scored(&random, scores))
            } else if !twins.model.isEmpty {
                let place = random.below(twins.model.count)
                if random.below(300) == 0 {
                    let end = min(twins.model.count, place + random.below(600))
                    twins.remove(place..<end)
                } else {
                    twins.remove(at: place)
                }
            }
            if random.below(400) == 0 {
                if let copy = frozen {
                    #expect(ScoreTwins.content(copy.tree) == copy.content)
                    twins.thaw()
                    frozen = nil
                } else {
                    twins.lineage.freeze()
                    frozen = (twins.tree, twins.model)
                }
            }
            guard step % 200 == 0 else { continue }
            #expect(twins.tree.checkInvariants(twins.lineage) == [])
            #expect(ScoreTwins.content(twins.tree) == twins.model)
            let held = twins.tree.footprint + twins.lineage.droppedBytes
            #expect(frozen != nil || held == twins.heap.used)
            guard !twins.model.isEmpty else { continue }
            for _ in 0..<10 { twins.probe(random.below(twins.model.count)) }
        }
        if let copy = frozen { #expect(ScoreTwins.content(copy.tree) == copy.content) }
        twins.free()
        #expect(twins.heap.used == 0)
    }

    @Test("is dense after members in order, and near it after members in none", arguments: 0..<3)
    func density(order: Int) {
        var random = RandomGenerator(seed: 3)
        var twins = ScoreTwins()
        let count = 30_000
        for number in 0..<count {
            let score = [number, count - number, random.below(1 << 40)][order]
            Array("m\(number)".utf8).withView {
                twins.tree.insert(
                    PackedItem(text: $0), Double(score), &twins.lineage, heap: twins.heap)
            }
        }
        #expect(twins.tree.count == count)
        #expect(twins.tree.checkInvariants(twins.lineage) == [])
        // 8 bytes of score, 2 of place, and 7 of member.
        let most = order < 2 ? 19 : 22
        #expect(twins.tree.footprint < most * count)
        // What is left is spread over all of it.
        while twins.tree.count > 300 {
            let first = random.below(twins.tree.count - 90)
            twins.tree.remove(first..<first + 90, &twins.lineage, heap: twins.heap)
        }
        #expect(twins.tree.checkInvariants(twins.lineage) == [])
        #expect(twins.tree.footprint < 40 * twins.tree.count + 4096)
        twins.free()
        #expect(twins.heap.used == 0)
    }

    @Test("counts members by their bytes where all have one score")
    func lexicographic() {
        var twins = ScoreTwins()
        for number in 0..<5000 {
            twins.insert(Scored(score: 7, member: Array("\(number * 7919 % 5000)".utf8)))
        }
        for place in stride(from: 0, to: 5000, by: 71) {
            twins.model[place].member.withView {
                let item = PackedItem(text: $0)
                #expect(twins.tree.countBelow(member: item, inclusive: false) == place)
                #expect(twins.tree.countBelow(member: item, inclusive: true) == place + 1)
            }
        }
        let between = Array("123x".utf8)
        let place = twins.place(of: Scored(score: 7, member: between))
        between.withView {
            #expect(twins.tree.countBelow(member: PackedItem(text: $0), inclusive: true) == place)
        }
        twins.free()
        #expect(twins.heap.used == 0)
    }

    @Test("is copied whole, and a change while it is frozen copies its path alone")
    func copies() {
        var random = RandomGenerator(seed: 4)
        var twins = ScoreTwins()
        for _ in 0..<6000 { twins.insert(scored(&random, 1000)) }
        var lineage = Lineage()
        var copy = twins.tree.copy(&lineage, heap: twins.heap)
        #expect(copy.checkInvariants(lineage) == [])
        #expect(ScoreTwins.content(copy) == twins.model)
        for round in 0..<300 {
            twins.lineage.freeze()
            let used = twins.heap.used
            if round % 2 == 0 {
                twins.insert(scored(&random, 1000))
            } else {
                twins.remove(at: random.below(twins.model.count))
            }
            // Two leaves, the nodes above them, and a long member.
            #expect(twins.heap.used - used <= 6 * 4096)
            twins.thaw()
        }
        twins.free()
        #expect(copy.checkInvariants(lineage) == [])
        while !copy.tearDown(100, &lineage, heap: twins.heap) {}
        #expect(twins.heap.used == 0)
    }
}
