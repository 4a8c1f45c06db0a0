import Platform
import Sessions

/// How many clients the process's descriptors allow.
package struct DescriptorBudget {
    /// Descriptors kept back for files, listeners and links.
    package static let reserve = 32

    /// As many as asked for, or fewer.
    package let clients: Int
    /// What to say about it in the log.
    package let notes: [String]

    /// Raises the process's limit so that `wanted` clients fit, as far as it may.
    package init(clients wanted: Int) {
        let needed = wanted + DescriptorBudget.reserve
        let before = Process.descriptorLimit().soft
        let given = Process.raiseDescriptorLimit(to: needed)
        self.init(wanted: wanted, before: before, given: given)
    }

    /// What `given` descriptors, `before` being the limit at the start, mean for `wanted`
    /// clients.
    package init(wanted: Int, before: Int, given: Int) {
        let needed = wanted + DescriptorBudget.reserve
        if given >= needed {
            clients = wanted
            notes =
                before >= needed
                ? []
                : [
                    "Increased maximum number of open files to \(given) (it was originally set "
                        + "to \(before))."
                ]
            return
        }
        clients = max(1, given - DescriptorBudget.reserve)
        notes = [
            "You requested maxclients of \(wanted) requiring at least \(needed) max file "
                + "descriptors.",
            "Server can't set maximum open files to \(needed) because of OS error or limit.",
            "Current maximum open files is \(given). maxclients has been reduced to \(clients) "
                + "to compensate for low ulimit. If you need higher maxclients increase "
                + "'ulimit -n'.",
        ]
    }
}
