/// A field that makes the struct it is part of one that is passed by address. Without it the
/// compiler (Swift 6.3.1) takes a big struct apart, and copies it whole onto the stack for every
/// call of a method that does not mutate it: 76 instructions for each kilobyte, and long builds.
@frozen @usableFromInline
package struct PassedByAddress {
    @usableFromInline var nothing: Any?

    @inlinable package init() { nothing = nil }
}
