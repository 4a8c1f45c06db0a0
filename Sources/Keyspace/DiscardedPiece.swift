import DataStructures
import Memory

/// Something big that nobody needs any more and that is freed piece by piece.
@usableFromInline
struct DiscardedPiece: BitwiseCopyable {
    private enum Kind {
        case block
        case images
        case large
        case nodes
    }

    private let kind: Kind
    private let address: UInt
    /// Memory of the nodes.
    private var bytes = 0

    init(_ block: ValueBlock) {
        kind = .block
        address = block.address
    }

    init(_ images: PreImages) {
        kind = .images
        address = images.address
    }

    /// A large value without frozen root.
    init(_ block: LargeBlock) {
        kind = .large
        address = block.address
    }

    init(_ nodes: DroppedNodes) {
        kind = .nodes
        address = nodes.first
        bytes = nodes.bytes
    }

    /// Whether it is but one piece, which is cheap to free.
    var isSmall: Bool {
        kind == .block && ValueBlock(address: address).capacity < Databases.freedAtOnceLazily
    }

    /// Frees a piece of it. Returns what is left.
    func freeSlice(heap: Heap) -> DiscardedPiece? {
        switch kind {
        case .block: return ValueBlock(address: address).freeSlice(heap: heap) ? nil : self
        case .images:
            guard let images = PreImages(address: address) else { return nil }
            return images.freeSlice(heap: heap) ? nil : self
        case .large:
            let block = LargeBlock(address: address)
            return block.tearDown(Databases.nodesAtOnce, heap: heap) ? nil : self
        case .nodes:
            var nodes = DroppedNodes(first: address, bytes: bytes)
            nodes.free(Databases.nodesAtOnce, heap: heap)
            return nodes.isEmpty ? nil : DiscardedPiece(nodes)
        }
    }

    /// Frees it at once.
    func freeAll(heap: Heap) {
        var rest = freeSlice(heap: heap)
        while let piece = rest { rest = piece.freeSlice(heap: heap) }
    }
}
