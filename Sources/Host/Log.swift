import Platform
import Sessions

/// The log, in Redis's line format: `PID:role dd Mon yyyy hh:mm:ss.mmm mark text`. Lines go to
/// a file or to the standard output. A file that was moved away is opened anew, so that log
/// rotation needs no signal.
package final class Log {
    /// Lines below this level are dropped.
    package var level: LogLevel
    /// Letter for what the process is now.
    package var role: Character = "M" { didSet { reportTarget() } }
    /// Whether lines go to the system's log as well, which must be open.
    package var usesSyslog = false
    private let path: String
    private var target = Descriptor.standardOutput
    private var identity: FileIdentity?

    /// A log into the file at `path`, or to the standard output when that is empty.
    package init(path: String, level: LogLevel) throws(SystemError) {
        self.path = path.isEmpty ? "" : Files.absolute(path)
        self.level = level
        if !path.isEmpty { try open() }
        reportTarget()
    }

    deinit { if !path.isEmpty { target.close() } }

    /// Writes a line.
    package func write(_ level: LogLevel, _ text: String) {
        guard level >= self.level else { return }
        let mark =
            switch level {
            case .debug: "."
            case .verbose: "-"
            case .notice: "*"
            case .warning: "#"
            }
        let date = Clock.local(Clock.wallMicroseconds()).logText
        put("\(Process.identifier):\(role) \(date) \(mark) \(text)\n")
        if usesSyslog { Syslog.write(level: level.rawValue, text) }
    }

    /// Writes text as it is.
    package func writeRaw(_ text: String) { put(text) }

    /// Opens the file again if another one, or none, is at its path now.
    package func reopen() {
        guard !path.isEmpty, Files.identity(of: path) != identity else { return }
        let old = target
        // When it cannot be opened the old file is better than none.
        let opened: Void? = try? open()
        if opened != nil { old.close() }
        reportTarget()
    }

    private func put(_ text: String) {
        reopen()
        // A log that cannot be written has nowhere to say so.
        try? target.writeAll(Array(text.utf8))
    }

    private func open() throws(SystemError) {
        target = try Files.open(path, .append)
        identity = Files.identity(of: path)
    }

    private func reportTarget() {
        let offset = Clock.local(Clock.wallMicroseconds()).offset
        FaultReport.setLog(target, role: role, utcOffset: offset)
    }
}
