import Memory

/// What an inner node of a counted tree tells of one child.
@frozen @usableFromInline
package struct TreeEntry: BitwiseCopyable {
    /// Address of the child's node.
    @usableFromInline package var address: UInt
    /// Elements in all of the child's leaves.
    @usableFromInline package var weight: Int
    /// Key word of the first element in them.
    @usableFromInline package var key: UInt64

    @inlinable
    package init(address: UInt, weight: Int, key: UInt64) {
        self.address = address
        self.weight = weight
        self.key = key
    }
}

/// A handle to an inner node of a counted tree. What a descent reads of all children lies side by
/// side. Payload:
///
///     0  children, 16 bits
///     2  most children there is room for (`most`), 16 bits
///     8  addresses    8 + 8 * most  weights    8 + 16 * most  key words
@safe @frozen @usableFromInline
struct TreeInner: BitwiseCopyable {
    @usableFromInline let node: Node

    @inlinable @inline(__always)
    init(address: UInt) { node = Node(address: address) }

    /// Blocks are of these sizes; a node moves to the next one as it fills.
    static var smallestBlock: Int { 256 }
    static var largestBlock: Int { 4096 }
    static var head: Int { 8 }
    /// Children of the largest node.
    static var most: Int { most(inBlock: largestBlock) }
    /// A node with fewer children looks for a neighbour to be one with.
    static var few: Int { most / 4 }

    static func most(inBlock size: Int) -> Int {
        (Node.room(filling: size) - head) / MemoryLayout<TreeEntry>.size
    }

    /// An empty node with room for at least `count` children.
    static func make(
        _ lineage: Lineage, _ heap: Heap, count: Int, largest: Bool = false
    ) -> TreeInner {
        var size = largest ? largestBlock : smallestBlock
        while most(inBlock: size) < count { size *= 2 }
        invariant(size <= largestBlock, "too many children for an inner node")
        let node = lineage.make(heap: heap, room: Node.room(filling: size))
        unsafe node.start.storeBytes(of: 0, as: UInt64.self)
        unsafe node.start.storeBytes(
            of: UInt16(most(inBlock: size)), toByteOffset: 2, as: UInt16.self)
        return TreeInner(address: node.address)
    }

    @inlinable
    var address: UInt { @inline(__always) get { node.address } }

    @inlinable
    var count: Int {
        @inline(__always) get { unsafe Int(node.start.load(as: UInt16.self)) }
        @inline(__always) nonmutating set {
            unsafe node.start.storeBytes(
                of: UInt16(truncatingIfNeeded: newValue), as: UInt16.self)
        }
    }

    @inlinable
    var most: Int {
        @inline(__always) get {
            unsafe Int(node.start.load(fromByteOffset: 2, as: UInt16.self))
        }
    }

    @unsafe @inlinable
    var addresses: UnsafeMutablePointer<UInt> {
        @inline(__always) get { unsafe (node.start + 8).assumingMemoryBound(to: UInt.self) }
    }

    @unsafe @inlinable
    var weights: UnsafeMutablePointer<Int> {
        @inline(__always) get {
            unsafe (node.start + 8 + 8 * most).assumingMemoryBound(to: Int.self)
        }
    }

    @unsafe @inlinable
    var keys: UnsafeMutablePointer<UInt64> {
        @inline(__always) get {
            unsafe (node.start + 8 + 16 * most).assumingMemoryBound(to: UInt64.self)
        }
    }

    @inlinable @inline(__always)
    func child(_ index: Int) -> UInt { unsafe addresses[index] }

    @inlinable @inline(__always)
    func setChild(_ index: Int, _ address: UInt) { unsafe addresses[index] = address }

    @inlinable @inline(__always)
    func weight(_ index: Int) -> Int { unsafe weights[index] }

    @inlinable @inline(__always)
    func addWeight(_ index: Int, _ change: Int) { unsafe weights[index] &+= change }

    @inlinable @inline(__always)
    func key(_ index: Int) -> UInt64 { unsafe keys[index] }

    func setKey(_ index: Int, _ key: UInt64) { unsafe keys[index] = key }

    func entry(_ index: Int) -> TreeEntry {
        TreeEntry(address: child(index), weight: weight(index), key: key(index))
    }

    /// Weight of the first `end` children.
    func weight(before end: Int) -> Int {
        let weights = unsafe weights
        var sum = 0
        for index in 0..<end { unsafe sum &+= weights[index] }
        return sum
    }

    /// How many children have a key word below `key`, or not above it.
    @inlinable
    func children(below key: UInt64, orEqual: Bool) -> Int {
        let keys = unsafe keys
        var (low, count) = (0, self.count)
        while count > 0 {
            let half = count &>> 1
            let probe = unsafe keys[low &+ half]
            if probe < key || orEqual && probe == key {
                low &+= half &+ 1
                count &-= half &+ 1
            } else {
                count = half
            }
        }
        return low
    }

    func insert(_ entry: TreeEntry, at index: Int) {
        let count = count
        invariant(count < most && index <= count, "no room in an inner node")
        let behind = count - index
        unsafe (addresses + index + 1).update(from: addresses + index, count: behind)
        unsafe (weights + index + 1).update(from: weights + index, count: behind)
        unsafe (keys + index + 1).update(from: keys + index, count: behind)
        unsafe addresses[index] = entry.address
        unsafe weights[index] = entry.weight
        unsafe keys[index] = entry.key
        self.count = count + 1
    }

    func remove(_ range: Range<Int>) {
        let count = count
        invariant(range.upperBound <= count, "no such child")
        let behind = count - range.upperBound
        let (to, from) = (range.lowerBound, range.upperBound)
        unsafe (addresses + to).update(from: addresses + from, count: behind)
        unsafe (weights + to).update(from: weights + from, count: behind)
        unsafe (keys + to).update(from: keys + from, count: behind)
        self.count = count - range.count
    }

    /// Adds children of another node at the end.
    func append(_ other: TreeInner, _ range: Range<Int>) {
        let count = count
        invariant(count + range.count <= most && range.upperBound <= other.count, "no room")
        unsafe (addresses + count).update(
            from: other.addresses + range.lowerBound, count: range.count)
        unsafe (weights + count).update(
            from: other.weights + range.lowerBound, count: range.count)
        unsafe (keys + count).update(from: other.keys + range.lowerBound, count: range.count)
        self.count = count + range.count
    }
}
