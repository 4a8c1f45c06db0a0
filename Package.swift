// swift-tools-version: 6.2
import PackageDescription

// Targets floor by floor; imports go down only. Sources/README.md is the map.
// TANDEM_SANITIZE=1 builds without jemalloc, for executables run under a sanitizer.
// TANDEM_STATIC=1 links programs with the static Swift library; tests cannot be linked so.
let sanitize = Context.environment["TANDEM_SANITIZE"] != nil
let linksStatically = Context.environment["TANDEM_STATIC"] != nil

let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func floor(
    _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil,
    linker: [LinkerSetting] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: path, exclude: [],
        swiftSettings: settings, linkerSettings: linker)
}

// Calls into libraries are bound at the start: the symbol tables are not needed afterwards.
let eager = ["-Xlinker", "-z", "-Xlinker", "now"]

func program(
    _ name: String, _ dependencies: [Target.Dependency], path: String,
    static libraries: [String] = []
) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: path, swiftSettings: settings,
        linkerSettings: linksStatically
            ? [.unsafeFlags(["-static-stdlib"] + eager)] + libraries.map { .linkedLibrary($0) } : []
    )
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

// Two hashes are all that is wanted of libcrypto; the shared one is bigger than the server.
let crypto: LinkerSetting =
    linksStatically
    ? .unsafeFlags(["-Xlinker", "-l:libcrypto.a"]) : .linkedLibrary("crypto")

let package = Package(
    name: "tandem",
    products: [
        .executable(name: "tandem-server", targets: ["tandem-server"]),
        .executable(name: "tandem-sentinel", targets: ["tandem-sentinel"]),
        .executable(name: "tandem", targets: ["tandem"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
    ],
    targets: [
        // System libraries, all from Debian. libsystemd is loaded when there is a manager.
        .systemLibrary(
            name: "CJemalloc", path: "Sources/System/CJemalloc", pkgConfig: "jemalloc",
            providers: [.apt(["libjemalloc-dev"])]),
        .systemLibrary(
            name: "CSystemd", path: "Sources/System/CSystemd",
            providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(
            name: "CCrypto", path: "Sources/System/CCrypto",
            providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CLZF", path: "Sources/System/CLZF", providers: [.apt(["liblzf-dev"])]),
        // What Swift cannot import or express: variadics, epoll_data, long double, prefetch.
        .target(name: "CShims", path: "Sources/System/CShims"),

        // Floor 0: memory, kernel, digests.
        floor("Memory", ["CShims"] + (sanitize ? [] : ["CJemalloc"])),
        floor("Platform", ["CShims", "CSystemd"]),
        floor("Digests", ["Memory", "CCrypto", "CLZF"], linker: [crypto]),

        // Floor 1: codecs, containers, the event loop. None knows a database.
        floor("RESP", ["Memory"]),
        floor("Configuration", ["Memory"]),
        floor("DataStructures", ["Memory", "Digests"]),
        floor("Reactor", ["Platform", "Memory"]),

        // Floor 2: what server and sentinel share; databases; replication's decisions.
        floor("RESPClient", ["RESP", "Reactor", "Platform", "Memory"]),
        floor("Sessions", ["RESP", "Configuration", "Digests", "Memory"]),
        floor("Keyspace", ["DataStructures", "Digests", "Memory"]),
        floor("Replication", ["RESP", "Digests", "Memory"]),

        // Floor 3: file formats over buffers; the sentinel's pure core.
        floor("Persistence", ["Keyspace", "DataStructures", "Digests", "Memory"]),
        floor(
            "SentinelCore", ["Sessions", "RESP", "Configuration", "Digests", "Memory"],
            path: "sentinel/Core"),

        // Floor 4: a whole Redis with no socket, file or clock; what ties sessions to the world.
        floor(
            "Engine",
            [
                "Persistence", "Replication", "Keyspace", "Sessions", "Configuration", "RESP",
                "DataStructures", "Digests", "Memory", "CShims",
            ]),
        floor(
            "Host",
            [
                "Sessions", "RESPClient", "Reactor", "Configuration", "RESP", "Platform",
                "Memory",
            ]),

        // Floor 5: the programs.
        program(
            "tandem-server",
            [
                "Engine", "Host", "Replication", "Sessions", "Configuration", "Reactor", "Platform",
                "Memory",
            ],
            path: "Sources/Server"),
        program(
            "tandem-sentinel",
            [
                "SentinelCore", "Host", "Sessions", "RESPClient", "Configuration", "RESP",
                "Reactor", "Platform", "Digests", "Memory",
            ], path: "sentinel/Executable"),
        program(
            "tandem",
            [
                "RESPClient", "RESP", "Platform", "Memory",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Sources/Control",
            // What ArgumentParser needs of Foundation when the Swift library is static.
            static: [
                "FoundationEssentials", "_FoundationCShims", "_FoundationCollections",
                "swiftSynchronization",
            ]),

        // Tests of the codecs, the configuration files and the outgoing connections.
        tests("RESPTests", ["RESP", "Digests", "Memory"]),
        tests("ConfigurationTests", ["Configuration"]),
        tests("RESPClientTests", ["RESPClient", "RESP", "Platform", "Memory"]),
        tests("ControlTests", ["tandem", "RESP"]),
        // Tests of containers and databases against plain models.
        tests("DataStructuresTests", ["DataStructures", "Digests", "Memory"]),
        tests("KeyspaceTests", ["Keyspace", "DataStructures", "Digests", "Memory"]),
        // Tests of replication's machines and of the RDB codecs.
        tests("ReplicationTests", ["Replication", "Digests", "Memory"]),
        tests(
            "PersistenceTests",
            ["Persistence", "Keyspace", "DataStructures", "Digests", "Memory"]),
        tests("SessionsTests", ["Sessions", "Configuration", "RESP", "Memory"]),
        // Whole servers connected in memory.
        tests(
            "EngineTests",
            [
                "Engine", "Replication", "Keyspace", "Sessions", "Configuration", "RESP", "Digests",
                "Memory",
            ]),
        tests(
            "SentinelCoreTests", ["SentinelCore", "Sessions", "RESP", "Configuration", "Digests"]),
        // Tests of what speaks to the kernel, and of the digests.
        tests("MemoryTests", ["Memory"]),
        tests("DigestsTests", ["Digests", "Memory"]),
        tests("PlatformTests", ["Platform"]),
        tests("ReactorTests", ["Reactor", "Platform", "Memory"]),
        tests("HostTests", ["Host", "Sessions", "Configuration", "RESP", "Platform", "Memory"]),
        // The rules of the house, and the built programs over TCP.
        tests("TidyTests", []),
        tests("ServerTests", []),
        // Servers, sentinels and clients in a world of virtual time.
        .target(
            name: "Simulation",
            dependencies: [
                "Engine", "SentinelCore", "Replication", "Keyspace", "Sessions", "Configuration",
                "RESP", "Digests", "Memory",
            ], path: "Tests/Simulation", swiftSettings: settings),
        program("simulator", ["Simulation", "Memory"], path: "Tests/Simulator"),
        // Operations of single floors, whose instructions are counted.
        program(
            "floor-benchmark",
            ["Persistence", "Replication", "DataStructures", "RESP", "Digests", "Memory"],
            path: "Tests/Benchmarks/Instructions"),
    ]
)
