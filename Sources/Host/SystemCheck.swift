import Platform

/// What of the machine makes a server slower or less safe than it could be (`--check-system`).
package struct SystemCheck: Sendable {
    /// What the machine says of itself; nil where it does not.
    package struct Facts: Equatable, Sendable {
        /// `current_clocksource` of the kernel.
        package var clockSource: String?
        /// `vm.overcommit_memory`.
        package var overcommit: String?
        /// Choices of transparent huge pages, the one in force in brackets.
        package var hugePages: String?
        /// `net.core.somaxconn`.
        package var longestQueue: Int?
        /// Descriptors that the process may have at most.
        package var descriptors: Int

        package init(
            clockSource: String? = nil, overcommit: String? = nil, hugePages: String? = nil,
            longestQueue: Int? = nil, descriptors: Int
        ) {
            self.clockSource = clockSource
            self.overcommit = overcommit
            self.hugePages = hugePages
            self.longestQueue = longestQueue
            self.descriptors = descriptors
        }

        fileprivate static let clocks = "/sys/devices/system/clocksource/clocksource0"

        /// Those of this machine.
        package static var here: Facts {
            Facts(
                clockSource: line("\(clocks)/current_clocksource"),
                overcommit: line("/proc/sys/vm/overcommit_memory"),
                hugePages: line("/sys/kernel/mm/transparent_hugepage/enabled"),
                longestQueue: Sockets.backlogLimit(), descriptors: Process.descriptorLimit().hard)
        }

        private static func line(_ path: String) -> String? {
            guard let bytes = try? Files.read(path, limit: 256) else { return nil }
            return String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
        }
    }

    /// What is said of one thing: nil if it is well, or cannot be told.
    private let findings: [(name: String, warning: String?)]

    /// Judges `facts`, for a server with the defaults of a configuration.
    package init(_ facts: Facts) {
        let slowClocks = ["xen", "hpet", "acpi_pm"]
        findings = [
            (
                "clock source",
                facts.clockSource.flatMap { source in
                    slowClocks.contains(source)
                        ? "Reading the clock '\(source)' is a call of the kernel each time. Try "
                            + "another one: see \(Facts.clocks)."
                        : nil
                }
            ),
            (
                "overcommit",
                facts.overcommit == "2"
                    ? "vm.overcommit_memory is 2: memory may be refused while there is some. "
                        + "Set it to 0 or 1."
                    : nil
            ),
            (
                "huge pages",
                facts.hugePages?.contains("[never]") == true
                    ? "Transparent huge pages are off: big data sets are slower. Try 'echo "
                        + "madvise > /sys/kernel/mm/transparent_hugepage/enabled'."
                    : nil
            ),
            (
                "backlog",
                facts.longestQueue.flatMap { limit in
                    limit < HostSettings().backlog
                        ? "net.core.somaxconn is \(limit): no more connections than that wait "
                            + "to be accepted." : nil
                }
            ),
            (
                "descriptors",
                facts.descriptors < SystemCheck.descriptors
                    ? "Only \(facts.descriptors) files may be open: 10000 clients need "
                        + "\(SystemCheck.descriptors). Raise 'ulimit -n'." : nil
            ),
        ]
    }

    /// What the default of `maxclients` needs.
    private static var descriptors: Int { 10000 + DescriptorBudget.reserve }

    package var isWell: Bool { findings.allSatisfy { $0.warning == nil } }

    /// A line for each thing, and what to do about it.
    package var text: String {
        findings.map { name, warning in
            "[\(name)]..." + (warning.map { "WARNING:\n\($0)" } ?? "OK")
        }
        .joined(separator: "\n")
    }
}
