import CShims
import Glibc

/// Readiness of many descriptors, level-triggered. Owns the epoll descriptor and the space for
/// the events of one wait.
@safe @usableFromInline
package struct Epoll: ~Copyable {
    /// What a descriptor is watched for.
    @frozen @usableFromInline
    package struct Interest: OptionSet, BitwiseCopyable, Sendable {
        @usableFromInline package let rawValue: UInt32
        @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }
        package static let read = Interest(rawValue: EPOLLIN.rawValue)
        package static let write = Interest(rawValue: EPOLLOUT.rawValue)
    }

    /// What was found about one descriptor.
    @frozen @usableFromInline
    package struct Event: BitwiseCopyable, Sendable {
        /// The number it was added with.
        @usableFromInline package let token: UInt64
        /// Reading will not block; also true when the other end is gone.
        @usableFromInline package let isReadable: Bool
        /// Writing will not block, or will say what is wrong.
        @usableFromInline package let isWritable: Bool

        /// Nothing else than that there are bytes to read.
        @usableFromInline package let isOnlyReadable: Bool

        @inlinable @inline(__always)
        init(_ event: epoll_event) {
            let events = unsafe event.events
            let gone = events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
            token = unsafe event.data.u64
            isOnlyReadable = events == EPOLLIN.rawValue
            isReadable = gone || events & EPOLLIN.rawValue != 0
            isWritable = gone || events & EPOLLOUT.rawValue != 0
        }
    }

    /// Most events of one wait.
    @inlinable static var capacity: Int { 128 }

    @usableFromInline let epoll: Descriptor
    @usableFromInline let events: UnsafeMutablePointer<epoll_event>
    @usableFromInline var count = 0

    package init() throws(SystemError) {
        epoll = Descriptor(try checked("epoll_create1", epoll_create1(Int32(EPOLL_CLOEXEC))))
        unsafe events = .allocate(capacity: Epoll.capacity)
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
    @inlinable
    package mutating func wait(milliseconds: Int32) throws(SystemError) -> Int {
        let found = unsafe tandem_epoll_wait(
            epoll.number, events, Int32(Epoll.capacity), milliseconds)
        if _slowPath(found < 0) { try failed(Int32(truncatingIfNeeded: -found)) }
        count = max(0, Int(found))
        return count
    }

    @usableFromInline
    func failed(_ number: Int32) throws(SystemError) {
        if number != EINTR { throw SystemError("epoll_wait", number) }
    }

    /// Event `index` of the last wait.
    @inlinable
    package subscript(index: Int) -> Event {
        @inline(__always) get {
            precondition(index >= 0 && index < count)
            return unsafe Event(events[index])
        }
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
