/// From where on collections change the encoding they are named by, as the directives say. What
/// is there already changes when it is next added to.
package struct EncodingLimits: Equatable, Sendable {
    /// Fields of a hash, and bytes of a field or value, up to which it is a listpack.
    package var hashEntries = 512
    package var hashValue = 64
    /// Members of a sorted set, and bytes of a member, up to which it is a listpack.
    package var zsetEntries = 128
    package var zsetValue = 64
    /// Members of a set of integers up to which it is an intset.
    package var setIntsetEntries = 512
    /// What a node of a list may hold, as `list-max-listpack-size` says it, and how many nodes at
    /// either end are not compressed. They are only told, as lists are laid out another way.
    package var listSize = -2
    package var listCompressDepth = 0
    /// Bytes and entries of a node of a stream.
    package var streamNodeBytes = 4096
    package var streamNodeEntries = 100
    /// Bytes up to which a HyperLogLog stays sparse.
    package var hllSparseBytes = 3000

    /// The defaults of Redis 7.0.
    package init() {}
}
