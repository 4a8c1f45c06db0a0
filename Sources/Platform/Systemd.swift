import CSystemd
import Glibc

/// The service manager, when there is one: without it every call does nothing.
package enum Systemd {
    /// Sends one or more lines of the notify protocol, e.g. `READY=1`.
    package static func notify(_ state: String) { _ = unsafe sd_notify(0, state) }

    /// How often the manager wants to hear `WATCHDOG=1`, in microseconds; nil if it does not.
    package static func watchdogMicroseconds() -> Int64? {
        var microseconds: UInt64 = 0
        guard unsafe sd_watchdog_enabled(0, &microseconds) > 0, microseconds > 0 else {
            return nil
        }
        return Int64(clamping: microseconds)
    }

    /// The descriptors the manager handed over, each with the name its unit gives it. Takes them:
    /// a second call, and programs we start, see none.
    package static func takeDescriptors() -> [(name: String, descriptor: Descriptor)] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = unsafe sd_listen_fds_with_names(1, &names)
        guard count > 0 else { return [] }
        defer { unsafe free(names) }
        var taken: [(name: String, descriptor: Descriptor)] = []
        for index in 0..<Int(count) {
            let text = unsafe names?[index]
            let name = unsafe text.map { unsafe String(cString: $0) } ?? ""
            unsafe free(text)
            taken.append((name, Descriptor(SD_LISTEN_FDS_START + Int32(index))))
        }
        return taken
    }

    /// Whether `descriptor` is a listening stream socket.
    package static func isListener(_ descriptor: Descriptor) -> Bool {
        sd_is_socket(descriptor.number, AF_UNSPEC, Int32(SOCK_STREAM.rawValue), 1) > 0
    }
}
