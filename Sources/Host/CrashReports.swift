import Memory
import Platform
import RESP
import Sessions

/// Reports of our own faults: broken rules, invalid memory accesses, aborts. They go to the log
/// as it is at that moment.
package enum CrashReports {
    /// Most bytes of a request's name that are shown.
    private static let longestName = 64

    /// Reports faults from now on.
    package static func install() throws(SystemError) {
        try FaultReport.install()
        unsafe CrashReporter.install(FaultReport.reporter)
    }

    /// Adds to a report which requests were being executed. Arguments are left out: they are the
    /// users' data.
    package static func describe(_ frontend: borrowing Frontend) {
        let count = min(frontend.batchCount, Frontend.batchSize)
        FaultReport.addLine("requests in the batch: \(count)")
        for index in 0..<count {
            let item = frontend.batch[index]
            let name = frontend.arena.value[Int(item.first)]
            let shown = name[0..<min(name.count, longestName)].string
            FaultReport.addLine("request \(index): \(shown), \(item.count) words")
        }
    }
}
