import Foundation
import Testing

/// Users of configuration files and of files of their own, beside redis-server.
@Suite("Users beside redis-server", .enabled(if: ServerProgram.redis != nil))
struct UserTests {
    /// Replies to `requests` on one connection, from redis-server and from ours.
    private func replies(
        _ lines: [String], _ requests: [[String]], users: [UInt8]? = nil
    ) throws -> (redis: [String], tandem: [String]) {
        let reference = try #require(ServerProgram.redis)
        return (
            try replies(of: reference, lines, requests, users: users),
            try replies(of: ServerProgram.tandem, lines, requests, users: users)
        )
    }

    private func replies(
        of program: ServerProgram, _ lines: [String], _ requests: [[String]], users: [UInt8]?
    ) throws -> [String] {
        var lines = lines
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("tandem-users-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        if let users {
            try Data(users).write(to: file)
            lines.append("aclfile \(file.path)")
        }
        let server = try RunningServer(program, lines)
        let client = try server.connect()
        return try requests.map { words in
            String(decoding: try client.command(words.map { Array($0.utf8) }), as: UTF8.self)
        }
    }

    @Test(
        "users hold whatever rename-command does",
        arguments: [
            ["user default on >secret ~* &* +@all -flushall", "rename-command FLUSHALL \"\""],
            ["rename-command CONFIG cfg", "user default on >secret ~* &* +@all -config"],
            ["acl-pubsub-default allchannels", "user default on >secret ~* +@all"],
        ])
    func renames(lines: [String]) throws {
        let (redis, tandem) = try replies(
            lines,
            [
                ["PING"], ["SET", "a", "b"], ["AUTH", "secret"], ["ACL", "LIST"],
                ["ACL", "GETUSER", "default"], ["ACL", "DRYRUN", "default", "cfg", "get", "a"],
            ])
        #expect(redis == tandem)
        #expect(redis[0].hasPrefix("-NOAUTH"))
    }

    @Test("what is denied stays denied under a new name")
    func denied() throws {
        let (redis, tandem) = try replies(
            [
                "rename-command PUBLISH pub", "rename-command SUBSCRIBE sub",
                "rename-command SET myset", "rename-command CONFIG cfg",
                "rename-command GET \"\"",
                "user bob on >pw %R~* resetchannels +@all -strlen",
            ],
            [
                ["AUTH", "bob", "pw"], ["pub", "a", "b"], ["sub", "a"], ["myset", "a", "b"],
                ["STRLEN", "a"], ["cfg"], ["cfg", "nope"], ["CONFIG", "GET", "port"], ["myset"],
                ["ACL", "SETUSER", "x", "+cfg"], ["ACL", "SETUSER", "x", "+config|get"],
                ["ACL", "LIST"], ["ACL", "DRYRUN", "bob", "get", "a"],
                ["COMMAND", "INFO", "get", "config"], ["COMMAND", "GETKEYS", "myset", "a", "b"],
                ["acl", "cat", "x", "y"], ["ACL", "Log", "1", "2"], ["AcL", "GenPass", "1", "2"],
                ["CLIENT", "Pause", "1", "2", "3"], ["CLIENT", "Unblock", "1", "2", "3"],
            ])
        #expect(redis == tandem)
    }

    @Test("a file of users keeps its bytes, and is read by the same rules")
    func file() throws {
        var users = Array("user bob on nopass ~".utf8) + [0xff] + Array("* &".utf8) + [0xfe]
        users += Array(" +@string\n\n \tuser ".utf8) + [0xfd]
        users += Array(" off #\(String(repeating: "a", count: 64))\t  +get\r\n".utf8)
        let (redis, tandem) = try replies(
            [],
            [
                ["ACL", "LIST"], ["ACL", "SAVE"], ["ACL", "LOAD"], ["ACL", "LIST"],
                ["ACL", "SETUSER", "eve", "~\u{fc}"], ["ACL", "SAVE"], ["ACL", "DELUSER", "eve"],
                ["ACL", "LOAD"], ["ACL", "LIST"], ["ACL", "GETUSER", "bob"],
            ], users: users)
        #expect(redis == tandem)
        #expect(redis[3] == redis[0])
    }

    @Test(
        "a file of users that is wrong ends the start of both",
        arguments: [
            "user\tbob on", "user b\u{c}b on", "user bob\t on", "user bob on\t+get", "user",
            "users bob on", "user bob +nosuch", "user bob on\nuser bob off", "user bob foo",
        ])
    func wrongFile(users: String) throws {
        let reference = try #require(ServerProgram.redis)
        for program in [reference, ServerProgram.tandem] {
            #expect(throws: RunningServer.Failure.self, "\(program.path)") {
                try replies(of: program, [], [], users: Array(users.utf8))
            }
        }
    }

    @Test("a user who cannot be made ends the start of both")
    func refused() throws {
        let reference = try #require(ServerProgram.redis)
        for program in [reference, ServerProgram.tandem] {
            for lines in [
                ["acl-pubsub-default allchannels", "user bob on >pw &c +@all"],
                ["user bob on >pw &c +@all", "acl-pubsub-default allchannels"],
                ["user bob on +nosuch"], ["user \"b b\" on"], ["user bob on", "user bob off"],
            ] {
                #expect(throws: RunningServer.Failure.self, "\(program.path): \(lines)") {
                    try RunningServer(program, lines)
                }
            }
        }
    }
}
