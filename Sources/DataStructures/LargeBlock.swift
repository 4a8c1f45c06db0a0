import Digests
import Memory

/// A handle to a value that is made of nodes: a block that the record of the only live holder, and
/// those of snapshots, refer to. Holders are counted as in a `ValueBlock`, whose first two words
/// are the same. What frozen holders see is the root as it was when the lineage was frozen, or the
/// live one if nobody has changed the value since.
///
///     the head, the live root, the frozen root
///
/// A root is trivial and begins with its `Lineage`. The one of the frozen root means nothing.
@safe @frozen @usableFromInline
package struct LargeBlock: BitwiseCopyable {
    @usableFromInline let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    package init(address: UInt) {
        unsafe base = UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped
    }

    @inlinable
    package var address: UInt { @inline(__always) get { unsafe UInt(bitPattern: base) } }

    /// A block of a value with this root, held once.
    package init<Root: BitwiseCopyable>(
        heap: Heap, type: UInt8, hashKey: HashKey, root: Root
    ) {
        let size = MemoryLayout<Root>.stride
        unsafe base = heap.allocate(LargeBlock.rootOffset + 2 * size)
        unsafe base.initializeMemory(
            as: LargeHead.self,
            to: LargeHead(type: type, rootSize: size, hashKey: hashKey))
        unsafe (base + LargeBlock.rootOffset).initializeMemory(as: Root.self, to: root)
        unsafe (base + LargeBlock.rootOffset + size).initializeMemory(as: Root.self, to: root)
    }

    @inlinable
    static var rootOffset: Int { (MemoryLayout<LargeHead>.size &+ 15) & ~15 }

    /// What it has whatever it is.
    @inlinable
    package var head: LargeHead {
        @inline(__always) unsafeAddress {
            unsafe UnsafePointer(base.assumingMemoryBound(to: LargeHead.self))
        }
        @inline(__always) nonmutating unsafeMutableAddress {
            unsafe base.assumingMemoryBound(to: LargeHead.self)
        }
    }

    /// The root of the live value.
    @inlinable
    package subscript<Root: BitwiseCopyable>(live type: Root.Type) -> Root {
        @inline(__always) unsafeAddress {
            unsafe UnsafePointer(
                (base + LargeBlock.rootOffset).assumingMemoryBound(to: Root.self))
        }
        @inline(__always) nonmutating unsafeMutableAddress {
            unsafe (base + LargeBlock.rootOffset).assumingMemoryBound(to: Root.self)
        }
    }

    /// The root as snapshot `mark` sees it.
    @inlinable
    package subscript<Root: BitwiseCopyable>(frozen type: Root.Type, for mark: UInt32) -> Root {
        unsafeAddress {
            let behind = isFrozen(for: mark) ? MemoryLayout<Root>.stride : 0
            let root = unsafe base + LargeBlock.rootOffset + behind
            return unsafe UnsafePointer(root.assumingMemoryBound(to: Root.self))
        }
    }

    /// The lineage of the nodes.
    @inlinable
    package var lineage: Lineage {
        @inline(__always) unsafeAddress {
            unsafe UnsafePointer(
                (base + LargeBlock.rootOffset).assumingMemoryBound(to: Lineage.self))
        }
        @inline(__always) nonmutating unsafeMutableAddress {
            unsafe (base + LargeBlock.rootOffset).assumingMemoryBound(to: Lineage.self)
        }
    }

    /// Whether there is a frozen root, of snapshot `mark`.
    @inlinable
    package func isFrozen(for mark: UInt32) -> Bool {
        lineage.isFrozen && head.mark == mark
    }

    /// From now on what snapshot `mark` sees is the value as it is now.
    package func freeze(for mark: UInt32) {
        let size = Int(head.rootSize)
        let root = unsafe base + LargeBlock.rootOffset
        unsafe (root + size).copyMemory(from: root, byteCount: size)
        lineage.freeze()
        head.mark = mark
    }

    /// Bytes the allocator holds for the block itself.
    package var footprint: Int {
        Heap.roundedSize(LargeBlock.rootOffset + 2 * Int(head.rootSize))
    }

    /// Frees the block, and nothing that its roots refer to.
    package func free(heap: Heap) {
        unsafe heap.free(base, LargeBlock.rootOffset + 2 * Int(head.rootSize))
    }

    // MARK: Holders

    package var holders: Int { Int(head.held) }

    /// Holders that read, if anything, what the value was when a snapshot began.
    package var frozenHolders: Int { Int(head.frozen) }

    /// Holders that are records in tables, or in tables that wait to be freed.
    package var liveHolders: Int { holders - frozenHolders }

    /// One more frozen holder.
    package func holdFrozen() {
        head.held += 1
        head.frozen += 1
    }

    /// A live holder becomes a frozen one.
    package func freezeHolder() { head.frozen += 1 }

    /// One live holder less. Returns whether it was the last of all, who must dispose of it.
    package func release() -> Bool {
        head.held -= 1
        return head.held == 0
    }

    /// One frozen holder less. Returns whether it was the last of all, who must dispose of it.
    package func releaseFrozen() -> Bool {
        head.frozen -= 1
        return release()
    }
}

/// What a large value has whatever it is.
@frozen @usableFromInline
package struct LargeHead: BitwiseCopyable {
    /// Holders, and the frozen ones among them.
    fileprivate var held: UInt32 = 1
    fileprivate var frozen: UInt32 = 0
    /// The number of its type.
    package let type: UInt8
    fileprivate let rootSize: UInt16
    /// The snapshot for which it was frozen.
    @usableFromInline package fileprivate(set) var mark: UInt32 = 0
    /// The snapshot in whose account it is, and with how many bytes.
    package var charged: (mark: UInt32, bytes: Int) = (0, 0)
    /// By which its elements are hashed, for those who see nothing else of the keyspace.
    @usableFromInline package let hashKey: HashKey

    fileprivate init(type: UInt8, rootSize: Int, hashKey: HashKey) {
        self.type = type
        self.rootSize = UInt16(rootSize)
        self.hashKey = hashKey
    }
}

extension Record {
    /// Whether it holds a value that is made of nodes.
    @inlinable
    package var isLarge: Bool { isExternal && kind & 15 != 0 }

    /// The block of a value that is made of nodes.
    @inlinable
    package var large: LargeBlock {
        get {
            invariant(isLarge, "a value without nodes")
            return LargeBlock(address: block.address)
        }
        nonmutating set { block = ValueBlock(address: newValue.address) }
    }
}
