import CShims
import Glibc

/// Set once by the program: receives the text of a broken invariant before the process aborts,
/// so that it can be written to the log as a crash report.
package struct CrashReporter {
    nonisolated(unsafe) static var report: (@convention(c) (UnsafePointer<CChar>) -> Void)?

    /// Installs `report`; it is called at most once, on the failing thread.
    package static func install(_ report: @escaping @convention(c) (UnsafePointer<CChar>) -> Void) {
        unsafe Self.report = unsafe report
    }
}

/// Stops the process when one of our own rules does not hold. Unlike `precondition` the message
/// reaches the log in release builds.
@inlinable @inline(__always)
package func invariant(
    _ condition: Bool, _ message: StaticString, file: StaticString = #fileID, line: UInt = #line
) {
    if _slowPath(!condition) { invariantFailed(message, file, line) }
}

@usableFromInline @inline(never)
func invariantFailed(_ message: StaticString, _ file: StaticString, _ line: UInt) -> Never {
    invariantFailed("\(message) (\(file):\(line))")
}

/// Reports `text` as a crash and aborts.
package func invariantFailed(_ text: String) -> Never {
    if let report = unsafe CrashReporter.report {
        unsafe CrashReporter.report = nil
        unsafe text.withCString { unsafe report($0) }
    } else {
        let line = Array("invariant failed: \(text)\n".utf8)
        _ = unsafe write(2, line, line.count)
    }
    abort()
}
