import Memory
import RESP

/// Which arguments are passwords: the slow log and MONITOR show "(redacted)" in their place.
package enum Secrets {
    package static let shown = "(redacted)"

    /// Positions of the secret arguments of a request.
    package static func positions(_ call: Call) -> Set<Int> {
        guard call.count > 1 else { return [] }
        let name = call[0]
        if name.equalsIgnoringCase("auth") { return Set(1..<call.count) }
        if name.equalsIgnoringCase("hello") { return behind("auth", 2, call) }
        if name.equalsIgnoringCase("migrate") {
            return behind("auth", 1, call).union(behind("auth2", 2, call))
        }
        if name.equalsIgnoringCase("config"), call[1].equalsIgnoringCase("set") {
            return Set(
                stride(from: 3, to: call.count, by: 2).filter { isSecret(call[$0 - 1]) })
        }
        if name.equalsIgnoringCase("acl"),
            call[1].equalsIgnoringCase("setuser") || call[1].equalsIgnoringCase("deluser")
        {
            return Set(2..<call.count)
        }
        return []
    }

    /// Positions of the `count` arguments behind a word.
    private static func behind(_ word: StaticString, _ count: Int, _ call: Call) -> Set<Int> {
        var found: Set<Int> = []
        for index in 1..<call.count where call[index].equalsIgnoringCase(word) {
            for position in index + 1..<min(index + 1 + count, call.count) {
                found.insert(position)
            }
        }
        return found
    }

    private static func isSecret(_ directive: ByteView) -> Bool {
        [
            "requirepass", "\(WireNames.primaryAuth)", "\(WireNames.primaryUser)",
            "tls-key-file-pass",
            "tls-client-key-file-pass",
        ].contains { name in
            Array(name.utf8).withView { directive.equalsIgnoringCase($0) }
        }
    }
}
