import CShims

/// The system's log.
package enum Syslog {
    /// Lines are from `ident` from now on. Facilities are called as in `syslog-facility`.
    package static func open(ident: String, facility: String) {
        let number = facility.hasPrefix("local") ? Int32(facility.dropFirst(5)) ?? 0 : -1
        unsafe ident.withCString { unsafe tandem_syslog_open($0, number) }
    }

    /// Writes a line. Levels count up from debug through info and notice to warning.
    package static func write(level: Int, _ text: String) {
        unsafe text.withCString { unsafe tandem_syslog(Int32(level), $0) }
    }
}
