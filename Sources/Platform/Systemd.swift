import CSystemd
import Glibc

/// The service manager, when there is one: without it every call does nothing, and its library,
/// which takes six others along, is not loaded.
package enum Systemd {
    /// `sd_notify`, `sd_watchdog_enabled`, `sd_listen_fds_with_names` and `sd_is_socket`.
    private typealias Notify = @convention(c) (Int32, UnsafePointer<CChar>?) -> Int32
    private typealias Watchdog = @convention(c) (Int32, UnsafeMutablePointer<UInt64>?) -> Int32
    private typealias Names = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private typealias Listen = @convention(c) (Int32, UnsafeMutablePointer<Names?>?) -> Int32
    private typealias IsSocket = @convention(c) (Int32, Int32, Int32, Int32) -> Int32

    /// The functions of the library; nil where it is not installed.
    @safe
    private struct Library {
        let notify: Notify
        let watchdog: Watchdog
        let listen: Listen
        let isSocket: IsSocket

        static let shared = Library()

        private init?() {
            guard let handle = unsafe dlopen("libsystemd.so.0", RTLD_NOW),
                let notify = unsafe dlsym(handle, "sd_notify"),
                let watchdog = unsafe dlsym(handle, "sd_watchdog_enabled"),
                let listen = unsafe dlsym(handle, "sd_listen_fds_with_names"),
                let isSocket = unsafe dlsym(handle, "sd_is_socket")
            else { return nil }
            unsafe self.notify = unsafe unsafeBitCast(notify, to: Notify.self)
            unsafe self.watchdog = unsafe unsafeBitCast(watchdog, to: Watchdog.self)
            unsafe self.listen = unsafe unsafeBitCast(listen, to: Listen.self)
            self.isSocket = unsafe unsafeBitCast(isSocket, to: IsSocket.self)
        }
    }

    /// Sends one or more lines of the notify protocol, e.g. `READY=1`.
    package static func notify(_ state: String) {
        guard Process.environment("NOTIFY_SOCKET") != nil else { return }
        _ = unsafe Library.shared?.notify(0, state)
    }

    /// How often the manager wants to hear `WATCHDOG=1`, in microseconds; nil if it does not.
    package static func watchdogMicroseconds() -> Int64? {
        guard Process.environment("WATCHDOG_USEC") != nil, let library = Library.shared else {
            return nil
        }
        var microseconds: UInt64 = 0
        guard unsafe library.watchdog(0, &microseconds) > 0, microseconds > 0 else {
            return nil
        }
        return Int64(clamping: microseconds)
    }

    /// The descriptors the manager handed over, each with the name its unit gives it. Takes them:
    /// a second call, and programs we start, see none.
    package static func takeDescriptors() -> [(name: String, descriptor: Descriptor)] {
        guard Process.environment("LISTEN_FDS") != nil, let library = Library.shared else {
            return []
        }
        var names: Names?
        let count = unsafe library.listen(1, &names)
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
        let stream = Int32(SOCK_STREAM.rawValue)
        guard let library = Library.shared else { return false }
        return library.isSocket(descriptor.number, AF_UNSPEC, stream, 1) > 0
    }
}
