/// A place in a history of writes: everything before it has been applied.
package struct StreamPosition: Hashable, Sendable {
    package var id: ReplicationID
    /// Bytes of the stream up to here.
    package var offset: Int

    /// What nobody can have reached by counting is not believed, so that there is always room for
    /// the next byte.
    package static let longest = 1 << 62

    package init(id: ReplicationID, offset: Int) {
        self.id = id
        self.offset = offset
    }
}
