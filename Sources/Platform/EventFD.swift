import CShims
import Glibc

/// A counter one thread adds to so that another wakes up.
package struct EventFD: Sendable {
    package let descriptor: Descriptor

    package init() throws(SystemError) {
        descriptor = Descriptor(
            try checked("eventfd", tandem_eventfd()))
    }

    /// Makes the descriptor readable. May be called from any thread.
    package func signal() {
        var one: UInt64 = 1
        _ = unsafe write(descriptor.number, &one, 8)
    }

    /// Makes it unreadable until the next signal.
    package func drain() {
        var count: UInt64 = 0
        _ = unsafe read(descriptor.number, &count, 8)
    }
}
