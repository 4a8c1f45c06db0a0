import Foundation
import Glibc

/// A child of this process with its output in a file. Foundation's Process passes on the signal
/// mask of the thread that starts it, which blocks SIGTERM on the threads that run tests.
final class ChildProcess {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let identifier: pid_t
    /// What waitpid said, once it has.
    private var outcome: Int32?

    init(_ path: String, _ arguments: [String], output: URL) throws {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        let flags = O_WRONLY | O_CREAT | O_APPEND
        unsafe posix_spawn_file_actions_addopen(&actions, 1, output.path, flags, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let words = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let status = unsafe posix_spawn(&child, path, &actions, &attributes, words, environ)
        guard status == 0 else {
            throw Failure(description: "\(path): \(unsafe String(cString: strerror(status)))")
        }
        identifier = child
    }

    deinit {
        if isRunning { kill(identifier, SIGKILL) }
        _ = wait()
    }

    var isRunning: Bool {
        if outcome == nil { poll(WNOHANG) }
        return outcome == nil
    }

    /// Waits for the end; the exit status, or nil when a signal ended it.
    func wait() -> Int32? {
        while outcome == nil { poll(0) }
        guard let outcome, outcome & 0x7f == 0 else { return nil }
        return outcome >> 8 & 0xff
    }

    private func poll(_ options: Int32) {
        var status: Int32 = 0
        let found = unsafe waitpid(identifier, &status, options)
        if found == identifier { outcome = status }
        if found < 0 && errno != EINTR { outcome = 0 }
    }
}
