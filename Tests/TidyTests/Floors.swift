/// One row of the house's table: a target, the floor it stands on, and what it may use.
struct Floor {
    let target: String
    let floor: Int
    let path: String
    /// Modules of this package and of its packages that it may import: exactly what
    /// Package.swift lets it depend on.
    let imports: Set<String>
    /// Modules of the toolchain that it may import as well.
    var system: Set<String> = []
    /// Whether bytes, time and seed come in and bytes and effects go out, and nothing else.
    var isPure = false
    /// Whether `unsafe` code may stand here.
    var mayBeUnsafe = false
}

/// The floors, bottom up. Package.swift must say the same; Sources/README.md explains it.
let floors: [Floor] = [
    Floor(
        target: "Memory", floor: 0, path: "Sources/Memory", imports: ["CShims", "CJemalloc"],
        system: ["Glibc"], mayBeUnsafe: true),
    Floor(
        target: "Platform", floor: 0, path: "Sources/Platform", imports: ["CShims", "CSystemd"],
        system: ["Glibc", "Synchronization"], mayBeUnsafe: true),
    Floor(
        target: "Digests", floor: 0, path: "Sources/Digests",
        imports: ["Memory", "CCrypto", "CLZF"], isPure: true, mayBeUnsafe: true),
    Floor(
        target: "RESP", floor: 1, path: "Sources/RESP", imports: ["Memory"], isPure: true),
    Floor(
        target: "Configuration", floor: 1, path: "Sources/Configuration", imports: ["Memory"],
        isPure: true),
    Floor(
        target: "DataStructures", floor: 1, path: "Sources/DataStructures",
        imports: ["Memory", "Digests"], isPure: true, mayBeUnsafe: true),
    Floor(
        target: "Reactor", floor: 1, path: "Sources/Reactor", imports: ["Platform", "Memory"],
        mayBeUnsafe: true),
    Floor(
        target: "RESPClient", floor: 2, path: "Sources/RESPClient",
        imports: ["RESP", "Reactor", "Platform", "Memory"]),
    Floor(
        target: "Sessions", floor: 2, path: "Sources/Sessions",
        imports: ["RESP", "Configuration", "Digests", "Memory"], isPure: true),
    Floor(
        target: "Keyspace", floor: 2, path: "Sources/Keyspace",
        imports: ["DataStructures", "Digests", "Memory"], isPure: true),
    Floor(
        target: "Replication", floor: 2, path: "Sources/Replication",
        imports: ["RESP", "Digests", "Memory"], isPure: true),
    Floor(
        target: "Persistence", floor: 3, path: "Sources/Persistence",
        imports: ["Keyspace", "DataStructures", "Digests", "Memory"], isPure: true),
    Floor(
        target: "SentinelCore", floor: 3, path: "sentinel/Core",
        imports: ["Sessions", "RESP", "Configuration", "Digests", "Memory"], isPure: true),
    Floor(
        target: "Engine", floor: 4, path: "Sources/Engine",
        imports: [
            "Persistence", "Replication", "Keyspace", "Sessions", "Configuration", "RESP",
            "DataStructures", "Digests", "Memory", "CShims",
        ], isPure: true),
    Floor(
        target: "Host", floor: 4, path: "Sources/Host",
        imports: [
            "Sessions", "RESPClient", "Reactor", "Configuration", "RESP", "Platform", "Memory",
        ], mayBeUnsafe: true),
    Floor(
        target: "tandem-server", floor: 5, path: "Sources/Server",
        imports: [
            "Engine", "Host", "Replication", "Sessions", "Configuration", "Reactor", "Platform",
            "Memory",
        ]),
    Floor(
        target: "tandem-sentinel", floor: 5, path: "sentinel/Executable",
        imports: [
            "SentinelCore", "Host", "Sessions", "RESPClient", "Configuration", "RESP", "Reactor",
            "Platform", "Digests", "Memory",
        ]),
    Floor(
        target: "tandem", floor: 5, path: "Sources/Control",
        imports: ["RESPClient", "RESP", "Platform", "Memory", "ArgumentParser"]),
]

/// System libraries and shims: below every floor.
let systemTargets: Set<String> = ["CJemalloc", "CSystemd", "CCrypto", "CLZF", "CShims"]

/// What a pure floor must not reach: sockets, files, clocks, randomness, processes. Names of C
/// functions, and the beginnings of mangled names of the Swift library.
let forbiddenSymbols: Set<String> = [
    "socket", "socketpair", "bind", "listen", "accept", "accept4", "connect", "send", "sendto",
    "sendmsg", "recv", "recvfrom", "recvmsg", "setsockopt", "getaddrinfo",
    "open", "open64", "openat", "creat", "close", "read", "write", "pread", "pread64", "pwrite",
    "pwrite64", "readv", "writev", "lseek", "lseek64", "fsync", "fdatasync", "rename", "unlink",
    "mkdir", "stat", "fstat", "ftruncate", "opendir", "readdir", "mmap", "mmap64", "munmap",
    "fopen", "fopen64", "fread", "fwrite", "fclose", "fgets", "puts", "printf", "fprintf",
    "epoll_create1", "epoll_ctl", "epoll_wait", "poll", "ppoll", "select", "eventfd", "pipe",
    "pipe2", "timerfd_create", "signalfd",
    "clock_gettime", "clock_nanosleep", "gettimeofday", "time", "nanosleep", "usleep", "sleep",
    "localtime", "localtime_r", "gmtime", "gmtime_r",
    "getrandom", "getentropy", "arc4random", "arc4random_buf", "arc4random_uniform", "random",
    "srandom", "rand", "srand", "rand_r", "drand48", "RAND_bytes", "swift_stdlib_random",
    "getenv", "setenv", "system", "fork", "vfork", "execve", "execvp", "posix_spawn", "kill",
    "raise", "signal", "sigaction", "getpid", "pthread_create", "syscall", "dlopen",
]

/// The same for symbols of the Swift library: a mangled name that contains one of these.
let forbiddenSwiftNames = [
    "27SystemRandomNumberGenerator", "15ContinuousClock", "15SuspendingClock",
    "5print_9separator10terminator", "8readLine", "4Task", "10Foundation", "5Glibc",
]
