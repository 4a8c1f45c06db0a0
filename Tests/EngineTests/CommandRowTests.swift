import Engine
import Sessions
import Testing

/// What is true of every command, and a wrong request for each that is about data.
@Suite struct CommandRowTests {
    /// Every row with its full name, subcommands behind their containers.
    static let rows: [(name: String, row: Command)] = CommandRows.dataServer.flatMap { row in
        [(row.name, row)] + row.subcommands.map { ("\(row.name)|\($0.name)", $0) }
    }

    @Test func namesAreUniqueAndLowerCase() {
        let names = Self.rows.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0 == $0.lowercased() && !$0.contains(" ") })
    }

    @Test(arguments: rows.map(\.name))
    func everyRowSaysWhatItIs(_ name: String) throws {
        let row = try #require(Self.rows.first { $0.name == name }).row
        #expect(row.summary.count > 10 && row.summary.hasSuffix("."))
        #expect(row.since.split(separator: ".").compactMap { Int($0) }.count == 3)
        #expect(row.arity != 0)
        #expect(row.flags.isDisjoint(with: .write) || row.flags.isDisjoint(with: .readonly))
        if row.keys != .none { #expect(row.syntax.count > 0, "keys without a syntax") }
    }

    @Test(arguments: rows.map(\.name))
    func aWrongNumberOfArgumentsIsRefused(_ name: String) throws {
        let row = try #require(Self.rows.first { $0.name == name }).row
        let words = name.split(separator: "|").map(String.init)
        let count = row.arity > 0 ? row.arity + 1 : -row.arity - 1
        // Any number is right, or too few to name the command.
        guard count >= words.count else { return }
        let line = words + Array(repeating: "x", count: count - words.count)
        let code = name == "exec" ? "EXECABORT Transaction discarded because of:" : "ERR"
        #expect(
            EngineBench().run(line.joined(separator: " "))
                == "-\(code) wrong number of arguments for '\(name)' command")
    }

    @Test(arguments: rows.filter { isAboutData($0.row) }.map(\.name))
    func aWrongRequestIsAnsweredWithAnError(_ name: String) throws {
        let (request, error) = try #require(Self.wrongRequests[name], "no case for this row")
        let bench = EngineBench()
        bench.run("SET text abc")
        let lines = request.split(separator: ";").map { $0.drop { $0 == " " } }
        #expect(lines.last?.lowercased().hasPrefix(name.prefix { $0 != "|" }) == true)
        for line in lines.dropLast() { bench.run(String(line)) }
        #expect(bench.run(String(lines.last ?? "")) == "-\(error)")
    }

    private static func isAboutData(_ row: Command) -> Bool {
        let groups: [CommandGroup] = [
            .string, .bitmap, .hyperloglog, .hash, .set, .list, .generic, .transactions,
        ]
        return groups.contains(row.group) || row.categories.contains("keyspace")
            || row.name == "select"
    }

    private static let notInteger = "ERR value is not an integer or out of range"
    private static let syntax = "ERR syntax error"
    private static let overflow = "ERR increment or decrement would overflow"
    private static let range =
        "ERR value is out of range, value must between -2147483648 and 2147483647"
    private static let wrongType =
        "WRONGTYPE Operation against a key holding the wrong kind of value"
    private static let noSketch = "WRONGTYPE Key is not a valid HyperLogLog string value."
    private static let bitOffset = "ERR bit offset is not an integer or out of range"

    private static func arity(_ name: String) -> String {
        "ERR wrong number of arguments for '\(name)' command"
    }

    /// The last line of each is the wrong one.
    private static let wrongRequests: [String: (String, String)] = [
        "get": ("GET", arity("get")),
        "set": ("SET a 1 XX NX", syntax),
        "setnx": ("SETNX a", arity("setnx")),
        "setex": ("SETEX a 0 v", "ERR invalid expire time in 'setex' command"),
        "psetex": ("PSETEX a -1 v", "ERR invalid expire time in 'psetex' command"),
        "getex": ("GETEX text PX 0", "ERR invalid expire time in 'getex' command"),
        "getdel": ("GETDEL", arity("getdel")),
        "getset": ("GETSET a", arity("getset")),
        "append": ("APPEND a", arity("append")),
        "strlen": ("STRLEN", arity("strlen")),
        "getrange": ("GETRANGE text 0 x", notInteger),
        "substr": ("SUBSTR text x 0", notInteger),
        "setrange": ("SETRANGE text -1 x", "ERR offset is out of range"),
        "incr": ("INCR text", notInteger),
        "decr": ("SET n -9223372036854775808; DECR n", overflow),
        "incrby": ("SET n 9223372036854775807; INCRBY n 1", overflow),
        "decrby": ("DECRBY n -9223372036854775808", "ERR decrement would overflow"),
        "incrbyfloat": ("INCRBYFLOAT text 1", "ERR value is not a valid float"),
        "mget": ("MGET", arity("mget")),
        "mset": ("MSET a 1 b", arity("mset")),
        "msetnx": ("MSETNX a 1 b", arity("msetnx")),
        "lcs": (
            "LCS a b LEN IDX",
            "ERR If you want both the length and indexes, please just use IDX."
        ),
        "getbit": ("GETBIT text -1", bitOffset),
        "setbit": ("SETBIT text 0 2", "ERR bit is not an integer or out of range"),
        "bitcount": ("BITCOUNT text 0 1 NIBBLE", syntax),
        "bitpos": ("BITPOS text 2", "ERR The bit argument must be 1 or 0."),
        "bitop": ("BITOP NOT d a b", "ERR BITOP NOT must be called with a single source key."),
        "bitfield": ("BITFIELD a OVERFLOW BURST", "ERR Invalid OVERFLOW type specified"),
        "bitfield_ro": (
            "BITFIELD_RO a SET u8 0 1", "ERR BITFIELD_RO only supports the GET subcommand"
        ),
        "hset": ("HSET h a 1 b", arity("hset")),
        "hmset": ("HMSET h a 1 b", arity("hmset")),
        "hsetnx": ("HSETNX text a 1", wrongType),
        "hget": ("HGET text a", wrongType),
        "hmget": ("HMGET text a", wrongType),
        "hgetall": ("HGETALL text", wrongType),
        "hkeys": ("HKEYS text", wrongType),
        "hvals": ("HVALS text", wrongType),
        "hdel": ("HDEL text a", wrongType),
        "hlen": ("HLEN text", wrongType),
        "hexists": ("HEXISTS text a", wrongType),
        "hstrlen": ("HSTRLEN text a", wrongType),
        "hincrby": ("HSET h f 9223372036854775807; HINCRBY h f 1", overflow),
        "hincrbyfloat": ("HINCRBYFLOAT h f inf", "ERR value is NaN or Infinity"),
        "hrandfield": ("HRANDFIELD h 1 WITHSCORES", syntax),
        "hscan": ("HSET h f v; HSCAN h 0 COUNT 0", syntax),
        "sadd": ("SADD text a", wrongType),
        "srem": ("SREM text a", wrongType),
        "smembers": ("SMEMBERS text", wrongType),
        "sismember": ("SISMEMBER text a", wrongType),
        "smismember": ("SMISMEMBER text a", wrongType),
        "scard": ("SCARD text", wrongType),
        "spop": ("SPOP s -1", "ERR value is out of range, must be positive"),
        "srandmember": ("SRANDMEMBER s 1 2", syntax),
        "smove": ("SADD s a; SMOVE s text a", wrongType),
        "sinter": ("SINTER text", wrongType),
        "sintercard": ("SINTERCARD 0 s", "ERR numkeys should be greater than 0"),
        "sunion": ("SUNION none text", wrongType),
        "sdiff": ("SDIFF none text", wrongType),
        "sinterstore": ("SINTERSTORE d text", wrongType),
        "sunionstore": ("SUNIONSTORE d text", wrongType),
        "sdiffstore": ("SDIFFSTORE d text", wrongType),
        "sscan": ("SSCAN s x", "ERR invalid cursor"),
        "pfadd": ("PFADD text a", noSketch),
        "pfcount": ("PFCOUNT text", noSketch),
        "pfmerge": ("PFMERGE a text", noSketch),
        "pfdebug": ("PFDEBUG ENCODING none", "ERR The specified key does not exist"),
        "pfselftest": ("PFSELFTEST x", arity("pfselftest")),
        "del": ("DEL", arity("del")),
        "unlink": ("UNLINK", arity("unlink")),
        "exists": ("EXISTS", arity("exists")),
        "type": ("TYPE", arity("type")),
        "touch": ("TOUCH", arity("touch")),
        "rename": ("RENAME none b", "ERR no such key"),
        "renamenx": ("RENAMENX none b", "ERR no such key"),
        "copy": ("COPY text text", "ERR source and destination objects are the same"),
        "move": ("MOVE text 99999999999", range),
        "keys": ("KEYS a b", arity("keys")),
        "scan": ("SCAN x", "ERR invalid cursor"),
        "randomkey": ("RANDOMKEY x", arity("randomkey")),
        "expire": ("EXPIRE text 1 SOON", "ERR Unsupported option SOON"),
        "pexpire": (
            "PEXPIRE text 9223372036854775807", "ERR invalid expire time in 'pexpire' command"
        ),
        "expireat": ("EXPIREAT text x", notInteger),
        "pexpireat": (
            "PEXPIREAT text 1 GT LT",
            "ERR GT and LT options at the same time are not compatible"
        ),
        "ttl": ("TTL", arity("ttl")),
        "pttl": ("PTTL", arity("pttl")),
        "expiretime": ("EXPIRETIME", arity("expiretime")),
        "pexpiretime": ("PEXPIRETIME", arity("pexpiretime")),
        "persist": ("PERSIST", arity("persist")),
        "dump": ("DUMP", arity("dump")),
        "restore": ("RESTORE text 0 x", "BUSYKEY Target key name already exists."),
        "object": ("OBJECT WEIGHT text", "ERR unknown subcommand 'WEIGHT'. Try OBJECT HELP."),
        "object|encoding": ("OBJECT ENCODING", arity("object|encoding")),
        "object|freq": (
            "OBJECT FREQ text",
            """
            ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please \
            note that when switching between policies at runtime LRU and LFU data will take some \
            time to adjust.
            """
        ),
        "object|idletime": ("OBJECT IDLETIME", arity("object|idletime")),
        "object|refcount": ("OBJECT REFCOUNT", arity("object|refcount")),
        "object|help": ("OBJECT HELP x", arity("object|help")),
        "select": ("SELECT 16", "ERR DB index is out of range"),
        "swapdb": ("SWAPDB 0 x", "ERR invalid second DB index"),
        "flushdb": ("FLUSHDB NOW", syntax),
        "flushall": ("FLUSHALL NOW", syntax),
        "dbsize": ("DBSIZE x", arity("dbsize")),
        "lpush": ("LPUSH text 1", wrongType),
        "rpush": ("RPUSH text 1", wrongType),
        "lpushx": ("LPUSHX text 1", wrongType),
        "rpushx": ("RPUSHX text 1", wrongType),
        "llen": ("LLEN text", wrongType),
        "lindex": ("RPUSH l 1; LINDEX l x", notInteger),
        "lrange": ("LRANGE l 0 x", notInteger),
        "lset": ("RPUSH l 1; LSET l 1 x", "ERR index out of range"),
        "ltrim": ("LTRIM l x 0", notInteger),
        "linsert": ("LINSERT l BESIDE a b", syntax),
        "lrem": ("LREM l x a", notInteger),
        "lpos": ("LPOS l a COUNT -1", "ERR COUNT can't be negative"),
        "lpop": ("LPOP l -1", "ERR value is out of range, must be positive"),
        "rpop": ("RPOP l x", "ERR value is out of range, must be positive"),
        "lmpop": ("LMPOP 0 l LEFT", "ERR numkeys should be greater than 0"),
        "lmove": ("LMOVE l l LEFT UP", syntax),
        "rpoplpush": ("RPOPLPUSH text l", wrongType),
        "blpop": ("BLPOP l x", "ERR timeout is not a float or out of range"),
        "brpop": ("BRPOP l -1", "ERR timeout is negative"),
        "blmpop": ("BLMPOP 0 1 l LEFT COUNT 0", "ERR count should be greater than 0"),
        "blmove": ("BLMOVE text l LEFT LEFT 0", wrongType),
        "brpoplpush": ("BRPOPLPUSH text l 0", wrongType),
        "waitaof": (
            "WAITAOF 1 0 0",
            "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."
        ),
        "wait": ("WAIT x 0", notInteger),
        "multi": ("MULTI; MULTI", "ERR MULTI calls can not be nested"),
        "exec": ("EXEC", "ERR EXEC without MULTI"),
        "discard": ("DISCARD", "ERR DISCARD without MULTI"),
        "watch": ("MULTI; WATCH a", "ERR WATCH inside MULTI is not allowed"),
        "unwatch": ("UNWATCH x", arity("unwatch")),
    ]
}
