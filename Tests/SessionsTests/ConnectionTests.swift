import Memory
import RESP
import Sessions
import Testing

@Suite("Commands about connections")
struct ConnectionTests {
    static let wrongPassword =
        "-WRONGPASS invalid username-password pair or user is disabled.\r\n"

    @Test(
        "HELLO and AUTH without a password",
        arguments: [
            (["HELLO", "4"], "-NOPROTO unsupported protocol version\r\n"),
            (
                ["HELLO", "x"],
                "-ERR Protocol version is not an integer or out of range\r\n"
            ),
            (["HELLO", "2", "foo"], "-ERR Syntax error in HELLO option 'foo'\r\n"),
            (["HELLO", "2", "AUTH", "a"], "-ERR Syntax error in HELLO option 'AUTH'\r\n"),
            (["HELLO", "2", "AUTH", "a", "b"], wrongPassword),
            (
                ["HELLO", "2", "SETNAME", "a b"],
                "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"
            ),
            (["AUTH", "default", "anything"], "+OK\r\n"),
            (["AUTH", "a", "b"], wrongPassword),
            (["AUTH", "a", "b", "c"], "-ERR syntax error\r\n"),
        ] as [([String], String)])
    func refusals(words: [String], reply: String) {
        let bench = Bench()
        let slot = bench.open()
        var text = "*\(words.count)\r\n"
        for word in words { text += "$\(word.utf8.count)\r\n\(word)\r\n" }
        bench.send(slot, text)
        #expect(bench.take(slot) == reply)
        #expect(slot.value.reply.version == .two)
        #expect(slot.value.name.isEmpty)
    }

    @Test("HELLO tells what the server is, in the protocol it chose")
    func hello() {
        let bench = Bench(isSentinel: true)
        let slot = bench.open()
        let two =
            "$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:2\r\n"
            + "$2\r\nid\r\n:1\r\n$4\r\nmode\r\n$8\r\nsentinel\r\n$7\r\nmodules\r\n*0\r\n"
        #expect(bench.ask(slot, "HELLO") == "*12\r\n\(two)")
        let three = two.replacing("proto\r\n:2", with: "proto\r\n:3")
        #expect(bench.ask(slot, "HELLO", "3", "SETNAME", "me") == "%6\r\n\(three)")
        #expect(bench.ask(slot, "CLIENT", "GETNAME") == "$2\r\nme\r\n")
    }

