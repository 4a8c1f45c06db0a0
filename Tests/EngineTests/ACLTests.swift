import Engine
import Memory
import Sessions
import Testing

@Suite("Users and what they may do")
struct ACLTests {
    private let password = "148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940"

    /// A server with a user of these rules, and a session of an operator and of the user.
    private func server(_ rules: String...) -> (ServerBench, Slot<Session>, Slot<Session>) {
        let bench = ServerBench()
        let (admin, slot) = (bench.open(), bench.open("5.6.7.8:9"))
        bench.send(admin, ["ACL", "SETUSER", "bob", "on", ">p"] + rules)
        #expect(bench.take(admin) == "+OK\r\n")
        #expect(bench.ask(slot, "AUTH", "bob", "p") == "+OK\r\n")
        return (bench, admin, slot)
    }

    private func refused(_ name: String) -> String {
        "-NOPERM this user has no permissions to run the '\(name)' command\r\n"
    }

    @Test("a user may run what the rules allow, and nothing else")
    func commands() {
        let (bench, _, slot) = server("~*", "+get", "+config|get", "+select|1")
        #expect(bench.ask(slot, "GET", "a") == "$-1\r\n")
        #expect(bench.ask(slot, "SET", "a", "b") == refused("set"))
        #expect(bench.ask(slot, "CONFIG", "GET", "port").hasPrefix("*2"))
        #expect(bench.ask(slot, "CONFIG", "SET", "port", "1") == refused("config|set"))
        #expect(bench.ask(slot, "SELECT", "1") == "+OK\r\n")
        #expect(bench.ask(slot, "SELECT", "2") == refused("select"))
        #expect(bench.ask(slot, "AUTH", "default", "") == "+OK\r\n")
        #expect(bench.ask(slot, "SET", "a", "b") == "+OK\r\n")
    }

    @Test("keys are allowed by patterns, for reading, writing or both")
    func keys() {
        let key =
            "-NOPERM this user has no permissions to access one of the keys used as "
            + "arguments\r\n"
        let (bench, _, slot) = server("+@all", "~own:*", "%R~read:*", "%W~write:*")
        #expect(bench.ask(slot, "SET", "own:a", "1") == "+OK\r\n")
        #expect(bench.ask(slot, "GET", "read:a") == "$-1\r\n")
        #expect(bench.ask(slot, "SET", "read:a", "1") == key)
        #expect(bench.ask(slot, "SET", "write:a", "1") == "+OK\r\n")
        #expect(bench.ask(slot, "SET", "write:a", "1", "GET") == key)
        #expect(bench.ask(slot, "GET", "write:a") == key)
        #expect(bench.ask(slot, "COPY", "read:a", "write:b") == ":0\r\n")
        #expect(bench.ask(slot, "MGET", "own:a", "other") == key)
        #expect(bench.ask(slot, "DBSIZE").hasPrefix(":"))
    }

    @Test("channels are allowed by patterns, patterns literally")
    func channels() {
        let channel =
            "-NOPERM this user has no permissions to access one of the channels used as "
            + "arguments\r\n"
        let (bench, admin, slot) = server("+@all", "&news:*")
        #expect(bench.ask(slot, "PUBLISH", "news:a", "x") == ":0\r\n")
        #expect(bench.ask(slot, "PUBLISH", "other", "x") == channel)
        #expect(bench.ask(slot, "PSUBSCRIBE", "news:a*") == channel)
        #expect(bench.ask(slot, "SUBSCRIBE", "news:a").hasPrefix("*3"))
        // A right that is taken away ends the sessions that use it.
        #expect(bench.ask(admin, "ACL", "SETUSER", "bob", "resetchannels", "&x") == "+OK\r\n")
        #expect(slot.value.flags.contains(.closing))
    }

