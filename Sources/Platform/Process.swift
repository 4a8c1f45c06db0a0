import CShims
import Glibc

/// This process and the machine beneath it.
package enum Process {
    package static var identifier: Int32 { getpid() }
    package static var userIdentifier: UInt32 { geteuid() }

    /// The arguments the program was started with, its own name first.
    package static var arguments: [String] { CommandLine.arguments }

    /// The same; they need not be text.
    package static var argumentBytes: [[UInt8]] {
        (0..<Int(CommandLine.argc)).map { index in
            guard let text = unsafe CommandLine.unsafeArgv[index] else { return [] }
            return unsafe UnsafeRawBufferPointer(start: text, count: strlen(text)).map { $0 }
        }
    }

    /// The path of the running program.
    package static var executable: String {
        link("/proc/self/exe") ?? CommandLine.arguments.first ?? ""
    }

    package static var workingDirectory: String {
        guard let path = unsafe getcwd(nil, 0) else { return "/" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    package static func changeDirectory(_ path: String) throws(SystemError) {
        try checked("chdir", unsafe chdir(path))
    }

    package static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// Shows `text` as the command line of the process. The arguments must have been read before.
    package static func setTitle(_ text: String) {
        unsafe text.withCString {
            unsafe tandem_set_title(CommandLine.argc, CommandLine.unsafeArgv, $0)
        }
    }

    /// Goes on in the background; see `daemonize` in redis.conf. Threads do not survive it.
    package static func daemonize() throws(SystemError) {
        try checked("fork", tandem_daemonize())
    }

    /// Stops until somebody sends SIGCONT.
    package static func pause() { raise(SIGSTOP) }

    /// Commits a fault on purpose, so that the report of one can be seen.
    package static func fault() -> Never {
        raise(SIGSEGV)
        Glibc.exit(1)
    }

    /// Ends the process without running anything more.
    package static func exit(_ status: Int32) -> Never { Glibc.exit(status) }

    /// How many descriptors the process may have, now and at most.
    package static func descriptorLimit() -> (soft: Int, hard: Int) {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return (1024, 1024)
        }
        return (Int(clamping: limit.rlim_cur), Int(clamping: limit.rlim_max))
    }

    /// Asks for `count` descriptors or, if that is refused, for as many as are given; returns
    /// how many there are.
    package static func raiseDescriptorLimit(to count: Int) -> Int {
        let (soft, hard) = descriptorLimit()
        if soft >= count { return soft }
        for wanted in [count, hard] where wanted > soft {
            var limit = rlimit(
                rlim_cur: UInt(wanted), rlim_max: UInt(max(wanted, hard)))
            if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
                return wanted
            }
        }
        return soft
    }

    /// Keeps the kernel from joining this process's pages into huge ones, or lets it.
    package static func disableHugePages(_ disable: Bool) throws(SystemError) {
        try checked("prctl", tandem_disable_huge_pages(disable ? 1 : 0))
    }

    /// Unmaps what the start alone needed of the program and its libraries. Only pages that nobody
    /// has written to: they come back from the page cache, sixteen at a time, when they are used.
    package static func releaseCleanPages() { _ = tandem_release_clean_pages() }

    /// Memory of the whole machine in bytes.
    package static var physicalMemory: Int {
        sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// The kernel in the words of INFO's `os`: `Linux 6.1.0 x86_64`.
    package static var operatingSystem: String {
        var name = utsname()
        guard unsafe uname(&name) == 0 else { return "Linux" }
        func text<Field>(_ field: Field) -> String {
            unsafe withUnsafeBytes(of: field) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
        return "\(text(name.sysname)) \(text(name.release)) \(text(name.machine))"
    }

    /// What this process has used so far, and of that the thread that asks.
    package static func usage() -> ResourceUsage {
        func times(_ who: __rusage_who) -> (user: Int64, system: Int64) {
            var usage = rusage()
            guard unsafe getrusage(who.rawValue, &usage) == 0 else { return (0, 0) }
            func microseconds(_ time: timeval) -> Int64 {
                Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_usec)
            }
            return (microseconds(usage.ru_utime), microseconds(usage.ru_stime))
        }
        let (own, children) = (times(RUSAGE_SELF), times(RUSAGE_CHILDREN))
        // RUSAGE_THREAD, which the header has for GNU programs only.
        let thread = times(__rusage_who(rawValue: 1))
        return ResourceUsage(
            userMicroseconds: own.user, systemMicroseconds: own.system,
            threadUserMicroseconds: thread.user, threadSystemMicroseconds: thread.system,
            childUserMicroseconds: children.user, childSystemMicroseconds: children.system,
            residentBytes: residentBytes())
    }

    /// Memory of this process that is in RAM, in bytes; 0 when /proc does not tell.
    package static func residentBytes() -> Int {
        tandem_resident_pages() * sysconf(Int32(_SC_PAGESIZE))
    }

    private static func link(_ path: String) -> String? {
        let target = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { out, count in
            let length = unsafe out.withMemoryRebound(to: CChar.self) {
                unsafe readlink(path, $0.baseAddress!, $0.count)
            }
            count = max(0, length)
        }
        return target.isEmpty ? nil : String(decoding: target, as: UTF8.self)
    }
}

/// CPU time in microseconds and memory in bytes.
package struct ResourceUsage: Equatable, Sendable {
    package let userMicroseconds, systemMicroseconds: Int64
    package let threadUserMicroseconds, threadSystemMicroseconds: Int64
    package let childUserMicroseconds, childSystemMicroseconds: Int64
    package let residentBytes: Int
}
