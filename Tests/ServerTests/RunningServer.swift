import Foundation
import Glibc

/// A program that speaks the protocol: ours as built, or the reference beside it.
struct ServerProgram {
    let path: String

    /// The server under test: TANDEM_SERVER, or the one in the folder of this build.
    static let tandem = ServerProgram(
        path: ProcessInfo.processInfo.environment["TANDEM_SERVER"]
            ?? buildFolder.appendingPathComponent("tandem-server").path)

    /// Redis 7.0.15, the oracle; nil where it is not installed.
    static let redis: ServerProgram? = {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
        return path.split(separator: ":").map { "\($0)/redis-server" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
            .map { ServerProgram(path: $0) }
    }()

    static var buildFolder: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    }

    var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: path) }
}

/// A server with a folder and a port of its own; both end with the value.
final class RunningServer {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let folder: URL
    private(set) var port: Int
    private var process: ChildProcess

    var log: String { (try? String(contentsOf: logFile, encoding: .utf8)) ?? "" }
    var processIdentifier: Int32 { process.identifier }
    private var logFile: URL { folder.appendingPathComponent("log") }

    /// Starts `program` with a configuration of `lines` and waits until it answers PING, unless
    /// `answers` is false. A port that somebody took in between is given up for another.
    init(_ program: ServerProgram, _ lines: [String] = [], answers: Bool = true) throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("tandem-server-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        (port, process) = try RunningServer.start(program, lines, in: folder)
        guard answers else { return }
        for attempt in 1... {
            do {
                try waitUntilItAnswers()
                return
            } catch {
                guard attempt < 5, log.contains("Address already in use") else { throw error }
                try FileManager.default.removeItem(at: logFile)
                (port, process) = try RunningServer.start(program, lines, in: folder)
            }
        }
    }

    private static func start(
        _ program: ServerProgram, _ lines: [String], in folder: URL
    ) throws -> (port: Int, process: ChildProcess) {
        let port = try freePort()
        let configuration = folder.appendingPathComponent("server.conf")
        let base = ["port \(port)", "bind 127.0.0.1", "dir \(folder.path)", "save \"\""]
        try (base + lines).joined(separator: "\n").appending("\n")
            .write(to: configuration, atomically: true, encoding: .utf8)
        let output = folder.appendingPathComponent("log")
        return (port, try ChildProcess(program.path, [configuration.path], output: output))
    }

    deinit {
        if process.isRunning { signal(SIGKILL) }
        _ = process.wait()
        try? FileManager.default.removeItem(at: folder)
    }

    /// A port that nobody listens on now.
    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(descriptor, address, size) == 0
                    ? unsafe getsockname(descriptor, address, &size) : -1
            }
        }
        guard status == 0 else { throw Failure(description: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    func connect() throws -> WireClient { try WireClient(port: port) }

    func signal(_ number: Int32) { kill(process.identifier, number) }

    /// Waits for the end of the process and returns its exit status; nil after a signal.
    func exitStatus() -> Int32? { process.wait() }

    private func waitUntilItAnswers() throws {
        let deadline = Date().addingTimeInterval(20)
        while Date() < deadline {
            guard process.isRunning else {
                throw Failure(description: "the server ended:\n\(log)")
            }
            if let reply = try? connect().command("PING"),
                reply.hasPrefix("+PONG") || reply.hasPrefix("-NOAUTH")
            {
                return
            }
            usleep(5000)
        }
        throw Failure(description: "no PONG within 20 s:\n\(log)")
    }
}
