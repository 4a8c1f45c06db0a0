import Configuration
import Engine
import Memory
import Sessions
import Testing

@Suite("Settings")
struct ConfigCommandTests {
    @Test(
        "CONFIG SET refuses with Redis's reasons and changes nothing",
        arguments: [
            (["maxmemory", "x"], "maxmemory", "argument must be a memory value"),
            (["maxmemory", "1", "maxmemory", "2"], "maxmemory", "duplicate parameter"),
            (["maxmemory", "1", "databases", "2"], "databases", "can't set immutable config"),
            (["maxmemory", "1", "dir", "/"], "dir", "can't set protected config"),
            (["maxmemory", "1", "save", "a b"], "save", "Invalid save parameters"),
            (["maxmemory", "1", "save", "60"], "save", "Invalid save parameters"),
            (
                ["maxmemory", "1", "loglevel", "loud"], "loglevel",
                "argument(s) must be one of the following: debug, verbose, notice, warning"
            ),
            (
                ["maxmemory", "1", "port", "70000"], "port",
                "argument must be between 0 and 65535 inclusive"
            ),
            (
                ["maxmemory", "1", "notify-keyspace-events", "Q"], "notify-keyspace-events",
                "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."
            ),
            (
                ["maxmemory", "1", "shutdown-on-sigint", "save nosave"], "shutdown-on-sigint",
                "shutdown options SAVE and NOSAVE can't be used simultaneously"
            ),
            (
                ["maxmemory", "1", "appendonly", "yes"], "appendonly",
                "this server has no append only file yet: use snapshots (save) and replicas"
            ),
            (
                ["maxmemory", "1", "oom-score-adj-values", "1 2"], "oom-score-adj-values",
                "wrong number of arguments"
            ),
            (
                ["maxmemory", "1", "proc-title-template", "{foo}"], "proc-title-template",
                "template format is invalid or contains unknown variables"
            ),
        ] as [([String], String, String)])
    func refused(pairs: [String], name: String, reason: String) {
        let bench = ServerBench()
        let slot = bench.open()
        let before = bench.engine.value.settings
        bench.send(slot, ["CONFIG", "SET"] + pairs)
        #expect(
            bench.take(slot)
                == "-ERR CONFIG SET failed (possibly related to argument '\(name)') - \(reason)\r\n"
        )
        let isUnchanged = bench.engine.value.settings == before
        #expect(isUnchanged)
    }

    @Test(
        "every spelling of a value is shown in one form",
        arguments: [
            ("maxmemory", "100mb", "104857600"), ("maxmemory", "1k", "1000"),
            ("maxmemory-policy", "AllKeys-LRU", "allkeys-lru"),
            ("save", "60 1 30 2", "60 1 30 2"), ("save", "", ""),
            ("slave-read-only", "NO", "no"), ("notify-keyspace-events", "gKx", "gxK"),
            ("notify-keyspace-events", "KEA", "AKE"), ("maxmemory-clients", "10%", "10%"),
            (
                "client-output-buffer-limit", "slave 1mb 2mb 3",
                "normal 0 0 0 slave 1048576 2097152 3 pubsub 33554432 8388608 60"
            ),
            ("shutdown-on-sigterm", "save now", "save now"), ("hz", "99999", "500"),
            ("lua-time-limit", "7", "7"), ("list-max-ziplist-size", "-5", "-5"),
            ("latency-tracking-info-percentiles", "50 99.99", "50 99.99"),
        ])
    func shown(name: String, value: String, text: String) {
        let bench = ServerBench()
        let slot = bench.open()
        #expect(bench.ask(slot, "CONFIG", "SET", name, value) == "+OK\r\n")
        #expect(bench.setting(slot, name) == text)
    }

    @Test("several settings change together and take effect")
    func several() {
        let bench = ServerBench()
        let slot = bench.open()
        #expect(
            bench.ask(
                slot, "CONFIG", "SET", "requirepass", "secret", "slowlog-max-len", "5",
                "maxmemory", "1gb", "proto-max-bulk-len", "2mb") == "+OK\r\n")
        let settings = bench.engine.value.frontend.settings
        #expect(settings.requirePass == Array("secret".utf8))
        #expect(settings.slowlogMaxLength == 5)
        #expect(settings.maxBulkLength == 2 << 20)
        let hasLimit = bench.engine.value.gates.contains(.memoryLimit)
        #expect(hasLimit)
        #expect(bench.ask(bench.open(), "PING") == "-NOAUTH Authentication required.\r\n")
        #expect(bench.requests.isEmpty)
    }

    @Test("what the host acts on is answered when the host did it")
    func host() {
        let bench = ServerBench()
        let slot = bench.open()
        #expect(
            bench.ask(slot, "CONFIG", "SET", "loglevel", "debug", "timeout", "5") == "+OK\r\n")
        #expect(bench.requests == [.applySettings(["loglevel"])])
        #expect(bench.ask(slot, "CONFIG", "SET", "loglevel", "debug") == "+OK\r\n")
        #expect(bench.requests.count == 1)
    }

    @Test("a host that cannot do it leaves everything as it was")
    func hostFails() {
        let bench = ServerBench()
        let slot = bench.open()
        bench.settingsFailure = "address already in use"
        #expect(
            bench.ask(slot, "CONFIG", "SET", "timeout", "5", "port", "1")
                == "-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to "
                + "listen on this port. Check server logs.\r\n")
        #expect(bench.setting(slot, "timeout") == "0")
        #expect(bench.setting(slot, "port") == "6379")
        #expect(bench.engine.value.frontend.settings.timeout == 0)
        bench.settingsFailure = nil
        #expect(bench.ask(slot, "CONFIG", "SET", "port", "1") == "+OK\r\n")
        #expect(bench.setting(slot, "port") == "1")
    }

    @Test("inside EXEC nobody waits for the host")
    func insideExec() {
        let bench = ServerBench()
        let slot = bench.open()
        _ = bench.ask(slot, "MULTI")
        _ = bench.ask(slot, "CONFIG", "SET", "port", "1")
        _ = bench.ask(slot, "PING")
        #expect(bench.ask(slot, "EXEC") == "*2\r\n+OK\r\n+PONG\r\n")
        #expect(bench.ask(slot, "PING") == "+PONG\r\n")
    }

    @Test("CONFIG GET takes patterns, aliases and several names, each once")
    func get() {
        let bench = ServerBench()
        let slot = bench.open()
        #expect(
            bench.ask(slot, "CONFIG", "GET", "TIMEOUT", "time*t", "nosuch")
                == "*2\r\n$7\r\nTIMEOUT\r\n$1\r\n0\r\n")
        #expect(
            bench.ask(slot, "CONFIG", "GET", "min-slaves-*") == "*4\r\n"
                + "$19\r\nmin-slaves-to-write\r\n$1\r\n0\r\n"
                + "$18\r\nmin-slaves-max-lag\r\n$2\r\n10\r\n"
        )
        #expect(bench.ask(slot, "CONFIG", "GET", "use-exit-*") == "*0\r\n")
        #expect(bench.setting(slot, "use-exit-on-panic") == "no")
        _ = bench.ask(slot, "HELLO", "3")
        #expect(bench.ask(slot, "CONFIG", "GET", "timeout").hasPrefix("%1\r\n"))
    }

    @Test("CONFIG REWRITE keeps comments, and the file loads as what is set")
    func rewrite() throws {
        let original = "# mine\nport 7000\nsave 60 1\nsave 30 2\nmaxmemory 1gb # no comment\n"
        let bench = ServerBench { $0.port = 7000 }
        let slot = bench.open()
        #expect(
            bench.ask(slot, "CONFIG", "REWRITE")
                == "-ERR The server is running without a config file\r\n")
        bench.engine.value.configurationPath = "/etc/tandem.conf"
        bench.engine.value.configurationText = Array(original.utf8)
        _ = bench.ask(
            slot, "CONFIG", "SET", "maxmemory", "3mb", "save", "9 8", "requirepass", "a \"b\"",
            "slowlog-max-len", "7", "latency-monitor-threshold", "3", "loglevel", "debug")
        #expect(bench.ask(slot, "CONFIG", "REWRITE") == "")
        guard case .replaceFile(let id, let path, let bytes)? = bench.requests.last else {
            Issue.record("no file was written")
            return
        }
        #expect(path == "/etc/tandem.conf")
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasPrefix("# mine\nport 7000\nsave 9 8\n"))
        #expect(text.contains("\nrequirepass \"a \\\"b\\\"\"\n"))
        #expect(!text.contains("30 2"))
        #expect(text.contains("\nuser default on #"))
        var loaded = try ServerConfiguration.load(file: (path: path, bytes: bytes))
        let current = bench.engine.value.settings
        loaded.users = current.users
        #expect(loaded == current)
        bench.engine.value.handle(.fileDone(id: id))
        bench.serveRequests()
        #expect(bench.take(slot) == "+OK\r\n")
        // The next one starts from the text written.
        _ = bench.ask(slot, "CONFIG", "REWRITE")
        guard case .replaceFile(let next, _, let again)? = bench.requests.last else { return }
        #expect(again == bytes || again == bytes + [10])
        bench.engine.value.handle(
            .fileFailed(id: next, operation: "open", errno: 13, reason: "Permission denied"))
        #expect(bench.take(slot) == "-ERR Rewriting config file: Permission denied\r\n")
    }

    @Test("what defaults say is read back as the defaults")
    func defaults() throws {
        let bench = ServerBench()
        let slot = bench.open()
        bench.engine.value.configurationPath = "a"
        bench.engine.value.configurationText = []
        _ = bench.ask(slot, "CONFIG", "REWRITE")
        guard case .replaceFile(_, _, let bytes)? = bench.requests.last else { return }
        let loaded = try ServerConfiguration.load(file: (path: "a", bytes: bytes))
        #expect(loaded.savePoints.isEmpty)
        #expect(loaded.port == 6379)
    }
}

