import Foundation
import Glibc
import Testing

/// What an operator sees who starts the server in the ways that Redis knows.
@Suite("The server in the hands of an operator")
struct OperatorTests {
    /// A folder that goes with the value, and the servers started in it.
    private final class Site {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("tandem-\(UInt32.random(in: 0...UInt32.max))")
        private(set) var processes: [Int32] = []

        init() throws {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true)
        }

        deinit {
            for process in processes { kill(process, SIGKILL) }
            try? FileManager.default.removeItem(at: folder)
        }

        func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

        func text(_ name: String) -> String {
            (try? String(contentsOfFile: path(name), encoding: .utf8)) ?? ""
        }

        /// Starts the server with a unix socket `s` alone, under `/usr/bin/env`.
        func start(_ options: [String], environment: [String] = []) throws -> ChildProcess {
            let arguments =
                environment + [ServerProgram.tandem.path] + [
                    "--port", "0", "--unixsocket", path("s"), "--dir", folder.path, "--save", "",
                ] + options
            let output = folder.appendingPathComponent("output")
            let child = try ChildProcess("/usr/bin/env", arguments, output: output)
            processes.append(child.identifier)
            return child
        }

        /// Waits until `holds`; false if it takes too long.
        func wait(_ holds: () -> Bool) -> Bool {
            let deadline = Date().addingTimeInterval(20)
            while Date() < deadline {
                if holds() { return true }
                usleep(5000)
            }
            return false
        }

        func remember(_ process: Int32) { processes.append(process) }
    }

    private func permissions(_ path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.posixPermissions] as? Int ?? -1
    }

    @Test("a server that would listen nowhere does not start")
    func nowhere() throws {
        let site = try Site()
        let child = try ChildProcess(
            ServerProgram.tandem.path, ["--port", "0"],
            output: site.folder.appendingPathComponent("output"))
        #expect(child.wait() == 1)
        #expect(site.text("output").contains("Configured to not listen anywhere, exiting."))
    }

    @Test("a unix socket has its permissions, is told of, and goes with the server")
    func unixSocket() throws {
        let site = try Site()
        let child = try site.start(["--unixsocketperm", "700"])
        let ready = "The server is now ready to accept connections at \(site.path("s"))"
        #expect(site.wait { site.text("output").contains(ready) })
        #expect(!site.text("output").contains(" Ready to accept connections"))
        #expect(site.text("output").contains("Configuration loaded"))
        #expect(permissions(site.path("s")) == 0o700)
        kill(child.identifier, SIGTERM)
        #expect(child.wait() == 0)
        #expect(!FileManager.default.fileExists(atPath: site.path("s")))
    }

    @Test("a file that is no socket is not removed for one")
    func strangeFile() throws {
        let site = try Site()
        try "mine".write(toFile: site.path("s"), atomically: true, encoding: .utf8)
        #expect(try site.start([]).wait() == 1)
        #expect(site.text("s") == "mine")
        #expect(site.text("output").contains("Failed opening Unix socket"))
    }

    @Test("in the background it has its pidfile and its log, and removes the one at its end")
    func daemon() throws {
        let site = try Site()
        let child = try site.start([
            "--daemonize", "yes", "--pidfile", site.path("pid"), "--logfile", site.path("log"),
        ])
        #expect(child.wait() == 0)
        #expect(site.wait { site.text("log").contains("ready to accept connections") })
        let process = try #require(Int32(site.text("pid").trimmingCharacters(in: .newlines)))
        site.remember(process)
        #expect(process != child.identifier && kill(process, 0) == 0)
        #expect(site.text("output").isEmpty)
        kill(process, SIGTERM)
        #expect(site.wait { !FileManager.default.fileExists(atPath: site.path("pid")) })
        #expect(site.wait { site.text("log").contains("bye bye") })
    }

    @Test("upstart is told by a stop, and who supervises keeps the process in front")
    func upstart() throws {
        let site = try Site()
        let child = try site.start(
            ["--supervised", "auto", "--daemonize", "yes"], environment: ["UPSTART_JOB=x"])
        func state() -> Character? {
            let file = "/proc/\(child.identifier)/stat"
            let text = try? String(contentsOfFile: file, encoding: .utf8)
            return text?.split(separator: ")").last?.first { $0 != " " }
        }
        #expect(site.wait { state() == "T" })
        #expect(site.text("output").contains("supervised by upstart"))
        kill(child.identifier, SIGCONT)
        #expect(site.wait { site.text("output").contains("ready to accept connections") })
        #expect(child.isRunning)
    }

    @Test("a supervisor that is not there is missed aloud, and nothing waits for it")
    func missingSupervisor() throws {
        for (supervisor, line) in [
            ("systemd", "systemd supervision error: NOTIFY_SOCKET not found!"),
            ("upstart", "upstart supervision requested, but UPSTART_JOB not found!"),
        ] {
            let site = try Site()
            let child = try site.start(["--supervised", supervisor])
            #expect(site.wait { site.text("output").contains("ready to accept connections") })
            #expect(site.text("output").contains(line))
            #expect(child.isRunning)
        }
    }

    @Test("--check-system says of each thing whether it is well")
    func checkSystem() throws {
        let site = try Site()
        let child = try ChildProcess(
            ServerProgram.tandem.path, ["--check-system"],
            output: site.folder.appendingPathComponent("output"))
        let status = child.wait()
        let lines = site.text("output").split(separator: "\n").filter { $0.hasPrefix("[") }
        #expect(lines.count == 5)
        #expect((status == 0) == lines.allSatisfy { $0.hasSuffix("...OK") })
    }
}
