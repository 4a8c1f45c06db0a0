import Foundation
import Glibc
import Testing

/// What the machine or its operator does wrong: no descriptors, no folder, nonsense.
@Suite("Faults")
struct FaultTests {
    /// Does something to a process with a program of util-linux.
    private func limit(_ server: RunningServer, _ limit: String) throws {
        let child = try ChildProcess(
            "/usr/bin/prlimit", ["--pid", "\(server.processIdentifier)", limit],
            output: server.folder.appendingPathComponent("prlimit"))
        #expect(child.wait() == 0)
    }

    @Test("without descriptors the server serves whom it has, says so once, and recovers")
    func descriptors() throws {
        let server = try RunningServer(ServerProgram.tandem)
        let first = try server.connect()
        #expect(try first.command("PING") == "+PONG\r\n")
        try limit(server, "--nofile=40:")
        var others: [WireClient] = []
        for _ in 0..<80 { others.append(try server.connect()) }
        // The listener rests a tenth of a second between attempts.
        let end = Date().addingTimeInterval(0.6)
        while Date() < end { #expect(try first.command("PING") == "+PONG\r\n") }
        let complaints = server.log.components(separatedBy: "Accepting client connection").count - 1
        #expect(complaints == 1)
        others = []
        let deadline = Date().addingTimeInterval(10)
        var reply = ""
        while reply != "+PONG\r\n", Date() < deadline {
            reply = (try? server.connect().command("PING")) ?? ""
        }
        #expect(reply == "+PONG\r\n")
    }

    @Test("a folder that is gone fails the snapshot, and one that is back takes the next")
    func missingFolder() throws {
        let server = try RunningServer(ServerProgram.tandem)
        let data = server.folder.appendingPathComponent("data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        let client = try server.connect()
        #expect(try client.command("CONFIG", "SET", "dir", data.path).hasPrefix("-ERR"))
        _ = try client.command("SET", "a", "1")
        let kept = server.folder.path + "-away"
        try FileManager.default.moveItem(atPath: server.folder.path, toPath: kept)
        defer { try? FileManager.default.removeItem(atPath: kept) }
        let refused = try client.command("SAVE")
        #expect(refused == "-ERR\r\n")
        // Who asked for it was told; as in Redis that does not stop writes.
        #expect(try client.command("INFO", "persistence").contains("rdb_last_bgsave_status:ok"))
        #expect(try client.command("SET", "b", "2") == "+OK\r\n")
        try FileManager.default.moveItem(atPath: kept, toPath: server.folder.path)
        #expect(try client.command("SAVE") == "+OK\r\n")
        #expect(try client.command("INFO", "persistence").contains("rdb_last_bgsave_status:ok"))
    }

    @Test("thousands of requests that are never finished cost little, and others are served")
    func halfRequests() throws {
        var files = rlimit()
        _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        files.rlim_cur = files.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        let count = min(10_000, Int(files.rlim_max) - 500)
        let server = try RunningServer(ServerProgram.tandem, ["maxclients 15000"])
        let before = try memory(of: server)
        var clients: [WireClient] = []
        for number in 0..<count {
            let client = try server.connect()
            let text = "*3\r\n$3\r\nSET\r\n$5\r\nkey:\(number % 10)\r\n$1000\r\nhalf of it"
            try client.send(Array(text.utf8))
            clients.append(client)
        }
        let (reply, after) = try withExtendedLifetime(clients) {
            (try server.connect().command("PING"), try memory(of: server))
        }
        #expect(reply == "+PONG\r\n")
        // A session and the input that it has: below 16 KiB each.
        #expect(after - before < count * 16 << 10)
    }

    private func memory(of server: RunningServer) throws -> Int {
        let text = try String(
            contentsOfFile: "/proc/\(server.processIdentifier)/statm", encoding: .utf8)
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * 4096
    }

    @Test("a string may have 512 MB and no more")
    func longest() throws {
        let server = try RunningServer(ServerProgram.tandem)
        let client = try server.connect()
        let tooLong = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"
        #expect(try client.command("SETRANGE", "k", "536870912", "x") == tooLong)
        #expect(try client.command("SETBIT", "k", "4294967296", "1").hasPrefix("-ERR bit offset"))
        #expect(try client.command("EXISTS", "k") == ":0\r\n")
        #expect(try client.command("SETBIT", "k", "4294967295", "1") == ":0\r\n")
        #expect(try client.command("STRLEN", "k") == ":536870912\r\n")
        #expect(try client.command("APPEND", "k", "x") == tooLong)
        #expect(try client.command("SETRANGE", "k", "536870911", "ab") == tooLong)
        #expect(try client.command("SETRANGE", "k", "536870911", "a") == ":536870912\r\n")
        #expect(try client.command("BITCOUNT", "k") == ":3\r\n")
        #expect(try client.command("DEL", "k") == ":1\r\n")
        #expect(try client.command("CONFIG", "SET", "proto-max-bulk-len", "1mb") == "+OK\r\n")
        #expect(try client.command("SETRANGE", "k", "1048576", "x") == tooLong)
        #expect(try client.command("SETRANGE", "k", "1048575", "x") == ":1048576\r\n")
        #expect(try client.command("APPEND", "k", "x") == tooLong)
        try client.send(Array("*2\r\n$4\r\nECHO\r\n$1048577\r\n".utf8))
        let last = String(decoding: try client.untilClosed(), as: UTF8.self)
        #expect(last == "-ERR Protocol error: invalid bulk length\r\n")
    }

    @Test("CONFIG SET of nonsense is refused, and nothing has changed")
    func nonsense() throws {
        let server = try RunningServer(ServerProgram.tandem)
        let client = try server.connect()
        let before = try settings(client)
        #expect(before.count > 150)
        let values = [
            "\u{1}nonsense", "-99999999999999999999", "99999999999999999999999", "1e309", "yes no",
            "0x10 0x10", "%", "1gb1", "-1", " ",
        ]
        var refused = 0
        for name in before.keys.sorted() where name != "requirepass" {
            for value in values {
                let reply = try client.command("CONFIG", "SET", name, value)
                if reply == "+OK\r\n" {
                    _ = try client.command("CONFIG", "SET", name, before[name] ?? "")
                } else {
                    refused += 1
                    #expect(reply.hasPrefix("-ERR CONFIG SET failed"), "\(name) \(value): \(reply)")
                }
                let now = try settings(client, name)[name]
                #expect(now == before[name], "\(name) after \(value)")
            }
        }
        #expect(refused > 1000)
        #expect(try settings(client) == before)
    }

    /// What CONFIG GET tells, by name.
    private func settings(_ client: WireClient, _ name: String = "*") throws -> [String: String] {
        let lines = try client.command("CONFIG", "GET", name).components(separatedBy: "\r\n")
        var found: [String: String] = [:]
        // Each text is a line with its length and one with itself.
        for index in stride(from: 1, to: lines.count - 4, by: 4) {
            found[lines[index + 1]] = lines[index + 3]
        }
        return found
    }
}
