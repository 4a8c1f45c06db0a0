import Configuration
import Testing

enum FsyncPolicy: String, CaseIterable, Equatable, Sendable {
    case everysec, always, no
}

struct Settings: Equatable, Sendable {
    var port = 6379
    var appendOnly = false
    var effort = 1
    var maxmemory = 0
    var clients = 0
    var fsync = FsyncPolicy.everysec
    var permissions = 0
    var name = "dump.rdb"
    var password: String?
    var onTerminate = 0
    var save = [SavePoint(seconds: 3600, changes: 1)]
    var limits = [
        OutputBufferLimit(hardBytes: 0, softBytes: 0, softSeconds: 0),
        OutputBufferLimit(hardBytes: 256 << 20, softBytes: 64 << 20, softSeconds: 60),
    ]
    var bind = ["*", "-::*"]
    var secret = 7
    var certificate = "x"
    var key: [UInt8] = []
}

let table = DirectiveTable<Settings>(
    [
        .integer("port", \.port, 0...65535),
        .boolean("appendonly", flags: .denyLoading, \.appendOnly),
        .integer("active-effort", alias: "old-effort", \.effort, 1...5) {
            $0 == 4 ? "not four" : nil
        },
        .memory("maxmemory", \.maxmemory),
        .memoryOrPercent("maxmemory-clients", \.clients),
        .enumeration("appendfsync", \.fsync),
        .octal("unixsocketperm", flags: .immutable, \.permissions, 0...0o777),
        .string("dbfilename", flags: .protected, \.name),
        .optionalString("requirepass", flags: .sensitive, \.password),
        .bits(
            "shutdown-on-sigterm", \.onTerminate,
            [("default", 0), ("save", 1), ("nosave", 2), ("now", 4), ("force", 8)]
        ) { $0 & 3 == 3 ? "not both" : nil },
        .savePoints("save", \.save),
        .outputBufferLimits(
            "client-output-buffer-limit", \.limits,
            classes: [(["normal"], "normal"), (["replica", "slave"], "slave")]),
        .list("bind", \.bind, most: 3, tooMany: "Too many bind addresses specified."),
        .integer("secret", flags: .hidden, \.secret, 0...9),
        .string("tls-cert-file", flags: .volatile, \.certificate),
        .bytes("key", flags: .hidden, \.key),
    ], ignoring: ["lua-replicate-commands"])

/// Settings after the lines of `text`, or the reason why not.
func apply(_ text: String) -> (settings: Settings, error: ConfigurationError?) {
    var settings = Settings()
    do throws(ConfigurationError) {
        try table.apply(try ConfigurationFile.lines(text), to: &settings)
        return (settings, nil)
    } catch {
        return (settings, error)
    }
}

@Suite("Directives")
struct DirectiveTests {
    @Test("Every kind of value is read, shown, and read back from what is shown")
    func kinds() {
        let result = apply(
            """
            PORT 7000
            appendonly YES
            old-effort 5
            maxmemory 1GB
            maxmemory-clients 5%
            appendfsync Always
            unixsocketperm 700
            dbfilename "a b"
            requirepass x
            shutdown-on-sigterm now nosave
            save 900 1
            save 300 10 60 10000
            client-output-buffer-limit replica 1mb 1k 5
            bind 127.0.0.1 -::1
            lua-replicate-commands yes
            """)
        #expect(result.error == nil)
        var expected = Settings()
        expected.port = 7000
        expected.appendOnly = true
        expected.effort = 5
        expected.maxmemory = 1 << 30
        expected.clients = -5
        expected.fsync = .always
        expected.permissions = 0o700
        expected.name = "a b"
        expected.password = "x"
        expected.onTerminate = 6
        expected.save = [(900, 1), (300, 10), (60, 10000)].map {
            SavePoint(seconds: $0, changes: $1)
        }
        expected.limits[1] = OutputBufferLimit(hardBytes: 1 << 20, softBytes: 1000, softSeconds: 5)
        expected.bind = ["127.0.0.1", "-::1"]
        #expect(result.settings == expected)

        let shown = table.get(["*"], result.settings) { _, _ in true }
        let values = Dictionary(
            uniqueKeysWithValues: shown.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }
        )
        #expect(values["maxmemory"] == "1073741824")
        #expect(values["maxmemory-clients"] == "5%")
        #expect(values["unixsocketperm"] == "700")
        #expect(values["shutdown-on-sigterm"] == "nosave now")
        #expect(values["save"] == "900 1 300 10 60 10000")
        #expect(values["client-output-buffer-limit"] == "normal 0 0 0 slave 1048576 1000 5")
        #expect(values["active-effort"] == values["old-effort"])

