import Engine
import Memory
import Sessions
import Testing

/// `rename-command` changes by what a command is called, and nothing else about it.
@Suite("Renamed commands")
struct RenameTests {
    private func server(
        _ lines: String..., and change: (inout ServerSettings) -> Void = { _ in }
    ) throws -> ServerBench {
        var settings = try ServerConfiguration.load(options: lines.joined(separator: "\n"))
        change(&settings)
        return ServerBench { $0 = settings }
    }

    /// A session of the user bob, who is allowed what `rules` say.
    private func open(_ bench: ServerBench, as rules: String...) -> Slot<Session> {
        let (admin, slot) = (bench.open(), bench.open())
        bench.send(admin, ["ACL", "SETUSER", "bob", "on", ">p"] + rules)
        #expect(bench.take(admin) == "+OK\r\n")
        #expect(bench.ask(slot, "AUTH", "bob", "p") == "+OK\r\n")
        return slot
    }

    @Test(
        "users of the configuration hold whatever it does to commands",
        arguments: [
            ("rename-command FLUSHALL \"\"", "-flushall"),
            ("rename-command CONFIG cfg", "-config"),
            ("rename-command CONFIG cfg", "-config|set"),
            ("rename-command GET set2\nrename-command SET get", "-get"),
        ])
    func users(renames: String, rule: String) throws {
        for lines in [
            ["user default on >secret ~* &* +@all \(rule)", renames],
            [renames, "user default on >secret ~* &* +@all \(rule)"],
        ] {
            let bench = try server(lines[0], lines[1])
            let slot = bench.open()
            #expect(bench.ask(slot, "PING") == "-NOAUTH Authentication required.\r\n")
            #expect(bench.ask(slot, "AUTH", "secret") == "+OK\r\n")
            #expect(bench.ask(slot, "ACL", "LIST").contains("+@all \(rule)\r\n"))
        }
    }

