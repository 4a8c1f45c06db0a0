import Configuration
import Digests
import Memory

/// The line `user default …` that Redis writes into its files: understood as far as it says what
/// is so here anyway, one user who may do everything, with the password of `requirepass`.
struct DefaultUser: Equatable {
    /// SHA-256 of its password in hexadecimal; nil if it has none.
    private(set) var digest: String?

    /// The line of a server with this password.
    static func line(password: String) -> String {
        "user default on \(password.isEmpty ? "nopass" : "#" + hash(password)) ~* &* +@all"
    }

    /// Reads what follows `user`.
    init(_ arguments: [String]) throws(DirectiveError) {
        guard arguments.first == "default" else {
            throw DirectiveError("this server has no users but the default one")
        }
        for rule in arguments.dropFirst() {
            switch rule.lowercased() {
            case "on", "~*", "allkeys", "&*", "allchannels", "+@all", "allcommands",
                "sanitize-payload", "skip-sanitize-payload":
                continue
            case "nopass": digest = nil
            case let hashed where hashed.hasPrefix("#"): digest = String(hashed.dropFirst())
            case _ where rule.hasPrefix(">"): digest = DefaultUser.hash(String(rule.dropFirst()))
            default:
                throw DirectiveError(
                    "the user default may do everything here: no rule '\(rule)'")
            }
        }
    }

    /// Why it does not fit to the password of `requirepass`; nil if it does.
    func conflict(with password: String) -> String? {
        let wanted = password.isEmpty ? nil : DefaultUser.hash(password)
        if digest == wanted { return nil }
        return digest == nil
            ? "the user default has no password, but requirepass is set"
            : "the password of the user default must be set with requirepass as well"
    }

    private static func hash(_ password: String) -> String {
        Array(password.utf8).withView { SHA256.hex($0) }
    }
}