        let text = String(
            decoding: table.rewrite([], result.settings, defaults: Settings()), as: UTF8.self)
        #expect(apply(text).settings == result.settings)
        #expect(apply(text).error == nil)
    }

    @Test(
        "Wrong values are refused with Redis's reason",
        arguments: [
            ("nosuch 1", "Bad directive or wrong number of arguments"),
            ("port", "wrong number of arguments"),
            ("port 1 2", "wrong number of arguments"),
            ("port x", "argument couldn't be parsed into an integer"),
            ("port +1", "argument couldn't be parsed into an integer"),
            ("port 01", "argument couldn't be parsed into an integer"),
            ("port 70000", "argument must be between 0 and 65535 inclusive"),
            ("active-effort 6", "argument must be between 1 and 5 inclusive"),
            ("active-effort 4", "not four"),
            ("appendonly 1", "argument must be 'yes' or 'no'"),
            ("maxmemory -1", "argument must be a memory value"),
            ("maxmemory 1tb", "argument must be a memory value"),
            (
                "maxmemory 99999999999gb",
                "argument must be between 0 and 9223372036854775807 inclusive"
            ),
            ("maxmemory-clients 5x", "argument must be a memory or percent value"),
            ("maxmemory-clients 101%", "percentage argument must be less or equal to 100"),
            ("unixsocketperm 9", "argument couldn't be parsed as an octal number"),
            ("unixsocketperm 1000", "argument must be between 0 and 777 inclusive"),
            (
                "appendfsync x",
                "argument(s) must be one of the following: everysec, always, no"
            ),
            (
                "shutdown-on-sigterm x",
                "argument(s) must be one of the following: default, save, nosave, now, force"
            ),
            ("shutdown-on-sigterm save nosave", "not both"),
            ("save 900", "Invalid save parameters"),
            ("save 0 1", "Invalid save parameters"),
            ("save 900 x", "Invalid save parameters"),
            (
                "client-output-buffer-limit normal 1",
                "Wrong number of arguments in buffer limit configuration."
            ),
            (
                "client-output-buffer-limit x 1 1 1",
                "Invalid client class specified in buffer limit configuration."
            ),
            (
                "client-output-buffer-limit normal 1 1 -1",
                "Error in hard, soft or soft_seconds setting in buffer limit configuration."
            ),
            ("bind a b c d", "Too many bind addresses specified."),
        ])
    func refused(_ line: String, _ reason: String) {
        let result = apply("\n" + line)
        #expect(result.error?.reason == reason)
        #expect(result.error?.line == 2)
        #expect(result.error?.text == line)
        #expect(result.settings == Settings())
    }

    @Test("The last line wins, save lines add up, and an empty save forgets the earlier ones")
    func repeated() {
        #expect(apply("port 1\nport 2").settings.port == 2)
        #expect(apply("save 1 1\nsave \"\"\nsave \"2 2\"").settings.save.map(\.seconds) == [2])
        #expect(apply("save \"\"").settings.save == [])
    }

    @Test("Lines beside the table go to the caller, who may refuse them")
    func other() throws {
        let lines = try ConfigurationFile.lines("user a on\nport 5\nuser b off\nfoo bar")
        var settings = Settings()
        var users: [[String]] = []
        #expect(throws: ConfigurationError(lines[3], reason: "no foo here")) {
            try table.apply(lines, to: &settings) { (line, _) throws(DirectiveError) in
                if line.name == "foo" { throw DirectiveError("no foo here") }
                users.append(line.arguments)
                return true
            }
        }
        #expect(users == [["a", "on"], ["b", "off"]])
        #expect(settings.port == 5)
    }
}

@Suite("CONFIG GET and SET")
struct ConfigurationCommandTests {
    private func set(
        _ pairs: [(String, String)], protected: Bool = false, loading: Bool = false
    ) -> (settings: Settings, changed: [String], error: SettingError?) {
        var settings = Settings()
        do throws(SettingError) {
            let changed = try table.set(
                pairs.map { (name: $0.0, value: Array($0.1.utf8)) }, in: &settings,
                allowsProtected: protected,
                isLoading: loading)
            return (settings, changed.map(\.name), nil)
        } catch {
            return (settings, [], error)
        }
    }

