/// The protocol version a session speaks; HELLO changes it.
@frozen @usableFromInline
package enum RESPVersion: UInt8, Sendable {
    case two = 2
    case three = 3
}
