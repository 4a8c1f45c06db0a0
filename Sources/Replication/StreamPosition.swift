/// A place in a history of writes: everything before it has been applied.
package struct StreamPosition: Hashable, Sendable {
    package var id: ReplicationID
    /// Bytes of the stream up to here.
    package var offset: Int

    package init(id: ReplicationID, offset: Int) {
        self.id = id
        self.offset = offset
    }
}
