/// The name of a registered descriptor: its number in the lower half, and how often that number
/// was used before, so that the name of a closed connection never means its successor.
@frozen @usableFromInline
package struct Token: Hashable, BitwiseCopyable, Sendable {
    @usableFromInline package let rawValue: UInt64

    init(index: Int, generation: UInt32) {
        rawValue = UInt64(generation) << 32 | UInt64(index)
    }

    @inlinable
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable var index: Int { Int(rawValue & 0xffff_ffff) }
    @inlinable var generation: UInt32 { UInt32(rawValue >> 32) }
}

/// What a wait found out about one descriptor.
@frozen @usableFromInline
package struct Event: BitwiseCopyable, Sendable {
    @usableFromInline package let token: Token
    /// The number the descriptor was added with.
    @usableFromInline package let user: UInt
    /// Reading, or accepting, is worth a try; also when the other end is gone.
    @usableFromInline package let isReadable: Bool
    /// Writing is worth a try; only where `watchWrites` asked.
    @usableFromInline package let isWritable: Bool

    @inlinable
    init(token: Token, user: UInt, isReadable: Bool, isWritable: Bool) {
        self.token = token
        self.user = user
        self.isReadable = isReadable
        self.isWritable = isWritable
    }
}
