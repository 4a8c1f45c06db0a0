import CShims
import Glibc

/// Signals the process reacts to. The handlers only count and wake the loop.
package enum Signals {
    /// The signals that are caught.
    package enum Kind: CaseIterable, Sendable {
        case terminate, interrupt, reload, childEnded

        /// The number the kernel knows it by.
        package var number: Int32 {
            switch self {
            case .terminate: SIGTERM
            case .interrupt: SIGINT
            case .reload: SIGHUP
            case .childEnded: SIGCHLD
            }
        }
    }

    /// Catches the signals from now on; each writes to `wake`. SIGPIPE is ignored.
    package static func install(waking wake: EventFD) throws(SystemError) {
        try checked("sigaction", tandem_signals_install(wake.descriptor.number))
    }

    /// The signals that arrived since the last call.
    package static func take() -> [Kind] {
        Kind.allCases.filter { tandem_signals_take($0.number) > 0 }
    }

    /// While the process stops, one more interrupt ends it at once.
    package static func setStopping(_ stopping: Bool) { tandem_signals_stopping(stopping ? 1 : 0) }

    /// Lets writes to closed sockets fail with an error instead of a signal. `install` does it
    /// too; programs that catch no signals use this.
    package static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }
}

/// The report that is written when the program itself is at fault.
package enum FaultReport {
    /// Reports faults (invalid memory access, illegal instruction, abort) from now on.
    package static func install() throws(SystemError) {
        try checked("sigaction", tandem_faults_install())
    }

    /// Where reports go, and how their log lines look.
    package static func setLog(_ descriptor: Descriptor, role: Character, utcOffset: Int) {
        let letter = CChar(bitPattern: role.asciiValue ?? UInt8(ascii: "?"))
        tandem_faults_log(descriptor.number, letter, utcOffset)
    }

    /// Lets `describe`, called with `argument` last in a report, say by `addLine` what was being
    /// done. It runs after a fault, so it only reads.
    package static func setDescription(
        of argument: UInt, _ describe: @escaping @convention(c) (UInt) -> Void
    ) {
        tandem_faults_describe(describe, argument)
    }

    /// Adds a line to the report that is being written.
    package static func addLine(_ text: String) { unsafe tandem_faults_line(text) }

    /// Reports `message`; for `CrashReporter.install`. The caller aborts.
    package static let reporter: @convention(c) (UnsafePointer<CChar>) -> Void = { message in
        unsafe tandem_faults_report(message)
    }
}
