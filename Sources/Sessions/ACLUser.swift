import Digests
import Memory

/// Who may do what.
package struct ACLUser: Equatable, Sendable {
    package var name: [UInt8]
    package var isEnabled = false
    /// Any password will do.
    package var needsNoPassword = false
    /// SHA-256 of the passwords in hexadecimal.
    package var passwords: [String] = []
    /// `sanitize-payload` or `skip-sanitize-payload`, if it was said; payloads are always checked.
    package var payload: String?
    /// What the rules outside parentheses allow.
    package var root: ACLSelector
    /// What else is allowed: one for each rule in parentheses.
    package var selectors: [ACLSelector] = []

    /// A user who may do nothing yet.
    package init(name: [UInt8], commandCount: Int, allowsAllChannels: Bool) {
        self.name = name
        root = ACLSelector(commandCount: commandCount, allowsAllChannels: allowsAllChannels)
    }

    /// The name of the user that every connection has at first.
    package static let standardName = Array("default".utf8)

    /// The user that every connection has at first, and who may do everything.
    package static func standard(commandCount: Int) -> ACLUser {
        var user = ACLUser(
            name: standardName, commandCount: commandCount, allowsAllChannels: true)
        user.isEnabled = true
        user.needsNoPassword = true
        user.root.allowsAllKeys = true
        user.root.allowAllCommands(true)
        return user
    }

    /// Whether nothing is forbidden, so that no request has to be looked at.
    package var isUnrestricted: Bool {
        root.isUnrestricted || selectors.contains { $0.isUnrestricted }
    }

    /// Whether the password lets the user in.
    func accepts(_ password: ByteView) -> Bool {
        guard isEnabled else { return false }
        if needsNoPassword { return true }
        // Digests are compared, so that the time tells nothing about the password.
        let digest = SHA256.hex(password)
        return passwords.contains { Array($0.utf8) == Array(digest.utf8) }
    }

    /// Why the user may not run the command `index` with the arguments of `call` from `start` on;
    /// nil if something allows it. Of several reasons the one that is told is of the selector that
    /// came nearest: keys count more than commands, channels more than keys, later arguments more
    /// than earlier ones.
    package func denial(
        _ index: Int, _ call: Call, from start: Int = 0, table: borrowing CommandTable
    ) -> ACLDenial? {
        guard var reason = root.denial(index, call, from: start, table: table) else { return nil }
        for selector in selectors {
            guard let other = selector.denial(index, call, from: start, table: table) else {
                return nil
            }
            if reason.closeness < other.closeness { reason = other }
        }
        return reason
    }

    /// Whether the user may use the channel. A pattern must be allowed literally.
    func allows(channel: ByteView, isPattern: Bool) -> Bool {
        root.allows(channel: channel, isPattern: isPattern)
            || selectors.contains { $0.allows(channel: channel, isPattern: isPattern) }
    }
}
