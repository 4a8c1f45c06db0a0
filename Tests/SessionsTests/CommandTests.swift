import Memory
import RESP
import Sessions
import Testing

@Suite("What COMMAND tells")
struct CommandTests {
    @Test("names are found in any case, subcommands by their full name")
    func names() {
        let bench = Bench()
        #expect(bench.frontend.value.table.find(ByteView("PiNg")) >= 0)
        #expect(bench.frontend.value.table.find(ByteView("pin")) < 0)
        #expect(bench.frontend.value.table.find(ByteView("pingpong")) < 0)
        let index = bench.frontend.value.table.find(fullName: "client|no-touch")
        #expect(index.map { bench.frontend.value.table.rows[$0].name } == "client|no-touch")
    }

    @Test(
        "categories follow from flags and group",
        arguments: [
            ("ping", ["fast", "connection"]), ("client", ["slow"]),
            ("client|kill", ["admin", "slow", "dangerous", "connection"]),
            ("client|id", ["slow", "connection"]), ("subscribe", ["pubsub", "slow"]),
            ("touch", ["keyspace", "read", "fast"]), ("merge", ["write", "sortedset", "slow"]),
            ("command|info", ["slow", "connection"]), ("acl|cat", ["slow"]),
        ] as [(String, [String])])
    func categories(name: String, expected: [String]) throws {
        let bench = Bench()
        let found = bench.frontend.value.table.find(fullName: name)
        let index = try #require(found)
        #expect(bench.frontend.value.table.rows[index].aclCategories == expected)
    }

    @Test(
        "keys are found where the specs say",
        arguments: [
            ("touch a b", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"),
            ("merge t 2 a b", "*3\r\n$1\r\nt\r\n$1\r\na\r\n$1\r\nb\r\n"),
            ("merge t 2 a b WEIGHTS 1", "*3\r\n$1\r\nt\r\n$1\r\na\r\n$1\r\nb\r\n"),
            ("merge t 3 a b", "-ERR Invalid arguments specified for command\r\n"),
            ("merge t -1 a b", "-ERR Invalid arguments specified for command\r\n"),
            ("merge t x a b", "-ERR Invalid arguments specified for command\r\n"),
            ("follow COUNT 5 STREAMS a b 1 2", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"),
            ("follow COUNT 5 x", "-ERR Invalid arguments specified for command\r\n"),
            ("ping x", "-ERR The command has no key arguments\r\n"),
            ("nosuch x", "-ERR Invalid command specified\r\n"),
        ])
    func keys(request: String, reply: String) {
        let bench = Bench()
        let slot = bench.open()
        bench.send(slot, "COMMAND GETKEYS \(request)\r\n")
        #expect(bench.take(slot) == reply)
    }

    @Test("COMMAND INFO has ten elements in Redis's order")
    func info() {
        let bench = Bench()
        let slot = bench.open()
        #expect(
            bench.ask(slot, "COMMAND", "INFO", "touch", "nosuch")
                == "*2\r\n*10\r\n$5\r\ntouch\r\n:-2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:-1\r\n"
                + ":1\r\n*3\r\n+@keyspace\r\n+@read\r\n+@fast\r\n*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n"
                + "*1\r\n+RO\r\n$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n"
                + "$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n"
                + "$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n$7\r\nlastkey\r\n:-1\r\n$7\r\nkeystep\r\n"
                + ":1\r\n$5\r\nlimit\r\n:0\r\n*0\r\n$-1\r\n")
    }

    @Test("COMMAND COUNT and COMMAND LIST agree with the table")
    func counts() {
        let bench = Bench()
        let slot = bench.open()
        let count = bench.frontend.value.table.topLevelCount
        #expect(bench.ask(slot, "COMMAND", "COUNT") == ":\(count)\r\n")
        #expect(bench.ask(slot, "COMMAND").hasPrefix("*\(count)\r\n"))
        let total = bench.frontend.value.table.rows.count
        #expect(bench.ask(slot, "COMMAND", "LIST").hasPrefix("*\(total)\r\n"))
        #expect(
            bench.ask(slot, "COMMAND", "LIST", "FILTERBY", "PATTERN", "CLIENT|GETN*")
                == "*1\r\n$14\r\nclient|getname\r\n")
    }

    @Test("every container has a HELP that shows its other subcommands")
    func help() {
        let bench = Bench()
        let slot = bench.open()
        let reply = bench.ask(slot, "CLIENT", "HELP")
        #expect(reply.contains("+SETNAME connection-name\r\n"))
        #expect(reply.contains("+HELP\r\n"))
    }

    @Test("the notation of arguments is read as redis-cli shows it")
    func syntax() {
        let set = SyntaxArgument.parse("key value [NX|XX] [GET] [EX seconds|PX milliseconds]")
        #expect(set.map(\.type) == [.key, .string, .oneof, .pureToken, .oneof])
        #expect(set.map(\.isOptional) == [false, false, true, true, true])
        #expect(set[4].parts.map(\.token) == ["EX", "PX"])
        #expect(set[4].parts.map(\.type) == [.integer, .integer])
        let mset = SyntaxArgument.parse("key value [key value ...]")
        #expect(mset.map(\.type) == [.block])
        #expect(mset[0].isMultiple && !mset[0].isOptional)
        #expect(mset[0].parts.map(\.name) == ["key", "value"])
        let del = SyntaxArgument.parse("key [key ...]")
        #expect(del.map(\.isMultiple) == [true])
        let hello = SyntaxArgument.parse(
            "[protover [AUTH username password] [SETNAME clientname]]")
        #expect(hello.map(\.type) == [.block])
        #expect(hello[0].parts.map(\.token) == [nil, "AUTH", "SETNAME"])
        #expect(hello[0].parts[1].parts.map(\.name) == ["username", "password"])
        #expect(SyntaxArgument.parse("").isEmpty)
    }
}
