import Memory
import Platform
import Sessions

/// What the host needs to know of its service's configuration.
package struct HostSettings: Equatable, Sendable {
    /// 0 listens on no TCP port.
    package var port = 6379
    /// Addresses to listen on: `*` for every IPv4 address, `::*` for every IPv6 one. One behind
    /// a `-` may be missing on this machine.
    package var bind = ["*", "-::*"]
    package var backlog = 511
    /// Path of the unix socket to listen on; empty for none.
    package var unixSocket = ""
    /// Permissions of that socket; 0 leaves them to the process's mask.
    package var unixSocketPermissions: UInt32 = 0
    package var logLevel = LogLevel.notice
    /// Seconds after which a silent peer is asked whether it lives; 0 for never.
    package var keepAlive = 300
    /// What the process shows as its command line; empty leaves that as it is.
    package var title = ""

    package init() {}
}

/// What the host asks of the program whose service it runs. Called now and then, never for a
/// request.
package struct HostedProgram<Served: Service & ~Copyable> {
    /// The settings in force.
    package var settings: (Slot<Served>) -> HostSettings
    /// The letter of log lines: M for a primary, S for a replica, X for a sentinel.
    package var role: (Slot<Served>) -> Character
    /// Listening sockets that the service manager opened for us; they replace our own.
    package var inherited: [Descriptor] = []
    /// Whether signals of the process are for this host; only one host of a process may.
    package var catchesSignals = true
    /// The file to remove when the host ends; empty for none.
    package var pidFile = ""

    package init(
        settings: @escaping (Slot<Served>) -> HostSettings,
        role: @escaping (Slot<Served>) -> Character
    ) {
        self.settings = settings
        self.role = role
    }
}

/// Why the host cannot start or go on, in words for the log.
@usableFromInline
package struct HostError: Error, Equatable, CustomStringConvertible, Sendable {
    @usableFromInline package let description: String
    /// Whether it is about an address that this machine does not have.
    let isMissingAddress: Bool

    @usableFromInline
    package init(_ description: String) {
        self.init(description, isMissingAddress: false)
    }

    init(_ description: String, isMissingAddress: Bool) {
        self.description = description
        self.isMissingAddress = isMissingAddress
    }
}