@Suite("Configuration at the start")
struct StartConfigurationTests {
    @Test("file, standard input and options are read in this order")
    func order() throws {
        let settings = try ServerConfiguration.load(
            file: (path: "a.conf", bytes: Array("port 1\nhz 20\nbind 127.0.0.1\nsave 1 1\n".utf8)),
            standardInput: Array("port 2\ntimeout 3".utf8),
            options: "port 4\nsave \"\"\nslaveof 10.0.0.1 6380\nrename-command FLUSHALL \"\"")
        #expect(settings.port == 4)
        #expect(settings.hz == 20)
        #expect(settings.frontend.timeout == 3)
        #expect(settings.bind == ["127.0.0.1"])
        #expect(settings.savePoints.isEmpty)
        #expect(settings.replicaOf == PrimaryAddress(host: "10.0.0.1", port: 6380))
        #expect(settings.renamedCommands == [CommandRename(command: "flushall", name: "")])
    }

    @Test(
        "a line that cannot be used is named with its reason",
        arguments: [
            ("port x", "argument couldn't be parsed into an integer"),
            ("port 1 2", "wrong number of arguments"),
            ("nosuch 1", "Bad directive or wrong number of arguments"),
            (
                "appendonly yes",
                "this server has no append only file yet: use snapshots (save) and replicas"
            ),
            ("cluster-enabled yes", "this server has no cluster mode"),
            ("tls-port 6380", "this server has no TLS yet"),
            ("loadmodule x.so", "this server has no modules"),
            ("sentinel monitor a b 1 1", "sentinel directive while not in sentinel mode"),
            ("replicaof a 99999", "Invalid master port"),
            ("rename-command nosuch x", "No such command in rename-command"),
            ("rename-command get set", "Target command name already exists"),
            ("include other", "Can't open config file 'other': include is not possible here"),
            ("dbfilename a/b", "dbfilename can't be a path, just a filename"),
            ("dir \"a", "Unbalanced quotes in configuration line"),
        ])
    func errors(line: String, reason: String) {
        do {
            _ = try ServerConfiguration.load(
                file: (path: "a.conf", bytes: Array("# x\nport 1\n\(line)\n".utf8)))
            Issue.record("it was accepted")
        } catch {
            #expect(error.line == 3)
            #expect(error.file == "a.conf")
            #expect(error.reason == reason)
        }
    }

