import Memory
import RESP

/// Which arguments are passwords: the slow log and MONITOR show "(redacted)" in their place.
package enum Secrets {
    package static let shown = "(redacted)"

    /// Positions of the secret arguments of a request, whose command `command` is.
    package static func positions(_ call: Call, of command: CommandIdentity) -> Set<Int> {
        switch command {
        case .auth: Set(1..<max(call.count, 1))
        case .hello: behind("auth", 2, call)
        case .migrate: behind("auth", 1, call).union(behind("auth2", 2, call))
        case .configSet:
            Set(stride(from: 3, to: call.count, by: 2).filter { isSecret(call[$0 - 1]) })
        case .aclSetUser, .aclDeleteUser: Set(2..<max(call.count, 2))
        default: []
        }
    }

    /// Positions of the `count` arguments behind a word.
    private static func behind(_ word: StaticString, _ count: Int, _ call: Call) -> Set<Int> {
        var found: Set<Int> = []
        for index in 1..<max(call.count, 1) where call[index].equalsIgnoringCase(word) {
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
