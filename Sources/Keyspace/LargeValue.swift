import DataStructures
import Digests
import Memory

/// All that the keyspace must know of a kind of large value. A root is a few trivial words: a copy
/// of it is the value as it was, if the lineage was frozen then.
protocol LargeRoot: BitwiseCopyable {
    /// Must be the first property that is stored.
    var lineage: Lineage { get }
    /// Number of elements.
    var count: Int { get }
    /// Bytes the allocator holds for the nodes.
    var footprint: Int { get }
    /// Frees about `nodes` nodes; it cannot be used afterwards. Returns whether nothing is left.
    mutating func tearDown(_ nodes: Int, heap: Heap) -> Bool
    /// The same value of nodes of its own.
    func copy(heap: Heap) -> Self
    /// What does not hold of it; empty when all is well.
    func faults(hashKey: HashKey) -> [String]
}

/// Something to be done to a root of any kind.
private protocol LargeVisit {
    associatedtype Result
    mutating func visit<Root: LargeRoot>(_ block: LargeBlock, _ root: Root.Type) -> Result
}

extension LargeBlock {
    private func accept<Visit: LargeVisit>(_ visit: inout Visit) -> Visit.Result {
        switch ValueType(rawValue: head.type) {
        case .hash?, .set?: return visit.visit(self, TableRoot.self)
        case .list?: return visit.visit(self, ListTree.self)
        case .sortedSet?: return visit.visit(self, SortedSetRoot.self)
        default: invariantFailed("a large value of an unknown type")
        }
    }

    /// Number of elements of the live value.
    var count: Int {
        var visit = Counting()
        return accept(&visit)
    }

    /// Bytes the allocator holds for the live value and its block.
    var fullFootprint: Int {
        var visit = Measuring()
        return footprint + accept(&visit)
    }

    /// A copy of the live value, held once.
    func copy(heap: Heap) -> LargeBlock {
        var visit = Copying(heap: heap)
        return accept(&visit)
    }

    /// Frees about `nodes` nodes of a value without holders, and at last the block. Nodes that only
    /// a frozen root has must have been taken away. Returns whether it is gone.
    func tearDown(_ nodes: Int, heap: Heap) -> Bool {
        var visit = TearingDown(heap: heap, nodes: nodes)
        guard accept(&visit) else { return false }
        free(heap: heap)
        return true
    }

    /// Frees a value without holders at once.
    func freeAll(heap: Heap) {
        var dropped = lineage.thaw()
        while !dropped.isEmpty { dropped.free(1000, heap: heap) }
        while !tearDown(1000, heap: heap) {}
    }

    /// What does not hold of the live value; empty when all is well.
    func faults() -> [String] {
        var visit = Checking()
        return accept(&visit)
    }
}

private struct Counting: LargeVisit {
    func visit<Root: LargeRoot>(_ block: LargeBlock, _ root: Root.Type) -> Int {
        block[live: root].count
    }
}

private struct Measuring: LargeVisit {
    func visit<Root: LargeRoot>(_ block: LargeBlock, _ root: Root.Type) -> Int {
        block[live: root].footprint
    }
}

private struct Copying: LargeVisit {
    let heap: Heap

    func visit<Root: LargeRoot>(_ block: LargeBlock, _ root: Root.Type) -> LargeBlock {
        LargeBlock(
            heap: heap, type: block.head.type, hashKey: block.head.hashKey,
            root: block[live: root].copy(heap: heap))
    }
}

private struct TearingDown: LargeVisit {
    let heap: Heap
    let nodes: Int

    func visit<Root: LargeRoot>(_ block: LargeBlock, _ root: Root.Type) -> Bool {
        block[live: root].tearDown(nodes, heap: heap)
    }
}

private struct Checking: LargeVisit {
    func visit<Root: LargeRoot>(_ block: LargeBlock, _ root: Root.Type) -> [String] {
        let value = block[live: root]
        var faults = value.faults(hashKey: block.head.hashKey)
        if value.lineage.epoch != block.lineage.epoch
            || value.lineage.isFrozen != block.lineage.isFrozen
        {
            faults.append("the lineage of a large value is not where it should be")
        }
        return faults
    }
}

extension Record {
    /// Bytes the allocator holds for key and value.
    var wholeFootprint: Int { isLarge ? footprint + large.fullFootprint : fullFootprint }