    @Test("the line of the default user that Redis writes is understood")
    func defaultUser() throws {
        let open = try ServerConfiguration.load(options: "user default on nopass ~* &* +@all")
        #expect(open.frontend.requirePass.isEmpty)
        let hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
        let closed = try ServerConfiguration.load(
            options: "user default on sanitize-payload #\(hash) ~* &* +@all\nrequirepass secret")
        #expect(closed.frontend.requirePass == Array("secret".utf8))
        let bench = ServerBench { $0 = closed }
        let slot = bench.open()
        #expect(bench.ask(slot, "PING").hasPrefix("-NOAUTH"))
        #expect(bench.ask(slot, "AUTH", "secret") == "+OK\r\n")
    }

    @Test("renamed commands answer to their new names only")
    func renamed() throws {
        let settings = try ServerConfiguration.load(
            options: "rename-command CONFIG b840fc02\nrename-command FLUSHALL \"\"")
        let bench = ServerBench { $0 = settings }
        let slot = bench.open()
        #expect(bench.ask(slot, "CONFIG", "GET", "port").hasPrefix("-ERR unknown command"))
        #expect(bench.ask(slot, "B840FC02", "GET", "port").hasPrefix("*2\r\n"))
        #expect(bench.ask(slot, "FLUSHALL").hasPrefix("-ERR unknown command"))
    }
}
