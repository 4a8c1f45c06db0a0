import CShims
import Glibc

/// Readiness of many descriptors, level-triggered. Owns the epoll descriptor and the space for
/// the events of one wait.
@safe
package struct Epoll: ~Copyable {
    /// What a descriptor is watched for.
    package struct Interest: OptionSet, BitwiseCopyable, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }
        package static let read = Interest(rawValue: EPOLLIN.rawValue)
        package static let write = Interest(rawValue: EPOLLOUT.rawValue)
    }

    /// What was found about one descriptor.
    package struct Event: Sendable {
        /// The number it was added with.
        package let token: UInt64
        /// Reading will not block; also true when the other end is gone.
        package let isReadable: Bool
        /// Writing will not block, or will say what is wrong.
        package let isWritable: Bool
    }

    private let epoll: Descriptor
    private let events: UnsafeMutablePointer<tandem_event>
    private var count = 0

    package init() throws(SystemError) {
        epoll = Descriptor(try checked("epoll_create1", epoll_create1(Int32(EPOLL_CLOEXEC))))
        unsafe events = .allocate(capacity: Int(TANDEM_EVENTS))
    }

    deinit {
        epoll.close()
        unsafe events.deallocate()
    }

    package func add(
        _ descriptor: Descriptor, token: UInt64, _ interest: Interest
    ) throws(SystemError) {
        try control(EPOLL_CTL_ADD, descriptor, token, interest)
    }

    package func modify(
        _ descriptor: Descriptor, token: UInt64, _ interest: Interest
    ) throws(SystemError) {
        try control(EPOLL_CTL_MOD, descriptor, token, interest)
    }

    /// Stops watching. Closing the descriptor does it too, unless it was duplicated.
    package func remove(_ descriptor: Descriptor) {
        try? control(EPOLL_CTL_DEL, descriptor, 0, [])
    }

    /// Waits for events, at most 128 of them and at most `milliseconds` (negative: for ever).
    /// Returns how many there are; a signal gives none.
    package mutating func wait(milliseconds: Int32) throws(SystemError) -> Int {
        let found = unsafe tandem_epoll_wait(epoll.number, events, milliseconds)
        if found < 0, errno != EINTR { throw SystemError.last("epoll_wait") }
        count = max(0, Int(found))
        return count
    }

    /// Event `index` of the last wait.
    package subscript(index: Int) -> Event {
        precondition(index >= 0 && index < count)
        let event = unsafe events[index]
        let gone = event.events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
        return Event(
            token: event.token, isReadable: gone || event.events & EPOLLIN.rawValue != 0,
            isWritable: gone || event.events & EPOLLOUT.rawValue != 0)
    }

    private func control(
        _ operation: Int32, _ descriptor: Descriptor, _ token: UInt64, _ interest: Interest
    ) throws(SystemError) {
        try checked(
            "epoll_ctl",
            tandem_epoll_control(
                epoll.number, operation, descriptor.number, interest.rawValue, token))
    }
}