    /// Frees the record and gives up its block, at once.
    func freeWhole(heap: Heap) {
        guard isLarge else { return freeAll(heap: heap) }
        if large.release() { large.freeAll(heap: heap) }
        free(heap: heap)
    }
}

/// Large values in the keyspace.
extension Databases {
    /// Makes the value of a place one of nodes, with this root; what it had is disposed of.
    mutating func adopt<Root: LargeRoot>(
        _ place: inout Place, _ kind: UInt8, _ type: ValueType, _ root: Root
    ) {
        let old = place.record
        let shape = RecordShape(
            keyCount: place.key.count, valueCount: RecordShape.largeCount,
            expires: old?.expires ?? false)
        let record = Record(
            heap: heap, shape: shape, kind: kind, stamp: stamp, clock: old?.clock ?? birthClock,
            expiry: old?.expiry, key: place.key)
        record.large = LargeBlock(
            heap: heap, type: type.rawValue, hashKey: hashKey, root: root)
        place.record = record
        if let old, let position = place.position {
            databases[place.database].dict[position] = record
            retire(place.database, old, isUnseen(old))
        } else {
            place.position = databases[place.database].dict.insert(place.hash, record)
        }
    }

    /// Begins to change a large value: lets a snapshot have it as it is.
    mutating func openLarge(_ place: inout Place) {
        guard let old = place.record, let position = place.position else { return }
        if isUnseen(old) {
            let record = old.clone(
                heap: heap, key: old.key, expiry: old.expiry, stamp: stamp)
            databases[place.database].dict[position] = record
            place.record = record
            retire(place.database, old, true)
        }
        preserve(old.large)
    }

    /// To be called before a large value is changed: freezes it if the present snapshot has yet to
    /// read it.
    private mutating func preserve(_ block: LargeBlock) {
        if block.lineage.isFrozen {
            if snapshot.isActive, block.head.mark == snapshot.mark { return }
            // Of a snapshot that is over: there is nobody left who would read it.
            thaw(block)
        }
        guard snapshot.isActive, block.frozenHolders > 0 else { return }
        block.freeze(for: snapshot.mark)
    }

    /// Ends changing a large value.
    mutating func closeLarge(_ block: LargeBlock) {
        if snapshot.isActive { snapshot.account(block) }
    }

    /// Drops what a snapshot has of a large value beside the live one.
    private mutating func thaw(_ block: LargeBlock) {
        guard block.lineage.isFrozen else { return }
        var dropped = block.lineage.thaw()
        dropped.free(Databases.nodesAtOnce, heap: heap)
        if !dropped.isEmpty { discardedPieces.append(DiscardedPiece(dropped)) }
    }

    /// Gives up one live hold on a large value.
    mutating func giveUp(_ block: LargeBlock) {
        if block.release() {
            dispose(of: block)
        } else {
            snapshot.account(block)
        }
    }

    /// Gives up one frozen hold on a large value.
    mutating func giveUpFrozen(_ block: LargeBlock) {
        if block.releaseFrozen() { return dispose(of: block) }
        if block.frozenHolders == 0 { thaw(block) }
        snapshot.account(block)
    }

    /// Frees a large value that nobody holds.
    mutating func dispose(of block: LargeBlock) {
        thaw(block)
        snapshot.account(block)
        if !block.tearDown(Databases.nodesAtOnce, heap: heap) {
            discardedPieces.append(DiscardedPiece(block))
        }
    }

    /// So many nodes are freed at once whatever command lets go of them, and in one piece later.
    static let nodesAtOnce = 32
}

/// What of large values is in the account of a snapshot.
extension SnapshotState {
    /// What of `sideBytes` should be because of a large value: the nodes that only a frozen copy
    /// has, and all of it if it has no live holder.
    func bytes(of block: LargeBlock) -> Int {
        guard block.frozenHolders > 0 else { return 0 }
        let dropped = block.isFrozen(for: mark) ? block.lineage.droppedBytes : 0
        return dropped + (block.liveHolders == 0 ? block.fullFootprint : 0)
    }

    /// To be called when a large value was changed or has other holders.
    mutating func account(_ block: LargeBlock) {
        guard isActive else { return }
        let charged = block.head.charged
        let bytes = bytes(of: block)
        sideBytes += bytes - (charged.mark == mark ? charged.bytes : 0)
        block.head.charged = (mark, bytes)
    }
}
