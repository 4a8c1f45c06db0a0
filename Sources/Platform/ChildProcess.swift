import Glibc

/// A program we started: a notification or reconfiguration script.
package struct ChildProcess: Hashable, Sendable {
    package let identifier: Int32

    /// How a child ended.
    package struct Exit: Equatable, Sendable {
        /// Its status, 0 when a signal ended it.
        package let status: Int32
        /// The signal that ended it, 0 when it ended by itself.
        package let signal: Int32

        package init(status: Int32, signal: Int32) {
            self.status = status
            self.signal = signal
        }
    }

    /// Starts the program at `path` in a process group of its own, with our environment and with
    /// the usual reaction to signals. `path` is not searched for.
    package static func start(
        _ path: String, arguments: [String]
    ) throws(SystemError) -> ChildProcess {
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var usual = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigfillset(&usual)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &usual)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

        var words: [UnsafeMutablePointer<CChar>?] = unsafe ([path] + arguments).map {
            unsafe strdup($0)
        }
        defer { unsafe words.forEach { unsafe free($0) } }
        unsafe words.append(nil)
        var child: pid_t = 0
        let status = unsafe posix_spawn(&child, path, nil, &attributes, words, environ)
        if status != 0 { throw SystemError("posix_spawn", status) }
        return ChildProcess(identifier: child)
    }

    /// Ends the child and what it started.
    package func kill() { _ = Glibc.kill(-identifier, SIGKILL) }

    /// How the child ended, once; nil while it runs.
    package func reap() -> Exit? {
        var status: Int32 = 0
        guard unsafe waitpid(identifier, &status, WNOHANG) == identifier else { return nil }
        let signal = status & 0x7f
        return Exit(status: signal == 0 ? status >> 8 & 0xff : 0, signal: signal)
    }
}
