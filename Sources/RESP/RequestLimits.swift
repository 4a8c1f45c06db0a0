/// What a request may announce before it is refused; the bounds of the query buffer's content.
@frozen @usableFromInline
package struct RequestLimits: Equatable, Sendable {
    /// Most arguments of a request.
    @usableFromInline package var maxArguments: Int
    /// Most bytes of one argument (`proto-max-bulk-len`).
    @usableFromInline package var maxBulk: Int
    /// Most bytes of an inline request or of a line that carries a length.
    @usableFromInline package var maxInline: Int
    /// False while the session still has to authenticate: then no request may have more than
    /// 10 arguments or an argument of more than 16384 bytes, so that strangers cannot make the
    /// server hold much.
    @usableFromInline package var isAuthenticated: Bool

    /// Redis's limits. A count beyond a 32-bit integer is refused as Redis 7 refuses it; what a
    /// request with fewer may hold is bounded by the query buffer's limit.
    @inlinable
    package init(
        maxArguments: Int = Int(Int32.max), maxBulk: Int = 512 << 20, maxInline: Int = 64 << 10,
        isAuthenticated: Bool = true
    ) {
        self.maxArguments = maxArguments
        self.maxBulk = maxBulk
        self.maxInline = maxInline
        self.isAuthenticated = isAuthenticated
    }

    /// Most arguments before authentication.
    @inlinable
    package static var unauthenticatedArguments: Int { 10 }

    /// Most bytes of an argument before authentication.
    @inlinable
    package static var unauthenticatedBulk: Int { 16384 }

    @inlinable
    var allowedArguments: Int {
        isAuthenticated ? maxArguments : min(maxArguments, RequestLimits.unauthenticatedArguments)
    }

    @inlinable
    var allowedBulk: Int {
        isAuthenticated ? maxBulk : min(maxBulk, RequestLimits.unauthenticatedBulk)
    }
}