    @Test("the rules of a user are shown in the words of ACL SETUSER")
    func described() {
        let (bench, admin, _) = server("~a*", "%R~b*", "&c", "+@read", "-get", "+client|id")
        let line =
            "user bob on #\(password) ~a* %R~b* resetchannels &c -@all +@read +client|id -get"
        #expect(
            bench.ask(admin, "ACL", "LIST")
                == "*2\r\n$\(line.count)\r\n\(line)\r\n"
                + "$34\r\nuser default on nopass ~* &* +@all\r\n")
        #expect(bench.ask(admin, "ACL", "USERS") == "*2\r\n$3\r\nbob\r\n$7\r\ndefault\r\n")
        #expect(bench.ask(admin, "ACL", "GETUSER", "bob").contains("-@all +@read +client|id -get"))
        _ = bench.ask(admin, "ACL", "SETUSER", "eve", "+@all", "-@admin", "-set")
        #expect(bench.ask(admin, "ACL", "GETUSER", "eve").contains("+@all -@admin -set\r\n"))
        _ = bench.ask(admin, "ACL", "SETUSER", "eve", "reset")
        #expect(bench.ask(admin, "ACL", "LIST").contains("user eve off sanitize-payload "))
    }

    @Test(
        "a wrong rule changes nothing and is named",
        arguments: [
            ("foo", "Syntax error"), ("+foo", "Unknown command or category name in ACL"),
            ("+@foo", "Unknown command or category name in ACL"), ("#12", "The password hash"),
            ("<q", "The password you are trying to remove"), ("%X~a", "Syntax error"),
            ("%~a", "Syntax error"),
            ("+config|get|x", "Allowing first-arg of a subcommand"), ("+get|", "Syntax error"),
        ])
    func wrong(rule: String, reason: String) {
        let (bench, admin, _) = server("+get")
        let before = bench.ask(admin, "ACL", "LIST")
        let reply = bench.ask(admin, "ACL", "SETUSER", "bob", "+set", rule)
        #expect(reply.hasPrefix("-ERR Error in ACL SETUSER modifier '\(rule)': \(reason)"))
        #expect(bench.ask(admin, "ACL", "LIST") == before)
    }

    @Test("who is deleted is thrown out, and the default user cannot be")
    func deleted() {
        let (bench, admin, slot) = server("+@all")
        #expect(bench.ask(admin, "ACL", "DELUSER", "bob", "nobody") == ":1\r\n")
        #expect(slot.value.flags.contains(.closing))
        #expect(
            bench.ask(admin, "ACL", "DELUSER", "default")
                == "-ERR The 'default' user cannot be removed\r\n")
    }

    @Test("EXEC looks again at what was queued")
    func transaction() {
        let (bench, admin, slot) = server("+@all", "~*")
        _ = bench.ask(slot, "MULTI")
        _ = bench.ask(slot, "SET", "a", "b")
        _ = bench.ask(admin, "ACL", "SETUSER", "bob", "-set")
        #expect(
            bench.ask(slot, "EXEC")
                == "*1\r\n-NOPERM ACLs rules changed between the moment the transaction was "
                + "accumulated and the EXEC call. This command is no longer allowed for the "
                + "following reason: no permission to execute the command or subcommand\r\n")
        _ = bench.ask(slot, "MULTI")
        #expect(bench.ask(slot, "SET", "a", "b") == refused("set"))
        #expect(bench.ask(slot, "EXEC").hasPrefix("-EXECABORT"))
    }

    @Test("denials are logged, those that are alike together")
    func log() {
        let (bench, admin, slot) = server("+get", "~a")
        for _ in 0..<3 { _ = bench.ask(slot, "SET", "a", "b") }
        _ = bench.ask(slot, "GET", "b")
        _ = bench.ask(slot, "AUTH", "bob", "wrong")
        let log = bench.ask(admin, "ACL", "LOG")
        #expect(log.hasPrefix("*3\r\n"))
        #expect(log.contains("count\r\n:3\r\n$6\r\nreason\r\n$7\r\ncommand\r\n"))
        #expect(log.contains("reason\r\n$3\r\nkey\r\n"))
        #expect(log.contains("object\r\n$4\r\nAUTH\r\n"))
        #expect(bench.ask(admin, "ACL", "LOG", "1").hasPrefix("*1\r\n"))
        #expect(bench.ask(admin, "ACL", "LOG", "RESET") == "+OK\r\n")
        #expect(bench.ask(admin, "ACL", "LOG") == "*0\r\n")
    }

    @Test("when the default user is off newcomers must say who they are")
    func standardOff() {
        let (bench, admin, _) = server("+@all")
        _ = bench.ask(admin, "ACL", "SETUSER", "default", "off")
        let slot = bench.open()
        #expect(bench.ask(slot, "PING").hasPrefix("-NOAUTH"))
        #expect(bench.ask(slot, "AUTH", "bob", "p") == "+OK\r\n")
        #expect(bench.ask(slot, "ACL", "WHOAMI") == "$3\r\nbob\r\n")
    }

    @Test("ACL DRYRUN tells what would be denied")
    func dryRun() {
        let (bench, admin, _) = server("+get", "~a")
        #expect(bench.ask(admin, "ACL", "DRYRUN", "bob", "get", "a") == "+OK\r\n")
        #expect(
            bench.ask(admin, "ACL", "DRYRUN", "bob", "get", "b").contains(
                "This user has no permissions to access the 'b' key"))
        #expect(
            bench.ask(admin, "ACL", "DRYRUN", "bob", "set", "a", "b").contains(
                "This user has no permissions to run the 'set' command"))
    }

    @Test("users of the configuration are there from the start")
    func configured() throws {
        let settings = try ServerConfiguration.load(
            options: "user bob on >p +get ~*\nuser default on nopass +@all ~* &*")
        let bench = ServerBench { $0 = settings }
        let slot = bench.open()
        #expect(bench.ask(slot, "AUTH", "bob", "p") == "+OK\r\n")
        #expect(bench.ask(slot, "SET", "a", "b") == refused("set"))
        for wrong in ["user bob +nosuch", "user bob on\nuser bob off", "user bob foo"] {
            #expect(throws: (any Error).self) { try ServerConfiguration.load(options: wrong) }
        }
    }

    @Test("who was let in while nobody needed a password needs one again")
    func openForAMoment() {
        let bench = ServerBench { $0.frontend.requirePass = Array("x".utf8) }
        let (admin, slot, proved) = (bench.open(), bench.open(), bench.open())
        _ = bench.ask(admin, "AUTH", "x")
        _ = bench.ask(proved, "AUTH", "x")
        #expect(bench.ask(slot, "PING").hasPrefix("-NOAUTH"))
        _ = bench.ask(admin, "ACL", "SETUSER", "default", "nopass")
        #expect(bench.ask(slot, "PING") == "+PONG\r\n")
        _ = bench.ask(admin, "ACL", "SETUSER", "default", "resetpass", ">x")
        #expect(bench.ask(slot, "PING").hasPrefix("-NOAUTH"))
        #expect(bench.ask(proved, "PING") == "+PONG\r\n")
        _ = bench.ask(slot, "AUTH", "x")
        _ = bench.ask(admin, "ACL", "SETUSER", "default", "nopass")
        _ = bench.ask(admin, "ACL", "SETUSER", "default", "resetpass", ">x")
        #expect(bench.ask(slot, "PING") == "+PONG\r\n")
    }

    @Test("names and rules are bytes, in replies and in files")
    func bytes() throws {
        let bench = ServerBench()
        let slot = bench.open()
        func ask(_ words: [[UInt8]]) -> String {
            bench.send(slot, words)
            return bench.take(slot)
        }
        let setUser = [Array("ACL".utf8), Array("SETUSER".utf8)]
        let names: [[UInt8]] = [
            [0xff], [0xfe], Array("caf\u{e9}".utf8), Array("cafe\u{301}".utf8),
            Array("a\"b'\\".utf8),
        ]
        let rules: [[UInt8]] = [
            Array("~".utf8) + [0xff, 42], Array("&\"".utf8) + [0xfe],
            Array("+select|".utf8) + [0xfd],
        ]
        for name in names { #expect(ask(setUser + [name] + rules) == "+OK\r\n") }
        #expect(ask(setUser + [[0xff], Array("+select|a b".utf8)]).hasSuffix("Syntax error\r\n"))
        let users = bench.engine.value.frontend.acl
        #expect(users.sorted.count == names.count + 1)
        var file: [UInt8] = []
        for user in users.sorted { file += user.line(bench.engine.value.frontend.table) + [10] }
        #expect(UserFile.read(file, path: "u", bench.engine.value.frontend).acl == users)
        bench.engine.value.configurationPath = "a"
        bench.engine.value.configurationText = Array("# ".utf8) + [0xff, 10]
        _ = bench.ask(slot, "CONFIG", "REWRITE")
        guard case .replaceFile(_, _, let written)? = bench.requests.last else {
            Issue.record("no file was written")
            return
        }
        let loaded = try ServerConfiguration.load(file: (path: "a", bytes: written)).users
        // Only what it says of the default user is new: the line of a file sets all of it.
        #expect(loaded.filter { $0.payload == nil } == users.sorted.filter { !$0.root.commands[0] })
        #expect(written.starts(with: Array("# ".utf8) + [0xff, 10]))
    }

    @Test("a file of users is read as a whole or not at all")
    func file() {
        let bench = ServerBench()
        func read(_ text: String) -> (acl: ACL?, errors: String) {
            UserFile.read(Array(text.utf8), path: "u", bench.engine.value.frontend)
        }
        for (line, reason) in [
            ("user\tbob on", "u:1 should start"), ("user b\u{c}b on", "contains invalid char"),
            ("user bob on\t+get", "u:1: Syntax error. "), ("user", "u:1 should start"),
            ("user bob +a +b foo bar", "'+a': Unknown command or category name in ACL. u:1: Err"),
        ] {
            #expect(read(line).errors.contains(reason), "\(line)")
        }
        #expect(read(" \tuser bob  on\t +get\r\n").errors.isEmpty)
        let good = read("user bob on >p +get\n\nuser eve off\n")
        #expect(
            good.acl?.sorted.map(\.name) == ["bob", "default", "eve"].map { Array($0.utf8) }
                && good.errors.isEmpty)
        let bad = read("user bob +nosuch\nbob\nuser eve on\nuser eve on\n")
        #expect(bad.acl == nil)
        #expect(bad.errors.hasPrefix("u:1: Error in applying operation '+nosuch'"))
        #expect(bad.errors.contains("u:2 should start with user keyword"))
        #expect(bad.errors.contains("Duplicate user 'eve' found on line 4"))
    }
}
