import Memory

/// A handle to a leaf of a large sorted set: members with their scores, in order. Payload:
///
///     0  members, 16 bits    2  where entries begin, 16 bits    4  bytes of holes among them
///     8  where the entry of each member is, in order, 16 bits each
///     …  free
///     …  entries to the end, in any order: the score, 8 bytes, and the packed member
@safe
struct ScoreLeaf: BitwiseCopyable {
    let node: Node

    static var head: Int { 8 }
    /// Bytes of payload that no leaf exceeds.
    static var largest: Int { Node.room(filling: 4096) }
    /// Bytes of the longest member that lies in place.
    static var longest: Int { 1024 }

    init(_ node: Node) { self.node = node }

    /// An empty leaf with room for `room` bytes of entries and their places.
    static func make(_ room: Int, _ lineage: Lineage, _ heap: Heap) -> ScoreLeaf {
        let leaf = ScoreLeaf(lineage.make(heap: heap, room: min(head + room, largest)))
        leaf.clear()
        return leaf
    }

    private func clear() {
        count = 0
        floor = node.capacity
        garbage = 0
    }

    private func load(_ offset: Int) -> Int {
        unsafe Int(node.start.load(fromByteOffset: offset, as: UInt16.self))
    }

    private func store(_ value: Int, _ offset: Int) {
        unsafe node.start.storeBytes(
            of: UInt16(truncatingIfNeeded: value), toByteOffset: offset, as: UInt16.self)
    }

    private(set) var count: Int {
        get { load(0) }
        nonmutating set { store(newValue, 0) }
    }

    /// Where entries begin.
    private var floor: Int {
        get { load(2) }
        nonmutating set { store(newValue, 2) }
    }

    private var garbage: Int {
        get { load(4) }
        nonmutating set { store(newValue, 4) }
    }

    /// Bytes free between places and entries.
    var free: Int { floor - ScoreLeaf.head - 2 * count }

    /// Bytes of entries and their places.
    var live: Int { node.capacity - floor - garbage + 2 * count }

    private func offset(_ index: Int) -> Int { load(ScoreLeaf.head + 2 * index) }

    func score(_ index: Int) -> Double {
        Double(
            bitPattern: unsafe node.start.loadUnaligned(
                fromByteOffset: offset(index), as: UInt64.self))
    }

    /// A reader before a member.
    private func reader(_ index: Int) -> PackedReader {
        PackedReader(node.payload(node.capacity), at: offset(index) + 8)
    }

    func member(_ index: Int) -> PackedItem {
        var reader = reader(index)
        guard let item = reader.next() else { invariantFailed("a score without a member") }
        return item
    }

    /// The node of a member if that is a long string.
    func longNode(_ index: Int) -> Node? { reader(index).longNode }

    /// Bytes of an entry.
    private func size(_ index: Int) -> Int {
        var reader = reader(index)
        let start = reader.offset
        reader.skip()
        return 8 + reader.offset - start
    }

    /// The key word of the first member.
    var key: UInt64 { ScoreTarget.key(score(0)) }

