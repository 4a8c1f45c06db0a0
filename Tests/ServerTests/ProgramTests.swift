import Foundation
import Glibc
import Testing

/// How the built server starts, refuses, survives and ends, seen from outside.
@Suite("The server as a program")
struct ProgramTests {
    /// Runs the server to its end with these arguments; its exit status and what it said.
    private func runToEnd(_ arguments: [String]) throws -> (status: Int32, text: String) {
        let output = FileManager.default.temporaryDirectory
            .appendingPathComponent("tandem-output-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: output) }
        let child = try ChildProcess(ServerProgram.tandem.path, arguments, output: output)
        let status = child.wait() ?? -1
        return (status, try String(contentsOf: output, encoding: .utf8))
    }

    private func withConfiguration<Result>(
        _ text: String, _ body: (String) throws -> Result
    ) throws -> Result {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("tandem-configuration-\(UUID().uuidString)")
        try text.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        return try body(file.path)
    }

    @Test("--version says which server this is and that it is Redis 7.0.15 to its clients")
    func version() throws {
        let (status, text) = try runToEnd(["--version"])
        #expect(status == 0)
        #expect(text.contains("v=7.0.15"))
    }

    @Test(
        "an unknown directive or a bad value ends the start with file, line and reason",
        arguments: [
            "port 0\nno-such-directive yes\n", "port 0\nmaxclients many\n", "port 0\ntimeout\n",
            "port 0\nsave \"1\n",
        ])
    func badConfiguration(text: String) throws {
        try withConfiguration(text) { path in
            let (status, said) = try runToEnd([path])
            #expect(status == 1)
            #expect(said.contains("FATAL CONFIG FILE ERROR"))
            #expect(said.contains("at line 2"))
        }
    }

    @Test("a configuration that cannot be read ends the start")
    func missingConfiguration() throws {
        let (status, said) = try runToEnd(["/nonexistent/server.conf"])
        #expect(status == 1)
        #expect(said.contains("/nonexistent/server.conf"))
    }

    @Test("a port in use ends the start and leaves its owner alone")
    func portInUse() throws {
        let owner = try RunningServer(ServerProgram.tandem)
        let (status, said) = try runToEnd([
            "--port", "\(owner.port)", "--bind", "127.0.0.1", "--save", "",
        ])
        #expect(status == 1)
        #expect(said.contains("Address already in use"))
        #expect(try owner.connect().command("PING") == "+PONG\r\n")
    }

    @Test("the log's path counts from the directory of the data")
    func logFile() throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("tandem-log-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let owner = try RunningServer(ServerProgram.tandem)
        let (status, said) = try runToEnd([
            "--port", "\(owner.port)", "--bind", "127.0.0.1", "--dir", folder.path, "--logfile",
            "server.log",
        ])
        #expect(status == 1 && !said.contains("Address already in use"))
        let log = try String(
            contentsOf: folder.appendingPathComponent("server.log"), encoding: .utf8)
        #expect(log.contains("Address already in use"))
        let (refused, reason) = try runToEnd(["--dir", folder.path + "/nowhere"])
        #expect(refused == 1 && reason.contains("Can't chdir to"))
    }

    @Test("SIGTERM ends the server with status 0 and the words that tools wait for")
    func terminate() throws {
        let server = try RunningServer(ServerProgram.tandem)
        #expect(server.log.contains("Ready to accept connections"))
        server.signal(SIGTERM)
        #expect(server.exitStatus() == 0)
        #expect(server.log.contains("bye bye"))
    }

    @Test("SHUTDOWN NOSAVE ends the server without a reply")
    func shutdown() throws {
        let server = try RunningServer(ServerProgram.tandem)
        let client = try server.connect()
        try client.send(Array("SHUTDOWN NOSAVE\r\n".utf8))
        #expect(try client.untilClosed().isEmpty)
        #expect(server.exitStatus() == 0)
    }

    @Test("what SAVE wrote is there after a restart from the same file")
    func saveAndLoad() throws {
        let first = try RunningServer(ServerProgram.tandem)
        let client = try first.connect()
        _ = try client.command("MSET", "a", "1", "b", String(repeating: "x", count: 100_000))
        _ = try client.command("SET", "t", "v", "EXAT", "33177117420")
        #expect(try client.command("SAVE") == "+OK\r\n")
        let file = first.folder.appendingPathComponent("dump.rdb")
        let copy = FileManager.default.temporaryDirectory
            .appendingPathComponent("tandem-dump-\(UUID().uuidString).rdb")
        try FileManager.default.copyItem(at: file, to: copy)
        defer { try? FileManager.default.removeItem(at: copy) }
        for program in [ServerProgram.tandem, ServerProgram.redis].compactMap({ $0 }) {
            let second = try RunningServer(
                program,
                [
                    "dir \(copy.deletingLastPathComponent().path)",
                    "dbfilename \(copy.lastPathComponent)",
                ])
            let reader = try second.connect()
            #expect(try reader.command("GET", "a") == "$1\r\n1\r\n")
            #expect(try reader.command("STRLEN", "b") == ":100000\r\n")
            #expect(try reader.command("EXPIRETIME", "t") == ":33177117420\r\n")
        }
    }

    @Test("a password is asked for, and only AUTH, HELLO and QUIT go without")
    func password() throws {
        let server = try RunningServer(
            ServerProgram.tandem, ["requirepass secret"], answers: false)
        let client = try server.connectWhenReady()
        #expect(try client.command("GET", "a") == "-NOAUTH Authentication required.\r\n")
        #expect(try client.command("AUTH", "wrong").hasPrefix("-WRONGPASS"))
        #expect(try client.command("AUTH", "secret") == "+OK\r\n")
        #expect(try client.command("GET", "a") == "$-1\r\n")
    }

    @Test("who connects while a server starts that has little to load waits for it")
    func earlyClient() throws {
        for _ in 0..<5 {
            let server = try RunningServer(ServerProgram.tandem, answers: false)
            #expect(try server.connectWhenReady().command("SET", "a", "1") == "+OK\r\n")
        }
    }

    @Test("one client more than maxclients is told so")
    func maxclients() throws {
        let server = try RunningServer(ServerProgram.tandem, ["maxclients 3"])
        let clients = try (0..<3).map { _ in try server.connect() }
        for client in clients { #expect(try client.command("PING") == "+PONG\r\n") }
        let said = try withExtendedLifetime(clients) {
            String(decoding: try server.connect().untilClosed(), as: UTF8.self)
        }
        #expect(said == "-ERR max number of clients reached\r\n")
    }

    @Test("pipelined requests cut at any place are answered in order")
    func pipelining() throws {
        let server = try RunningServer(ServerProgram.tandem)
        let client = try server.connect()
        var bytes: [UInt8] = []
        for number in 0..<100 {
            bytes += WireClient.request([Array("INCR".utf8), Array("n".utf8)])
            if number % 10 == 0 { bytes += Array("PING\r\n".utf8) }
        }
        for chunk in stride(from: 0, to: bytes.count, by: 7) {
            try client.send(Array(bytes[chunk..<min(chunk + 7, bytes.count)]))
        }
        for number in 0..<100 {
            #expect(try client.reply() == Array(":\(number + 1)\r\n".utf8))
            if number % 10 == 0 { #expect(try client.reply() == Array("+PONG\r\n".utf8)) }
        }
    }

    @Test(
        "keys and values of any bytes and many sizes come back as they were",
        arguments: [0, 1, 63, 64, 65, 4095, 4097, 65_536, 1_000_003, 20_000_000])
    func sizes(count: Int) throws {
        let server = try RunningServer(ServerProgram.tandem)
        let client = try server.connect()
        let value = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let key: [UInt8] = [0, 255, 13, 10]
        #expect(try client.command([Array("SET".utf8), key, value]) == Array("+OK\r\n".utf8))
        let wanted = Array("$\(count)\r\n".utf8) + value + [13, 10]
        let isSame = try client.command([Array("GET".utf8), key]) == wanted
        #expect(isSame)
    }
}

extension RunningServer {
    /// A connection as soon as the port is open, for servers that do not answer PING.
    func connectWhenReady() throws -> WireClient {
        let deadline = Date().addingTimeInterval(20)
        while true {
            do {
                return try connect()
            } catch {
                if Date() > deadline { throw error }
                usleep(5000)
            }
        }
    }
}
