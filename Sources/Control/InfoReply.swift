import RESP

/// The fields of an INFO reply.
package struct InfoReply: Equatable, Sendable {
    /// By name.
    package private(set) var fields: [String: String] = [:]

    /// Reads the text of INFO; lines without a colon are skipped.
    package init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
    }

    package subscript(name: String) -> String? { fields[name] }
    package subscript(name: StaticString) -> String? { fields[name.description] }
    package func integer(_ name: String) -> Int64? { fields[name].flatMap { Int64($0) } }
    package func integer(_ name: StaticString) -> Int64? { integer(name.description) }
    package func number(_ name: String) -> Double? { fields[name].flatMap { Double($0) } }

    /// Whether the server is a primary.
    package var isPrimary: Bool { self["role"] == WireNames.primary.description }

    /// End of the stream a primary has written or a replica has applied.
    package var offset: Int64? {
        isPrimary
            ? integer(WireNames.primaryReplicationOffset)
            : integer(WireNames.replicaReplicationOffset)
    }
}