    @Test("Several directives are set together, and those that change are told")
    func several() {
        let result = set([
            ("PORT", "7"), ("old-effort", "1"), ("save", ""), ("bind", ""), ("tls-cert-file", "x"),
        ])
        #expect(result.error == nil)
        #expect(result.changed == ["port", "save", "bind", "tls-cert-file"])
        #expect(result.settings.port == 7)
        #expect(result.settings.save == [])
        #expect(result.settings.bind == [])
    }

    @Test("If one value is refused, none is set")
    func allOrNothing() {
        let result = set([("port", "7"), ("old-effort", "9"), ("maxmemory", "1")])
        #expect(result.settings == Settings())
        #expect(
            result.error?.message
                == "CONFIG SET failed (possibly related to argument 'old-effort') - "
                + "argument must be between 1 and 5 inclusive")
    }

    @Test("Unknown, immutable, protected and repeated names are refused before anything is set")
    func names() {
        #expect(set([("port", "7"), ("Nosuch", "1")]).error == .unknown("Nosuch"))
        #expect(set([("port", "7"), ("Nosuch", "1")]).settings == Settings())
        #expect(
            SettingError.unknown("x").message
                == "Unknown option or number of arguments for CONFIG SET - 'x'")
        #expect(set([("unixsocketperm", "1")]).error == .immutable("unixsocketperm"))
        #expect(
            SettingError.immutable("x").message
                == "CONFIG SET failed (possibly related to argument 'x') - "
                + "can't set immutable config"
        )
        #expect(set([("dbfilename", "1")]).error == .protected("dbfilename"))
        #expect(set([("dbfilename", "1")], protected: true).settings.name == "1")
        #expect(set([("port", "1"), ("PORT", "2")]).error == .duplicate("PORT"))
        // An alias is not taken for the same, and the last value counts.
        #expect(set([("active-effort", "1"), ("old-effort", "2")]).error == nil)
        #expect(set([("appendonly", "yes")], loading: true).error == .loading)
    }

    @Test("Values with several words are cut at single blanks")
    func words() {
        #expect(set([("save", "10 1 20 2")]).settings.save.map(\.seconds) == [10, 20])
        #expect(
            set([("save", "10  1")]).error?.message.hasSuffix("Invalid save parameters") == true)
        let limits = set([("client-output-buffer-limit", "slave 1 2 3")]).settings.limits
        #expect(limits[1] == OutputBufferLimit(hardBytes: 1, softBytes: 2, softSeconds: 3))
        #expect(limits[0] == Settings().limits[0])
    }

    @Test("Names are found exactly in any case, by pattern, with aliases, each once")
    func get() {
        func names(_ patterns: String...) -> [String] {
            table.get(patterns, Settings()) { pattern, name in
                name.hasPrefix(pattern.lowercased().prefix { $0 != "*" })
            }.map(\.name)
        }
        #expect(names("port") == ["port"])
        #expect(names("POrt", "port") == ["POrt"])
        #expect(names("maxm*", "maxmemory") == ["maxmemory", "maxmemory-clients"])
        #expect(names("o*") == ["old-effort"])
        #expect(names("s*") == ["shutdown-on-sigterm", "save"])
        #expect(names("secret") == ["secret"])
        #expect(names("nosuch") == [])
    }

    @Test("Bytes that are no text survive where they may stand, and are refused elsewhere")
    func bytes() throws {
        let key: [UInt8] = [0xff, 0x20, 0x22, 0xc3]
        var settings = Settings()
        #expect(throws: SettingError.self) {
            try table.set(
                [(name: "key", value: key), (name: "tls-cert-file", value: key)], in: &settings,
                allowsProtected: false)
        }
        #expect(settings == Settings())
        _ = try table.set([(name: "key", value: key)], in: &settings, allowsProtected: false)
        #expect(table.get(["key"], settings) { _, _ in false }.map(\.value) == [key])
        let text = table.rewrite([], settings, defaults: Settings())
        var again = Settings()
        try table.apply(try ConfigurationFile.lines(text, file: nil), to: &again)
        #expect(again.key == key)
    }
}
