/// Where a server or sentinel listens.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package let host: String
    package let port: Int

    /// A host (name, address, or path of a unix socket with port 0).
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `host:port`, `[address]:port`, a host alone, or the path of a unix socket; nil for
    /// anything else.
    package init?(_ text: String, defaultPort: Int) {
        if text.hasPrefix("/") {
            self.init(host: text, port: 0)
            return
        }
        var (host, portText) = (Substring(text), Substring(String(defaultPort)))
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            if !rest.isEmpty { portText = rest.dropFirst() }
        } else if let colon = text.lastIndex(of: ":"), text.firstIndex(of: ":") == colon {
            host = text[..<colon]
            portText = text[text.index(after: colon)...]
        }
        guard !host.isEmpty, let port = Int(portText), (1...65535).contains(port) else {
            return nil
        }
        self.init(host: String(host), port: port)
    }

    package var description: String {
        if port == 0 { return host }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
