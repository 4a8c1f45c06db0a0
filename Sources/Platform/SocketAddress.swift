import Glibc

/// The address of a socket: IPv4, IPv6 or a path.
@safe
package struct SocketAddress: Sendable {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

    init() {}

    /// The address of a unix socket; nil when the path does not fit (107 bytes).
    package init?(unixPath path: String) {
        let bytes = Array(path.utf8)
        let room = MemoryLayout<sockaddr_un>.size - MemoryLayout<sa_family_t>.size
        guard bytes.count < room, !bytes.contains(0) else { return nil }
        storage.ss_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &storage) { raw in
            unsafe raw[MemoryLayout<sa_family_t>.size...].copyBytes(from: bytes)
        }
        length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + 1)
    }

    /// The address written in `host` as a number (IPv4, or IPv6 with or without a zone); nil for
    /// anything else, names included.
    package init?(numeric host: String, port: Int) {
        guard
            let found = try? NameResolution.lookUp(host, port: port, flags: AI_NUMERICHOST).first
        else { return nil }
        self = found
    }

    init(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) {
        let size = min(Int(length), MemoryLayout<sockaddr_storage>.size)
        unsafe withUnsafeMutableBytes(of: &storage) { raw in
            unsafe raw.copyMemory(from: UnsafeRawBufferPointer(start: address, count: size))
        }
        self.length = socklen_t(size)
    }

    /// Lends the address to a system call.
    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        unsafe withUnsafePointer(to: storage) { storage in
            unsafe UnsafeRawPointer(storage).withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, length)
            }
        }
    }

    /// Lets a system call fill the address in.
    mutating func withMutablePointer<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> Result {
        unsafe withUnsafeMutablePointer(to: &storage) { storage in
            unsafe UnsafeMutableRawPointer(storage)
                .withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    unsafe withUnsafeMutablePointer(to: &length) { unsafe body(address, $0) }
                }
        }
    }

    package var isUnix: Bool { family == AF_UNIX }
    package var isIPv6: Bool { family == AF_INET6 }
    var family: Int32 { Int32(storage.ss_family) }

    /// Whether the other end is on this machine.
    package var isLoopback: Bool {
        switch family {
        case AF_UNIX: true
        case AF_INET: unsafe bytes { unsafe $0[4] == 127 }
        default: host == "::1" || host.hasPrefix("::ffff:127.")
        }
    }

    /// The numeric address, or the path of a unix socket.
    package var host: String {
        switch family {
        case AF_INET: text(AF_INET, at: 4)
        case AF_INET6: text(AF_INET6, at: 8)
        case AF_UNIX:
            unsafe bytes { raw in
                let end = min(Int(length), raw.count)
                let path = unsafe raw[min(2, end)..<end].prefix { $0 != 0 }
                return unsafe String(decoding: path, as: UTF8.self)
            }
        default: "?"
        }
    }

    /// The port; 0 for a unix socket.
    package var port: Int {
        guard family == AF_INET || family == AF_INET6 else { return 0 }
        return unsafe bytes { unsafe Int($0[2]) << 8 | Int($0[3]) }
    }

    private func bytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe withUnsafeBytes(of: storage) { unsafe body($0) }
    }

    private func text(_ family: Int32, at offset: Int) -> String {
        let size = Int(INET6_ADDRSTRLEN)
        let written = unsafe bytes { raw in
            unsafe [CChar](unsafeUninitializedCapacity: size) { out, count in
                let done = unsafe inet_ntop(
                    family, raw.baseAddress! + offset, out.baseAddress, socklen_t(size))
                count = unsafe done == nil ? 0 : strlen(out.baseAddress!)
            }
        }
        return String(decoding: written.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension SocketAddress: CustomStringConvertible {
    /// The form of CLIENT LIST: `127.0.0.1:6379`, `[::1]:6379`, `/path:0`.
    package var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