    /// How many members are before the target.
    func count(before target: ScoreTarget) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) >> 1
            if target.isBehind(self, middle) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Changing

    /// Bytes that a member needs with its place.
    static func room(_ member: PackedItem) -> Int { 8 + member.storedCount(longest) + 2 }

    /// Puts a member in, where there is room. Returns what the node of a long one takes, else 0.
    func insert(
        _ member: PackedItem, _ score: Double, at index: Int, _ lineage: Lineage, _ heap: Heap
    ) -> Int {
        let start = floor - (ScoreLeaf.room(member) - 2)
        unsafe node.start.storeBytes(of: score.bitPattern, toByteOffset: start, as: UInt64.self)
        let held = unsafe member.store(
            to: node.start + start + 8, ScoreLeaf.longest, lineage, heap)
        floor = start
        openPlace(index, start)
        return held
    }

    private func openPlace(_ index: Int, _ offset: Int) {
        let place = unsafe node.start + ScoreLeaf.head + 2 * index
        unsafe (place + 2).copyMemory(from: place, byteCount: 2 * (count - index))
        count += 1
        store(offset, ScoreLeaf.head + 2 * index)
    }

    /// Takes members out; long ones must have been disposed of.
    func erase(_ range: Range<Int>) {
        for index in range {
            let (start, size) = (offset(index), size(index))
            if start == floor { floor += size } else { garbage += size }
        }
        let place = unsafe node.start + ScoreLeaf.head + 2 * range.lowerBound
        unsafe place.copyMemory(
            from: place + 2 * range.count, byteCount: 2 * (count - range.upperBound))
        count -= range.count
        if count == 0 { clear() }
    }

    /// A new leaf with the members of `range`, and `extra` bytes free.
    func rebuilt(
        _ range: Range<Int>, extra: Int, _ lineage: Lineage, _ heap: Heap
    ) -> ScoreLeaf {
        var bytes = extra
        for index in range { bytes += size(index) + 2 }
        let copy = ScoreLeaf.make(bytes, lineage, heap)
        copy.append(self, range)
        return copy
    }

    /// Adds members of another leaf, for which there must be room, behind its own.
    func append(_ other: ScoreLeaf, _ range: Range<Int>) {
        for index in range {
            let size = other.size(index)
            let start = floor - size
            unsafe (node.start + start).copyMemory(
                from: other.node.start + other.offset(index), byteCount: size)
            floor = start
            store(start, ScoreLeaf.head + 2 * count)
            count += 1
        }
    }

    /// Gives its long members nodes of their own, after it was copied.
    func copyLong(_ lineage: Lineage, _ heap: Heap) {
        for index in 0..<count where longNode(index) != nil {
            let member = member(index)
            _ = unsafe member.store(
                to: node.start + offset(index) + 8, ScoreLeaf.longest, lineage, heap)
        }
    }

    /// What does not hold of the leaf.
    var faults: [String] {
        var faults: [String] = []
        var places: [Range<Int>] = []
        for index in 0..<count {
            places.append(offset(index)..<offset(index) + size(index))
            if index > 0 {
                let before = ScoreTarget(score(index), member(index), takesEqual: false)
                if !before.isBehind(self, index - 1) { faults.append("members out of order") }
            }
        }
        places.sort { $0.lowerBound < $1.lowerBound }
        for (one, next) in zip(places, places.dropFirst()) where one.upperBound > next.lowerBound {
            faults.append("members overlap")
        }
        let taken = places.reduce(0) { $0 + $1.count }
        if taken + garbage != node.capacity - floor || free < 0 || count == 0 {
            faults.append("a leaf of wrong sizes")
        }
        if let first = places.first, first.lowerBound < floor { faults.append("too low") }
        if let last = places.last, last.upperBound > node.capacity { faults.append("too high") }
        return faults
    }
}

/// A place in the order of a sorted set: by score, and by the bytes of the member.
struct ScoreTarget: TreeTarget {
    let score: Double
    let key: UInt64
    /// Nil stands before or behind all members of the score.
    private let member: PackedItem?
    private let takesEqual: Bool

    /// The place of a member, or with `takesEqual` the one right behind it.
    init(_ score: Double, _ member: PackedItem?, takesEqual: Bool) {
        self.score = score
        self.member = member
        self.takesEqual = takesEqual
        key = ScoreTarget.key(score)
    }

    /// A word that keeps the order of scores; both zeros are the same.
    static func key(_ score: Double) -> UInt64 {
        if score == 0 { return 1 << 63 }
        let bits = score.bitPattern
        return bits >> 63 == 1 ? ~bits : bits | 1 << 63
    }

    /// Whether it is behind member `index` of a leaf.
    func isBehind(_ leaf: ScoreLeaf, _ index: Int) -> Bool {
        let held = leaf.score(index)
        if held != score { return held < score }
        guard let member else { return takesEqual }
        let order = leaf.member(index).compare(member)
        return order < 0 || takesEqual && order == 0
    }

    func isAtOrAfter(firstOf leaf: Node) -> Bool {
        guard let member else { return takesEqual }
        return ScoreLeaf(leaf).member(0).compare(member) <= 0
    }
}

/// Leaves of which none has a long member.
enum PlainScoreLeaves: TreeLeaves {
    static func weight(_ leaf: Node) -> Int { ScoreLeaf(leaf).count }
    static func key(_ leaf: Node) -> UInt64 { ScoreLeaf(leaf).key }
    static func dropContents(_ leaf: Node, _ lineage: inout Lineage, _ heap: Heap) -> Int { 0 }

    static func copy(_ leaf: Node, _ lineage: Lineage, _ heap: Heap) -> Node {
        let leaf = ScoreLeaf(leaf)
        return leaf.rebuilt(0..<leaf.count, extra: 0, lineage, heap).node
    }
}

/// Leaves that may have long members.
enum ScoreLeaves: TreeLeaves {
    static func weight(_ leaf: Node) -> Int { ScoreLeaf(leaf).count }
    static func key(_ leaf: Node) -> UInt64 { ScoreLeaf(leaf).key }

    static func dropContents(_ leaf: Node, _ lineage: inout Lineage, _ heap: Heap) -> Int {
        let leaf = ScoreLeaf(leaf)
        var dropped = 0
        for index in 0..<leaf.count {
            guard let node = leaf.longNode(index) else { continue }
            lineage.drop(node, heap: heap)
            dropped += 1
        }
        return dropped
    }

    static func copy(_ leaf: Node, _ lineage: Lineage, _ heap: Heap) -> Node {
        let node = PlainScoreLeaves.copy(leaf, lineage, heap)
        ScoreLeaf(node).copyLong(lineage, heap)
        return node
    }
}
