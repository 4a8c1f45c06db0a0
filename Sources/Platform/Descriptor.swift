import CShims
import Glibc

/// What a read or write on a descriptor came to.
@frozen @usableFromInline
package enum Transfer: Equatable, Sendable {
    /// So many bytes, at least one.
    case done(Int)
    /// Nothing now; the descriptor will say when.
    case wouldBlock
    /// The other end is finished (reads only).
    case closed
    /// An error number: the connection is of no more use.
    case failed(Int32)

    /// Of a descriptor that is not there any more.
    @usableFromInline package static var badDescriptor: Transfer { .failed(EBADF) }
    /// Of bytes that break the rules of the layer beneath.
    package static var protocolError: Transfer { .failed(EPROTO) }
}

/// A file descriptor. A plain number that is closed by `close()`, once, by whoever owns it.
@frozen @usableFromInline
package struct Descriptor: Hashable, BitwiseCopyable, Sendable {
    @usableFromInline package let number: Int32

    @inlinable
    package init(_ number: Int32) { self.number = number }

    package static var standardInput: Descriptor { Descriptor(0) }
    package static var standardOutput: Descriptor { Descriptor(1) }
    package static var standardError: Descriptor { Descriptor(2) }

    /// Gives the descriptor back. A close that fails leaves nothing to repair.
    package func close() { _ = Glibc.close(number) }

    /// Reads what there is, at most the size of `buffer`.
    @unsafe @inlinable @inline(__always)
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        while true {
            let count = unsafe tandem_read(number, buffer.baseAddress, buffer.count)
            if count > 0 { return .done(count) }
            if count == 0 { return .closed }
            if count != -Int(EINTR) { return Descriptor.failure(-count) }
        }
    }

    /// Writes as much of `bytes` as the descriptor takes now.
    @unsafe @inlinable @inline(__always)
    package func write(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        while true {
            let count = unsafe tandem_write(number, bytes.baseAddress, bytes.count)
            if count >= 0 { return .done(count) }
            if count != -Int(EINTR) { return Descriptor.failure(-count) }
        }
    }

    /// Writes several pieces in one call, at most 64 of them.
    @unsafe
    package func write(pieces: [UnsafeRawBufferPointer]) -> Transfer {
        let vectors = unsafe pieces.prefix(64).map { piece in
            unsafe iovec(
                iov_base: UnsafeMutableRawPointer(mutating: piece.baseAddress),
                iov_len: piece.count)
        }
        while true {
            let written = unsafe writev(number, vectors, Int32(vectors.count))
            if written >= 0 { return .done(written) }
            if errno != EINTR { return Descriptor.failure(Int(errno)) }
        }
    }

    /// Writes all of `bytes`, waiting as long as it takes.
    package func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let transfer = unsafe bytes.withUnsafeBytes { all in
                unsafe write(UnsafeRawBufferPointer(rebasing: all[done...]))
            }
            switch transfer {
            case .done(let count): done += count
            case .wouldBlock: try wait(for: .write, milliseconds: -1)
            case .closed: throw SystemError("write", EPIPE)
            case .failed(let number): throw SystemError("write", number)
            }
        }
    }

    /// Reads at most `limit` bytes, waiting for the first; nothing at the end.
    package func readSome(_ limit: Int) throws(SystemError) -> [UInt8] {
        var outcome = Transfer.closed
        while true {
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
                unsafe outcome = read(into: UnsafeMutableRawBufferPointer(buffer))
                if case .done(let read) = outcome { count = read }
            }
            switch outcome {
            case .done, .closed: return bytes
            case .wouldBlock: try wait(for: .read, milliseconds: -1)
            case .failed(let number): throw SystemError("read", number)
            }
        }
    }

    /// The kind of readiness to wait for.
    package enum Readiness { case read, write }

    /// Waits until the descriptor is ready, or the time is over (false). A negative time waits
    /// for ever.
    @discardableResult
    package func wait(
        for readiness: Readiness, milliseconds: Int32
    ) throws(SystemError) -> Bool {
        var entry = pollfd(
            fd: number, events: Int16(readiness == .read ? POLLIN : POLLOUT), revents: 0)
        while true {
            let count = unsafe poll(&entry, 1, milliseconds)
            if count >= 0 { return count > 0 }
            if errno != EINTR { throw SystemError.last("poll") }
        }
    }

    /// Makes reads and writes say `wouldBlock` instead of waiting.
    package func setNonblocking(_ on: Bool = true) throws(SystemError) {
        let flags = try checked("fcntl", fcntl(number, F_GETFL))
        try checked("fcntl", fcntl(number, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK))
    }

    @usableFromInline
    static func failure(_ number: Int) -> Transfer {
        let number = Int32(truncatingIfNeeded: number)
        return number == EAGAIN || number == EWOULDBLOCK ? .wouldBlock : .failed(number)
    }
}
