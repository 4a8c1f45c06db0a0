import Glibc

/// A host name that gives no address.
package struct ResolutionError: Error, Equatable, Sendable, CustomStringConvertible {
    package let host: String
    package let reason: String
    package var description: String { "\(host): \(reason)" }
}

/// From names to addresses. It may take many seconds: never call it on a thread that serves.
package enum NameResolution {
    /// At most so many addresses of one name are kept.
    package static let addressLimit = 16

    /// The addresses of `host`, which may be a name or a number, in the system's order.
    package static func resolve(
        _ host: String, port: Int
    ) throws(ResolutionError) -> [SocketAddress] {
        try lookUp(host, port: port, flags: 0)
    }

    static func lookUp(
        _ host: String, port: Int, flags: Int32
    ) throws(ResolutionError) -> [SocketAddress] {
        guard !host.isEmpty, !host.utf8.contains(0), (0...65535).contains(port) else {
            throw ResolutionError(host: host, reason: "not an address")
        }
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = flags | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else {
            let reason = unsafe gai_strerror(status).map { unsafe String(cString: $0) }
            throw ResolutionError(host: host, reason: reason ?? "error \(status)")
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next, addresses.count < addressLimit {
            if let address = unsafe entry.pointee.ai_addr {
                unsafe addresses.append(SocketAddress(address, entry.pointee.ai_addrlen))
            }
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }
}
