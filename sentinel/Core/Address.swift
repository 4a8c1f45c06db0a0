/// Where an instance listens: a numeric address (or a name where names are allowed) and a port.
package struct Address: Hashable, Sendable {
    package var host: String
    package var port: Int

    package init(_ host: String, _ port: Int) {
        self.host = host
        self.port = port
    }

    /// `host:port`, which is also the name of a replica; IPv6 addresses stand in brackets.
    package var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether `host` is an IPv4 or IPv6 address rather than a name.
    package static func isNumeric(_ host: String) -> Bool {
        host.contains(":") ? isIPv6(host) : isIPv4(host)
    }

    private static func isIPv4(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.utf8.count) && part.utf8.allSatisfy { (48...57).contains($0) }
                    && (Int(part) ?? 256) <= 255
            }
    }

    /// Eight groups of hexadecimal digits, one run of zero groups replaced by `::`, the last two
    /// groups perhaps an IPv4 address, a zone behind `%`.
    private static func isIPv6(_ host: String) -> Bool {
        let colon = UInt8(ascii: ":")
        let body = host.prefix { $0 != "%" }
        let bytes = Array(body.utf8)
        guard bytes.count >= 2, bytes[0] != colon || bytes[1] == colon else { return false }
        guard bytes[bytes.count - 1] != colon || bytes[bytes.count - 2] == colon else {
            return false
        }
        let gaps = zip(bytes, bytes.dropFirst()).count { $0 == colon && $1 == colon }
        let parts = body.split(separator: ":")
        var groups = 0
        for (index, part) in parts.enumerated() {
            if part.contains(".") {
                guard index == parts.count - 1, isIPv4(String(part)) else { return false }
                groups += 2
            } else {
                guard part.utf8.count <= 4, part.allSatisfy(\.isHexDigit) else { return false }
                groups += 1
            }
        }
        return gaps == 0 ? groups == 8 : gaps == 1 && groups < 8
    }
}