    @Test("a user who cannot be made ends the start, wherever the directive that forbids it is")
    func wrongUser() throws {
        let user = "user bob on >pw &c +@all"
        for lines in [
            [user, "acl-pubsub-default allchannels"], ["acl-pubsub-default allchannels", user],
            ["rename-command CONFIG cfg", "user bob on +cfg"], ["port 1", "user \"b b\" on"],
        ] {
            #expect(throws: (any Error).self) {
                try ServerConfiguration.load(options: lines.joined(separator: "\n"))
            }
        }
        #expect(try ServerConfiguration.load(options: user).users.count == 1)
    }

    @Test("what CONFIG REWRITE writes is read again")
    func rewritten() throws {
        let text = "rename-command CONFIG cfg\nrename-command FLUSHALL \"\"\n"
        let bench = try server(text)
        let slot = bench.open()
        bench.engine.value.configurationPath = "a"
        bench.engine.value.configurationText = Array(text.utf8)
        #expect(bench.ask(slot, "ACL", "SETUSER", "bob", "+@all", "-cfg").hasPrefix("-ERR"))
        let rules = ["+@all", "-config|set", "-flushall"]
        bench.send(slot, ["ACL", "SETUSER", "bob"] + rules)
        #expect(bench.take(slot) == "+OK\r\n")
        _ = bench.ask(slot, "cfg", "rewrite")
        guard case .replaceFile(_, _, let bytes)? = bench.requests.last else {
            Issue.record("no file was written")
            return
        }
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix(text))
        let loaded = try ServerConfiguration.load(file: (path: "a", bytes: bytes))
        #expect(loaded.users.first == bench.engine.value.frontend.acl.sorted.first)
    }

    @Test("channels stay forbidden")
    func channels() throws {
        let bench = try server(
            "rename-command PUBLISH pub", "rename-command SUBSCRIBE sub",
            "rename-command PSUBSCRIBE psub")
        let slot = open(bench, as: "+@all", "resetchannels", "&news")
        for request in [["pub", "x", "y"], ["sub", "x"], ["psub", "x*"]] {
            bench.send(slot, request)
            #expect(bench.take(slot).hasPrefix("-NOPERM"), "\(request)")
        }
        #expect(bench.ask(slot, "pub", "news", "x") == ":0\r\n")
    }

    @Test("keys stay forbidden, and errors tell what the command is")
    func keys() throws {
        let bench = try server("rename-command SET myset", "rename-command BITFIELD set")
        let slot = open(bench, as: "+@all", "-get", "%R~*")
        #expect(bench.ask(slot, "myset", "a", "b").hasPrefix("-NOPERM"))
        #expect(bench.ask(slot, "set", "a", "set", "u8", "0", "1").hasPrefix("-NOPERM"))
        #expect(bench.ask(slot, "set", "a", "get", "u8", "0") == "*1\r\n:0\r\n")
        #expect(bench.ask(slot, "GET", "a").contains("run the 'get' command"))
        #expect(bench.ask(slot, "myset") == "-ERR wrong number of arguments for 'set' command\r\n")
    }

    @Test("secrets stay hidden")
    func secrets() throws {
        let bench = try server(
            "rename-command AUTH au", "rename-command CONFIG cfg", "rename-command ACL users",
            "rename-command HELLO hi", "slowlog-log-slower-than 0")
        let (slot, monitor) = (bench.open(), bench.open())
        #expect(bench.ask(monitor, "MONITOR") == "+OK\r\n")
        _ = bench.ask(slot, "au", "x", "hunter2")
        _ = bench.ask(slot, "hi", "2", "auth", "default", "hunter2")
        _ = bench.ask(slot, "users", "setuser", "bob", ">hunter2")
        _ = bench.ask(slot, "cfg", "set", "masterauth", "hunter2")
        _ = bench.ask(slot, "echo", "seen")
        let seen = bench.take(monitor)
        #expect(seen.contains("\"au\" \"(redacted)\"") && seen.contains("\"seen\""))
        let log = bench.ask(slot, "SLOWLOG", "GET", "-1")
        #expect(log.contains("(redacted)"))
        #expect(!(seen + log).contains("hunter2"))
    }

    @Test("EXEC looks at what it is about to run, and pauses can be ended")
    func gates() throws {
        let bench = try server("rename-command EXEC ex", "rename-command CLIENT cl")
        let (slot, other) = (bench.open(), bench.open())
        _ = bench.ask(slot, "MULTI")
        _ = bench.ask(slot, "SET", "a", "b")
        #expect(bench.ask(other, "cl", "pause", "100000", "write") == "+OK\r\n")
        #expect(bench.ask(slot, "ex").isEmpty)
        #expect(bench.ask(other, "cl", "pause", "100000", "all") == "+OK\r\n")
        #expect(bench.ask(other, "cl", "unpause") == "+OK\r\n")
        _ = bench.ask(other, "MULTI")
        #expect(bench.take(slot) == "*1\r\n+OK\r\n")
        #expect(bench.ask(other, "ex", "x").hasPrefix("-EXECABORT"))
    }

    @Test("COMMAND tells what can be called, by what it is")
    func described() throws {
        let bench = try server("rename-command CONFIG cfg", "rename-command GET \"\"")
        let slot = bench.open()
        let all = ServerBench()
        let count = bench.ask(slot, "COMMAND", "COUNT").dropFirst().dropLast()
        let before = all.ask(all.open(), "COMMAND", "COUNT").dropFirst().dropLast()
        #expect(Int(count) == (Int(before) ?? 0) - 1)
        #expect(bench.ask(slot, "COMMAND", "INFO", "get", "config") == "*2\r\n$-1\r\n$-1\r\n")
        #expect(bench.ask(slot, "COMMAND", "INFO", "cfg").contains("$6\r\nconfig\r\n"))
        #expect(bench.ask(slot, "COMMAND", "DOCS", "cfg|get").contains("$10\r\nconfig|get\r\n"))
        let list = bench.ask(slot, "COMMAND", "LIST")
        #expect(list.contains("\r\nconfig|set\r\n") && !list.contains("\r\nget\r\n"))
        #expect(bench.ask(slot, "ACL", "CAT", "string").contains("\r\nget\r\n"))
        #expect(bench.ask(slot, "ACL", "DRYRUN", "default", "get", "a").hasPrefix("-ERR Command"))
        #expect(bench.ask(slot, "cfg", "nope").hasSuffix("Try CFG HELP.\r\n"))
        #expect(bench.ask(slot, "cfg", "help").contains("+CFG <subcommand>"))
    }

    @Test("a replica understands its primary whatever both call their commands")
    func replicated() {
        let network = TestNetwork()
        let renames = [
            ("multi", "mu"), ("exec", "ex"), ("del", ""), ("select", "sel"), ("set", "myset"),
        ].map { CommandRename(command: $0.0, name: $0.1) }
        let primary = network.add("p") { $0.renamedCommands = renames }
        let replica = network.add("r") {
            $0.replicaOf = PrimaryAddress(host: "p", port: 6379)
            $0.renamedCommands = renames
        }
        #expect(network.wait { replica.isLinkUp })
        primary.run("mu")
        primary.run("sel", "3")
        primary.run("myset", "a", "1", "PX", "50")
        primary.run("myset", "b", "2")
        primary.run("ex")
        #expect(replica.digest == primary.digest)
        network.pass(milliseconds: 1000)
        #expect(primary.get("a") == nil)
        network.pass(milliseconds: 100)
        #expect(replica.digest == primary.digest && replica.place == primary.place)
    }
}
