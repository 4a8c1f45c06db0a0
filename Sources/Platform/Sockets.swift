import CShims
import Glibc

/// Stream sockets that never block.
package enum Sockets {
    /// A listening TCP socket. Several servers may not share the port; one that was just left by
    /// another process may be taken.
    package static func listen(
        on address: SocketAddress, backlog: Int
    ) throws(SystemError) -> Descriptor {
        let socket = try make(address.family)
        do throws(SystemError) {
            try set(socket, SOL_SOCKET, SO_REUSEADDR, 1)
            if address.isIPv6 { try set(socket, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
            try bind(socket, address)
            try checked("listen", Glibc.listen(socket.number, Int32(clamping: backlog)))
            return socket
        } catch {
            socket.close()
            throw error
        }
    }

    /// A listening unix socket at `path`, which is removed first if a socket is there.
    package static func listen(
        unixPath path: String, permissions: UInt32, backlog: Int
    ) throws(SystemError) -> Descriptor {
        guard let address = SocketAddress(unixPath: path) else {
            throw SystemError("bind", ENAMETOOLONG)
        }
        if Files.kind(of: path) == .socket { try Files.remove(path) }
        let socket = try make(AF_UNIX)
        do throws(SystemError) {
            try bind(socket, address)
            if permissions != 0 { try checked("chmod", unsafe chmod(path, permissions)) }
            try checked("listen", Glibc.listen(socket.number, Int32(clamping: backlog)))
            return socket
        } catch {
            socket.close()
            throw error
        }
    }

    /// The next connection that waits at `listener`, or nil when there is none.
    package static func accept(
        _ listener: Descriptor
    ) throws(SystemError) -> (socket: Descriptor, peer: SocketAddress)? {
        while true {
            var peer = SocketAddress()
            let number = unsafe tandem_accept(listener.number, &peer.storage, &peer.length)
            if number >= 0 { return (Descriptor(number), peer) }
            switch errno {
            case EAGAIN, EWOULDBLOCK: return nil
            case EINTR, ECONNABORTED, EPROTO: continue
            default: throw SystemError.last("accept")
            }
        }
    }

    /// Begins to connect; the socket becomes writable when that is decided, and `error` then
    /// tells how.
    package static func connect(
        to address: SocketAddress, from source: SocketAddress? = nil
    ) throws(SystemError) -> Descriptor {
        let socket = try make(address.family)
        do throws(SystemError) {
            if let source {
                try set(socket, SOL_SOCKET, SO_REUSEADDR, 1)
                try bind(socket, source)
            }
            let status = unsafe address.withPointer {
                unsafe Glibc.connect(socket.number, $0, $1)
            }
            if status < 0, errno != EINPROGRESS, errno != EINTR {
                throw SystemError.last("connect")
            }
            return socket
        } catch {
            socket.close()
            throw error
        }
    }

    /// Two sockets connected with each other.
    package static func pair() throws(SystemError) -> (Descriptor, Descriptor) {
        let ends = unsafe [Int32](unsafeUninitializedCapacity: 2) { out, count in
            count = unsafe socketpair(AF_UNIX, streamType, 0, out.baseAddress) == 0 ? 2 : 0
        }
        guard ends.count == 2 else { throw SystemError.last("socketpair") }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }

    /// The error a socket has met since the last look; 0 for none.
    package static func error(of socket: Descriptor) -> Int32 {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        let status = unsafe getsockopt(socket.number, SOL_SOCKET, SO_ERROR, &value, &size)
        return status == 0 ? value : errno
    }

    /// The address of this end.
    package static func localAddress(of socket: Descriptor) -> SocketAddress? {
        var address = SocketAddress()
        let status = unsafe address.withMutablePointer {
            unsafe getsockname(socket.number, $0, $1)
        }
        return status == 0 ? address : nil
    }

    /// The address of the other end.
    package static func peerAddress(of socket: Descriptor) -> SocketAddress? {
        var address = SocketAddress()
        let status = unsafe address.withMutablePointer {
            unsafe getpeername(socket.number, $0, $1)
        }
        return status == 0 ? address : nil
    }

    /// Sends small pieces at once instead of waiting for more.
    package static func setNoDelay(_ socket: Descriptor, _ on: Bool = true) {
        try? set(socket, Int32(IPPROTO_TCP), TCP_NODELAY, on ? 1 : 0)
    }

    /// Lets the kernel ask a silent peer every `seconds`, and give up after three answers that
    /// did not come; 0 never asks.
    package static func setKeepAlive(_ socket: Descriptor, seconds: Int) {
        try? set(socket, SOL_SOCKET, SO_KEEPALIVE, seconds > 0 ? 1 : 0)
        guard seconds > 0 else { return }
        let tcp = Int32(IPPROTO_TCP)
        try? set(socket, tcp, TCP_KEEPIDLE, Int32(clamping: seconds))
        try? set(socket, tcp, TCP_KEEPINTVL, Int32(clamping: max(1, seconds / 3)))
        try? set(socket, tcp, TCP_KEEPCNT, 3)
    }

    /// How long sent bytes may stay without an acknowledgement before the connection is broken.
    package static func setUserTimeout(_ socket: Descriptor, milliseconds: Int) {
        try? set(
            socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, Int32(clamping: milliseconds))
    }

    /// The longest queue of waiting connections the kernel allows, if it says.
    package static func backlogLimit() -> Int? {
        guard let bytes = try? Files.read("/proc/sys/net/core/somaxconn", limit: 32) else {
            return nil
        }
        return Int(String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self))
    }

    private static var streamType: Int32 {
        Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    }

    private static func make(_ family: Int32) throws(SystemError) -> Descriptor {
        Descriptor(try checked("socket", Glibc.socket(family, streamType, 0)))
    }

    private static func bind(
        _ socket: Descriptor, _ address: SocketAddress
    ) throws(SystemError) {
        try checked(
            "bind", unsafe address.withPointer { unsafe Glibc.bind(socket.number, $0, $1) })
    }

    private static func set(
        _ socket: Descriptor, _ level: Int32, _ option: Int32, _ value: Int32
    ) throws(SystemError) {
        var value = value
        try checked(
            "setsockopt",
            unsafe setsockopt(
                socket.number, level, option, &value, socklen_t(MemoryLayout<Int32>.size)))
    }
}
