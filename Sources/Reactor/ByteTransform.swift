import Memory

/// What stands between a socket and the bytes the program means: nothing for a plain connection,
/// encryption for another. It only turns bytes into bytes; the loop does the reading and writing.
package protocol ByteTransform: AnyObject {
    /// Takes bytes as they came from the socket; false when they break its protocol and the
    /// connection is of no more use.
    func takeReceived(_ raw: ByteView) -> Bool

    /// Appends what can be read now. True when it holds more back, which `EventLoop` fetches in
    /// the next turn although the socket may stay silent.
    func giveReceived(into plain: inout ByteBuffer) -> Bool

    /// Takes bytes to be sent, as many as it wants now, and returns how many.
    func takeToSend(_ plain: ByteView) -> Int

    /// What the socket is to send next; valid until the transform is next used.
    var toSend: ByteView { get }

    /// The socket took the first `count` bytes of `toSend`.
    func sent(_ count: Int)
}