    @Test("with a password only the password lets in")
    func password() {
        var settings = FrontendSettings()
        settings.requirePass = Array("secret".utf8)
        let bench = Bench(settings: settings)
        let slot = bench.open()
        #expect(!slot.value.flags.contains(.authenticated))
        #expect(bench.ask(slot, "HELLO").hasPrefix("-NOAUTH HELLO must be called"))
        #expect(bench.ask(slot, "AUTH", "wrong") == ConnectionTests.wrongPassword)
        #expect(bench.ask(slot, "AUTH", "other", "secret") == ConnectionTests.wrongPassword)
        #expect(
            bench.ask(slot, "HELLO", "3", "AUTH", "default", "wrong")
                == ConnectionTests.wrongPassword)
        #expect(slot.value.reply.version == .two)
        #expect(bench.ask(slot, "HELLO", "3", "AUTH", "default", "secret").hasPrefix("%"))
        #expect(slot.value.flags.contains(.authenticated))
        #expect(bench.ask(slot, "ACL", "LIST").contains("#2bb80d537b1da3e38bd30361aa855686"))
    }

    @Test("when the password is taken away everybody is let in")
    func passwordRemoved() {
        var settings = FrontendSettings()
        settings.requirePass = Array("secret".utf8)
        let bench = Bench(settings: settings)
        let slot = bench.open()
        bench.frontend.value.settings = FrontendSettings()
        #expect(slot.value.flags.contains(.authenticated))
    }

    @Test("CLIENT LIST shows a line with every field for each client")
    func list() throws {
        let bench = Bench()
        let (first, second) = (bench.open(), bench.open(peer: "5.6.7.8:9"))
        _ = bench.open(role: .link(1))
        _ = bench.ask(second, "CLIENT", "SETNAME", "worker")
        bench.frontend.value.time.monotonic += 5_000_000
        let reply = bench.ask(first, "CLIENT", "LIST")
        let lines = reply.split(separator: "\r\n")[1].split(separator: "\n")
        #expect(lines.count == 2)
        let names = lines[0].split(separator: " ").map { $0.prefix { $0 != "=" } }
        #expect(
            names.joined(separator: " ")
                == "id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free "
                + "argv-mem multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp")
        #expect(lines[0].hasPrefix("id=1 addr=1.2.3.4:5 laddr=127.0.0.1:6379 fd=7 name= age=5"))
        #expect(lines[0].contains(" cmd=client|list user=default redir=-1 resp=2"))
        #expect(lines[1].contains(" name=worker age=5 "))
        #expect(lines[1].contains(" cmd=client|setname "))
    }

    @Test(
        "CLIENT KILL closes whom all its conditions name",
        arguments: [
            ("CLIENT KILL 5.6.7.8:9", [2]), ("CLIENT KILL ADDR 5.6.7.8:9", [2]),
            ("CLIENT KILL LADDR 127.0.0.1:6379", [2, 3]),
            ("CLIENT KILL LADDR 127.0.0.1:6379 SKIPME no", [1, 2, 3]),
            ("CLIENT KILL TYPE pubsub", [3]), ("CLIENT KILL TYPE normal", [2]),
            ("CLIENT KILL TYPE pubsub ADDR 5.6.7.8:9", []), ("CLIENT KILL ID 3", [3]),
            ("CLIENT KILL USER default", [2, 3]),
        ] as [(String, [Int])])
    func kill(request: String, killed: [Int]) {
        let bench = Bench()
        let slots = [bench.open(), bench.open(peer: "5.6.7.8:9"), bench.open(peer: "5.6.7.8:10")]
        _ = bench.ask(slots[2], "SUBSCRIBE", "a")
        bench.send(slots[0], request + "\r\n")
        let gone = slots.filter {
            !$0.value.flags.isDisjoint(with: [.closing, .closeAfterReply])
        }
        #expect(gone.map { $0.value.id } == killed)
        let isOld = request.split(separator: " ").count == 3
        #expect(bench.take(slots[0]) == (isOld ? "+OK\r\n" : ":\(killed.count)\r\n"))
    }

    @Test("tracking is refused rather than promised")
    func tracking() {
        let bench = Bench()
        let slot = bench.open()
        #expect(bench.ask(slot, "CLIENT", "TRACKING", "on").hasPrefix("-ERR"))
        #expect(bench.ask(slot, "CLIENT", "TRACKING", "off") == "+OK\r\n")
        #expect(bench.ask(slot, "CLIENT", "GETREDIR") == ":-1\r\n")
    }

    @Test("a client says what library it is")
    func library() {
        let bench = Bench()
        let slot = bench.open()
        #expect(bench.ask(slot, "CLIENT", "SETINFO", "lib-name", "redis-py") == "+OK\r\n")
        #expect(bench.ask(slot, "CLIENT", "SETINFO", "LIB-VER", "8.0") == "+OK\r\n")
        #expect(bench.ask(slot, "CLIENT", "SETINFO", "lib-name", "a b").hasPrefix("-ERR lib-name"))
        #expect(
            bench.ask(slot, "CLIENT", "SETINFO", "x", "y") == "-ERR Unrecognized option 'x'\r\n")
        #expect(bench.ask(slot, "CLIENT", "INFO").contains(" lib-name=redis-py lib-ver=8.0\n"))
    }

    @Test("passwords made up have the length asked for and differ")
    func passwords() {
        let bench = Bench()
        let slot = bench.open()
        let first = bench.ask(slot, "ACL", "GENPASS")
        #expect(first.hasPrefix("$64\r\n"))
        #expect(bench.ask(slot, "ACL", "GENPASS") != first)
        #expect(bench.ask(slot, "ACL", "GENPASS", "5").hasPrefix("$2\r\n"))
        #expect(bench.ask(slot, "ACL", "GENPASS", "4096").hasPrefix("$1024\r\n"))
        #expect(bench.ask(slot, "ACL", "GENPASS", "4097").hasPrefix("-ERR ACL GENPASS"))
    }

    @Test("refusals at the door: too many clients, and strangers without protection")
    func door() {
        var settings = FrontendSettings()
        settings.maxClients = 1
        let bench = Bench(settings: settings)
        #expect(bench.frontend.value.refusal(fromOutside: false) == nil)
        #expect(bench.frontend.value.refusal(fromOutside: true)?.hasPrefix("-DENIED") == true)
        _ = bench.open()
        #expect(
            bench.frontend.value.refusal(fromOutside: false)
                == "-ERR max number of clients reached\r\n")
        #expect(bench.frontend.value.statistics.connectionsRejected == 2)
    }
}
