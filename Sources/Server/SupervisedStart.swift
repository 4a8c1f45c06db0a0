import Engine
import Platform
import Sessions

/// Who started the server and waits to hear of it, as far as `supervised` wants to know. What
/// systemd is told later is said wherever it listens.
struct SupervisedStart {
    /// Lines for the log.
    let notes: [(level: LogLevel, text: String)]
    let isThere: Bool
    private let isStopped: Bool

    /// Looks for what `wanted` names.
    init(_ wanted: Supervision) {
        let hasUpstart = Process.environment("UPSTART_JOB") != nil
        let hasSystemd = Process.environment("NOTIFY_SOCKET") != nil
        let supervisor =
            wanted != .auto ? wanted : hasUpstart ? .upstart : hasSystemd ? .systemd : .no
        isStopped = supervisor == .upstart && hasUpstart
        isThere = isStopped || supervisor == .systemd && hasSystemd
        notes =
            switch (supervisor, isThere) {
            case (.upstart, true):
                [(.notice, "supervised by upstart, will stop to signal readiness")]
            case (.upstart, false):
                [(.warning, "upstart supervision requested, but UPSTART_JOB not found!")]
            case (.systemd, true):
                [
                    (
                        .notice,
                        "Supervised by systemd. Please make sure you set appropriate values for "
                            + "TimeoutStartSec and TimeoutStopSec in your service unit."
                    )
                ]
            case (.systemd, false):
                [(.warning, "systemd supervision error: NOTIFY_SOCKET not found!")]
            default: []
            }
    }

    /// Upstart takes a program that stops itself for a ready one, and lets it go on.
    func tell() { if isStopped { Process.pause() } }
}
